"""Pictures of dishes, behind one port (port.py): Gemini, OpenAI-compatible services, and one drawn in this house."""

"""The slash commands, asked through the real discord.py by people of a local stand-in for Discord."""

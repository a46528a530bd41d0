"""The HTTP API: typed routes over the runtime, problem details, OpenAPI."""

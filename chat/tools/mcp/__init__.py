"""Tools of MCP servers: their configuration, connections, schemas and calls."""

"""Accounts: identity, guests, sessions, login attempts, suspension, erasure, and connections to MCP servers."""

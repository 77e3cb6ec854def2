"""Calls to models: configuration, clients, connections, and the decoding of streamed answers."""

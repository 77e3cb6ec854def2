"""How models are called: configuration, clients, connections, and the decoding of their streams."""

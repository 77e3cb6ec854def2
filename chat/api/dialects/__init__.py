"""Endpoints of other clients' protocols: each parses its requests, and streams a log through its encoder."""

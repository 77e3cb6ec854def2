"""Encoders of the dialects: pure functions from log events to the bytes or frames of a transport."""

"""Encoders of OpenAI's protocols: chat completions, responses, their objects and errors."""

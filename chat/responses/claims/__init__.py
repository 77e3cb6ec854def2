"""The claim of a response: one transaction that stores the prompt and gives the response its turn."""

"""Clients for the kinds of models: what each request holds and how its answer is read."""

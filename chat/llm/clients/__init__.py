"""Clients for the kinds of models: the fields of each request and the reading of its answer."""

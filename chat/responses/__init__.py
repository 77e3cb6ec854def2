"""Responses: claim, run, stop, finish, leases, usage, titles and live events."""

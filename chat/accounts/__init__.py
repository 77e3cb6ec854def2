"""Accounts: identity, guests, sessions, login attempts, suspension and erasure."""

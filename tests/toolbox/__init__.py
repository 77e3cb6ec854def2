"""A Django app that brings tools along, as a user's own would."""

"""The command `manage.py doctor`: what goes wrong in practice, each with its remedy.

findings  the form of a finding
database  Postgres, and what stands between it and the server
machine   the disk
models    the models that are configured
public    the way from the public address to the server, measured
"""

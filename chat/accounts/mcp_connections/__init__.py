"""Connections of users to MCP servers with OAuth: their rows, their tokens, and the sign-in.

servers     the servers that a user may connect
encryption  encrypted structs, with a key for each row
store       rows, in short transactions
revocation  revocation of tokens at their servers
tokens      access tokens, refreshed by one process at a time
sign_in     begin and finish a sign-in, disconnect
"""

"""OAuth of a user to an MCP server: the protocol, without tables.

addresses  addresses to which requests may go
http       bounded requests
documents  documents of servers, read in spite of odd fields
records    structs that are stored, encrypted
discovery  the authorization server of an MCP server
grants     registration, authorization, tokens, revocation
tokens     access tokens of users, as the connections need them

`discovery` and `grants` import the package `mcp`, which takes a second: await `load` first. `documents` goes with them.
"""

from __future__ import annotations

import asyncio
import importlib


async def load() -> None:
    """Import the package `mcp` in a thread, so that the imports of `discovery` and `grants` hold up nothing."""
    await asyncio.to_thread(importlib.import_module, "mcp.client.auth.utils")

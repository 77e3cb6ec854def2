"""An MCP server over streamable HTTP on an inherited socket, made with the official package."""

from __future__ import annotations

import importlib
import socket
import sys
from typing import Any


def main(descriptor: int) -> None:
    server: Any = importlib.import_module("mcp.server").MCPServer("stub")

    @server.tool()  # type: ignore[untyped-decorator]
    def shout(text: str) -> str:
        """Says it loudly."""
        return text.upper()

    uvicorn: Any = importlib.import_module("uvicorn")
    config = uvicorn.Config(server.streamable_http_app(), log_level="error")
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    main(int(sys.argv[1]))

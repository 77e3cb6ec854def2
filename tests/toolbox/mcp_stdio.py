"""An MCP server on standard input and output, made of the protocol alone. It ends when it is told `die`."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
TOOLS = [
    {"name": "echo", "description": "Says it again.", "inputSchema": TEXT},
    {"name": "die", "description": "Ends the server.", "inputSchema": {"type": "object"}},
    {"name": "fail.odd name", "inputSchema": {"type": "object"}},
]


def result_of(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    if method == "initialize":
        about = {"name": "stub", "version": "1"}
        return {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": about,
        }
    if method == "tools/list":
        return {"tools": TOOLS}
    return called(params["name"], params.get("arguments") or {}) if method == "tools/call" else None


def called(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    if name == "die":
        os._exit(1)
    print("canary on standard error", file=sys.stderr, flush=True)
    words = f"{arguments.get('text')} from {os.environ.get('PLACE')}" if name == "echo" else "it never works"
    return {"content": [{"type": "text", "text": words}], "isError": name != "echo"}


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" not in asked:
            continue
        result = result_of(asked["method"], asked.get("params", {}))
        unknown = {"error": {"code": -32601, "message": "unknown method"}}
        told = {"jsonrpc": "2.0", "id": asked["id"], **(unknown if result is None else {"result": result})}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()

"""What a model may call.

registry, schema       the decorator, and what it makes of a function's signature and docstring
offer                  which of the tools a user may use, and whether every tool that a setting names exists
calling, blocking      running the calls of one round; sync tools in threads
mcp_spec, mcp_server   the servers of CHAT_MCP, whose tools appear as ours
arithmetic, clock, search    the tools that are shipped
"""

from chat.tools import arithmetic, clock, search
from chat.tools.available import ServerState, check, offered, servers
from chat.tools.calling import ToolResult, run_all
from chat.tools.registry import Tool, ToolContext, configured_tools, tool

__all__ = [
    "ServerState",
    "Tool",
    "ToolContext",
    "ToolResult",
    "arithmetic",
    "check",
    "clock",
    "configured_tools",
    "offered",
    "run_all",
    "search",
    "servers",
    "tool",
]

"""Tools that models may call: functions of installed apps, and the tools of MCP servers.

registry, schema           the decorator, and the schema made of a function's signature and docstring
provider_schema            schemas in the form that every provider takes
available                  the tools that a user may use; the check of tool names in settings
calling, worker_threads    the calls of one round; sync tools in threads
mcp                        the servers of CHAT_MCP, connections to them, and calls of their tools
arithmetic, clock, search  the shipped tools
"""

from chat.tools import arithmetic, clock, search
from chat.tools.available import ServerState, ToolServers, check, within_limit
from chat.tools.calling import ToolResult, run_all
from chat.tools.registry import Tool, ToolContext, configured_tools, tool

__all__ = [
    "ServerState",
    "Tool",
    "ToolContext",
    "ToolResult",
    "ToolServers",
    "arithmetic",
    "check",
    "clock",
    "configured_tools",
    "run_all",
    "search",
    "tool",
    "within_limit",
]

"""Tools that models may call: functions of installed apps, and the tools of MCP servers.

context                    what a running tool may do beside returning a result
registry, schema           the decorator, and the schema made of a function's signature and docstring
provider_schema            schemas in the form that every provider takes
policy                     the operator's rules: which tools run, ask, or are denied
available                  the tools that a user may use; the check of tool names in settings
forms                      forms that a tool asks a person to fill in
called_names               the tool that a model meant by a name in another spelling
calling, worker_threads    the calls of one round; sync tools in threads
mcp                        the servers of CHAT_MCP: connections, calls, questions to the user, and results
arithmetic, clock, search  the shipped tools
artifacts                  documents beside the chat, made by C1's artifact model
calendar, table_file       the demo's tools: one asks for approval, one gives a file
"""

from chat.tools import arithmetic, artifacts, calendar, clock, search, table_file
from chat.tools.available import ServerState, ToolServers, check, tools_of, within_limit
from chat.tools.calling import ToolResult, run_all
from chat.tools.context import (
    AnswerFull,
    ArtifactUnknown,
    ArtifactVersion,
    FileRefused,
    NotAnswered,
    PictureRefused,
    ToolContext,
)
from chat.tools.registry import Tool, client_tools, configured_tools, tool

__all__ = [
    "AnswerFull",
    "ArtifactUnknown",
    "ArtifactVersion",
    "FileRefused",
    "NotAnswered",
    "PictureRefused",
    "ServerState",
    "Tool",
    "ToolContext",
    "ToolResult",
    "ToolServers",
    "arithmetic",
    "artifacts",
    "calendar",
    "check",
    "client_tools",
    "clock",
    "configured_tools",
    "run_all",
    "search",
    "table_file",
    "tool",
    "tools_of",
    "within_limit",
]

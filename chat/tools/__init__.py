"""What a model may call.

registry, schema   the decorator, and what it makes of a function's signature and docstring
permission         which of the tools a user may use
calling, blocking  running the calls of one round; sync tools in threads
arithmetic, clock, search    the tools that are shipped
"""

from chat.tools import arithmetic, clock, search
from chat.tools.calling import Called, run_all
from chat.tools.permission import permitted
from chat.tools.registry import Tool, ToolContext, check, chosen, tool
from chat.tools.schema import ToolMistake

__all__ = [
    "Called",
    "Tool",
    "ToolContext",
    "ToolMistake",
    "arithmetic",
    "check",
    "chosen",
    "clock",
    "permitted",
    "run_all",
    "search",
    "tool",
]

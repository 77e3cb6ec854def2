"""What a model may call. `registry` keeps the tools, `calling` runs them; each other module here is one shipped tool."""

from chat.tools import arithmetic, clock, search
from chat.tools.calling import Called, offered, run_all
from chat.tools.registry import Tool, ToolContext, ToolMistake, chosen, tool

__all__ = [
    "Called",
    "Tool",
    "ToolContext",
    "ToolMistake",
    "arithmetic",
    "chosen",
    "clock",
    "offered",
    "run_all",
    "search",
    "tool",
]

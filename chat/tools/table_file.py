"""A table as a file: the demo's tool that gives the user a file with the answer."""

from __future__ import annotations

from chat.tools.context import ToolContext
from chat.tools.registry import tool


@tool()
async def make_table_file(name: str, csv: str, context: ToolContext) -> dict[str, str]:
    """Give the user a table as a file.

    Args:
        name: the file's name, which ends with .csv
        csv: its lines, with commas between the cells
    """
    await context.attach(name, "text/csv", csv.encode())
    return {"given": name}

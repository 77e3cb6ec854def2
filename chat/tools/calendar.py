"""A make-believe calendar for the demo model: it keeps nothing, and asks before each entry, as a real one should."""

from __future__ import annotations

from chat.tools.registry import tool


@tool(approval=True, editable=True)
async def add_to_calendar(title: str, day: str, time: str) -> dict[str, str]:
    """Add an entry to the user's calendar.

    Args:
        title: what the entry is about
        day: its date, YYYY-MM-DD
        time: when it begins, HH:MM
    """
    return {"title": title, "day": day, "time": time}

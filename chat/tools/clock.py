"""The current time, for models."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chat.tools.registry import tool


@tool()
async def current_time(timezone: str = "UTC") -> dict[str, str]:
    """Return the current date and time in an IANA time zone, such as Asia/Tokyo."""
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"There is no time zone {timezone!r}; use an IANA name such as Europe/Berlin."
        ) from None
    now = datetime.now(UTC).astimezone(zone)
    return {"timezone": timezone, "iso": now.isoformat(timespec="seconds"), "weekday": now.strftime("%A")}

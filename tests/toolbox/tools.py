from __future__ import annotations

from django.db import connection

from chat.tools import ToolContext, tool

SECRET = "canary8812"  # in a result: no client may ever get it


@tool()
def backend(context: ToolContext) -> dict[str, int]:
    """The process id of the database connection that a sync tool has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid(), %s", [context.user])
        pid, user = cursor.fetchone()
    return {"pid": pid, "user": user}


@tool()
async def whisper(words: str) -> str:
    """Something that only the model may know.

    Args:
        words: what it is about
    """
    return f"{SECRET} about {words}"


@tool(permission="chat.view_user")
async def list_users() -> list[str]:
    """The names of all users."""
    return ["only for the permitted"]


@tool(seconds=0.2)
def hang(context: ToolContext) -> None:
    """Never comes to an end by itself."""
    context.cancelled.wait(30)

"""The product, which notes each statement with its values and the functions that sent it, as lines of JSON."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from chatproject.asgi import application  # isort: skip - Django comes first
import psycopg
from django.db import connection
from django.db.backends.signals import connection_created

from chat.db import sql

NOTES = Path(os.environ["CHAT_DATA_DIR"], "statements")
_batch = sql.batch


def _note(statement: str, values: Any) -> None:
    way: list[str] = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith("chat.") and not module.startswith("chat.db"):
            way.append(f"{module}.{frame.f_code.co_name}")
        frame = frame.f_back
    literal = psycopg.ClientCursor(connection.connection).mogrify(statement, values or None)
    with NOTES.open("a") as file:
        file.write(json.dumps({"way": way, "text": literal}) + "\n")


def _noted_batch(*statements: sql.Statement, binary: bool = False) -> list[list[sql.Row]]:
    connection.ensure_connection()
    for statement, values in statements:
        _note(statement, values)
    return _batch(*statements, binary=binary)


def _noted_execute(execute: Any, statement: str, values: Any, many: bool, context: Any) -> Any:
    _note(statement, values)
    return execute(statement, values, many, context)


def _watch(connection: Any, **_: Any) -> None:
    if _noted_execute not in connection.execute_wrappers:
        connection.execute_wrappers.append(_noted_execute)


sql.batch = _noted_batch
connection_created.connect(_watch, weak=False)

__all__ = ["application"]

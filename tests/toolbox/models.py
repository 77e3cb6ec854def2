"""A server's settings with models and tools of all kinds, and what its model is asked."""

from __future__ import annotations

import json
from typing import Any

from chat.testing import ScriptedModel
from tests.toolbox.tools import SECRET

NOBODY = "http://127.0.0.1:9/v1/"  # the discard port: nothing listens there
HIDDEN = ("canary1204", "canary1205", "canary1206", "canary1207", SECRET)
OF_THE_MODEL, OF_THE_THREAD, IN_ARGUMENTS, _, _ = HIDDEN
TOOLS = "current_time,calculate,search_threads,backend,whisper,list_users,hang"


def configured(url: str) -> dict[str, Any]:
    here = {"baseUrl": url}
    return {
        "c1": {
            "system": f"You are {OF_THE_MODEL}.",
            "fallbacks": ["second", "third"],
            "metadata": {"thesys": "{}"},
        },
        "openassistant": {"system": "Be brief.", "parameters": {"max_tokens": 64, "top_k": 5}},
        "second": {
            **here,
            "model": "upstream-2",
            "apiKeyEnv": "SECOND_KEY",
            "parameters": {"temperature": 0.25},
        },
        "third": {**here, "model": "upstream-3", "tools": False},
        "tiny": {**here, "model": "upstream-4", "tools": ["calculate"], "budgetTokens": 25},
        "drawing": {**here, "model": "upstream-5", "openui": True, "system": "Mind the colours."},
        "away": {"baseUrl": NOBODY, "model": "m", "fallbacks": ["third"]},
        "nowhere": {"baseUrl": NOBODY, "model": "m", "fallbacks": ["away"]},
    }


def settings(url: str) -> dict[str, str]:
    """The environment of a server whose models all are behind `url`."""
    return {
        "CHAT_MODELS": json.dumps(configured(url)),
        "SECOND_KEY": "key-of-second",
        "CHAT_APPS": "tests.fixtures",
        "CHAT_TOOLS": TOOLS,
        "CHAT_FIRST_TOKEN_SECONDS": "1.2",
        "CHAT_RESPONSE_SECONDS": "8",
        "CHAT_ACTIVE_PER_USER": "20",
    }


def asked(model: ScriptedModel) -> list[str]:
    return [request.json["model"] for request in model.requests]


def offered(model: ScriptedModel, turn: int = 0) -> set[str]:
    return {tool["function"]["name"] for tool in model.requests[turn].json.get("tools", [])}


def give_system_prompt(thread: str, words: str) -> None:
    from chat.models import Thread

    Thread.objects.filter(public_id=thread).update(system_prompt=words)

"""The openui-lang instructions: the built page's, or the server's own where no page is built."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from chat.conf import settings
from chat.llm import config
from chat.llm.config import ModelSpec
from chat.llm.registry import ModelRegistry

SPEC = ModelSpec(base_url="http://127.0.0.1:9/v1/", model="m", openui=True, system="Be kind.")


async def no_wire(*_: object) -> None:
    """Stand in for a transport that sends nothing."""


def said(models: ModelRegistry) -> str:
    (client,) = asyncio.run(models.clients("drawing"))
    return client.profile.system


def test_the_instructions_change_when_the_page_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = dataclasses.replace(settings, page_build=str(tmp_path))
    monkeypatch.setattr("chat.llm.clients.openui_prompt.settings", changed)
    monkeypatch.setattr(ModelRegistry, "_transport", no_wire)
    monkeypatch.setitem(config.specs(), "drawing", SPEC)
    models = ModelRegistry()
    assert "PieChart(labels, numbers" in said(models)
    (tmp_path / "openui-prompt.txt").write_text("Everything(that: is)\n")
    assert "\n\nEverything(that: is)\n\nA user's message" in said(models)
    assert "PieChart(labels, numbers" not in said(models)
    (client,), (again,) = (asyncio.run(models.clients("drawing")) for _ in range(2))
    assert client is again

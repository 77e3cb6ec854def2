"""The Gateway's configuration: the built page's, or the one of OpenUI's own library."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import logging
from pathlib import Path

import pytest

from chat.conf import settings
from chat.llm import config
from chat.llm.clients.base import ModelProfile
from chat.llm.clients.gateway_prompt import DEFAULT_CONFIG, FILE, MAX_CONFIG_BYTES
from chat.llm.config import ModelSpec
from chat.llm.registry import ModelRegistry

SPEC = ModelSpec(base_url="http://127.0.0.1:9/v1/", model="openai/gpt-5", gateway=True)
BUILT = ']]>openui:config\n{"chatLibrary":{"root":"Card"}}'


@pytest.fixture(autouse=True)
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    changed = dataclasses.replace(settings, page_build=str(tmp_path), c1_format="gateway", thesys_api_key="k")
    for module in ("chat.llm.clients.gateway_prompt", "chat.llm.registry", "chat.llm.config"):
        monkeypatch.setattr(f"{module}.settings", changed)
    monkeypatch.setattr(config, "specs", functools.cache(config.specs.__wrapped__))
    monkeypatch.setattr(ModelRegistry, "_transport", _no_transport)
    monkeypatch.setitem(config.specs(), "drawing", SPEC)
    return tmp_path / FILE


async def _no_transport(*_: object) -> None:
    """Stand in for a transport that sends nothing."""


def profile(models: ModelRegistry | None = None, name: str = "drawing") -> ModelProfile:
    (client,) = asyncio.run((models or ModelRegistry()).clients(name))
    return client.profile


def test_the_configuration_changes_when_the_page_is_built(page: Path) -> None:
    models = ModelRegistry()
    assert profile(models).system == DEFAULT_CONFIG == ']]>openui:config\n{"libraryVersion":"0.1.0"}'
    page.write_text(f"{BUILT}\n")
    assert profile(models).system == BUILT


def test_instructions_follow_the_configuration_and_hold_no_marker(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.write_text(BUILT)
    spec = ModelSpec(
        base_url=SPEC.base_url, model="a/b", gateway=True, system="Be kind.\n]]>openui:config\n{}"
    )
    monkeypatch.setitem(config.specs(), "drawing", spec)
    assert profile().system == f"{BUILT}\nBe kind.\n]] >openui:config\n{{}}"


BAD = {
    "too large": f']]>openui:config\n{{"a":"{"x" * MAX_CONFIG_BYTES}"}}',
    "no marker": '{"chatLibrary":{}}',
    "another marker": ']]>openui:content\n{"chatLibrary":{}}',
    "no JSON": "]]>openui:config\n{",
    "no object": "]]>openui:config\n[]",
    "nested too deep": ']]>openui:config\n{"a":' + "[" * 20_000,
    "more lines": f"{BUILT}\n]]>openui:content",
    "empty": "",
}


@pytest.mark.parametrize("name", BAD)
def test_a_configuration_that_the_gateway_would_refuse_is_left_out(
    page: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    page.write_text(BAD[name])
    with caplog.at_level(logging.WARNING):
        assert profile().system == DEFAULT_CONFIG
    assert "action=gateway_config_ignored" in caplog.text


def test_a_file_that_is_no_utf_8_is_left_out(page: Path) -> None:
    page.write_bytes(b"]]>openui:config\n{\xff}")
    assert profile().system == DEFAULT_CONFIG


def test_a_model_of_the_gateway_gets_no_stream_options_unless_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (profile().form, profile().stream_usage) == ("gateway", False)
    spec = ModelSpec(base_url=SPEC.base_url, model="a/b", gateway=True, stream_usage=True)
    monkeypatch.setitem(config.specs(), "drawing", spec)
    assert profile().stream_usage


def test_the_messages_to_the_gateway_are_not_joined_whatever_the_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = ModelSpec(base_url=SPEC.base_url, model="google/gemma-4-31b-it", gateway=True)
    monkeypatch.setitem(config.specs(), "drawing", spec)
    assert not profile().alternate


def test_one_setting_points_c1_at_the_gateway() -> None:
    c1 = profile(name="c1")
    assert (c1.upstream, c1.form, c1.stream_usage, c1.system) == (
        "openai/gpt-5",
        "gateway",
        False,
        DEFAULT_CONFIG,
    )
    assert not c1.writes_c1


def test_the_named_model_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    named = dataclasses.replace(settings, c1_format="gateway", c1_model="a/b", thesys_api_key="k")
    monkeypatch.setattr("chat.llm.registry.settings", named)
    assert profile(name="c1").upstream == "a/b"

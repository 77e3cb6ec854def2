"""The settings of the app: read from Django's at the first use, and again after an override."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from chat.conf import Settings, settings
from chat.conf_values import read
from chat.llm import config
from chatproject.dev.bootstrap import ROOT

SAME: dict[str, tuple[str, Any, Any]] = {
    "CHAT_GUESTS": ("on", True, True),
    "CHAT_TEXT_BYTES": ("20000", 20_000, 20_000),
    "CHAT_SILENCE_SECONDS": ("2", 2, 2.0),
    "CHAT_TOOLS": ("a, b", ["a", "b"], ("a", "b")),
    "C1_BASE_URL": ("http://h/v1", "http://h/v1", "http://h/v1/"),
    "CHAT_MODELS": ('{"c1": {}}', {"c1": {}}, '{"c1": {}}'),
    "CHAT_MCP": ("mcp.json", Path("mcp.json"), "mcp.json"),
}
MISTAKES: dict[str, tuple[Any, str]] = {
    "CHAT_GUESTS": (1, "CHAT_GUESTS has a value of the type int"),
    "CHAT_TEXT_BYTES": (True, "CHAT_TEXT_BYTES must be a whole number."),
    "CHAT_ACTIVE_TOTAL": ("many", "CHAT_ACTIVE_TOTAL must be a whole number."),
    "CHAT_PER_HOUR": (-1, "CHAT_PER_HOUR must not be negative."),
    "CHAT_SILENCE_SECONDS": ("0", "CHAT_SILENCE_SECONDS must be a number of seconds above 0."),
    "CHAT_LEASE_SECONDS": ("soon", "CHAT_LEASE_SECONDS must be a number of seconds."),
    "CHAT_MODEL_ERRORS": ([], "CHAT_MODEL_ERRORS must be one of card, status."),
    "CHAT_FILE_KINDS": ("pdf,exe", "CHAT_FILE_KINDS may hold only pdf, docx"),
    "CHAT_TOOLS": ([1], "CHAT_TOOLS has a value of the type int"),
    "C1_MODEL": (5, "C1_MODEL has a value of the type int"),
    "CHAT_MODELS": ([], "CHAT_MODELS has a value of the type list"),
}
UNREAD = """
import os; os.environ["CHAT_GUESTS"] = "no switch"
from chat.conf import settings
import chat.exceptions
"""


@pytest.mark.parametrize("name", SAME)
def test_a_setting_is_taken_as_text_and_as_a_python_value(name: str) -> None:
    text, value, wanted = SAME[name]
    field = name.lower().removeprefix("chat_")
    assert getattr(read(Settings, {name: text}), field) == wanted
    assert getattr(read(Settings, {name: value}), field) == wanted


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("http://h", "http://h/"),
        ("http://h/v1//", "http://h/v1/"),
        ("http://h/gpt?api-version=2024-10-21", "http://h/gpt/?api-version=2024-10-21"),
        ("HTTPS://user:p%2Fw@h:80", "HTTPS://user:p%2Fw@h:80/"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1/"),
        ("http://bücher.test/v1", "http://bücher.test/v1/"),
    ],
)
def test_a_base_url_ends_in_a_slash_ahead_of_its_query(given: str, wanted: str) -> None:
    assert read(Settings, {"C1_BASE_URL": given}).c1_base_url == wanted


@pytest.mark.parametrize(
    "url", ["http://", "http:///v1", "http://h:port/", "http://h:65536", "http://a b/", "http://[h/"]
)
def test_a_base_url_without_a_host_is_refused(url: str) -> None:
    with pytest.raises(
        ImproperlyConfigured, match=r"C1_BASE_URL must name a host, and no port beyond 65535\."
    ):
        read(Settings, {"C1_BASE_URL": url})


@pytest.mark.parametrize("unset", [None, "", "  "])
def test_none_and_empty_text_count_as_unset(unset: Any) -> None:
    assert read(Settings, {"CHAT_TOOLS": unset}).tools == Settings().tools


def test_an_empty_list_is_a_value() -> None:
    assert read(Settings, {"CHAT_TOOLS": []}).tools == ()


@pytest.mark.parametrize("name", MISTAKES)
def test_a_bad_value_is_refused_in_one_line_that_names_the_setting(name: str) -> None:
    value, says = MISTAKES[name]
    with pytest.raises(ImproperlyConfigured) as caught:
        read(Settings, {name: value})
    assert str(caught.value).startswith(says)
    assert "\n" not in str(caught.value)


def test_an_overridden_setting_takes_effect_and_ends_with_the_override() -> None:
    before = settings.tool_rounds
    with override_settings(CHAT_TOOL_ROUNDS=before + 1):
        assert settings.tool_rounds == before + 1
    assert settings.tool_rounds == before


def test_overridden_models_take_effect_and_end_with_the_override() -> None:
    with override_settings(CHAT_MODELS={"local": {"baseUrl": "http://h", "model": "m"}}):
        assert config.names() == ("c1", "openassistant", "local")
    assert config.names() == ("c1", "openassistant")


def test_a_bad_override_is_refused_at_its_first_use() -> None:
    with (
        override_settings(CHAT_TOOL_ROUNDS="few"),
        pytest.raises(ImproperlyConfigured, match="CHAT_TOOL_ROUNDS"),
    ):
        _ = settings.tool_rounds
    assert settings.tool_rounds == Settings().tool_rounds


def test_after_the_first_use_an_access_is_that_of_a_plain_object() -> None:
    assert settings.text_bytes
    assert type(settings) is Settings


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        settings.guests = True  # type: ignore[misc]


def test_an_import_reads_neither_the_environment_nor_djangos_settings() -> None:
    done = subprocess.run([sys.executable, "-c", UNREAD], cwd=ROOT, capture_output=True, text=True, env={})
    assert done.returncode == 0, done.stderr

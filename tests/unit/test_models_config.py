"""CHAT_MODELS: its fields, and the one line that reports a mistake."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from chat.llm.clients.openui_prompt import OPENUI_PROMPT
from chat.llm.config import names, read
from chat.text import plain_text
from tests.live.harness import bound_listener

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-canary-in-the-settings"
LOCAL = {"baseUrl": "http://127.0.0.1:8080/v1", "model": "qwen3"}


def test_without_the_setting_there_are_the_two_built_in_models() -> None:
    assert list(read("")) == ["c1", "openassistant"] == list(names())


def test_the_built_in_models_come_first_in_any_order_of_the_setting() -> None:
    assert list(read(json.dumps({"local": LOCAL, "c1": {"system": "x"}}))) == ["c1", "openassistant", "local"]


def test_a_model_is_read_with_all_its_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_OF_LOCAL", KEY)
    fields = {
        "apiKeyEnv": "KEY_OF_LOCAL",
        "system": "Be kind.",
        "parameters": {"temperature": 0.5, "max_tokens": 10},
        "metadata": {"thesys": "{}"},
        "tools": ["calculate"],
        "openui": True,
        "budgetTokens": 8000,
        "fallbacks": ["c1"],
        "efforts": {"low": {"reasoning_effort": "low"}, "no_0-1": {}},
    }
    spec = read(json.dumps({"local": {**LOCAL, **fields}}))["local"]
    assert (spec.base_url, spec.model, spec.api_key) == (LOCAL["baseUrl"], "qwen3", KEY)
    assert (spec.parameters["max_tokens"], spec.metadata, spec.tools) == (
        10,
        {"thesys": "{}"},
        ("calculate",),
    )
    assert spec.efforts == fields["efforts"]
    assert (spec.openui, spec.budget_tokens, spec.fallbacks, spec.system) == (True, 8000, ("c1",), "Be kind.")


def test_the_setting_may_name_a_file(tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    path.write_text(json.dumps({"local": LOCAL}))
    assert "local" in read(str(path))


MISTAKES: dict[str, tuple[Any, str]] = {
    "no JSON": ("{oops", "is not a JSON object"),
    "no file": ("/no/such/file", "neither a JSON object nor a readable file"),
    "a path with NUL": ("a\0b", "neither a JSON object nor a readable file"),
    "nested too deep": ('{"a":' + "[" * 20_000, "is not a JSON object"),
    "no object": ({"local": []}, "local: "),
    "an unknown field": (
        {"local": {**LOCAL, "apiKey": KEY}},
        "local: Object contains unknown field `apiKey`",
    ),
    "a wrong type": ({"local": {**LOCAL, "budgetTokens": "many"}}, "local: Expected `int | null`"),
    "a bad name": ({"no blanks": LOCAL}, "a model's name"),
    "no URL": ({"local": {"model": "m"}}, "local: it needs a `baseUrl`"),
    "a URL without a scheme": ({"local": {**LOCAL, "baseUrl": f"{KEY}.test/v1"}}, "its `baseUrl` must start"),
    "a URL without a host": ({"local": {**LOCAL, "baseUrl": "http:///v1"}}, "its `baseUrl` must name a host"),
    "a URL with a password that is not escaped": (
        {"local": {**LOCAL, "baseUrl": f"http://user:{KEY}/x@h/v1"}},
        "its `baseUrl` must name a host",
    ),
    "no model": ({"local": {"baseUrl": "http://h"}}, "local: it needs `model`"),
    "a key that is not set": ({"local": {**LOCAL, "apiKeyEnv": "NO_SUCH_KEY"}}, "`apiKeyEnv`"),
    "a reserved parameter": ({"local": {**LOCAL, "parameters": {"stream": False}}}, "`stream`"),
    "a reserved field of an effort": (
        {"local": {**LOCAL, "efforts": {"low": {"messages": []}}}},
        "local: its `efforts` may not hold `messages`",
    ),
    "a bad name of an effort": ({"c1": {"efforts": {"Very high": {}}}}, "c1: a name in its `efforts`"),
    "a long name of an effort": ({"c1": {"efforts": {"x" * 33: {}}}}, "c1: a name in its `efforts`"),
    "an effort without fields": ({"c1": {"efforts": {"low": "low"}}}, "c1: Expected `object`"),
    "an effort's count of tokens": (
        {"c1": {"efforts": {"low": {"max_tokens": 0}}}},
        "c1: its `max_tokens` must",
    ),
    "no count of tokens": ({"c1": {"parameters": {"max_tokens": "9"}}}, "c1: its `max_tokens`"),
    "the server of c1": ({"c1": {"baseUrl": "http://h"}}, "c1: its `baseUrl` is set by C1_BASE_URL"),
    "call ids of no length": ({"c1": {"callIds": True}}, "c1: its `callIds`"),
    "call ids too short": ({"c1": {"callIds": 5}}, "`$.callIds`"),
    "an unknown place of system texts": ({"c1": {"oneSystem": KEY}}, "c1: its `oneSystem`"),
    "an unknown form of thought": ({"c1": {"thinkTags": KEY}}, "c1: its `thinkTags`"),
    "an unknown field wanted back": ({"c1": {"wantsBack": KEY}}, "c1: its `wantsBack`"),
    "c1 told how to write C1": ({"c1": {"openui": True}}, "c1: `c1`, `openui` and `gateway`"),
    "c1 called a gateway": ({"c1": {"gateway": True}}, "c1: `c1`, `openui` and `gateway`"),
    "both formats": ({"local": {**LOCAL, "c1": True, "openui": True}}, "local: `c1`, `openui` and"),
    "a gateway that writes C1": ({"local": {**LOCAL, "c1": True, "gateway": True}}, "exclude each other"),
    "a gateway's model without its provider": ({"local": {**LOCAL, "gateway": True}}, "`provider/model`"),
    "an unknown fallback": ({"c1": {"fallbacks": ["gone"]}}, "c1: its `fallbacks`"),
    "itself as fallback": ({"c1": {"fallbacks": ["c1"]}}, "c1: its `fallbacks`"),
    "one fallback twice": ({"c1": {"fallbacks": ["openassistant"] * 2}}, "c1: its `fallbacks`"),
}


@pytest.mark.parametrize(
    "url", [" http://h/v1 ", "HTTP://h/v1\n", "http://user:p%2Fw@h:80/v1#part", "http://bücher.test"]
)
def test_a_base_url_may_stand_among_blanks_and_have_any_usual_form(url: str) -> None:
    models = read(json.dumps({"local": {**LOCAL, "baseUrl": url}}))
    assert models["local"].base_url == url.strip()


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_names_the_model_and_repeats_no_value(name: str) -> None:
    value, says = MISTAKES[name]
    with pytest.raises(ImproperlyConfigured) as caught:
        read(value if isinstance(value, str) else json.dumps(value))
    assert says in str(caught.value)
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)


COMMANDS = {"server": ("chatproject.server", "--fd"), "command": ("chatproject.dev.commands", "check")}
STARTS = {
    "CHAT_MODELS": ('{"local": {}}', "CHAT_MODELS: local: it needs a `baseUrl`"),
    "CHAT_TOOLS": ("calculate,typo", "CHAT_TOOLS names 'typo', which no installed app registers."),
    "CHAT_TITLE_MODEL": ("gone", "CHAT_TITLE_MODEL names no model. Known: c1, openassistant."),
    "CHAT_GUESTS": ("maybe", "CHAT_GUESTS is a switch: 1 or 0, true or false, on or off. Correct it in"),
    "C1_BASE_URL": ("ftp://host", "C1_BASE_URL must start with http:// or https://. Correct it in"),
}


@pytest.mark.parametrize(("variable", "command"), [*zip(STARTS, cycle(COMMANDS), strict=False)])
def test_a_mistake_ends_the_start_with_one_line(variable: str, command: str) -> None:
    value, says = STARTS[variable]
    ended = start({variable: value}, *COMMANDS[command])
    assert ended.returncode == 1
    assert ended.stderr.startswith(says)
    assert ended.stderr.count("\n") == 1


def test_a_tool_that_a_model_names_must_be_offered() -> None:
    ended = start(
        {"CHAT_MODELS": json.dumps({"local": {**LOCAL, "tools": ["calculate", "typo"]}})},
        *COMMANDS["command"],
    )
    assert ended.stderr.startswith("CHAT_MODELS: local: there is no tool 'typo'.")


def start(env: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    with bound_listener() as listener:
        fd = listener.fileno()
        given = [str(fd)] if command[-1] == "--fd" else []
        return subprocess.run(
            [sys.executable, "-m", *command, *given],
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "chatproject.settings", **env},
            pass_fds=[fd],
            capture_output=True,
            text=True,
        )


def test_the_openui_prompt_names_only_what_the_page_can_draw() -> None:
    page = (ROOT / "chat/static/chat/js/nodes.js").read_text()
    named = set(re.findall(r"\b([A-Z][A-Za-z]+)\(", OPENUI_PROMPT)) - {"Component"}
    assert len(named) > 20
    assert not {name for name in named if not re.search(rf"\b{name}: ", page)}


def test_the_example_in_the_openui_prompt_reads_as_an_answer() -> None:
    envelope = re.search('<content thesys="true" version="2">.*?</content>', OPENUI_PROMPT, re.DOTALL)
    assert envelope
    assert plain_text(envelope[0]).split("\n")[:2] == ["Sales by region", "This year"]

"""The models configured in CHAT_MODELS, beside the two built-in ones.

    {"c1": {"system": "You work for Example Ltd.", "fallbacks": ["local"]},
     "local": {"baseUrl": "http://127.0.0.1:8080/v1", "model": "qwen3", "openui": true, "tools": ["calculate"]}}

A mistake raises ImproperlyConfigured with one line that names the model and the field. It repeats no value: that may be
a key in the wrong field.
"""

from __future__ import annotations

import functools
import re
from typing import Annotated, Any, NoReturn

import msgspec
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from chat.conf import settings
from chat.conf_values import address, json_of, secret

C1, OPENASSISTANT = "c1", "openassistant"
# C1's artifact model, which tools ask and no user can choose.
ARTIFACT = "c1-artifact"

# 64 characters: the width of the columns that hold a model's name.
NAME = re.compile(r"[A-Za-z0-9._:/-]{1,64}")

# The fields of a request that the server itself sets: with another value it could not read the answer.
RESERVED = {"model", "messages", "prompt", "stream", "stream_options", "stop", "tools", "metadata", "n"}

# Names of efforts; 32 characters: the width of the column that holds the chosen one.
EFFORT = re.compile(r"[a-z0-9_-]{1,32}")

# The fields without which some servers refuse earlier calls.
WANTED_BACK = {"reasoning_content", "thought_signature"}

# Forms of a thought in the text: closed by a tag that the template has opened; in Granite's words; in OpenAI's tokens.
THINK_TAGS = {"open", "granite", "harmony"}

# Refused by model servers in a request without tools.
CHOICE_PARAMETERS = {"tool_choice", "parallel_tool_calls"}

_ELSEWHERE = {
    C1: {"baseUrl": "C1_BASE_URL", "apiKeyEnv": "THESYS_API_KEY", "model": "C1_MODEL"},
    OPENASSISTANT: {
        "baseUrl": "OPENASSISTANT_BASE_URL",
        "apiKeyEnv": "OPENASSISTANT_API_KEY",
        "model": "OPENASSISTANT_MODEL",
    },
}

_Positive = Annotated[int, msgspec.Meta(ge=1)]

# Characters of a call's id: fewer would not keep the calls of a long thread apart, more have no room in a SHA-256.
_IdLength = Annotated[int, msgspec.Meta(ge=6, le=40)]


class ModelSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One model. `api_key_env` is the name of the variable that holds its key, never the key.

    `title` and `description` are shown where a user chooses a model.

    `c1`: the model writes C1's format by itself; `openui`: a system prompt explains the format. `images`: it accepts
    pictures; `files`: it accepts files as they are, and gets no text of theirs. `parameters` and `metadata` go into each
    request. `tools`: all tools of CHAT_TOOLS, none, or the named ones. `budget_tokens`: the size of a prompt; older turns are
    left out. `fallbacks`: the models that are asked instead, in this order, if it fails before its first text or tool call;
    their own fallbacks are not followed.

    `gateway`: it is one of OpenUI's Gateway, named `provider/model`, and writes bare openui-lang. The following depend on the
    model's name where they are not given (`chat.llm.quirks`). `alternate`: its template wants user and assistant in turn;
    `one_system`: at most one system text, or none, so that it is the user's (`user`); `call_ids`: its server accepts tool
    call ids of so many letters and digits only, or any (false); `think_tags`: its thought stands in `<think>` at the start of
    its text, or in the form of THINK_TAGS; `stream_usage`: false where no `stream_options` may be sent; `wants_back`: the
    field without which its server refuses earlier calls, or false where it refuses all fields that are not OpenAI's.
    `efforts`: the efforts that a prompt may ask for, each with the fields that it adds to the request.
    """

    title: str = ""
    description: str = ""
    base_url: str = ""
    api_key_env: str = ""
    model: str = ""
    system: str = ""
    parameters: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    tools: bool | tuple[str, ...] = True
    c1: bool = False
    openui: bool = False
    images: bool = False
    files: bool = False
    budget_tokens: _Positive | None = None
    gateway: bool = False
    alternate: bool | None = None
    one_system: bool | str | None = None
    call_ids: _IdLength | bool | None = None
    think_tags: bool | str | None = None
    stream_usage: bool | None = None
    wants_back: str | bool | None = None
    efforts: dict[str, dict[str, Any]] = {}
    fallbacks: tuple[str, ...] = ()

    def answers_demo(self, name: str) -> bool:
        """Return True if the demo model answers for this model, which is configured as `name`."""
        return settings.demo if name == C1 else name == OPENASSISTANT and not settings.openassistant_base_url

    @property
    def api_key(self) -> str:
        return secret(self.api_key_env) if self.api_key_env else ""


@functools.cache
def specs() -> dict[str, ModelSpec]:
    """Return the configured models by name, read from the settings once. Raise ImproperlyConfigured for a mistake."""
    found = read(settings.models)
    return found | {C1: msgspec.structs.replace(found[C1], gateway=settings.c1_format == "gateway")}


def is_known(name: str) -> bool:
    """Return whether tools may ask a model of this name."""
    return name == ARTIFACT or name in specs()


def calls_tools(name: str) -> bool:
    """Return whether a model may call tools; OpenAssistant's protocol has none."""
    return name != OPENASSISTANT and bool(specs()[name].tools)


def token_limit(name: str) -> int:
    """Return the tokens of an answer at most by the model's own parameters; 0 where they set no limit."""
    given = specs()[name].parameters
    limits = [given.get(field) for field in ("max_tokens", "max_completion_tokens")]
    return max((limit for limit in limits if isinstance(limit, int)), default=0)


def names() -> tuple[str, ...]:
    """Return the names that a client may ask for; the first one is the default."""
    return tuple(specs())


def _forget(*, setting: str, **_: Any) -> None:
    """Read the models anew at the next use after a test has overridden a setting of theirs."""
    if setting in ("CHAT_MODELS", "C1_FORMAT"):
        specs.cache_clear()


setting_changed.connect(_forget)


def read(text: str) -> dict[str, ModelSpec]:
    """Return the models by name, `c1` and `openassistant` first; `text` is JSON or the path of a JSON file.

    Raise ImproperlyConfigured for a mistake.
    """
    named = _decode(_contents(text)) if text else {}
    own = {C1: ModelSpec(), OPENASSISTANT: ModelSpec(), **named}
    for name, spec in own.items():
        _check(name, spec, own)
    return own


def _contents(text: str) -> bytes:
    try:
        return json_of(text)
    except ValueError as problem:
        raise ImproperlyConfigured(f"CHAT_MODELS: {problem}.") from None


def _decode(data: bytes) -> dict[str, ModelSpec]:
    try:
        entries = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError) as problem:
        raise ImproperlyConfigured(f"CHAT_MODELS: is not a JSON object of models: {problem}.") from None
    return {name: _spec(name, entry) for name, entry in entries.items()}


def _spec(name: str, entry: msgspec.Raw) -> ModelSpec:
    if not NAME.fullmatch(name):
        _refuse("a model's name", "is 1 to 64 of A-Z a-z 0-9 . _ : / -")
    try:
        spec = msgspec.json.decode(entry, type=ModelSpec)
    except (msgspec.DecodeError, RecursionError) as problem:
        _refuse(name, str(problem))
    for field, variable in _ELSEWHERE.get(name, {}).items():
        if getattr(spec, _snake(field)):
            _refuse(name, f"its `{field}` is set by {variable}")
    return msgspec.structs.replace(spec, base_url=spec.base_url.strip())


def _snake(field: str) -> str:
    return re.sub("[A-Z]", lambda match: "_" + match[0].lower(), field)


def _check(name: str, spec: ModelSpec, known: dict[str, ModelSpec]) -> None:
    if name not in _ELSEWHERE:
        _check_server(name, spec)
    _check_fields(name, "parameters", spec.parameters)
    for effort, fields in spec.efforts.items():
        if not EFFORT.fullmatch(effort):
            _refuse(name, "a name in its `efforts` must be 1 to 32 of a-z 0-9 _ -")
        _check_fields(name, "efforts", fields)
    formats = spec.c1 + spec.openui + spec.gateway
    if formats > 1 or (formats and name in _ELSEWHERE):
        _refuse(name, "`c1`, `openui` and `gateway` are for other models, and exclude each other")
    if spec.gateway and "/" not in spec.model:
        _refuse(name, "its `model` must be `provider/model`, as the Gateway names it")
    if spec.images and name == OPENASSISTANT:
        _refuse(name, "it takes no `images`: its prompt is text alone")
    if spec.files and name == OPENASSISTANT:
        _refuse(name, "it takes no `files`: its prompt is text alone")
    _check_history(name, spec)
    for fallback in spec.fallbacks:
        if fallback not in known or fallback == name or spec.fallbacks.count(fallback) > 1:
            _refuse(name, "its `fallbacks` must be other models that are known, each once")


def _check_fields(name: str, field: str, added: dict[str, Any]) -> None:
    """Refuse fields that a request may not get from the configuration."""
    if reserved := RESERVED & added.keys():
        _refuse(name, f"its `{field}` may not hold `{min(reserved)}`")
    limit = added.get("max_tokens", 1)
    if type(limit) is not int or limit < 1:
        _refuse(name, "its `max_tokens` must be a whole number above 0")


def _check_history(name: str, spec: ModelSpec) -> None:
    if spec.call_ids is True:
        _refuse(name, "its `callIds` is a number of characters, or false")
    if isinstance(spec.one_system, str) and spec.one_system != "user":
        _refuse(name, "its `oneSystem` is true, false or `user`")
    # Not an enumeration: its error would repeat the value.
    if isinstance(spec.wants_back, str) and spec.wants_back not in WANTED_BACK:
        _refuse(name, f"its `wantsBack` is {' or '.join(sorted(WANTED_BACK))}, or false")
    if isinstance(spec.think_tags, str) and spec.think_tags not in THINK_TAGS:
        _refuse(name, f"its `thinkTags` is true, false, or one of {', '.join(sorted(THINK_TAGS))}")


def _check_server(name: str, spec: ModelSpec) -> None:
    if not spec.base_url:
        _refuse(name, "it needs a `baseUrl`, the address of its server")
    try:
        address(spec.base_url)
    except ValueError as problem:
        _refuse(name, f"its `baseUrl` {problem}")
    if not spec.model:
        _refuse(name, "it needs `model`, the name that is sent upstream")
    if spec.api_key_env and not spec.api_key:
        _refuse(name, "the variable that its `apiKeyEnv` names is not set")


def _refuse(name: str, problem: str) -> NoReturn:
    raise ImproperlyConfigured(f"CHAT_MODELS: {name}: {problem}.")

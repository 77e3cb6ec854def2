"""Settings of the models: their servers and keys, and the bounds of an answer."""

from __future__ import annotations

from dataclasses import dataclass

from chat.conf_values import choice, count, json_source, names, seconds, setting, text, url

# The model of `c1` where none is named: a C1 model, and the one in the Gateway's own quick start.
C1_MODEL = "c1-nightly"
GATEWAY_MODEL = "openai/gpt-5"


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelSettings:
    """The settings of the models."""

    thesys_api_key: str = setting(
        "THESYS_API_KEY", text, "", "secret", "key for C1; without it the demo model answers"
    )
    c1_base_url: str = setting(
        "C1_BASE_URL",
        url,
        "",
        "URL",
        "an OpenAI-compatible server for `c1`; Thesys' own if only the key is set",
    )
    c1_model: str = setting("C1_MODEL", text, C1_MODEL, "name", "the model name sent upstream for `c1`")
    c1_format: str = setting(
        "C1_FORMAT",
        choice("c1", "gateway"),
        "c1",
        "name",
        "what `c1` is: a C1 model, or with `gateway` a model of OpenUI's Gateway, at the same address with the same key",
    )
    artifact_base_url: str = setting(
        "C1_ARTIFACT_URL",
        url,
        "https://api.thesys.dev/v1/artifact/",
        "URL",
        "the server of C1's artifact model, for `create_artifact` and `edit_artifact`; without a key the demo model answers",
    )
    artifact_model: str = setting(
        "C1_ARTIFACT_MODEL",
        text,
        "c1/artifact/v-20251230",
        "name",
        "the model name sent upstream for artifacts",
    )
    openassistant_base_url: str = setting(
        "OPENASSISTANT_BASE_URL",
        url,
        "",
        "URL",
        "a server with `/completions`; without it the demo model answers",
    )
    openassistant_api_key: str = setting(
        "OPENASSISTANT_API_KEY", text, "", "secret", "key for that server, if it wants one"
    )
    openassistant_model: str = setting(
        "OPENASSISTANT_MODEL",
        text,
        "OpenAssistant/oasst-sft-4-pythia-12b-epoch-3.5",
        "name",
        "the model name sent upstream for `openassistant`",
    )
    models: str = setting(
        "CHAT_MODELS",
        json_source,
        "",
        "JSON or path",
        "further models by name, and options of `c1` and `openassistant`; see `chat/llm/config.py`",
    )
    metadata: tuple[str, ...] = setting(
        "CHAT_METADATA",
        names,
        ("thesys.c1_included_components", "thesys.c1_excluded_components"),
        "names",
        "the fields of a prompt's `metadata` that go on to its model, `name` or `name.field`; others are dropped",
    )
    title_model: str = setting(
        "CHAT_TITLE_MODEL",
        text,
        "",
        "name",
        "a cheap model that improves titles after the first answer; unset: titles stay as they are",
    )
    embeddings: str = setting(
        "CHAT_EMBEDDINGS",
        json_source,
        "",
        "JSON or path",
        "a server of embeddings, by which `search_files` also finds by meaning; gets the texts of files: docs/guides/files.md",
    )
    first_token_seconds: float = setting(
        "CHAT_FIRST_TOKEN_SECONDS",
        seconds,
        30.0,
        "seconds",
        "from the request to the first text, thought or tool call; then `model_timeout`",
    )
    silence_seconds: float = setting(
        "CHAT_SILENCE_SECONDS",
        seconds,
        30.0,
        "seconds",
        "between two bytes from the model; then `model_timeout`",
    )
    thinking_seconds: float = setting(
        "CHAT_THINKING_SECONDS",
        seconds,
        120.0,
        "seconds",
        "the thought of one call of a model; then `model_timeout`",
    )
    response_seconds: float = setting(
        "CHAT_RESPONSE_SECONDS",
        seconds,
        300.0,
        "seconds",
        "a whole response, tools included; then `model_timeout`",
    )
    text_bytes: int = setting(
        "CHAT_TEXT_BYTES",
        count,
        1_048_576,
        "bytes",
        "visible text of a response; beyond: cut with the finish reason `length`",
    )
    thinking_bytes: int = setting(
        "CHAT_THINKING_BYTES",
        count,
        1_048_576,
        "bytes",
        "stored thought of a response; beyond, the rest is dropped and the answer goes on",
    )
    model_errors: str = setting(
        "CHAT_MODEL_ERRORS",
        choice("card", "status"),
        "card",
        "word",
        "form of a failure in the raw stream: a card, because C1's client shows nothing on an error status",
    )

    @property
    def c1_upstream(self) -> str:
        """Return the base URL of `c1`: Thesys' own server, also that of the Gateway, unless C1_BASE_URL names another."""
        return self.c1_base_url or "https://api.thesys.dev/v1/embed/"

    @property
    def demo(self) -> bool:
        """Return True if the demo model answers for `c1`."""
        return not (self.thesys_api_key or self.c1_base_url)

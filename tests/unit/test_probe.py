"""A probe sends one request, has a deadline, and turns every failure into an error with a code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from chat.exceptions import Unavailable
from chat.llm.clients import probe as probing
from chat.llm.clients.base import ModelProfile, ModelRequest, WholeAnswer
from chat.llm.clients.probe import ProbeResult, probe
from chat.llm.sse import AtOnce, StreamUpdate


class Model:
    """Answers with a first token, with an error, or not at all; `left` is set when the call is given up."""

    profile = ModelProfile(name="c1", upstream="c1", parameters={})

    def __init__(self, *, end: Exception | None = None, silent: bool = False) -> None:
        self._end, self._silent = end, silent
        self.asked: list[ModelRequest] = []
        self.left = False

    async def first_token(self, request: ModelRequest) -> None:
        self.asked.append(request)
        try:
            if self._silent:
                await asyncio.Event().wait()
            if self._end is not None:
                raise self._end
        finally:
            self.left = True

    async def complete(self, request: ModelRequest) -> WholeAnswer:
        raise AssertionError("a probe waits for no whole answer")

    def stream(self, request: ModelRequest, at_once: AtOnce | None = None) -> AsyncGenerator[StreamUpdate]:
        raise AssertionError("a probe is no prompt")


def ask(model: Model) -> ProbeResult:
    return asyncio.run(probe(model))


def test_a_probe_asks_one_question_without_tools() -> None:
    model = Model()
    found = ask(model)
    assert found.error is None
    assert found.seconds < probing.SECONDS
    (request,) = model.asked
    assert (len(request.messages), request.tools) == (1, [])


def test_a_failing_model_gives_its_error_code() -> None:
    found = ask(Model(end=Unavailable()))
    assert found.error is not None
    assert found.error.code == "unavailable"


def test_a_silent_model_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "SECONDS", 0.05)
    model = Model(silent=True)
    found = ask(model)
    assert found.error is not None
    assert found.error.code == "model_timeout"
    assert model.left


def test_an_unexpected_error_is_a_failure_whose_message_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = ask(Model(end=RuntimeError("a secret prompt")))
    assert found.error is not None
    assert found.error.code == "model_failed"
    assert "action=probe_failed" in caplog.text
    assert "a secret prompt" not in caplog.text

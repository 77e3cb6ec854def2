"""A probe asks as everyone does, leaves at the first token, and turns whatever goes wrong into an error with a code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from chat.exceptions import Unavailable
from chat.llm.clients import probe as probing
from chat.llm.clients.base import ModelProfile, ModelRequest
from chat.llm.clients.probe import ProbeResult, probe
from chat.llm.sse import StreamUpdate


class Model:
    """Gives these texts, then fails or says nothing more; `left` tells that the connection was closed."""

    profile = ModelProfile(name="c1", upstream="c1", parameters={})

    def __init__(self, *texts: str, end: Exception | None = None, silent: bool = False) -> None:
        self._texts, self._end, self._silent = texts, end, silent
        self.asked: list[ModelRequest] = []
        self.left = False

    async def stream(self, request: ModelRequest) -> AsyncGenerator[StreamUpdate]:
        self.asked.append(request)
        try:
            for text in self._texts:
                yield StreamUpdate(text=text)
            if self._silent:
                await asyncio.Event().wait()
            if self._end is not None:
                raise self._end
        finally:
            self.left = True


def ask(model: Model) -> ProbeResult:
    return asyncio.run(probe(model))


def test_a_probe_leaves_at_the_first_token() -> None:
    model = Model("", "O", "K", silent=True)
    found = ask(model)
    assert found.error is None
    assert found.seconds < probing.SECONDS
    assert model.left
    (request,) = model.asked
    assert (len(request.messages), request.tools) == (1, [])


def test_a_model_that_fails_tells_its_code() -> None:
    found = ask(Model(end=Unavailable()))
    assert found.error is not None
    assert found.error.code == "unavailable"


def test_a_model_that_says_nothing_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "SECONDS", 0.05)
    model = Model("", silent=True)
    found = ask(model)
    assert found.error is not None
    assert found.error.code == "model_timeout"
    assert model.left


def test_what_nobody_foresaw_is_a_failure_whose_words_are_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    found = ask(Model(end=RuntimeError("a secret prompt")))
    assert found.error is not None
    assert found.error.code == "model_failed"
    assert "action=probe_failed" in caplog.text
    assert "a secret prompt" not in caplog.text


def test_an_answer_without_a_word_is_an_answer() -> None:
    assert ask(Model()).error is None

"""Embeddings: the setting, packed vectors, and the client against servers that answer in every wrong way."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from chat.exceptions import ModelError, ModelFailed, ModelTimeout, Unavailable
from chat.files import embedder
from chat.files.embedder import passage_vectors, query_vector
from chat.llm import embedding_config, vectors
from chat.llm.clients.embeddings import ANSWER_BYTES, EmbeddingClient, InputRefused
from chat.llm.embedding_config import EmbeddingSpec
from chat.llm.registry import ModelRegistry
from chat.testing import Received, Script, ScriptedModel, refusal
from chat.testing.embeddings import embedding_answer, embeddings, vector_of
from chat.testing.script import CutOff, Raw, Reset, Stall, document

KEY = "sk-canary-of-embeddings"


@pytest.fixture
def server() -> Iterator[ScriptedModel]:
    with ScriptedModel() as server:
        yield server
        server.reset()


def spec_of(server: ScriptedModel, dimensions: int = 256) -> EmbeddingSpec:
    return EmbeddingSpec(base_url=server.base_url, model="small", dimensions=dimensions)


def embedded(
    server: ScriptedModel, *texts: str, dimensions: int = 256, seconds: float = 20
) -> list[bytes | None]:
    async def ask() -> list[bytes | None]:
        client = EmbeddingClient(spec_of(server, dimensions))
        try:
            return await client.embed(texts, seconds)
        finally:
            await client.close()

    return asyncio.run(ask())


def passages(server: ScriptedModel, *texts: str) -> list[bytes | None]:
    async def ask() -> list[bytes | None]:
        client = EmbeddingClient(spec_of(server))
        try:
            return await passage_vectors(client, list(texts))
        finally:
            await client.close()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ('{"model": "m"}', "baseUrl"),
        ('{"baseUrl": "http://h", "model": ""}', "model"),
        ('{"baseUrl": "ftp://h", "model": "m"}', "baseUrl"),
        ('{"baseUrl": "http://", "model": "m"}', "host"),
        ('{"baseUrl": "http://h", "model": "m", "dimensions": 4}', "dimensions"),
        ('{"baseUrl": "http://h", "model": "m", "apiKeyEnv": "NO_SUCH_KEY"}', "apiKeyEnv"),
        ('{"baseUrl": "http://h", "model": "m", "more": 1}', "more"),
        ("{", "CHAT_EMBEDDINGS"),
        ("/no/such/file", "readable file"),
    ],
)
def test_a_mistake_in_the_setting_is_named(given: str, named: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="CHAT_EMBEDDINGS") as caught:
        embedding_config.read(given)
    assert named in str(caught.value)


def test_the_setting_is_off_by_default_and_names_the_model_with_its_length(settings: Any) -> None:
    assert ModelRegistry().embeddings() is None
    settings.CHAT_EMBEDDINGS = '{"baseUrl": "http://h", "model": "small"}'
    client = ModelRegistry().embeddings()
    assert client is not None
    assert client.spec.identity == "small@256"


def test_a_packed_vector_keeps_its_angles() -> None:
    draw = random.Random(7)
    one, other = ([draw.gauss(0, 1) for _ in range(256)] for _ in range(2))
    mixed = [0.7 * first + 0.3 * second for first, second in zip(one, other, strict=True)]
    for first, second in ((one, other), (one, mixed), (one, one)):
        exact = sum(a * b for a, b in zip(first, second, strict=True)) / (
            math.hypot(*first) * math.hypot(*second)
        )
        packed = [vectors.pack(each) or b"" for each in (first, second)]
        assert vectors.cosine(*packed) == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize("scale", [1e-320, 1e-30, 1.0, 1e300])
def test_the_length_of_a_vector_does_not_matter(scale: float) -> None:
    assert vectors.pack([scale, -scale, 0.0]) == vectors.pack([2.0, -2.0, 0.0])


def test_a_vector_of_zeros_has_no_direction() -> None:
    assert vectors.pack([0.0, -0.0]) is None
    assert vectors.signs(vectors.pack([0.5, -0.5, 0.0]) or b"") == "100"


def test_words_of_one_meaning_are_near(server: ScriptedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_KEY", KEY)
    given = f'{{"baseUrl": "{server.base_url}", "model": "small", "apiKeyEnv": "EMBEDDING_KEY"}}'

    async def ask() -> list[bytes | None]:
        client = EmbeddingClient(embedding_config.read(given))
        try:
            return await client.embed(["car", "automobile", "whale"], 20)
        finally:
            await client.close()

    car, automobile, whale = asyncio.run(ask())
    assert car == automobile != whale
    (request,) = server.requests
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.json == {
        "model": "small",
        "input": ["car", "automobile", "whale"],
        "dimensions": 256,
        "encoding_format": "float",
    }


def test_longer_vectors_are_cut_to_their_first_numbers(server: ScriptedModel) -> None:
    numbers = vector_of("car whale", 1_024)
    server.script(embedding_answer([numbers]))
    assert embedded(server, "car whale") == [vectors.pack(numbers[:256])]


def test_a_server_that_refuses_the_dimensions_is_asked_without_them(server: ScriptedModel) -> None:
    def of_one_length(request: Received) -> Script:
        return refusal(400) if "dimensions" in request.json else embeddings(request.fields)

    server.default(of_one_length)

    async def twice() -> None:
        client = EmbeddingClient(spec_of(server))
        for _ in range(2):
            await client.embed(["car"], 20)
        await client.close()

    asyncio.run(twice())
    assert ["dimensions" in request.json for request in server.requests] == [True, False, False]


def test_vectors_are_ordered_by_their_index(server: ScriptedModel) -> None:
    data = [{"index": at, "embedding": vector_of(word)} for at, word in ((1, "whale"), (0, "car"))]
    server.script(document({"data": data}))
    assert embedded(server, "car", "whale") == [vectors.pack(vector_of(word)) for word in ("car", "whale")]


WRONG = {
    "html": Script([Raw(b"<!doctype html><p>Sign in")], headers={"Content-Type": "text/html"}),
    "nothing": document({}),
    "no list": document({"data": None}),
    "text": document({"data": [{"index": 0, "embedding": "AAAA"}]}),
    "not a number": Script([Raw(b'{"data": [{"index": 0, "embedding": [NaN, 1]}]}')]),
    "infinite": Script([Raw(b'{"data": [{"index": 0, "embedding": [Infinity, 1]}]}')]),
    "beyond a float": Script([Raw(b'{"data": [{"index": 0, "embedding": [1e999, 1]}]}')]),
    "deep": Script([Raw(b'{"data":' + b"[" * 100_000)]),
    "too few": document({"data": []}),
    "too many": embedding_answer([vector_of("car")] * 2),
    "another index": document({"data": [{"index": 7, "embedding": vector_of("car")}]}),
    "too short": embedding_answer([[1.0] * 255]),
    "empty": embedding_answer([[]]),
    "enormous": Script([Raw(b" " * 65_536, ANSWER_BYTES // 65_536 + 1)]),
    "redirected for ever": Script(status=307, headers={"Location": "/v1/embeddings"}),
    "not found": refusal(404),
    "unauthorised": refusal(401),
}


@pytest.mark.parametrize("script", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_answer_is_a_failure(server: ScriptedModel, script: Script) -> None:
    server.default(script)
    with pytest.raises(ModelFailed):
        embedded(server, "car")


@pytest.mark.parametrize(
    "script",
    [refusal(429), refusal(500), refusal(503), Script([CutOff()]), Script([Reset()])],
    ids=["limited", "broken", "overloaded", "cut off", "reset"],
)
def test_a_server_that_may_answer_later_is_unavailable(server: ScriptedModel, script: Script) -> None:
    server.script(script)
    with pytest.raises(ModelError) as caught:
        embedded(server, "car")
    assert isinstance(caught.value, Unavailable)


def test_a_server_that_asks_to_wait_is_understood(server: ScriptedModel) -> None:
    server.script(refusal(429, retry_after=7))
    with pytest.raises(Unavailable) as caught:
        embedded(server, "car")
    assert caught.value.retry_after == 7


def test_a_server_that_hangs_is_left_at_the_deadline(server: ScriptedModel) -> None:
    server.script(Script([Stall()]))
    with pytest.raises(ModelTimeout):
        embedded(server, "car", seconds=0.1)
    server.requests[0].wait_until_left()


def test_a_redirect_is_followed(server: ScriptedModel) -> None:
    server.script(Script(status=307, headers={"Location": "/v2/embeddings"}))
    assert embedded(server, "car") == [vectors.pack(vector_of("car"))]


def test_passages_without_words_are_not_sent(server: ScriptedModel) -> None:
    car = vectors.pack(vector_of("car"))
    assert passages(server, " \n", "car", "", "...") == [None, car, None, None]
    assert [request.json["input"] for request in server.requests] == [["car", "..."]]
    assert passages(server, " ") == [None]
    assert len(server.requests) == 1


def refuse_beyond(characters: int, *never: str) -> Any:
    """Return a server that refuses long texts, and some texts always."""

    def behave(request: Received) -> Script:
        texts = request.json["input"]
        refused = any(len(text) > characters or text in never for text in texts)
        return refusal(413) if refused else embeddings(request.fields)

    return behave


def test_a_passage_that_is_too_long_counts_by_its_beginning(server: ScriptedModel) -> None:
    server.default(refuse_beyond(600, "never"))
    long = "car " * 500
    short, whale, never = passages(server, long, "whale", "never")
    assert (short, whale, never) == (vectors.pack(vector_of("car")), vectors.pack(vector_of("whale")), None)


def test_a_server_that_refuses_every_text_fails(server: ScriptedModel) -> None:
    server.default(refusal(422))
    with pytest.raises(ModelFailed, match="every text"):
        passages(server, "car", "whale")


@pytest.mark.parametrize(
    "script", [refusal(503), refusal(400), Script([Stall()]), embedding_answer([[0.0] * 256])]
)
def test_a_query_without_a_vector_goes_by_words(
    server: ScriptedModel, settings: Any, caplog: pytest.LogCaptureFixture, script: Script
) -> None:
    settings.CHAT_EMBEDDINGS = {"baseUrl": server.base_url, "model": "small"}
    settings.CHAT_TOOL_SECONDS = 1.0
    server.default(script)

    async def ask() -> Any:
        models = ModelRegistry()
        try:
            return await query_vector(models, "canary words"), await query_vector(models, " ")
        finally:
            await models.close()

    assert asyncio.run(ask()) == (None, None)
    assert "canary" not in caplog.text


def test_pauses_grow_to_a_bound_and_respect_the_server() -> None:
    pauses = [embedder.pause_after(ModelTimeout(), failures) for failures in (1, 2, 3, 10_000)]
    assert pauses == [1.0, 2.0, 4.0, embedder.MAX_PAUSE_SECONDS]
    assert embedder.pause_after(Unavailable(retry_after=30), 1) == 30
    assert embedder.pause_after(Unavailable(retry_after=1e9), 1) == embedder.MAX_PAUSE_SECONDS


def test_a_refused_text_is_told_apart_from_a_server_that_fails(server: ScriptedModel) -> None:
    server.default(refusal(400))
    with pytest.raises(InputRefused):
        embedded(server, "car")

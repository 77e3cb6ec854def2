"""The official client for unstreamed calls: one request, a bounded answer, the project's errors."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import json
import ssl
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import brotli
import pytest
import trustme

from chat.exceptions import ModelError, ModelFailed, Unavailable
from chat.llm.clients import official
from chat.llm.clients.base import ModelClient, ModelProfile, ModelRequest, WholeAnswer
from chat.llm.clients.chat_completions import ChatCompletions
from chat.llm.clients.openassistant import OpenAssistant
from chat.llm.http import request_head
from chat.llm.http.openai_compatible import MAX_REDIRECTS, OpenAITransport, refused
from chat.llm.sse import TokenCounts
from chat.testing import Gate, Script, ScriptedModel, answer, refusal
from chat.testing.script import Call, Delta, Raw, Reset, Stall, broken, tool_round, whole_answer
from tests.unit.scripted_http_server import ScriptedHttpServer, listening

KEY = "sk-canary-of-the-official-client"
JSON = {"Content-Type": "application/json"}
KINDS = [ChatCompletions, OpenAssistant]


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as server:
        yield server
        server.reset()


def asked(
    base_url: str,
    work: Callable[[ModelClient], Awaitable[Any]],
    kind: type[ChatCompletions] | type[OpenAssistant] = ChatCompletions,
    *,
    key: str = KEY,
    **parameters: Any,
) -> Any:
    """Run a function with a client of a server, on a loop of its own."""

    async def bounded() -> Any:
        connected = official.connect(base_url, key)
        wire = OpenAITransport(request_head.head(base_url, key, kind.path))
        client = kind(wire, connected, ModelProfile("local", "upstream-name", parameters), {"team": "a"})
        try:
            async with asyncio.timeout(20):
                return await work(client)
        finally:
            wire.close()
            await connected.close()

    return asyncio.run(bounded())


def question() -> ModelRequest:
    return ModelRequest([{"role": "user", "content": "Grüße?"}], [])


async def complete(client: ModelClient) -> WholeAnswer:
    return await client.complete(question())


async def first_token(client: ModelClient) -> None:
    await client.first_token(question())


def as_json(body: Any, **more: str) -> Script:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Script([Raw(data)], headers={**JSON, **more})


def test_a_whole_chat_answer_has_text_and_usage(model: ScriptedModel) -> None:
    model.script(whole_answer("Trip", usage=(7, 2)))
    assert asked(model.base_url, complete, temperature=0.5, tool_choice="auto") == WholeAnswer(
        "Trip", TokenCounts(7, 2)
    )
    (received,) = model.requests
    assert received.path == "/v1/chat/completions"
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.json == {
        "model": "upstream-name",
        "messages": [{"role": "user", "content": "Grüße?"}],
        "temperature": 0.5,
        "metadata": {"team": "a"},
    }


def test_a_whole_completion_ends_at_the_first_stop_token(model: ScriptedModel) -> None:
    counted = {"usage": {"prompt_tokens": 7, "completion_tokens": 2}}
    model.script(
        as_json(
            {
                "choices": [{"index": 0, "text": "Trip<|endoftext|><|prompter|>", "finish_reason": "stop"}],
                **counted,
            }
        )
    )
    assert asked(model.base_url, complete, OpenAssistant, top_k=3) == WholeAnswer("Trip", TokenCounts(7, 2))
    (received,) = model.requests
    assert received.path == "/v1/completions"
    assert received.json["prompt"] == "<|prompter|>Grüße?<|endoftext|><|assistant|>"
    assert received.json["top_k"] == 3
    assert "stream" not in received.json


@pytest.mark.parametrize("script", [whole_answer("Trip"), refusal(400)], ids=["answered", "refused"])
def test_the_digest_is_that_of_the_body_as_it_went_out(model: ScriptedModel, script: Script) -> None:
    model.script(script)
    mine = question()

    async def work(client: ModelClient) -> None:
        with contextlib.suppress(ModelFailed):
            await client.complete(mine)

    asked(model.base_url, work)
    assert mine.sent_request.digest == hashlib.sha256(model.requests[0].body).hexdigest()


def test_no_key_is_sent_without_one(model: ScriptedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    model.script(whole_answer("Trip"))
    asked(model.base_url, complete, key="")
    assert "authorization" not in model.requests[0].headers


ODD: dict[str, tuple[Any, WholeAnswer]] = {
    "null content": ({"message": {"content": None}}, WholeAnswer("", None)),
    "a refusal": ({"message": {"content": None, "refusal": "No."}}, WholeAnswer("No.", None)),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_but_clear_answers_are_accepted(model: ScriptedModel, name: str) -> None:
    choice, expected = ODD[name]
    model.script(as_json({"choices": [choice], "usage": {"prompt_tokens": "many"}}))
    assert asked(model.base_url, complete) == expected


TROUBLES: dict[str, tuple[Script, type[ModelError]]] = {
    "400": (refusal(400), ModelFailed),
    "401": (refusal(401), ModelFailed),
    "404": (refusal(404), ModelFailed),
    "413": (refusal(413), ModelFailed),
    "429": (refusal(429), Unavailable),
    "500": (refusal(500), Unavailable),
    "503": (refusal(503), Unavailable),
    "a redirect to no address": (Script([], 307, {"Location": "ftp://127.0.0.1/"}), ModelFailed),
    "reset": (broken(Reset()), Unavailable),
    "HTML": (Script([Raw(b"<html>Hello</html>")], headers={"Content-Type": "text/html"}), ModelFailed),
    "bad JSON": (as_json(b"{oops"), ModelFailed),
    "bad UTF-8": (as_json(b'{"choices":"\xff\xfe'), ModelFailed),
    "deep JSON": (as_json(b"[" * 100_000), ModelFailed),
    "a list": (as_json([1]), ModelFailed),
    "null": (as_json(None), ModelFailed),
    "null choices": (as_json({"choices": None}), ModelFailed),
    "empty choices": (as_json({"choices": []}), ModelFailed),
    "a choice that is none": (as_json({"choices": [5]}), ModelFailed),
    "null message": (as_json({"choices": [{"message": None}]}), ModelFailed),
    "content that is no text": (as_json({"choices": [{"message": {"content": 5}}]}), ModelFailed),
    "an error in place of an answer": (as_json({"error": {"message": "secret words"}}), ModelFailed),
    "a stream": (
        Script(
            [Raw(b'data: {"choices": []}\n\n')], headers={"Content-Type": "text/event-stream; charset=utf-8"}
        ),
        ModelFailed,
    ),
    "too large": (whole_answer("x" * official.MAX_ANSWER_BYTES), ModelFailed),
    "too many values": (
        as_json(b'{"choices":[{"message":{"content":"x"}}],"more":[' + b"[]," * 20_000 + b"0]}"),
        ModelFailed,
    ),
    "too large refusal": (refusal(400, message="x" * official.MAX_ANSWER_BYTES), ModelFailed),
    "an unknown compression": (as_json(b"{}", **{"Content-Encoding": "zstd"}), ModelFailed),
    "a damaged compression": (as_json(b"{}", **{"Content-Encoding": "gzip"}), ModelFailed),
    "too large when decompressed": (
        as_json(gzip.compress(b" " * (official.MAX_ANSWER_BYTES + 1)), **{"Content-Encoding": "gzip"}),
        ModelFailed,
    ),
    "too large in brotli": (
        as_json(brotli.compress(b" " * (official.MAX_ANSWER_BYTES + 1)), **{"Content-Encoding": "br"}),
        ModelFailed,
    ),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_a_failure_is_one_of_the_projects_errors_after_one_request(
    model: ScriptedModel, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    script, kind = TROUBLES[name]
    model.default(script)
    caplog.set_level("INFO")
    with pytest.raises(ModelError) as caught:
        asked(model.base_url, complete)
    assert type(caught.value) is kind
    assert len(model.requests) == 1
    assert KEY not in caplog.text + str(caught.value)


def test_a_redirect_is_followed_and_another_server_gets_no_key(model: ScriptedModel) -> None:
    with ScriptedModel() as other:
        other.default(whole_answer("Hi"))
        model.script(
            Script([], 308, {"Location": "/v2"}),
            Script([], 307, {"Location": f"{other.base_url}chat/completions"}),
        )
        assert asked(model.base_url, complete).text == "Hi"
        assert [received.headers["authorization"] for received in model.requests] == [f"Bearer {KEY}"] * 2
        assert "authorization" not in other.requests[0].headers
        model.script(Script([], 307, {"Location": f"{other.base_url}chat/completions"}))
        assert asked(model.base_url, complete, key="").text == "Hi"


def test_redirects_without_end_are_a_failure(model: ScriptedModel) -> None:
    model.default(Script([], 307, {"Location": "/v1/again"}))
    with pytest.raises(ModelFailed):
        asked(model.base_url, complete)
    assert len(model.requests) == MAX_REDIRECTS + 1


@pytest.mark.parametrize(("coding", "compress"), [("gzip", gzip.compress), ("br", brotli.compress)])
def test_a_compressed_answer_is_read(
    model: ScriptedModel, coding: str, compress: Callable[[bytes], bytes]
) -> None:
    body = compress(b'{"choices":[{"message":{"content":"Hi"}}]}')
    model.default(as_json(body, **{"Content-Encoding": coding}))
    assert asked(model.base_url, complete).text == "Hi"


def test_a_base_urls_query_stands_behind_the_path(model: ScriptedModel) -> None:
    model.default(whole_answer("Hi"))
    asked(f"{model.base_url}gpt?api-version=2024-10-21", complete)
    assert model.requests[0].path == "/v1/gpt/chat/completions?api-version=2024-10-21"


def test_an_answer_with_an_error_for_its_reason_is_a_failure(model: ScriptedModel) -> None:
    model.default(as_json({"choices": [{"message": {"content": "Hel"}, "finish_reason": "error"}]}))
    with pytest.raises(ModelFailed):
        asked(model.base_url, complete)


def test_a_refused_connection_is_unavailable(model: ScriptedModel) -> None:
    with model.refusing(), pytest.raises(Unavailable):
        asked(model.base_url, complete)


@pytest.mark.parametrize("value", [
    "", "soon", "nan", "1e999", "Mon, 32 Jan 2026 00:00:00 GMT", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
    "Mon, 01 Jan 2026 00:00:00 +9999999999999999999",
])  # fmt: skip
def test_a_retry_after_that_names_no_time_counts_as_none(value: str) -> None:
    assert refused(503, value).retry_after is None


def test_a_servers_retry_after_is_passed_on(model: ScriptedModel) -> None:
    model.script(refusal(503, retry_after=7))
    with pytest.raises(Unavailable) as caught:
        asked(model.base_url, complete)
    assert caught.value.retry_after == 7


SPEAKS: dict[str, Script] = {
    "text": broken("", "O", Stall()),
    "a call": broken(*tool_round(Call("add", "{}")).steps[:1], Stall()),
    "a refusal": broken(Delta({"refusal": "No."}), Stall()),
    "the end": answer(),
}


@pytest.mark.parametrize("name", SPEAKS)
def test_the_first_token_is_text_a_call_or_the_end(model: ScriptedModel, name: str) -> None:
    model.script(SPEAKS[name])
    asked(model.base_url, first_token)
    assert model.requests[0].json["stream"] is True


def test_the_values_of_a_streams_events_do_not_add_up(model: ScriptedModel) -> None:
    waiting = b'data: {"choices":[],"more":[[],[],[],[]]}\n\n' * 4_000
    model.script(broken(Raw(waiting + b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n')))
    asked(model.base_url, first_token)


@pytest.mark.parametrize("kind", KINDS)
def test_the_connection_is_closed_at_the_first_token(model: ScriptedModel, kind: Any) -> None:
    gate = Gate()
    model.script(answer("", gate, "O", Stall()))

    async def work(client: ModelClient) -> bool:
        asking = asyncio.ensure_future(first_token(client))
        await asyncio.to_thread(gate.wait_until_reached)
        waited = not asking.done()
        gate.open()
        await asking
        await asyncio.to_thread(model.requests[0].wait_until_left)
        return waited

    assert asked(model.base_url, work, kind)


SILENT: dict[str, Script] = {
    "nothing": broken(),
    "HTML": Script([Raw(b"<html>Hello</html>")], headers={"Content-Type": "text/html"}),
    "bad JSON": broken(Raw(b"data: {oops}\n\n")),
    "an error": broken(Raw(b'data: {"error":{"message":"secret words"}}\n\n')),
    "an endless comment": broken(Raw(b": x\n\n" * (official.MAX_ANSWER_BYTES // 4))),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SILENT)
def test_a_stream_without_a_token_is_a_failure(model: ScriptedModel, name: str, kind: Any) -> None:
    model.script(SILENT[name])
    with pytest.raises(ModelFailed) as caught:
        asked(model.base_url, first_token, kind)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("ask", [complete, first_token])
def test_a_cancelled_call_closes_its_connection(model: ScriptedModel, ask: Any) -> None:
    model.script(broken(Stall()))

    async def work(client: ModelClient) -> None:
        asking = asyncio.ensure_future(ask(client))
        await asyncio.to_thread(model.wait_for_requests, 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.to_thread(model.requests[0].wait_until_left)

    asked(model.base_url, work)


def test_the_environments_proxy_is_used_but_never_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'{"choices":[{"message":{"content":"Trip"}}]}'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)

    async def work() -> list[bytes]:
        proxy, near = ScriptedHttpServer(head + body), ScriptedHttpServer(head + body)
        async with listening(proxy.serve) as port, listening(near.serve) as own:
            monkeypatch.setenv("http_proxy", f"127.0.0.1:{port}")
            monkeypatch.delenv("no_proxy", raising=False)
            for url in ("http://models.test/v1/", f"http://127.0.0.1:{own}/v1/"):
                await asyncio.to_thread(asked, url, complete)
        return [place.asked[0][1].partition(b"\r\n")[0] for place in (proxy, near)]

    assert asyncio.run(work()) == [
        b"POST http://models.test/v1/chat/completions HTTP/1.1",
        b"POST /v1/chat/completions HTTP/1.1",
    ]


def test_over_tls_the_certificates_are_those_of_the_streamed_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    authority, context = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(context)
    monkeypatch.setattr(official, "trusted_certificates", lambda: context)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(tls)
    body = b'{"choices":[{"message":{"content":"Trip"}}]}'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)

    async def work() -> Any:
        async with listening(ScriptedHttpServer(head + body).serve, tls) as port:
            return await asyncio.to_thread(asked, f"https://localhost:{port}/v1/", complete)

    assert asyncio.run(work()) == WholeAnswer("Trip", None)

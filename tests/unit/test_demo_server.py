"""The demo model over HTTP: OpenAI's dialect, streamed or whole, its errors, and its failures on demand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from chat.demo import start
from chat.demo.blocks import DemoAnswer
from chat.demo.conversation import DemoRequest, from_prompt
from chat.demo.formats import envelope, prose, write
from chat.demo.replies import reply
from chat.demo.server import cut, rate
from chat.testing.model_server import ModelServer

CLOCK = {"type": "function", "function": {"name": "clock", "parameters": {"properties": {"timezone": {}}}}}
CALCULATOR = {
    "type": "function",
    "function": {"name": "calculate", "parameters": {"properties": {"formula": {}}}},
}


def said_to(question: str) -> DemoAnswer:
    given_back = reply(DemoRequest(question))
    assert isinstance(given_back, DemoAnswer)
    return given_back


async def serving(work: Callable[[ModelServer, httpx.AsyncClient], Awaitable[Any]]) -> Any:
    server = await start(pace=0)
    try:
        async with asyncio.timeout(20), httpx.AsyncClient(base_url=server.base_url) as client:
            return await work(server, client)
    finally:
        await server.close()


def post(path: str, body: Any, *, raw: bytes | None = None) -> tuple[int, bytes]:
    async def work(_server: ModelServer, client: httpx.AsyncClient) -> tuple[int, bytes]:
        response = await client.post(path, content=raw or json.dumps(body))
        return response.status_code, response.content

    result: tuple[int, bytes] = asyncio.run(serving(work))
    return result


def events(data: bytes) -> list[Any]:
    lines = [line[6:] for line in data.decode().split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def riddle(path: str) -> bytes:
    """Return the stream of the demo's answer to the riddle."""
    question = "Think about a riddle"
    body = {"prompt": question, "stream": True} if path == "completions" else chat_body(question, stream=True)
    return post(path, body)[1]


def chat_body(question: str, **more: Any) -> dict[str, Any]:
    return {"model": "c1-nightly", "messages": [{"role": "user", "content": question}], **more}


def test_a_chat_stream_holds_the_whole_answer_its_reason_to_end_and_the_usage() -> None:
    body = chat_body("Show me sales by region", stream=True, stream_options={"include_usage": True})
    status, data = post("chat/completions", body)
    *pieces, finish, usage = events(data)
    assert status == 200
    assert pieces[0]["choices"][0]["delta"]["role"] == "assistant"
    text = "".join(piece["choices"][0]["delta"]["content"] for piece in pieces)
    assert text == envelope(said_to("Show me sales by region"))
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert usage["choices"] == []
    assert usage["usage"]["completion_tokens"] == len(text) // 4


@pytest.mark.parametrize("instructions", ["", "\nBe kind."])
def test_asked_as_the_gateway_the_demo_answers_in_bare_openui_lang(instructions: str) -> None:
    config = ']]>openui:config\n{"systemPromptOptions":{"preamble":"Never write plain text."}}'
    messages = [
        {"role": "system", "content": config + instructions},
        {"role": "user", "content": "]]>openui:content\nShow me sales by region"},
    ]
    *pieces, _finish = events(post("chat/completions", {"messages": messages, "stream": True})[1])
    deltas = [piece["choices"][0]["delta"]["content"] for piece in pieces]
    assert "".join(deltas) == write(said_to("Show me sales by region"))
    assert len(deltas) > 20


def test_the_riddle_is_thought_about_before_it_is_answered() -> None:
    deltas = [event["choices"][0]["delta"] for event in events(riddle("chat/completions"))]
    kinds = [next(iter(delta)) for delta in deltas[1:-1]]
    first_text = kinds.index("content")
    assert set(kinds[:first_text]) == {"reasoning_content"}
    assert set(kinds[first_text:]) == {"content"}
    thought = "".join(delta.get("reasoning_content", "") for delta in deltas)
    assert thought == said_to("Think about a riddle").thought
    assert "no AI" in thought


def test_completions_have_no_thought() -> None:
    pieces = [event["choices"][0]["text"] for event in events(riddle("completions"))]
    assert all(pieces[1:-1])


def test_without_being_asked_a_stream_gives_no_usage() -> None:
    _, data = post("chat/completions", chat_body("hello", stream=True))
    assert all("usage" not in event for event in events(data))


def test_streamed_tool_calls_come_in_pieces_that_make_the_whole_arguments() -> None:
    body = chat_body("what time is it in Tokyo and in Paris?", stream=True, tools=[CLOCK])
    *pieces, finish = events(post("chat/completions", body)[1])
    assert finish["choices"][0]["finish_reason"] == "tool_calls"
    calls: dict[int, str] = {}
    for piece in pieces:
        for call in piece["choices"][0]["delta"].get("tool_calls", []):
            calls[call["index"]] = calls.get(call["index"], "") + call["function"]["arguments"]
    assert [json.loads(text)["timezone"] for text in calls.values()] == ["Asia/Tokyo", "Europe/Paris"]


def test_an_answer_without_streaming_is_one_document() -> None:
    status, data = post("chat/completions", chat_body("3*4", tools=[CALCULATOR]))
    choice = json.loads(data)["choices"][0]
    assert status == 200
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert choice["message"]["tool_calls"][0]["function"]["name"] == "calculate"


def test_completions_are_plain_text_and_end_at_max_tokens() -> None:
    prompt = "<|prompter|>tell me a long story<|endoftext|><|assistant|>"
    status, data = post("completions", {"prompt": prompt, "stream": True, "max_tokens": 50})
    *pieces, finish = events(data)
    text = "".join(piece["choices"][0]["text"] for piece in pieces)
    assert status == 200
    assert len(text) == 200
    assert text.startswith("The lighthouse")
    assert finish["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("chat/completions", b"{"),
        ("chat/completions", b"[]"),
        ("chat/completions", b"[" * 100_000),
        ("chat/completions", b"\xff\xfe\x00"),
        ("chat/completions", b'{"messages": []}'),
        ("chat/completions", b'{"messages": "x"}'),
        ("completions", b'{"prompt": 1}'),
        ("completions", b'{"prompt": []}'),
    ],
)
def test_a_bad_body_gets_400_with_an_error_as_openai_writes_it(path: str, raw: bytes) -> None:
    status, data = post(path, None, raw=raw)
    error = json.loads(data)["error"]
    assert status == 400
    assert error["type"] == "invalid_request_error"
    assert error["message"]


def test_an_unknown_path_gets_404_with_an_error_as_openai_writes_it() -> None:
    status, data = post("embeddings", {})
    assert status == 404
    assert json.loads(data)["error"]["message"]


def test_demo_fail_ends_a_stream_with_an_error_after_some_text() -> None:
    status, data = post("chat/completions", chat_body("demo: fail", stream=True))
    assert status == 200
    assert data.count(b'"content"') > 5
    assert "error" in json.loads(data.strip().split(b"\n\n")[-1][6:])
    assert b"[DONE]" not in data


def test_demo_cut_breaks_the_connection_after_some_text() -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        post("chat/completions", chat_body("demo: cut", stream=True))


def test_demo_refuse_answers_503_before_any_text() -> None:
    assert post("chat/completions", chat_body("demo: refuse", stream=True))[0] == 503


def test_closing_the_server_cuts_a_stream_that_would_go_on_for_ever() -> None:
    async def work(server: ModelServer, client: httpx.AsyncClient) -> bytes:
        async with client.stream(
            "POST", "chat/completions", json=chat_body("demo: silence", stream=True)
        ) as response:
            pieces = response.aiter_bytes()
            first = await anext(pieces)
            await server.close()
            with pytest.raises(httpx.RemoteProtocolError):
                [piece async for piece in pieces]
            return first

    assert b"chat.completion.chunk" in asyncio.run(serving(work))


def test_one_connection_carries_one_request_after_the_other() -> None:
    async def work(_server: ModelServer, client: httpx.AsyncClient) -> set[Any]:
        answers = [await client.post("chat/completions", json=chat_body("hello")) for _ in range(3)]
        return {answer.extensions["network_stream"].get_extra_info("client_addr") for answer in answers}

    assert len(asyncio.run(serving(work))) == 1


def test_a_whole_answer_has_the_text_and_usage_of_the_streamed_one() -> None:
    answer = json.loads(post("chat/completions", chat_body("hello"))[1])
    text = answer["choices"][0]["message"]["content"]
    assert (answer["object"], answer["model"]) == ("chat.completion", "c1-nightly")
    assert text == envelope(said_to("hello"))
    assert answer["usage"]["completion_tokens"] == len(text) // 4


def test_the_list_of_models_names_the_demo() -> None:
    async def work(_server: ModelServer, client: httpx.AsyncClient) -> Any:
        return (await client.get("models")).json()

    assert [model["id"] for model in asyncio.run(serving(work))["data"]] == ["demo"]


def test_a_text_is_cut_into_deltas_of_2_to_14_characters_and_nothing_is_lost() -> None:
    words = envelope(said_to("Show me sales by region"))
    deltas = cut(words)
    assert "".join(deltas) == words
    assert {len(delta) for delta in deltas[:-1]} <= set(range(2, 15))


def test_usual_answers_take_2_to_7_seconds_at_30_to_60_deltas_a_second() -> None:
    for question in ("hello", "Show me sales by region", "plan a trip", "a form to book a table"):
        deltas = len(cut(envelope(said_to(question))))
        assert 30 <= rate(deltas) <= 60
        assert 2 <= deltas / rate(deltas) <= 7
    assert (rate(1), rate(10_000)) == (30, 60)


def test_a_lone_surrogate_in_an_answer_leaves_the_stream_valid_utf_8() -> None:
    _, data = post("chat/completions", chat_body("zzz a\ud800é", stream=True))
    text = "".join(event["choices"][0]["delta"].get("content", "") for event in events(data))
    assert "a\ud800é" in text


def test_the_openassistant_prompt_is_answered_for_its_last_turn_in_plain_text() -> None:
    asked = from_prompt(
        "<|prompter|>Plan a trip to Kyoto<|endoftext|><|assistant|>Well …<|endoftext|>"
        "<|prompter|>make the trip cheaper<|endoftext|><|assistant|>"
    )
    assert (asked.text, asked.earlier) == ("make the trip cheaper", ("Plan a trip to Kyoto",))
    assert asked.plain
    given_back = reply(asked)
    assert isinstance(given_back, DemoAnswer)
    assert "Kyoto for less" in prose(given_back)

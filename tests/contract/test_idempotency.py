"""Contract section 3: one generation per `responseId`, however often it is sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chat.testing import Gate, ScriptedModel, answer
from tests.contract.expect import assert_problem
from tests.live.client import Client, new_id
from tests.live.transports import C1, SSE, Transport


def fresh_ids() -> dict[str, str]:
    return {"thread": new_id("t"), "response": new_id("r"), "prompt": new_id("p")}


def test_a_second_send_attaches_from_the_start(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    ids, gate = fresh_ids(), Gate()
    model.script(answer("Hel", gate, "lo"))
    first = C1.send(alice, **ids).until("Hel")
    second = transport.send(alice, **ids).until("Hel")
    gate.open()
    assert (first.rest().text, second.rest().text) == (b"Hello", b"Hello")
    assert len(model.requests) == 1


def test_a_send_after_the_end_replays(model: ScriptedModel, alice: Client, transport: Transport) -> None:
    ids = fresh_ids()
    model.script(answer("Hello"))
    texts = [transport.send(alice, **ids).rest().text for _ in range(2)]
    assert texts == [b"Hello", b"Hello"]
    assert (len(model.requests), len(alice.messages(ids["thread"]))) == (1, 2)


def test_a_prompt_without_an_id_is_recognised_by_its_content(model: ScriptedModel, alice: Client) -> None:
    ids = {"thread": new_id("t"), "response": new_id("r")}
    assert alice.chat("same", **ids).text == alice.chat("same", **ids).text
    assert len(model.requests) == 1


def test_twenty_sends_at_once_make_one_upstream_call(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    ids, gate = fresh_ids(), Gate()
    model.script(answer("Hel", gate, "lo"))
    with ThreadPoolExecutor(20) as pool:
        readers = list(pool.map(lambda _: transport.send(alice, **ids), range(20)))
        gate.open()
        texts = list(pool.map(lambda reader: reader.rest().text, readers))
    assert texts == [b"Hello"] * 20
    assert len(model.requests) == 1


def test_twenty_sends_over_two_processes_make_one_call(
    model: ScriptedModel, alice: Client, second: Any
) -> None:
    ids, there = fresh_ids(), alice.at(second)
    with ThreadPoolExecutor(20) as pool:
        sent = list(pool.map(lambda n: SSE.send([alice, there][n % 2], **ids), range(20)))
        texts = {reader.rest().text for reader in sent}
    assert texts == {b"Hello from the script."}
    assert len(model.requests) == 1


CHANGES = [{"prompt": new_id("p")}, {"thread": new_id("t")}]


@pytest.mark.parametrize("change", CHANGES, ids=["prompt", "thread"])
def test_a_response_id_is_refused_for_something_else(
    model: ScriptedModel, alice: Client, change: Any
) -> None:
    ids = fresh_ids()
    alice.chat(**ids)
    assert_problem(alice.chat(**{**ids, **change}), "response_id_reused", 409)


def test_a_response_id_is_refused_for_other_words(model: ScriptedModel, alice: Client) -> None:
    ids = fresh_ids()
    alice.chat("one", **ids)
    assert_problem(alice.chat("two", **ids), "response_id_reused", 409)
    assert len(model.requests) == 1


def test_a_known_prompt_id_is_refused_for_a_new_response(model: ScriptedModel, alice: Client) -> None:
    ids = fresh_ids()
    alice.chat(**ids)
    assert_problem(alice.chat(**{**ids, "response": new_id("r")}), "prompt_id_reused", 409)


@pytest.mark.parametrize("code", ["response_id_reused", "prompt_id_reused"])
def test_the_websocket_refuses_the_same(model: ScriptedModel, alice: Client, code: str) -> None:
    ids = fresh_ids()
    alice.chat("one", **ids)
    response = ids["response"] if code.startswith("response") else new_id("r")
    prompt = {"id": ids["prompt"], "role": "user", "content": "two"}
    with alice.socket() as socket:
        frame = socket.ask("send", prompt=prompt, threadId=ids["thread"], responseId=response)
        assert (frame["type"], frame["code"], frame["responseId"]) == ("error", code, response)
        assert socket.ask("ping") == {"type": "pong"}


def test_idempotency_is_checked_before_the_busy_policy(model: ScriptedModel, alice: Client) -> None:
    ids, gate = fresh_ids(), Gate()
    model.script(answer("Hel", gate, "lo"))
    first = C1.send(alice, **ids).until("Hel")
    again = C1.send(alice, busy="reject", **ids).until("Hel")
    gate.open()
    assert (first.rest().text, again.rest().text) == (b"Hello", b"Hello")

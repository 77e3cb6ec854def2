"""One generation per `responseId`, however often and from wherever it is sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chat.testing import ScriptedModel
from tests.live.client import Client, new_id
from tests.live.harness import LiveServer
from tests.live.transports import TRANSPORTS

SENDS = 20


def fresh_ids() -> dict[str, str]:
    return {"thread": new_id("t"), "response": new_id("r"), "prompt": new_id("p")}


def test_twenty_sends_over_all_transports_of_two_processes_make_one_call(
    model: ScriptedModel, alice: Client, second: LiveServer
) -> None:
    ids, places = fresh_ids(), [alice, alice.at(second)]

    def send(number: int) -> bytes:
        return TRANSPORTS[number % 3].send(places[number % 2], **ids).rest().text

    with ThreadPoolExecutor(SENDS) as pool:
        assert set(pool.map(send, range(SENDS))) == {b"Hello from the script."}
    assert (len(model.requests), len(alice.messages(ids["thread"]))) == (1, 2)


def test_of_two_contents_sent_at_once_one_wins_and_every_other_gets_409(
    model: ScriptedModel, alice: Client, second: LiveServer
) -> None:
    ids, places = fresh_ids(), [alice, alice.at(second)]

    def send(number: int) -> tuple[str, int, Any]:
        words = f"Words {number % 2}"
        answered = places[number // 2 % 2].chat(words, **ids)
        return words, answered.status_code, None if answered.is_success else answered.json()["code"]

    with ThreadPoolExecutor(SENDS) as pool:
        answers = set(pool.map(send, range(SENDS)))
    (request,) = model.requests
    won = request.messages[-1]["content"]
    lost = ({"Words 0", "Words 1"} - {won}).pop()
    assert answers == {(won, 200, None), (lost, 409, "response_id_reused")}


def test_prompts_of_one_user_from_two_processes_never_run_side_by_side_in_a_thread(
    model: ScriptedModel, alice: Client, second: LiveServer
) -> None:
    places, thread = [alice, alice.at(second)], new_id("t")

    def send(number: int) -> str:
        return str(
            TRANSPORTS[number % 3].send(places[number % 2], thread=thread, busy="queue").rest().end["status"]
        )

    with ThreadPoolExecutor(5) as pool:
        assert set(pool.map(send, range(5))) == {"done"}
    histories = [len(request.messages) for request in model.requests]
    assert histories == [1, 3, 5, 7, 9]

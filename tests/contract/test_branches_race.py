"""Versions requested at once in different processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chat.testing import Gate, ScriptedModel, answer
from tests.live.client import Client, new_id
from tests.live.harness import eventually


def test_of_two_regenerates_at_once_the_later_interrupts_and_both_stay_as_versions(
    model: ScriptedModel, alice: Client, second: Any
) -> None:
    gate, thread, first, others = Gate(), new_id("t"), new_id("r"), [new_id("r"), new_id("r")]
    model.script(answer("one"), answer(gate, "new"), answer(gate, "new"))
    alice.chat("Prompt", thread=thread, response=first)
    places = zip([alice, alice.at(second)], others, strict=True)

    def regenerate(place: tuple[Client, str]) -> int:
        client, response = place
        path = f"/api/responses/{first}/regenerate"
        return client.http.post(path, json={"responseId": response}).status_code

    def claimed() -> list[str] | None:
        answered = [str(alice.get(f"/api/responses/{one}").json()["status"]) for one in others]
        return answered if sorted(answered) == ["stopped", "streaming"] else None

    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(regenerate, place) for place in places]
        try:
            statuses = eventually(claimed, says="not one of them made way for the other")
            later = others[statuses.index("streaming")]
            assert alice.get(f"/api/threads/{thread}").json()["activeResponseId"] == later
        finally:
            gate.open()
        assert [one.result() for one in answers] == [200, 200]
    prompt, reply = alice.messages(thread)
    assert (prompt["content"], reply["content"], reply["id"]) == ("Prompt", "new", later)
    assert reply["versions"] == [first, next(one for one in others if one != later), later]

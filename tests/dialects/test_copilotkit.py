"""CopilotKit's two transports: a route for each method, and the single route around the same bodies."""

from __future__ import annotations

from typing import Any

import pytest

from chat.testing import Gate, ScriptedModel, answer
from tests.contract.expect import assert_problem
from tests.dialects.ag_ui import AG_UI, PATH, run_input, snapshot_of, user
from tests.dialects.dialect import MarkedReader
from tests.live.client import Client, Json, new_id


def by_routes(client: Client, method: str, body: Json, agent: str = "default") -> MarkedReader:
    return AG_UI.post(client, body, path=f"{PATH}/agent/{agent}/{method}")


def by_one_route(client: Client, method: str, body: Json, agent: str = "default") -> MarkedReader:
    return AG_UI.post(client, {"method": f"agent/{method}", "params": {"agentId": agent}, "body": body})


both = pytest.mark.parametrize("ask", [by_routes, by_one_route])


def test_the_runtime_describes_each_model_as_an_agent(alice: Client) -> None:
    told = alice.get(f"{PATH}/info").json()
    models = alice.get("/api/session").json()["models"]
    assert list(told["agents"]) == ["default", *models]
    assert told["agents"]["c1"].keys() == {"name", "description", "className"}
    assert (told["mode"], told["telemetryDisabled"]) == ("sse", True)
    assert alice.http.post(PATH, json={"method": "info"}).json() == told


def test_the_runtime_is_described_to_users_alone(make_client: Any, strict: Any) -> None:
    stranger = make_client(strict, token=False)
    assert_problem(stranger.get(f"{PATH}/info"), "unauthenticated", 401)
    assert_problem(stranger.http.post(PATH, json={"method": "info"}), "unauthenticated", 401)


@both
def test_an_agent_runs_under_its_model(model: ScriptedModel, alice: Client, ask: Any) -> None:
    body = run_input(new_id("t"), run := new_id("r"), user("Hi"))
    AG_UI.assert_grammar([event.data for event in ask(alice, "run", body, "openassistant").to_end()])
    assert alice.response(run)["model"] == "openassistant"


@both
@pytest.mark.parametrize("method", ["run", "connect"])
def test_an_unknown_agent_is_not_found(alice: Client, ask: Any, method: str) -> None:
    reader = ask(alice, method, run_input(new_id("t"), new_id("r"), user("Hi")), "nobody")
    assert reader.head.status == 404


@both
def test_a_running_thread_is_connected_to_under_the_clients_run(
    model: ScriptedModel, alice: Client, ask: Any
) -> None:
    model.script(answer("Hel", gate := Gate(), "lo"))
    thread, run, mine, message = new_id("t"), new_id("r"), new_id("r"), user("Hi")
    first = AG_UI.post(alice, run_input(thread, run, message)).until("Hel")
    reader = ask(alice, "connect", run_input(thread, mine)).begun()
    gate.open()
    first.to_end()
    reader.rest()
    assert snapshot_of(reader.events) == [message, {"id": run, "role": "assistant", "content": "Hel"}]
    assert reader.received.text == b"lo"
    assert reader.events[0]["runId"] == reader.events[-1]["runId"] == mine
    AG_UI.assert_grammar(reader.events)


@both
def test_a_thread_without_runs_gives_an_empty_run(alice: Client, bob: Client, ask: Any) -> None:
    AG_UI.send(alice, thread=(thread := new_id("t")), run=new_id("r")).to_end()
    reader = ask(bob, "connect", run_input(thread, new_id("r")))
    reader.rest()
    assert [event["type"] for event in reader.events] == ["RUN_STARTED", "RUN_FINISHED"]
    AG_UI.assert_grammar(reader.events)


def stop(client: Client, thread: str, *, single: bool, **body: Any) -> Any:
    params = {"agentId": "default", "threadId": thread}
    if single:
        return client.http.post(PATH, json={"method": "agent/stop", "params": params, "body": body})
    return client.http.post(f"{PATH}/agent/default/stop/{thread}", json=body)


@pytest.mark.parametrize("single", [False, True])
def test_a_stop_stops_the_named_run_or_whichever_runs(
    model: ScriptedModel, alice: Client, bob: Client, *, single: bool
) -> None:
    for named in (True, False):
        model.script(answer("Half", Gate()))
        thread, run = new_id("t"), new_id("r")
        reader = AG_UI.send(alice, thread=thread, run=run).until("Half")
        assert stop(bob, thread, single=single).json() == {"stopped": False}
        assert stop(alice, thread, single=single, runId=new_id("r")).json() == {"stopped": False}
        body = {"runId": run} if named else {}
        assert stop(alice, thread, single=single, **body).json() == {"stopped": True}
        reader.to_end()
        assert stop(alice, thread, single=single, **body).json() == {"stopped": False}


WRONG: list[tuple[Json, str]] = [
    ({"method": "threads"}, "method"),
    ({"method": 7}, "method"),
    ({"method": "agent/stop"}, "params.threadId"),
    ({"method": "agent/stop", "params": {"threadId": "a b"}}, "params.threadId"),
    ({"method": "agent/run", "params": []}, "params"),
    ({"method": "agent/run"}, "threadId"),
    ({"method": "agent/run", "body": 7}, "JSON object"),
    ({"method": "agent/connect", "body": {"threadId": "t"}}, "runId"),
]


@pytest.mark.parametrize(("body", "field"), WRONG, ids=lambda one: str(one)[:40])
def test_a_wrong_envelope_is_refused_by_the_name_of_its_field(alice: Client, body: Json, field: str) -> None:
    assert field in assert_problem(alice.http.post(PATH, json=body), "bad_request", 400)["detail"]


def test_a_page_of_another_site_is_refused_on_every_sending_route(alice: Client) -> None:
    headers = {"Origin": "https://evil.example"}
    body = run_input(new_id("t"), new_id("r"), user("Hi"))
    for path in (PATH, f"{PATH}/agent/default/run", f"{PATH}/agent/default/connect"):
        assert_problem(alice.http.post(path, json=body, headers=headers), "forbidden_origin", 403)


def test_a_page_of_an_allowed_origin_runs_and_stops_by_its_token(
    model: ScriptedModel, make_client: Any, servers: Any
) -> None:
    page = "https://app.example"
    client = make_client(servers.keep(CHAT_ALLOWED_ORIGINS=page))
    client.http.headers.update({"Origin": page, "Sec-Fetch-Site": "cross-site"})
    for answered in (
        client.http.post(PATH, json=run_input(thread := new_id("t"), new_id("r"), user("Hi"))),
        stop(client, thread, single=False),
        client.get(f"{PATH}/info"),
    ):
        assert (answered.status_code, answered.headers["access-control-allow-origin"]) == (200, page)


def test_a_stop_by_cookie_needs_the_csrf_token(make_client: Any, server: Any) -> None:
    guest = make_client(server, token=False)
    session = guest.get("/api/session").json()
    refused = stop(guest, new_id("t"), single=False)
    assert_problem(refused, "csrf_failed", 403)
    guest.http.headers["X-CSRFToken"] = session["csrfToken"]
    assert stop(guest, new_id("t"), single=False).json() == {"stopped": False}

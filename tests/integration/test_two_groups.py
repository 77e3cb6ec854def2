"""Two groups with different models, tools and budgets: what each may is the same on every route, frame and page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from chat.conf import settings
from chat.llm import config
from chat.models import UsageRule, User
from chat.testing import ScriptedModel, answer
from tests.integration.admin_rows import page
from tests.integration.in_process import InProcess, bearer, run
from tests.integration.test_rights import AG_UI_RUN, PROMPT, UI_MESSAGE
from tests.live.harness import END_SECONDS

TOOLS = {"calculate", "search_threads"}
BUDGET = 20_000
# A model that no server has.
ABSENT = "absent"


@dataclass(frozen=True)
class Member:
    """A member of a group, and what its rule says: the only model, the tool that is left, the budget and its window."""

    headers: dict[str, str]
    group: str
    model: str
    tool: str
    budget: str
    window: timedelta


@dataclass(frozen=True)
class BudgetRefusal:
    """A refusal as one protocol says it; a moment in words has no seconds."""

    quota: str
    group: str
    renews_at: datetime


@pytest.fixture
def second(upstream: None, scripted_model: ScriptedModel, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Provide a model beside the built-in ones."""
    models = {"second": {"baseUrl": scripted_model.base_url, "model": "second"}}
    monkeypatch.setattr(config, "settings", replace(settings, models=json.dumps(models)))
    config.specs.cache_clear()
    yield "second"
    config.specs.cache_clear()


def ways(model: str) -> list[tuple[str, Any]]:
    """Return each route that begins an answer, with a body that names the model."""
    chat, thread, shown, said = (uuid4().hex for _ in range(4))
    run_body = {
        **AG_UI_RUN,
        "threadId": thread,
        "runId": thread,
        "messages": [{**PROMPT["prompt"], "id": said}],
    }
    return [
        ("/api/chat", {**PROMPT, "model": model}),
        ("/api/chat?format=sse", {**PROMPT, "model": model}),
        ("/api/response", {**PROMPT, "model": model}),
        ("/api/responses/first/regenerate", {"model": model}),
        ("/api/ai-sdk/chat", {"id": chat, "messages": [{**UI_MESSAGE, "id": shown}], "model": model}),
        (f"/api/ag-ui/agent/{model}/run", run_body),
        ("/v1/chat/completions", {"model": model, "messages": [PROMPT["prompt"]]}),
        ("/v1/responses", {"model": model, "input": "Hi"}),
    ]


# The first answer, one on each route, and one on the WebSocket.
ANSWERS = len(ways("")) + 2


def member(group: str, model: str, tool: str, window: timedelta, **budget: int) -> Member:
    """Make a user in a group whose rule leaves one model, one of the tools, and a budget."""
    user = User.objects.create(username=f"member of {group}")
    user.groups.add(made := Group.objects.create(name=group))
    denied = dict.fromkeys(TOOLS - {tool}, "deny")
    UsageRule.objects.create(group=made, model_names=[model], tool_rules=denied, **budget)
    return Member(bearer(user), group, model, tool, min(budget), window)


async def last_frame(chat: InProcess, of: Member, model: str) -> dict[str, Any]:
    """Send a prompt in a frame; return the frame that ends its answer, or refuses it."""
    socket = await chat.socket(of.headers)
    assert socket is not None
    await socket.send_json_to({"type": "send", **PROMPT, "model": model})
    while (frame := await socket.receive_json_from(timeout=END_SECONDS))["type"] not in ("end", "error"):
        pass
    await socket.disconnect()
    return dict(frame)


async def refused(chat: InProcess, of: Member, model: str) -> list[str]:
    """Ask for an answer of the model in every way; return what each says, without the model's name."""
    said = [await chat.request(of.headers, "POST", path, json=body) for path, body in ways(model)]
    assert {one.status_code for one in said} <= {400, 404}
    frame = await last_frame(chat, of, model)
    return [text.replace(model, "") for text in (*(one.text for one in said), str(frame))]


async def check_rights(chat: InProcess, of: Member, other: Member, model: ScriptedModel) -> None:
    """Spend the budget in every way, and assert that each knows the member's own model and tool alone."""
    first = {**PROMPT, "responseId": "first", "model": of.model}
    await chat.request(of.headers, "POST", "/api/chat", json=first)
    assert await refused(chat, of, other.model) == await refused(chat, of, ABSENT)
    for path, body in ways(of.model):
        answered = await chat.request(of.headers, "POST", path, json=body)
        assert (answered.status_code, "Hello" in answered.text) == (200, True), path
    model.script(answer("Hello", usage=(BUDGET, 1)))
    assert (await last_frame(chat, of, of.model))["status"] == "done"
    offered = [{tool["function"]["name"] for tool in one.json["tools"]} & TOOLS for one in model.requests]
    assert offered == [{of.tool}] * ANSWERS
    listed = [
        (await chat.request(of.headers, "GET", path)).json()
        for path in ("/api/session", "/v1/models", "/api/ag-ui/info")
    ]
    assert listed[0]["models"] == list(listed[0]["modelDetails"]) == [of.model]
    assert [one["id"] for one in listed[1]["data"]] == [of.model]
    assert listed[2]["agents"].keys() - {"default"} == {of.model}


async def refusals(chat: InProcess, of: Member) -> list[BudgetRefusal]:
    """Return what each way to ask for an answer says at the budget's end, and what the session says of it."""
    said = [await chat.request(of.headers, "POST", path, json=body) for path, body in ways(of.model)]
    assert {(one.status_code, "Retry-After" in one.headers) for one in said} == {(429, True)}
    # OpenAI's form has the fields in its own inner object.
    found = [in_fields(body.get("error", body)) for body in (one.json() for one in said)]
    frame = await last_frame(chat, of, of.model)
    session = (await chat.request(of.headers, "GET", "/api/session")).json()
    (budget,) = [one for one in session["budgets"] if one["source"] == "group"]
    assert budget["spent"] >= budget["limit"]
    return [*found, in_fields(frame), in_fields({**budget, "quota": f"rule_{budget['budget']}"})]


def in_fields(said: Any) -> BudgetRefusal:
    return BudgetRefusal(said["quota"], said["group"], datetime.fromisoformat(said["renewsAt"]))


def test_what_two_groups_may_and_where_their_budgets_end_is_the_same_on_every_route_frame_and_page(
    second: str, scripted_model: ScriptedModel, admin: Client
) -> None:
    hourly = member("drawing", "c1", "calculate", timedelta(hours=1), responses_per_hour=ANSWERS)
    daily = member("writing", second, "search_threads", timedelta(days=1), tokens_per_day=BUDGET)

    async def work(chat: InProcess) -> None:
        for of, other in ((hourly, daily), (daily, hourly)):
            await check_rights(chat, of, other, scripted_model)
            scripted_model.reset()
            due = datetime.now(UTC) + of.window
            for one in await refusals(chat, of):
                assert (one.quota, one.group) == (f"rule_{of.budget}", of.group)
                assert abs(one.renews_at - due) < timedelta(minutes=2)
            assert not scripted_model.requests

    run(work)
    for of in (hourly, daily):
        shown = page(admin, "chat_user_change", User.objects.get(username=f"member of {of.group}").pk)
        assert f"<th>models</th><td>{of.model}</td><td>the group {of.group}</td>" in shown
        assert (
            f"<th>tools {(TOOLS - {of.tool}).pop()}</th><td>deny</td><td>the group {of.group}</td>" in shown
        )
        named = of.budget.replace("_per", " an" if "hour" in of.budget else " a").replace("_", " ")
        assert re.search(rf"<th>{named}</th><td>0 of [\d,]+ left, more <time", shown)

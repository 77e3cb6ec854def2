"""Rights on every route and frame that names a thread, a response or a file, for every kind of user."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import Group, Permission
from django.db.models import Q

from chat import db
from chat.api.base import route_of
from chat.conf import settings
from chat.llm import config
from chat.models import Attachment, AttachmentUse, Message, Role, Thread, UsageRule, User
from chat.permissions import threads as permissions
from chat.permissions.threads import ThreadRole
from chat.testing import ScriptedModel, answer
from chat.testing.script import refusal
from chat.urls import urlpatterns
from tests.integration.in_process import InProcess, bearer, run
from tests.live.harness import END_SECONDS

WORDS = "Hello from the script."
ARTIFACT = f'<content thesys="true"><artifact type="report" id="own-artifact" version="x">{WORDS}</artifact></content>'
RUN = {"threadId": "{thread}", "runId": "run-1", "messages": [], "tools": [], "context": []}
EDIT = {"content": "changed"}
PROMPT = {"prompt": {"role": "user", "content": "Hi"}}
UI_MESSAGE = {"id": "m1", "role": "user", "parts": [{"type": "text", "text": "Hi"}]}
AG_UI_RUN = {
    "threadId": "new-run",
    "runId": "run-2",
    "messages": [{"id": "m1", "role": "user", "content": "Hi"}],
    "tools": [],
    "context": [],
    "state": {},
    "forwardedProps": {},
}
# A model that the server has and the rules leave out, and one that it lacks.
MODELS = ("openassistant", "absent")

# Routes that read what belongs to a thread, in the form of `chat.urls`.
READING: list[tuple[str, str, Any]] = [
    ("GET", "api/responses/<id:response_id>", None),
    ("GET", "api/responses/<id:response_id>/stream", None),
    ("GET", "api/response/<id:thread_id>/stream", None),
    ("GET", "api/threads/<id:thread_id>", None),
    ("GET", "api/threads/<id:thread_id>/messages", None),
    ("GET", "api/threads/<id:thread_id>/export", None),
    ("GET", "api/threads/<id:thread_id>/artifacts", None),
    ("GET", "api/artifacts/<id:artifact_id>", None),
    ("GET", "api/attachments/<id:attachment_id>", None),
    ("GET", "api/attachments/<id:attachment_id>/state", None),
    ("GET", "api/attachments/<id:attachment_id>/text", None),
    ("GET", "api/ai-sdk/chat/<id:thread_id>", None),
    ("GET", "api/ai-sdk/chat/<id:thread_id>/stream", None),
    ("GET", "api/ag-ui?runId=<id:response_id>", None),
    ("GET", "api/ag-ui?threadId=<id:thread_id>", None),
    ("POST", "api/ag-ui/agent/<id:agent>/connect", RUN),
    ("GET", "api/openui/threads/get/<id:thread_id>", None),
    ("GET", "v1/responses/<id:response_id>", None),
    ("GET", "v1/responses/<id:response_id>/input_items", None),
    ("GET", "v1/conversations/<id:thread_id>", None),
    ("GET", "v1/conversations/<id:thread_id>/items", None),
    ("GET", "v1/files/<id:file_id>", None),
    ("GET", "v1/files/<id:file_id>/content", None),
    ("GET", "v1/streams/<id:response_id>", None),
    ("GET", "api/threads", None),
    ("GET", "api/threads?q=Hello", None),
    ("GET", "api/openui/threads/get", None),
]

# Routes that change something, or show what only its owner may handle; those that delete come last.
CHANGING: list[tuple[str, str, Any]] = [
    ("POST", "api/responses/<id:response_id>/stop", {}),
    ("POST", "api/responses/<id:response_id>/answers", {"requestId": "none", "outcome": "approved"}),
    ("POST", "api/responses/<id:response_id>/regenerate", {}),
    ("PATCH", "api/threads/<id:thread_id>", {"title": "changed"}),
    ("PUT", "api/threads/<id:thread_id>/messages/<id:message_id>", EDIT),
    ("PUT", "api/threads/<id:thread_id>/messages/<id:message_id>/feedback", {"score": 1}),
    ("POST", "api/threads/<id:thread_id>/shares", {}),
    ("GET", "api/threads/<id:thread_id>/shares", None),
    ("DELETE", "api/threads/<id:thread_id>/shares/<id:share_id>", None),
    ("POST", "api/ai-sdk/chat/<id:thread_id>/stop", {}),
    ("POST", "api/ag-ui/agent/<id:agent>/stop/<id:thread_id>", {}),
    ("PATCH", "api/openui/threads/update/<id:thread_id>", {"title": "changed"}),
    ("POST", "v1/responses/<id:response_id>/cancel", {}),
    ("DELETE", "api/attachments/<id:attachment_id>", None),
    ("DELETE", "v1/files/<id:file_id>", None),
    ("DELETE", "v1/responses/<id:response_id>", None),
    ("DELETE", "api/threads/<id:thread_id>", None),
    ("DELETE", "api/openui/threads/delete/<id:thread_id>", None),
]

# Routes with ids of the user's own account, which belong to no thread, and one that starts an answer.
OTHER = {
    "api/tokens/<id:token_id>",
    "api/connections/<id:server>",
    "api/server-prompts/<id:server>",
    "api/ag-ui/agent/<id:agent>/run",
}

# Frames that name a response, the reading one first.
FRAMES: list[dict[str, Any]] = [
    {"type": "follow", "responseId": "{response_id}", "offset": 0},
    {"type": "stop", "responseId": "{response_id}"},
    {"type": "answer", "responseId": "{response_id}", "requestId": "none", "outcome": "approved"},
]


class MaskedAnswer(NamedTuple):
    """An answer without the ids that were asked for; `says`: it holds the reply's words."""

    status: int
    text: str
    says: bool


def user_of(kind: str) -> User:
    fields: dict[str, Any] = {
        "guest": {"is_guest": True},
        "staff": {"is_staff": True},
        "suspended": {"is_active": False},
    }.get(kind, {})
    user = User.objects.create(username=kind, **fields)
    if kind == "staff":
        user.user_permissions.set(Permission.objects.filter(content_type__app_label="chat"))
    return user


def ids_of(name: str) -> dict[str, str]:
    kinds = ("thread", "response", "message", "attachment", "file", "share", "artifact")
    return {f"{kind}_id": f"{name}-{kind}" for kind in kinds} | {"agent": "default"}


def filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: filled(one, ids) for key, one in value.items()}
    return value.format(**ids, thread=ids["thread_id"]) if isinstance(value, str) else value


async def ask(
    chat: InProcess, headers: dict[str, str], route: tuple[str, str, Any], ids: dict[str, str]
) -> MaskedAnswer:
    method, path, body = route
    url = "/" + re.sub(r"<id:(\w+)>", lambda match: ids[match[1]], path)
    sent = {} if body is None else {"json": filled(body, ids)}
    answer = await chat.request(headers, method, url, **sent)
    return MaskedAnswer(
        answer.status_code, without(answer.text, ids), WORDS in answer.text or b"\x89PNG" in answer.content
    )


def without(text: str, ids: dict[str, str]) -> str:
    for kind, value in ids.items():
        if kind != "agent":
            text = text.replace(value, kind)
    return re.sub(r'"(timestamp|exportedAt)":[^,}]+', "", text)


async def frame(chat: InProcess, headers: dict[str, str], given: dict[str, Any], ids: dict[str, str]) -> str:
    return without(str(await chat.frame(headers, **filled(given, ids))), ids)


async def prepare(chat: InProcess, headers: dict[str, str], ids: dict[str, str]) -> None:
    """Send the owner's prompt."""
    prompt = {"role": "user", "content": "Hello", "id": "own-prompt"}
    body = {"prompt": prompt, "threadId": ids["thread_id"], "responseId": ids["response_id"]}
    assert (await chat.request(headers, "POST", "/api/chat", json=body)).text.startswith(WORDS)


def make_picture(owner: User, ids: dict[str, str]) -> None:
    """Make the owner's picture, shown by the thread's prompt, under both of its names."""
    prompt = Message.objects.get(public_id="own-prompt", role=Role.USER)
    for name in ("attachment_id", "file_id"):
        data = b"\x89PNG picture"
        row = Attachment.objects.create(
            owner=owner, public_id=ids[name], content_type="image/png", size=len(data), data=data
        )
        AttachmentUse.objects.create(attachment=row, message=prompt)


def test_every_route_that_names_something_of_a_thread_is_in_the_table() -> None:
    named = {
        (method, pattern.pattern._route)
        for pattern in urlpatterns
        if "<id:" in getattr(pattern.pattern, "_route", "") and (route := route_of(pattern.callback))
        for method in route.methods
        if method != "HEAD"
    }
    table = {(method, path) for method, path, _ in READING + CHANGING if "<id:" in path and "?" not in path}
    assert {one for one in named if one[1] not in OTHER} == table


def test_what_each_kind_of_user_may_is_the_same_on_every_route_and_frame(
    upstream: None,
    scripted_model: ScriptedModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scripted_model.script(answer(WORDS + ARTIFACT))
    users = {kind: user_of(kind) for kind in ("owner", "stranger", "guest", "staff", "reader", "suspended")}
    headers = {kind: bearer(user) for kind, user in users.items()}
    own, unknown = ids_of("own") | {"message_id": "own-response"}, ids_of("unknown")
    reads = ThreadRole(
        lambda user, owner, thread: Q(**{f"{thread}__in": _shown_to(user, users["reader"].pk)}),
        f"{{thread}} IN (SELECT id FROM chat_thread WHERE {{user}} = {users['reader'].pk})",
    )

    async def work(chat: InProcess) -> None:
        await prepare(chat, headers["owner"], own)
        await db.run_async(make_picture, users["owner"], own)
        monkeypatch.setattr(permissions, "READERS", [permissions.OWNER, reads])
        wrong: list[Any] = []
        for kind in ("stranger", "guest", "staff", "reader"):
            for route in READING + CHANGING:
                found = await ask(chat, headers[kind], route, own)
                may = kind == "reader" and route in READING
                wanted = await ask(chat, headers["owner" if may else kind], route, own if may else unknown)
                if found != wanted:
                    wrong.append((kind, route[:2], found, wanted))
            for at, one in enumerate(FRAMES):
                may = kind == "reader" and not at
                heard = await frame(chat, headers[kind], one, own)
                if heard != await frame(
                    chat, headers["owner" if may else kind], one, own if may else unknown
                ):
                    wrong.append((kind, one, heard))
        refused = [await ask(chat, headers["suspended"], route, own) for route in READING + CHANGING]
        assert {one.status for one in refused} == {401}
        assert not wrong, "\n".join(map(str, wrong))
        assert await heard_change(chat, headers["reader"], headers["owner"], own) == "changed"

    run(work)


# Requests that name a model, each with a place for it.
NAMING: list[tuple[str, str, Any]] = [
    ("POST", "api/chat", {"prompt": {"role": "user", "content": "Hi"}, "model": "{model}"}),
    ("POST", "api/chat", {**PROMPT, "threadId": "own-thread", "parentId": "own-prompt", "model": "{model}"}),
    ("POST", "api/response", {**PROMPT, "model": "{model}"}),
    ("POST", "api/responses/own-response/regenerate", {"model": "{model}"}),
    ("POST", "api/threads", {"threadId": "new-thread", "model": "{model}"}),
    ("POST", "api/ai-sdk/chat", {"id": "new", "messages": [UI_MESSAGE], "model": "{model}"}),
    ("POST", "api/ag-ui/agent/{model}/run", AG_UI_RUN),
    ("POST", "api/ag-ui/agent/{model}/connect", {"threadId": "own-thread", "runId": "run-1"}),
    ("POST", "v1/chat/completions", {"model": "{model}", "messages": [{"role": "user", "content": "Hi"}]}),
    ("POST", "v1/responses", {"model": "{model}", "input": "Hi"}),
]


def test_a_model_that_the_rules_leave_out_is_unknown_on_every_route_and_frame(upstream: None) -> None:
    member = user_of("member")
    member.groups.add(group := Group.objects.create(name="small"))
    UsageRule.objects.create(group=group, model_names=["c*"])
    headers = bearer(member)

    async def work(chat: InProcess) -> None:
        await prepare(chat, headers, ids_of("own"))
        wrong = []
        for method, path, body in NAMING:
            found = [await with_model(chat, headers, method, path, body, name) for name in MODELS]
            if found[0] != found[1] or found[0][0] not in (400, 404):
                wrong.append((path, found))
        assert not wrong, "\n".join(map(str, wrong))
        send = {"type": "send", "prompt": {"role": "user", "content": "Hi"}}
        frames = [str(await chat.frame(headers, **send, model=name)).replace(name, "") for name in MODELS]
        assert frames[0] == frames[1]
        assert "bad_request" in frames[0]
        for path in ("api/session", "v1/models", "api/ag-ui/info"):
            assert "openassistant" not in (await chat.request(headers, "GET", f"/{path}")).text, path

    run(work)


def test_the_rules_decide_on_tools_and_fallbacks_too(
    upstream: None, scripted_model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, free = user_of("member"), user_of("free")
    member.groups.add(group := Group.objects.create(name="small"))
    UsageRule.objects.create(group=group, model_names=["c1"], tool_rules={"calc*": "deny"})
    second = {"baseUrl": scripted_model.base_url, "model": "second"}
    models = json.dumps({"c1": {"fallbacks": ["second"]}, "second": second})
    monkeypatch.setattr(config, "settings", replace(settings, models=models))
    config.specs.cache_clear()
    headers = {user.username: bearer(user) for user in (member, free)}

    async def offered(chat: InProcess, name: str) -> list[str]:
        scripted_model.reset()
        scripted_model.script(refusal(401), answer("From the fallback."))
        await chat.request(headers[name], "POST", "/api/chat", json=PROMPT)
        asked = [*scripted_model.requests]
        tools = {tool["function"]["name"] for tool in asked[0].json["tools"]}
        return [one.json["model"] for one in asked[1:]] + sorted(tools & {"calculate"})

    async def work(chat: InProcess) -> None:
        assert await offered(chat, "member") == []
        assert await offered(chat, "free") == ["second", "calculate"]

    try:
        run(work)
    finally:
        config.specs.cache_clear()


async def with_model(
    chat: InProcess, headers: dict[str, str], method: str, path: str, body: Any, name: str
) -> tuple[int, str]:
    sent = {key: name if value == "{model}" else value for key, value in body.items()}
    answer = await chat.request(headers, method, "/" + path.replace("{model}", name), json=sent)
    return answer.status_code, answer.text.replace(name, "")


async def heard_change(
    chat: InProcess, headers: dict[str, str], of_owner: dict[str, str], ids: dict[str, str]
) -> str:
    """Return the title that a watching socket hears when the owner changes it."""
    socket = await chat.socket(headers)
    assert socket is not None
    await socket.send_json_to({"type": "watch"})
    await socket.send_json_to({"type": "ping"})
    await socket.receive_json_from()
    await ask(chat, of_owner, ("PATCH", "api/threads/<id:thread_id>", {"title": "changed"}), ids)
    event = await socket.receive_json_from(timeout=END_SECONDS)
    await socket.disconnect()
    return str(event["thread"]["title"])


def _shown_to(user: int, reader: int) -> Any:
    return Thread.objects.all() if user == reader else Thread.objects.none()

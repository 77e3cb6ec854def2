"""Contract section 12: artifacts made by the demo model and by C1's artifact model, edited, read, exported and redacted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from chat.testing import Call, Script, ScriptedModel, answer, refusal, tool_round
from chat.testing.script import Raw, broken
from tests.contract.test_demo_model import KEYLESS
from tests.live.client import Client, Json, body_of, new_id
from tests.live.harness import CANARY_KEY
from tests.live.transports import SSE

pytestmark = pytest.mark.live

REPORT = '<content thesys="true"><artifact type="report" id="{id}" version="x">Revenue {year} &lt;up&gt;</artifact></content>'


@pytest.fixture
def visitor(live: None, servers: Any, make_client: Callable[..., Client]) -> Client:
    return make_client(servers.keep(**KEYLESS))


@pytest.fixture
def c1(live: None, servers: Any, scripted_model: ScriptedModel, make_client: Callable[..., Client]) -> Client:
    tools = "calculate,create_artifact,edit_artifact"
    return make_client(servers.keep(CHAT_TOOLS=tools, CHAT_THINK_ITEMS="off"))


def listed(client: Client, thread: str) -> list[Json]:
    found: list[Json] = client.get(f"/api/threads/{thread}/artifacts").json()["artifacts"]
    return found


def shown(client: Client, artifact: str, **query: Any) -> Json:
    found: Json = client.get(f"/api/artifacts/{artifact}", **query).json()
    return found


@pytest.mark.long
def test_the_demo_makes_a_document_each_edit_is_a_version_and_one_is_redacted(visitor: Client) -> None:
    thread = new_id("t")
    for wish in ("Write a report about the harbour", "Add risks to the report", "Change the report: shorter"):
        visitor.chat(wish, thread=thread)
    (one,) = listed(visitor, thread)
    assert (one["kind"], one["title"], one["version"]) == ("report", "The harbour", 3)
    versions = shown(visitor, one["artifactId"])["versions"]
    texts = [shown(visitor, one["artifactId"], version=row["version"])["content"] for row in versions]
    changes = ("Add risks to the report", "Change the report: shorter")
    assert [[change in text for change in changes] for text in texts] == [
        [False, False],
        [True, False],
        [True, True],
    ]
    messages = visitor.messages(thread)
    assert [message["artifacts"][0]["version"] for message in messages[1::2]] == [1, 2, 3]
    assert versions[2]["messageId"] == messages[-1]["id"]
    exported = visitor.get(f"/api/threads/{thread}/export", format="markdown").text
    assert exported.count("## The harbour") == 3
    assert "<artifact" not in exported
    found = visitor.get("/api/threads", q="mechanics").json()["threads"]
    assert [row["threadId"] for row in found] == [thread]
    redact(one["artifactId"], 2)
    left = [shown(visitor, one["artifactId"], version=row["version"])["content"] for row in versions]
    assert left == [texts[0], "[removed]", texts[2]]
    exported = visitor.get(f"/api/threads/{thread}/export", format="markdown").text
    assert (exported.count("## The harbour"), exported.count("[removed]")) == (2, 1)


def redact(artifact: str, version: int) -> None:
    """Redact the message that holds a version."""
    from django.db import transaction

    from chat.governance import redaction
    from chat.models import Artifact

    with transaction.atomic():
        redaction.redact_message(Artifact.objects.get(public_id=artifact, version=version).message, "staff")


def asked(model: ScriptedModel) -> list[Json]:
    """Return the requests to the artifact model."""
    return [one.json for one in model.requests if "/artifact/" in one.path]


def create(model: ScriptedModel, client: Client, thread: str, *, artifact: Any = None, **body: Any) -> str:
    """Have the model create an artifact; return its id."""

    def write(received: Any) -> Any:
        name = json.loads(received.json["metadata"]["thesys"])["id"]
        text = REPORT.format(id=name, year=len(asked(model)))
        return answer(*(text[at : at + 9] for at in range(0, len(text), 9)))

    wish = json.dumps({"kind": "report", "instructions": "Revenue"})
    model.script(tool_round(Call("create_artifact", wish)), artifact or write, answer(" Done."))
    client.chat("A report", thread=thread, **body)
    return str(json.loads(asked(model)[-1]["metadata"]["thesys"])["id"])


def edit(model: ScriptedModel, client: Client, thread: str, **arguments: Any) -> str:
    """Have the model edit an artifact; return the result of its call."""
    before = len(model.requests)
    call = Call("edit_artifact", json.dumps({"instructions": "Shorter", **arguments}))
    model.script(tool_round(call), lambda _: answer("# Revenue < cost"), answer(" Edited."))
    client.chat("Shorter", thread=thread)
    results = [one for one in model.requests[before:] if one.messages[-1]["role"] == "tool"]
    model.reset()
    return str(results[0].messages[-1]["content"])


def test_an_artifact_of_c1_is_made_edited_twice_compared_exported_and_redacted(
    model: ScriptedModel, c1: Client
) -> None:
    thread = new_id("t")
    name = create(model, c1, thread)
    (made,) = asked(model)
    assert made["model"] == "c1/artifact/v-20251230"
    thesys = {"id": name, "c1_artifact_type": "report", "is_edit": False}
    assert json.loads(made["metadata"]["thesys"]) == thesys
    assert made["messages"] == [{"role": "user", "content": "Revenue"}]
    assert f"artifact_id: {name}, version: 1" in model.requests[-1].messages[-1]["content"]
    assert c1.messages(thread)[-1]["content"] == REPORT.format(id=name, year=1) + " Done."
    assert shown(c1, name)["content"] == "Revenue 1 <up>"

    call = json.dumps({"instructions": "Shorter", "artifact_id": name})
    model.script(tool_round(Call("edit_artifact", call)), answer("# Revenue < cost"), answer(" Edited."))
    c1.chat("Shorter", thread=thread)
    old, wish = asked(model)[-1]["messages"]
    assert (
        old["content"] == f'<artifact type="report" id="{name}" version="1">Revenue 1 &lt;up&gt;</artifact>'
    )
    assert wish == {"role": "user", "content": "Shorter"}
    assert json.loads(asked(model)[-1]["metadata"]["thesys"])["is_edit"] is True
    assert edit(model, c1, thread, version=1).endswith("version: 3")
    texts = [shown(c1, name, version=version)["content"] for version in (1, 2, 3)]
    assert texts == ["Revenue 1 <up>", "# Revenue < cost", "# Revenue < cost"]
    assert [row["title"] for row in shown(c1, name)["versions"]] == ["Revenue 1 <up>"] + [
        "Revenue < cost"
    ] * 2
    exported = c1.get(f"/api/threads/{thread}/export", format="markdown").text
    assert "<artifact" not in exported
    assert (exported.count("Revenue 1 <up>"), exported.count("# Revenue < cost")) == (1, 2)
    redact(name, 2)
    gone = shown(c1, name, version=2)
    assert (gone["title"], gone["content"]) == ("[removed]", "[removed]")
    assert shown(c1, name)["content"] == "# Revenue < cost"


def test_another_users_artifact_and_a_missing_version_are_not_found(
    model: ScriptedModel, c1: Client, bob: Client
) -> None:
    name = create(model, c1, thread := new_id("t"))
    paths = [f"/api/artifacts/{name}", f"/api/threads/{thread}/artifacts"]
    assert [bob.get(path).status_code for path in paths] == [404, 404]
    assert c1.get(paths[0], version=2).status_code == 404
    assert {c1.get(paths[0], version=bad).status_code for bad in ("0", "-1", "x", str(2**31))} == {400}
    assert "no such artifact" in edit(model, bob_in(c1, bob), new_id("t"), artifact_id=name)
    assert "no such artifact" in edit(model, c1, thread, artifact_id=name, version=7)


def bob_in(c1: Client, bob: Client) -> Client:
    return bob.at(c1.server)


def test_an_artifact_beyond_the_largest_answer_ends_it_and_is_no_version(
    model: ScriptedModel, c1: Client
) -> None:
    thread, response = new_id("t"), new_id("r")
    create(model, c1, thread, artifact=answer(*["x" * 65_536] * 160), response=response)
    row = c1.response(response)
    assert (row["status"], row["finishReason"], row["offset"]) == ("done", "length", 1_048_576)
    assert listed(c1, thread) == []


def test_an_artifact_that_breaks_off_is_no_version_and_what_follows_is_not_in_it(
    model: ScriptedModel, c1: Client
) -> None:
    thread = new_id("t")
    create(model, c1, thread, artifact=broken("# Half a report, cut in its middle, sorry"))
    assert listed(c1, thread) == []
    assert "error" in model.requests[-1].messages[-1]["content"]
    exported = c1.get(f"/api/threads/{thread}/export", format="markdown").text
    assert exported.rstrip().endswith("cut in its middle, sorry\n\nDone.")


def test_an_artifact_made_in_this_answer_can_be_edited_in_it(model: ScriptedModel, c1: Client) -> None:
    wish = json.dumps({"kind": "slides", "instructions": "Slides"})
    edits = Call("edit_artifact", '{"instructions": "Again"}', "call_2")
    model.script(
        tool_round(Call("create_artifact", wish)),
        answer("One"),
        tool_round(edits),
        answer("Two"),
        answer("."),
    )
    c1.chat("Slides", thread=(thread := new_id("t")))
    (one,) = listed(c1, thread)
    assert (one["kind"], one["version"], shown(c1, one["artifactId"])["content"]) == ("slides", 2, "Two")


def test_a_stop_in_an_artifact_keeps_the_log_and_the_history_valid(model: ScriptedModel, c1: Client) -> None:
    from chat.testing import Gate

    gate, thread, response = Gate(), new_id("t"), new_id("r")
    wish = json.dumps({"kind": "report", "instructions": "Revenue"})
    half = "# A report that is longer than its head, "
    model.script(tool_round(Call("create_artifact", wish)), answer(half, gate, "never"))
    stream = SSE.send(c1, thread=thread, response=response)
    stream.until("its head")
    c1.stop(response)
    assert stream.rest().end["status"] == "stopped"
    assert listed(c1, thread) == []
    model.reset()
    c1.chat("Go on", thread=thread)
    said = [one["role"] for one in model.requests[-1].messages]
    assert said == ["user", "assistant", "user"]


def test_files_of_artifacts_are_made_by_c1_with_the_servers_key(
    model: ScriptedModel, c1: Client, visitor: Client
) -> None:
    model.script(
        Script([Raw(b"%PDF-1.7 made")], headers={"Content-Type": "text/html"}), refusal(400), refusal(503)
    )
    made = c1.http.post("/api/artifacts/export/pdf", json={"exportParams": "opaque"})
    assert (made.status_code, made.content, made.headers["content-type"]) == (
        200,
        b"%PDF-1.7 made",
        "application/pdf",
    )
    asked = model.requests[0]
    assert (asked.path, asked.json) == ("/v1/artifact/pdf/export", {"exportParams": "opaque"})
    assert asked.headers["authorization"] == f"Bearer {CANARY_KEY}"
    codes = [
        c1.http.post("/api/artifacts/export/pptx", json={"exportParams": "x"}).json()["code"]
        for _ in range(2)
    ]
    assert codes == ["model_failed", "unavailable"]
    assert c1.http.post("/api/artifacts/export/pdf", json={"exportParams": 5}).status_code == 400
    keyless = visitor.http.post("/api/artifacts/export/pdf", json={"exportParams": "x"})
    assert (keyless.status_code, len(model.requests)) == (404, 3)


def test_of_a_prompts_metadata_the_allowed_fields_go_on_to_the_model(
    model: ScriptedModel, c1: Client
) -> None:
    thesys = {"c1_included_components": ["EditableTable"], "c1_custom_actions": {"steal": {}}}
    c1.chat(metadata={"thesys": json.dumps(thesys), "user": "x"})
    c1.chat(metadata={"thesys": thesys})
    c1.chat(metadata={"thesys": "{", "user": "x"})
    sent = [one.json.get("metadata") for one in model.requests]
    assert sent == [{"thesys": '{"c1_included_components":["EditableTable"]}'}] * 2 + [None]
    assert c1.http.post("/api/chat", json={**body_of("Hi"), "metadata": "x"}).status_code == 400


@pytest.mark.parametrize("level", ['<artifact id="a"><content>', '<content thesys="true"><artifact id="a">'])
def test_an_answer_of_artifacts_within_artifacts_ends(
    model: ScriptedModel, alice: Client, level: str
) -> None:
    model.script(answer(level * 2_000))
    alice.chat("Write", thread="nested", response="nested")
    assert alice.response("nested")["status"] == "done"
    assert alice.chat("And now?", thread="nested").text == "Hello from the script."

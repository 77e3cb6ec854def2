"""Files in other clients' protocols: OpenAI's `/v1/files` and parts, the AI SDK's and AG-UI's."""

from __future__ import annotations

import base64
from typing import Any

from chat.testing import ScriptedModel
from tests.live.client import Client, new_id
from tests.live.files import pdf

REPORT = pdf(["Costs fell"])
DATA = f"data:application/pdf;base64,{base64.b64encode(REPORT).decode()}"


def uploaded(client: Client) -> dict[str, Any]:
    form = {"file": ("report.pdf", REPORT, "application/pdf")}
    answered = client.http.post("/v1/files", files=form, data={"purpose": "user_data"})
    assert answered.status_code == 200, answered.text
    return dict(answered.json())


def told(model: ScriptedModel) -> str:
    """Return the part of the newest request to the model that is about the file."""
    content = model.requests[-1].messages[-1]["content"]
    return str(content[-1]["text"])


def test_a_file_is_uploaded_listed_shown_and_deleted(alice: Client) -> None:
    made = uploaded(alice)
    assert (made["object"], made["filename"], made["bytes"]) == ("file", "report.pdf", len(REPORT))
    assert [one["id"] for one in alice.get("/v1/files").json()["data"]] == [made["id"]]
    assert alice.get(f"/v1/files/{made['id']}").json()["id"] == made["id"]
    assert alice.get(f"/v1/files/{made['id']}/content").content == REPORT
    gone = alice.http.delete(f"/v1/files/{made['id']}").json()
    assert gone == {"id": made["id"], "object": "file", "deleted": True}
    assert alice.get(f"/v1/files/{made['id']}").status_code == 404


def test_bad_forms_and_foreign_files_are_refused_in_openais_form(alice: Client, bob: Client) -> None:
    foreign = uploaded(bob)["id"]
    answers = [
        alice.http.post("/v1/files", json={"file": "x"}),
        alice.http.post("/v1/files", data={"purpose": "x"}, files={"other": b"x"}),
        alice.http.post(
            "/v1/files", content=b"x", headers={"Content-Type": "multipart/form-data; boundary="}
        ),
        alice.http.post("/v1/files", files={"file": ("a.exe", b"MZ\0\0")}),
        alice.get(f"/v1/files/{foreign}/content"),
        alice.http.delete(f"/v1/files/{foreign}"),
        alice.get("/v1/files", after="unknown"),
    ]
    assert [answer.status_code for answer in answers] == [415, 400, 400, 415, 404, 404, 400]
    assert all(answer.json()["error"]["message"] for answer in answers)


def test_chat_completions_take_a_file_by_id_and_as_data(model: ScriptedModel, alice: Client) -> None:
    for file in ({"file_id": uploaded(alice)["id"]}, {"file_data": DATA, "filename": "report.pdf"}):
        parts = [{"type": "text", "text": "What?"}, {"type": "file", "file": file}]
        body = {"model": "c1", "messages": [{"role": "user", "content": parts}]}
        assert alice.http.post("/v1/chat/completions", json=body).status_code == 200
        assert "[page 1]\nCosts fell" in told(model)
    assert len(alice.get("/v1/files").json()["data"]) == 1


def test_responses_take_a_file_and_list_it_among_the_input(model: ScriptedModel, alice: Client) -> None:
    file = {"type": "input_file", "file_id": uploaded(alice)["id"]}
    parts = [{"type": "input_text", "text": "What?"}, file]
    made = alice.http.post("/v1/responses", json={"input": [{"role": "user", "content": parts}]}).json()
    assert "Costs fell" in told(model)
    items = alice.get(f"/v1/responses/{made['id']}/input_items").json()["data"]
    assert items[0]["content"][1] == file


def test_the_ai_sdk_sends_a_file_and_gets_it_back(model: ScriptedModel, alice: Client) -> None:
    file = {"type": "file", "mediaType": "application/pdf", "filename": "report.pdf", "url": DATA}
    parts = [{"type": "text", "text": "What?"}, file]
    chat = new_id("t")
    body = {"id": chat, "messages": [{"id": new_id("m"), "role": "user", "parts": parts}]}
    assert alice.http.post("/api/ai-sdk/chat", json=body).status_code == 200
    assert "Costs fell" in told(model)
    shown = alice.get(f"/api/ai-sdk/chat/{chat}").json()["messages"][0]["parts"][1]
    assert (shown["mediaType"], shown["filename"]) == ("application/pdf", "report.pdf")
    assert alice.get(shown["url"]).content == REPORT


def test_ag_ui_sends_a_document(model: ScriptedModel, alice: Client) -> None:
    source = {"type": "data", "value": DATA.partition(",")[2], "mimeType": "application/pdf"}
    message = {"id": new_id("m"), "role": "user", "content": [{"type": "document", "source": source}]}
    body = {"threadId": new_id("t"), "runId": new_id("r"), "messages": [message]}
    assert alice.http.post("/api/ag-ui", json=body).status_code == 200
    assert "Costs fell" in told(model)

"""Files that are no pictures: upload, text in prompts, search, deletion, and what models get."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chat.models import Attachment, User
from chat.testing import Call, ScriptedModel, answer, tool_round
from tests.contract.expect import assert_problem
from tests.live.client import Client, new_id
from tests.live.files import docx, file_part, pdf, pptx, upload_file, xlsx
from tests.live.harness import eventually
from tests.live.pictures import PNG

ASKS = {"type": "text", "text": "What does it say?"}
REPORT = pdf(["Revenue grew", "Costs fell"])


def ready(client: Client, name: str, data: bytes, kind: str = "application/octet-stream") -> dict[str, Any]:
    """Upload a file and return its state once it has been read."""
    answered = upload_file(client, name, data, kind)
    assert answered.status_code == 201, answered.text
    made = dict(answered.json())

    def read() -> dict[str, Any] | None:
        state = dict(client.get(f"/api/attachments/{made['attachmentId']}/state").json())
        return state if state["state"] != "reading" else None

    return dict(eventually(read, seconds=60, says=f"{name} was never read"))


@pytest.fixture
def files_client(live: None, servers: Any, make_client: Any) -> Client:
    """A user of a server whose C1 takes files, and whose requests hold few tokens of their text."""
    server = servers.keep(CHAT_MODELS='{"c1": {"files": true}, "openassistant": {}}', CHAT_FILE_TOKENS="400")
    client: Client = make_client(server)
    return client


@pytest.mark.parametrize(
    ("name", "data", "kind", "pages", "words"),
    [
        ("report.pdf", REPORT, "application/pdf", 2, "Costs fell"),
        ("notes.docx", docx(["Minutes"]), "", None, "Minutes"),
        ("sums.xlsx", xlsx({"Q1": [["Total", 42]]}), "", 1, "Total\t42"),
        ("talk.pptx", pptx(["Welcome"]), "", 1, "Welcome"),
        ("readme.md", b"# Head", "text/markdown", None, "# Head"),
        ("data.csv", b"a;b\n1;2\n", "text/csv", None, "1;2"),
        ("main.py", b"print('x')\n", "text/x-python", None, "print"),
        ("page.html", b"<!doctype html><p>Shown", "text/html", None, "Shown"),
        ("data.json", b'{"a": 1}', "application/json", None, '"a"'),
    ],
)
def test_a_file_of_each_kind_is_read(
    alice: Client, name: str, data: bytes, kind: str, pages: int | None, words: str
) -> None:
    made = ready(alice, name, data, kind or "application/octet-stream")
    assert (made["name"], made["pages"], made["state"], made["detail"]) == (name, pages, "ready", None)
    text = alice.get(f"/api/attachments/{made['attachmentId']}/text").json()
    assert words in "".join(one["text"] for one in text["passages"])
    shown = alice.get(made["url"])
    assert shown.content == data
    assert shown.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in shown.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.exe", b"MZ\0\1\2", "application/octet-stream"),
        ("a.pdf", b"plain words", "application/pdf"),
        ("a.docx", REPORT, "application/octet-stream"),
        ("a.zip", b"PK\3\4" + b"\0" * 40, "application/zip"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 40, "application/octet-stream"),
        ("a.pdf", PNG, "application/pdf"),
        ("a.txt", b"", "text/plain"),
    ],
)
def test_what_is_no_file_of_a_known_kind_is_refused(alice: Client, name: str, data: bytes, kind: str) -> None:
    assert_problem(upload_file(alice, name, data, kind), "unsupported_media_type", 415)


def test_a_file_that_cannot_be_read_says_why_and_the_model_is_told(
    model: ScriptedModel, alice: Client
) -> None:
    made = ready(alice, "scan.pdf", pdf([""]))
    assert (made["state"], "scanned" in made["detail"], made["code"]) == ("failed", True, "no_text")
    alice.chat([ASKS, file_part(made)])
    assert "[file scan.pdf: The file holds no text." in model.requests[0].messages[0]["content"][1]["text"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\x\u202e\0\n.md", "x .md"),
        ("../..", "file.txt"),
        ("n" * 4_000 + ".csv", "n" * 251 + ".csv"),
    ],
)
def test_a_name_loses_its_path_and_what_cannot_be_seen(alice: Client, given: str, kept: str) -> None:
    assert ready(alice, given, b"words", "text/plain")["name"] == kept


def test_a_name_may_stand_in_the_content_disposition(alice: Client) -> None:
    named = {"Content-Type": "text/plain", "Content-Disposition": "attachment; filename*=UTF-8''%C3%BC.txt"}
    answered = alice.http.post("/api/attachments", content=b"words", headers=named)
    assert answered.json()["name"] == "ü.txt"


def test_a_file_that_fits_is_in_the_prompt_whole_with_its_pages(model: ScriptedModel, alice: Client) -> None:
    part = file_part(ready(alice, 'a "b".pdf', REPORT))
    alice.chat([ASKS, part], thread=(thread := new_id("t")))
    shown = (
        '<file name="a &quot;b&quot;.pdf" pages="2">\n[page 1]\nRevenue grew\n[page 2]\nCosts fell\n</file>'
    )
    assert model.requests[0].messages[0]["content"] == [ASKS, {"type": "text", "text": shown}]
    assert "search_files" not in [tool["function"]["name"] for tool in model.requests[0].json["tools"]]
    assert alice.messages(thread)[0]["content"] == [ASKS, part]


def test_a_prompt_waits_for_a_file_that_was_just_uploaded(model: ScriptedModel, alice: Client) -> None:
    data = base64.b64encode(REPORT).decode()
    file = {"filename": "in.pdf", "file_data": f"data:application/pdf;base64,{data}"}
    alice.chat([ASKS, {"type": "file", "file": file}], thread=(thread := new_id("t")))
    assert "Costs fell" in model.requests[0].messages[0]["content"][1]["text"]
    stored = alice.messages(thread)[0]["content"][1]
    assert (stored["file"]["filename"], "file_data" in stored["file"]) == ("in.pdf", False)


def test_a_long_file_is_searched_and_the_result_names_the_page(model: ScriptedModel, alice: Client) -> None:
    pages = [
        f"Chapter {number} is about {'zebras' if number == 217 else 'sums'}." for number in range(1, 301)
    ]
    long = pdf([f"{page} {'filler words ' * 40}" for page in pages])
    part = file_part(ready(alice, "book.pdf", long))
    model.script(tool_round(Call("search_files", '{"query": "zebras"}')), answer("On page 217."))
    alice.chat([ASKS, part])
    first, second = model.requests
    shown = first.messages[0]["content"][1]["text"]
    assert 'pages="300"' in shown
    assert "search_files" in shown
    assert len(shown) < 6_000
    found = json.loads(second.messages[-1]["content"])
    assert [(one["file"], one["place"]) for one in found] == [("book.pdf", "page 217")]


def test_the_sum_of_a_long_spreadsheet_is_found(model: ScriptedModel, alice: Client) -> None:
    rows: list[list[object]] = [
        ["Item", "Price"],
        *([f"Item {at} of a long list of things to buy", at] for at in range(3_000)),
    ]
    part = file_part(ready(alice, "costs.xlsx", xlsx({"Costs": [*rows, ["Total", 4_498_500]]})))
    model.script(tool_round(Call("search_files", '{"query": "total"}')), answer("4,498,500."))
    alice.chat([ASKS, part])
    found = json.loads(model.requests[1].messages[-1]["content"])[0]
    assert found["place"].startswith("sheet Costs, rows ")
    assert "Total\t4498500" in found["text"]


def test_files_of_others_are_not_found(model: ScriptedModel, alice: Client, bob: Client) -> None:
    foreign = ready(bob, "secret.pdf", REPORT)
    assert_problem(alice.chat([file_part(foreign)]), "bad_request", 400)
    for path in ("", "/state", "/text"):
        assert_problem(alice.get(f"/api/attachments/{foreign['attachmentId']}{path}"), "not_found", 404)
    assert_problem(alice.http.delete(f"/api/attachments/{foreign['attachmentId']}"), "not_found", 404)
    bob.chat([ASKS, file_part(ready(bob, "canary.txt", b"zebras of bob"))])
    alice.chat([ASKS, file_part(ready(alice, "mine.txt", b"zebras of alice"))])
    assert [one["file"] for one in search(model, alice)] == ["mine.txt"]
    assert "zebras of bob" not in str([one.json for one in model.requests[1:]])


def search(model: ScriptedModel, client: Client, **body: Any) -> list[dict[str, str]]:
    """Have the model search files for zebras in a chat; return what it finds."""
    model.script(tool_round(Call("search_files", '{"query": "zebras"}')), answer("None."))
    client.chat("Anything about zebras?", **body)
    found: list[dict[str, str]] = json.loads(model.requests[-1].messages[-1]["content"])
    return found


def offered(model: ScriptedModel) -> bool:
    """Return whether the last request offers the search in files."""
    return "search_files" in [tool["function"]["name"] for tool in model.requests[-1].json["tools"]]


def test_files_of_other_chats_are_found_behind_those_of_the_chat(model: ScriptedModel, alice: Client) -> None:
    alice.chat("No file at all.")
    assert not offered(model)
    alice.chat([ASKS, file_part(ready(alice, "old.pdf", pdf(["None", "Old zebras, zebras"])))])
    assert not offered(model)
    here = file_part(ready(alice, "here.txt", b"New zebras"))
    alice.chat([ASKS, here], thread=(thread := new_id("t")))
    assert offered(model)
    found = search(model, alice, thread=thread)
    assert [(one["file"], one["place"], one.get("chat")) for one in found] == [
        ("here.txt", "line 1", None),
        ("old.pdf", "page 2", ASKS["text"]),
    ]


def test_a_temporary_chat_gives_no_file_away_and_finds_its_own_alone(
    model: ScriptedModel, alice: Client
) -> None:
    part = file_part(ready(alice, "passing.txt", b"Passing zebras"))
    alice.chat([ASKS, part], thread=(thread := new_id("t")), temporary=True)
    alice.chat("Anything?")
    assert not offered(model)
    alice.chat([ASKS, file_part(ready(alice, "kept.txt", b"Kept zebras"))])
    assert [one["file"] for one in search(model, alice)] == ["kept.txt"]
    alice.chat("And here?", thread=thread)
    assert not offered(model)
    assert [one["file"] for one in search(model, alice, thread=thread)] == ["passing.txt"]


def test_what_is_deleted_is_not_found_from_any_chat(model: ScriptedModel, alice: Client) -> None:
    made = [ready(alice, name, b"Gone zebras") for name in ("file.txt", "chat.txt")]
    alice.chat([ASKS, file_part(made[0])])
    alice.chat([ASKS, file_part(made[1])], thread=(thread := new_id("t")))
    assert len(search(model, alice)) == 2
    alice.http.delete(f"/api/attachments/{made[0]['attachmentId']}")
    alice.http.delete(f"/api/threads/{thread}")
    assert search(model, alice) == []
    alice.chat("Anything?")
    assert not offered(model)


def test_a_model_that_takes_files_gets_the_file_and_another_its_text(
    model: ScriptedModel, files_client: Client
) -> None:
    part = file_part(ready(files_client, "report.pdf", REPORT))
    thread = new_id("t")
    files_client.chat([ASKS, part], thread=thread)
    data = f"data:application/pdf;base64,{base64.b64encode(REPORT).decode()}"
    file = {"filename": "report.pdf", "file_data": data}
    assert model.requests[0].messages[0]["content"] == [ASKS, {"type": "file", "file": file}]
    files_client.chat("And?", thread=thread, model="openassistant")
    assert "[page 2]\nCosts fell" in model.requests[1].json["prompt"]


def test_a_deleted_file_leaves_a_mark_in_the_history(model: ScriptedModel, alice: Client) -> None:
    made = ready(alice, "report.pdf", REPORT)
    alice.chat([ASKS, file_part(made)], thread=(thread := new_id("t")))
    assert [message["attachments"] for message in alice.messages(thread)] == [[made], []]
    assert alice.http.delete(f"/api/attachments/{made['attachmentId']}").status_code == 204
    assert alice.messages(thread)[0]["attachments"] == []
    assert alice.get(made["url"]).status_code == 404
    alice.chat("And?", thread=thread)
    assert model.requests[-1].messages[0]["content"] == [ASKS, {"type": "text", "text": "[file removed]"}]


def test_the_list_names_files_newest_first_page_by_page(alice: Client) -> None:
    names = [ready(alice, f"{at}.txt", b"words")["name"] for at in range(3)]
    first = alice.get("/api/attachments", limit=2).json()
    rest = alice.get("/api/attachments", limit=2, cursor=first["nextCursor"]).json()
    listed = [one["name"] for one in (*first["attachments"], *rest["attachments"])]
    assert (listed, rest["nextCursor"]) == (names[::-1], None)


@pytest.mark.parametrize(
    "file",
    [None, {}, {"file_id": 1}, {"file_id": "x", "file_data": "y"}, {"file_data": "data:;base64,%"}, "x"],
)
def test_a_malformed_file_part_is_refused(model: ScriptedModel, alice: Client, file: Any) -> None:
    assert_problem(alice.chat([ASKS, {"type": "file", "file": file}]), "bad_request", 400)
    assert model.requests == []


def test_a_file_that_another_process_left_is_taken_up(alice: Client) -> None:
    owner = User.objects.get(username=alice.username)
    left = {"state": "reading", "attempts": 1, "reading_until": datetime.now(UTC) - timedelta(seconds=1)}
    row = Attachment.objects.create(
        owner=owner, content_type="text/plain", size=5, data=b"words", name="left.txt", **left
    )

    def is_read() -> bool:
        row.refresh_from_db()
        return row.state == "ready"

    eventually(is_read, seconds=30, says="nobody took it up")
    assert row.attempts == 2

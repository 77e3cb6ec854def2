"""The raw text of an ended response: its length and ETag, conditions and ranges, and no byte of it without access."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from django.test import RequestFactory

from chat import db
from chat.accounts.identity import Credentials, identify
from chat.api import sealed as answers
from chat.governance import redaction
from chat.models import Response, User
from chat.streams import sealed
from chat.threads import threads
from tests.integration.in_process import InProcess, bearer, run
from tests.integration.trace_rows import make_recorded, write

application = pytest.mark.usefixtures("upstream")

SAID = [(1, "Größe"), (2, " und "), (3, "Gewicht")]
DATA = "".join(words for _, words in SAID).encode()


@pytest.fixture
def row(db: None) -> Response:
    """Return an ended response with a row of its log for each piece."""
    made, end = make_recorded(User.objects.create(username="ada"), SAID[:1]), len("Größe".encode())
    for piece in SAID[1:]:
        end = write(made, [piece], end)
    Response.objects.filter(pk=made.pk).update(kept_offset=end, text_length=end)
    made.refresh_from_db()
    return made


def get(row: Response, *asked: tuple[str, dict[str, str]]) -> list[httpx.Response]:
    """Return the answers to queries with their headers, in which {tag} is the tag of the first answer."""

    async def all_of(server: InProcess) -> list[httpx.Response]:
        found: list[httpx.Response] = []
        tag = ""
        for query, headers in asked:
            known = {name: value.format(tag=tag) for name, value in headers.items()}
            path = f"/api/responses/{row.public_id}/stream{query}"
            found.append(await server.request(owner | known, "GET", path))
            tag = tag or found[0].headers.get("etag", "")
        return found

    owner = bearer(row.owner)
    return run(all_of)


@application
def test_a_sealed_text_is_served_whole_from_an_offset_or_in_a_range(
    row: Response, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed, "PORTION_BYTES", 1)  # a row at a time
    last, end = len(DATA) - 1, len(DATA)
    table: list[tuple[str, dict[str, str], int, bytes, str | None]] = [
        ("", {}, 200, DATA, None),
        ("?format=c1&offset=4", {}, 200, DATA[4:], None),
        (f"?offset={end}", {}, 200, b"", None),
        ("", {"Range": "bytes=3-"}, 206, DATA[3:], f"bytes 3-{last}/{end}"),
        ("", {"Range": "bytes=1-99"}, 206, DATA[1:], f"bytes 1-{last}/{end}"),
        ("?offset=4", {"Range": "bytes=2-6"}, 206, DATA[6:11], f"bytes 2-6/{end - 4}"),
        ("", {"Range": "bytes=2-6", "If-Range": "{tag}"}, 206, DATA[2:7], f"bytes 2-6/{end}"),
        ("", {"Range": "bytes=2-6", "If-Range": '"another"'}, 200, DATA, None),
        ("", {"Range": "bytes=-4"}, 200, DATA, None),
        ("", {"Range": "bytes=0-1,3-4"}, 200, DATA, None),
        ("", {"Range": f"bytes=0-{last}"}, 200, DATA, None),
    ]
    found = get(row, *(one[:2] for one in table))
    for (query, headers, status, body, part), got in zip(table, found, strict=True):
        assert (got.status_code, got.content) == (status, body), (query, headers)
        assert (got.headers["content-length"], got.headers.get("content-range")) == (str(len(body)), part)
        assert got.headers["cache-control"] == "private, no-cache, no-transform"
        assert {"Authorization", "Cookie"} <= set(got.headers["vary"].split(", "))
        assert got.headers["x-response-id"] == row.public_id


@application
def test_a_known_tag_gets_no_body_and_each_offset_has_a_tag_of_its_own(row: Response) -> None:
    first, known, weak, other = get(
        row,
        ("", {}),
        ("", {"If-None-Match": "{tag}"}),
        ("", {"If-None-Match": '"x", W/{tag}'}),
        ("?offset=1", {"If-None-Match": "{tag}"}),
    )
    for got in (known, weak):
        assert (got.status_code, got.content, got.headers["etag"]) == (304, b"", first.headers["etag"])
        assert "content-length" not in got.headers
    assert (other.status_code, other.content) == (200, DATA[1:])


@application
def test_an_offset_beyond_the_end_or_inside_a_character_is_refused(row: Response) -> None:
    beyond = f"?offset={len(DATA) + 1}"
    for got in get(row, ("?offset=3", {}), (beyond, {})):
        assert (got.status_code, got.json()["code"]) == (400, "bad_offset")


@application
def test_a_range_behind_the_end_names_the_size_of_the_text(row: Response) -> None:
    size = len(DATA)
    behind = [
        ("", f"bytes={size}-", size),
        ("?offset=1", f"Bytes={size - 1}-99", size - 1),
        ("", "bytes=99-", size),
    ]
    answers = get(row, *((query, {"Range": named}) for query, named, _ in behind))
    for got, (_, _, left) in zip(answers, behind, strict=True):
        assert (got.status_code, got.json()["code"], got.json()["size"]) == (
            416,
            "range_not_satisfiable",
            left,
        )
        assert got.headers["content-range"] == f"bytes */{left}"


@application
def test_a_range_that_ends_ahead_of_its_start_or_has_another_unit_is_ignored(row: Response) -> None:
    for got in get(
        row, *(("", {"Range": named}) for named in ("bytes=4-2", "bytes=99-2", "items=0-1", "bytes=-"))
    ):
        assert (got.status_code, got.content) == (200, DATA)


@application
def test_beyond_the_end_of_an_interrupted_one_is_its_end(row: Response) -> None:
    Response.objects.filter(pk=row.pk).update(status="interrupted")
    got = get(row, ("?offset=99", {}))[0]
    assert (got.status_code, got.content) == (200, b"")


@application
def test_a_known_tag_helps_nobody_without_access(row: Response) -> None:
    paths = [f"/api/responses/{row.public_id}/stream", f"/v1/streams/{row.public_id}"]
    owner, stranger = bearer(row.owner), bearer(User.objects.create(username="bob"))

    async def statuses(server: InProcess) -> list[list[int]]:
        found = []
        for path in paths:
            tag = (await server.request(owner, "GET", path)).headers["etag"]
            callers = [owner, stranger, {"Authorization": "Bearer ended"}, {}]
            asked = [{**one, "If-None-Match": tag} for one in callers]
            found.append([(await server.request(headers, "GET", path)).status_code for headers in asked])
        return found

    assert run(statuses) == [[304, 404, 401, 401]] * 2


@pytest.mark.django_db
def test_a_redaction_of_the_same_length_has_another_tag(row: Response) -> None:
    before = answers.tag(row, sealed.seal(row.pk), 0, row.log_length)
    redaction.redact_response(row, "staff")
    assert answers.tag(row, sealed.seal(row.pk), 0, row.log_length) != before


@application
def test_a_text_that_goes_while_it_is_read_is_not_ended_well(
    row: Response, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed, "PORTION_BYTES", 1)
    token = bearer(row.owner)["Authorization"].removeprefix("Bearer ")

    async def read(_: InProcess) -> tuple[bytes, bool]:
        caller = await db.atomic_async(identify, Credentials(token, None))
        found, seal = await db.atomic_async(threads.response_with_seal, caller.user, row.public_id)
        answer: Any = await answers.serve(RequestFactory().get("/"), caller, found, seal, 0)
        got = await anext(answer.chunks)
        await db.atomic_async(redaction.redact_response, found, "staff")
        return got + b"".join([chunk async for chunk in answer.chunks]), answer.is_whole()

    assert run(read) == ("Größe".encode(), False)

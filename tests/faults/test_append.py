"""The statements of the log on the database itself: contiguous, fenced, repeatable, compact."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from chat.models import Chunk, Message, Response, Status, Thread, User
from chat.responses import finalize, lifecycle
from chat.responses.lifecycle import Outcome
from chat.streams import storage
from chat.streams.storage import ROW_BYTES, Append, LogSegment
from tests.faults.fault_server import query_rows
from tests.live.checks import assert_valid_log
from tests.unit.documents import DOCS, Document

SCALING = DOCS / "operations" / "scaling.md"
DONE = Outcome(Status.DONE, "stop")


# Logs of responses from this key on lie in the second partition.
SECOND_PARTITION = 10_000_000


@pytest.fixture(params=["one table", "partitions"])
def response(db: None, request: pytest.FixtureRequest) -> Response:
    """Provide a response that is streaming, with an empty log; that of the next one lies in another partition, if in any."""
    if request.param == "partitions":
        (statements,) = Document(SCALING).blocks("sql")
        query_rows(statements)
        query_rows("SELECT setval('chat_response_id_seq', %s)", SECOND_PARTITION - 2)
    return streaming("r")


def streaming(name: str) -> Response:
    user = User.objects.create(username=name)
    thread = Thread.objects.create(owner=user, public_id=name)
    ids = {"owner": user, "thread": thread, "turn": 1}
    prompt = Message.objects.create(**ids, public_id=f"p-{name}", role="user", content="Hi")
    made = Response.objects.create(
        owner=user, thread=thread, public_id=name, prompt=prompt, model="c1", status="streaming"
    )
    Message.objects.create(**ids, public_id=name, parent=prompt, response=made, role="assistant", position=1)
    return made


def text(data: bytes | str) -> LogSegment:
    data = data.encode() if isinstance(data, str) else data
    return LogSegment(data, storage.pack_timing(1, len(data)), False)


def item(data: str) -> LogSegment:
    return LogSegment(data.encode(), b"", True)


def addition(response: Response, start: int, *pieces: LogSegment, epoch: int = 1) -> Append:
    return Append(response.pk, epoch, start, list(pieces))


def written(*additions: Append) -> set[int]:
    with transaction.atomic():
        return storage.append(list(additions))[0]


def test_appends_follow_each_other(response: Response) -> None:
    assert written(addition(response, 0, text("Grö"), text("ße"))) == {response.pk}
    assert written(addition(response, 7, text("!"))) == {response.pk}
    assert storage.read(response.pk, 0) == "Größe!".encode()
    response.refresh_from_db()
    assert (response.log_length, response.first_token_at is None) == (8, False)


@pytest.mark.parametrize("start", [0, 4, 6, 100], ids=["repeated", "overlap", "gap", "far gap"])
def test_an_append_from_anywhere_but_the_end_is_refused(response: Response, start: int) -> None:
    written(addition(response, 0, text("Hello")))
    assert written(addition(response, start, text("XXXXX"))) == set()
    assert storage.read(response.pk, 0) == b"Hello"


def test_a_wrong_epoch_writes_nothing_and_costs_the_rest_of_the_batch_nothing(response: Response) -> None:
    other = streaming("other")
    assert written(addition(response, 0, text("lost"), epoch=2), addition(other, 0, text("kept"))) == {
        other.pk
    }
    assert (storage.read(response.pk, 0), storage.read(other.pk, 0)) == (b"", b"kept")


def test_an_ended_response_takes_no_more_text(response: Response) -> None:
    assert lifecycle.finish(addition(response, 0, text("Hello")), DONE)
    assert written(addition(response, 5, text("!"))) == set()


def test_a_batch_returns_the_stop_requests(response: Response) -> None:
    lifecycle.request_stop(response.pk, 3)
    lifecycle.request_stop(response.pk, 1)
    _, stopping = storage.append([addition(response, 0, text("Hello"))])
    assert [(stop.response, stop.offset) for stop in stopping] == [(response.pk, 3)]


BROKEN = [(0, 3, b"ab"), (0, 0, b""), (2, 4, b"ab")]


@pytest.mark.parametrize(("start", "stop", "data"), BROKEN, ids=["too short", "empty", "same start twice"])
def test_the_tables_refuse_chunks_that_do_not_fit(
    response: Response, start: int, stop: int, data: bytes
) -> None:
    Chunk.objects.create(response=response, start=2, stop=4, data=b"ab")
    with pytest.raises(IntegrityError), transaction.atomic():
        Chunk.objects.create(response=response, start=start, stop=stop, data=data)


@pytest.mark.parametrize("stored", [0, 3, 5, 8])
def test_a_finish_after_an_append_of_unknown_outcome_writes_each_byte_once(
    response: Response, stored: int
) -> None:
    written(addition(response, 0, text("Hello you"[:stored]))) if stored else None
    ended = lifecycle.finish(addition(response, 0, text("Hel"), text("lo"), text(" you")), DONE)
    assert ended
    assert (ended.status, ended.kept_offset, storage.read(response.pk, 0)) == ("done", 9, b"Hello you")
    assert_valid_log(ended)


@pytest.mark.parametrize("moved", ["log", "stop", "epoch"])
def test_a_finish_whose_response_changes_meanwhile_reads_it_again(
    response: Response, moved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(addition(response, 0, text("Hello")))
    moves: dict[str, Callable[[], object]] = {
        "log": lambda: written(addition(response, 5, text(" you"))),
        "stop": lambda: lifecycle.request_stop(response.pk, 2),
        "epoch": lambda: lifecycle.finish_orphan(response.pk, expired=False),
    }
    looked: list[int] = []
    load = finalize.load

    def found(pk: int) -> finalize.StoredResponse | None:
        looked.append(pk)
        seen = load(pk)
        if len(looked) == 1:
            moves[moved]()
        return seen

    monkeypatch.setattr(finalize, "load", found)
    ended = lifecycle.finish(addition(response, 5, text(" you")), Outcome(Status.STOPPED, "stop"))
    assert len(looked) > 1
    response.refresh_from_db()
    assert (ended is None) == (moved == "epoch")
    kept = {"log": ("stopped", 9), "stop": ("stopped", 2), "epoch": ("interrupted", 5)}
    assert (response.status, response.kept_offset) == kept[moved]
    assert_valid_log(response)


@pytest.mark.parametrize("flushed", [0, 3])
def test_a_finish_that_knows_the_state_reads_it_only_where_it_has_changed(
    response: Response, flushed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(addition(response, 0, text("Hello"[:flushed]))) if flushed else None
    loads: list[int] = []
    load = finalize.load

    def loaded(pk: int) -> finalize.StoredResponse | None:
        loads.append(pk)
        return load(pk)

    monkeypatch.setattr(finalize, "load", loaded)
    known = finalize.StoredResponse(response.pk, response.owner_id, response.thread_id, 1)
    ended = lifecycle.finish(addition(response, 0, text("Hello")), DONE, known)
    assert ended
    assert (ended.public_id, ended.status, ended.kept_offset) == ("r", "done", 5)
    assert (storage.read(response.pk, 0), len(loads)) == (b"Hello", flushed > 0)
    assert_valid_log(ended)


def test_a_repeated_finish_changes_nothing(response: Response) -> None:
    rest = addition(response, 0, text("Hello"))
    assert lifecycle.finish(rest, DONE)
    first = Response.objects.get(pk=response.pk)
    again = lifecycle.finish(rest, Outcome(Status.STOPPED, "stop", offset=1))
    assert again
    assert (again.status, again.kept_offset, again.finished_at) == ("done", 5, first.finished_at)
    assert storage.read(response.pk, 0) == b"Hello"


def test_a_finish_under_a_lost_epoch_changes_nothing(response: Response) -> None:
    written(addition(response, 0, text("Hello")))
    ended = lifecycle.finish_orphan(response.pk, expired=False)
    assert ended
    assert lifecycle.finish(addition(response, 5, text(" you")), DONE) is None
    response.refresh_from_db()
    assert (response.status, response.log_length, response.kept_offset) == ("interrupted", 5, 5)
    assert lifecycle.finish_orphan(response.pk, expired=False) is None


def test_a_finished_log_is_few_rows_that_keep_every_mark(response: Response) -> None:
    many = [text("é" * 500) for _ in range(150)]
    for number, piece in enumerate(many):
        written(addition(response, number * 1000, piece))
    ended = lifecycle.finish(addition(response, 150_000, item("<thinkitem/>"), text("end")), DONE)
    assert ended
    rows = storage.pieces_of(response.pk)
    assert [row.ephemeral for row in rows] == [False] * (len(rows) - 2) + [True, False]
    assert len(rows) <= 150_000 // ROW_BYTES + 3
    assert b"".join(row.timings for row in rows) == b"".join(piece.timings for piece in [*many, text("end")])
    assert_valid_log(ended)


@pytest.mark.parametrize("offset", [0, 1, 999, 65_536, 99_999, 100_000])
def test_a_compacted_log_reads_the_same_from_everywhere(response: Response, offset: int) -> None:
    whole = bytes(range(97, 122)) * 4000
    lifecycle.finish(
        addition(response, 0, *(text(whole[at : at + 777]) for at in range(0, 100_000, 777))), DONE
    )
    found = bytearray()
    while data := storage.read(response.pk, offset + len(found)):
        found += data
    assert bytes(found) == whole[offset:]


@pytest.mark.parametrize("size", [1, 3, 65_535, 65_536, 65_537, 300_000])
def test_a_growing_log_is_read_in_portions_of_whole_characters(response: Response, size: int) -> None:
    whole = "a" + "€" * (400_000 // 3)
    rows = [text(whole[at : at + size]) for at in range(0, len(whole), size)][:200]
    written(addition(response, 0, *rows))
    found = list[bytes]()
    while data := storage.read(response.pk, sum(map(len, found))):
        found.append(data)
    assert b"".join(found) == b"".join(row.data for row in rows)
    assert all(len(portion) <= ROW_BYTES and portion.decode() for portion in found)


pieces = st.lists(
    st.one_of(st.text("aß€🍎", min_size=1, max_size=5).map(text), st.just(item("<think>…</think>"))),
    max_size=8,
)


@given(pieces, st.none() | st.integers(0, 80))
def test_a_cut_never_splits_a_character_or_a_think_item_and_keeps_nothing_beyond(
    parts: list[LogSegment], offset: int | None
) -> None:
    end, content = storage.kept_text(parts, offset)
    whole = b"".join(piece.data for piece in parts)
    assert end <= min(len(whole), len(whole) if offset is None else offset)
    assert end == len(whole) or offset is not None
    whole[:end].decode()
    at, shown = 0, b""
    for piece in parts:
        assert not (piece.ephemeral and at < end < at + len(piece.data))
        shown += b"" if piece.ephemeral else piece.data[: max(0, end - at)]
        at += len(piece.data)
    assert content == shown.decode()

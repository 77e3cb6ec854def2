"""Files in the content of messages: data becomes a stored file, and a model gets the file or its text within bounds."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from chat.exceptions import BadRequest, TooLarge
from chat.files import storage
from chat.files.extraction import FileText, ReadPassage
from chat.files.kinds import KINDS
from chat.models import Attachment, ReadingState, User
from chat.schemas import Content, SendRequest, ag_ui, ai_sdk
from chat.schemas.openai_content import Part, content_of
from chat.schemas.pictures import Picture
from chat.schemas.prompts import parse_send
from chat.threads import attachments, inline_attachments
from chat.threads.attachment_parts import AttachmentOptions, ResolvedHistory, with_attachments
from tests.live.pictures import PNG

pytestmark = pytest.mark.django_db

AS_TEXT = AttachmentOptions(images=False, characters=100_000)
AS_IT_IS = AttachmentOptions(images=True, files=True)


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


def read_file(owner: User, passages: list[ReadPassage], pages: int | None) -> Attachment:
    row = attachments.create_file(owner.pk, KINDS["pdf"], b"%PDF-1.7 x", "a.pdf")
    claimed = storage.claim(60)
    assert claimed is not None
    storage.store(claimed, FileText(passages, pages))
    return row


def file_part(row: Attachment) -> dict[str, Any]:
    return {"type": "file", "file": {"file_id": row.public_id}}


def shown(owner: User, part: dict[str, Any], options: AttachmentOptions) -> tuple[Any, ResolvedHistory]:
    """Return what a model gets for a part, and the history around it."""
    history = [{"role": "user", "content": msgspec.Raw(msgspec.json.encode([part]))}]
    found = with_attachments(history, owner.pk, options)
    return found.messages[0]["content"][0], found


def test_a_file_of_very_short_pages_that_fits_is_in_the_prompt_whole(owner: User) -> None:
    slides = [ReadPassage(f"slide {at}", f"{at}", "") for at in range(1, 901)]
    part, found = shown(owner, file_part(read_file(owner, slides, 900)), AS_TEXT)
    assert "[slide 900]\n900\n</file>" in part["text"]
    assert not found.partial


def test_the_marks_of_pages_count_towards_the_bound(owner: User) -> None:
    slides = [ReadPassage(f"slide {at}", f"{at}", "") for at in range(1, 901)]
    options = AttachmentOptions(images=False, characters=4_000)
    part, found = shown(owner, file_part(read_file(owner, slides, 900)), options)
    assert found.partial
    assert found.characters == 4_000
    assert len(part["text"]) < 4_200


def test_of_a_file_that_does_not_fit_only_the_beginning_is_read(owner: User) -> None:
    long = read_file(owner, [ReadPassage(f"page {at}", "x" * 3_000, "") for at in range(1, 101)], 100)
    assert len(storage.beginning(long.pk, 4_000)) == 2
    short = read_file(owner, [ReadPassage(f"page {at}", "x", "") for at in range(1, 101)], 100)
    assert len(storage.beginning(short.pk, 1_000)) == 100


def test_a_file_for_which_no_room_is_left_is_named_and_not_called_removed(owner: User) -> None:
    row = read_file(owner, [ReadPassage("page 1", "Words", "")], 1)
    part, _ = shown(owner, file_part(row), AttachmentOptions(images=False, characters=0))
    assert 'name="a.pdf"' in part["text"]
    assert "left out" in part["text"]


@pytest.mark.parametrize("options", [AS_TEXT, AS_IT_IS])
def test_a_file_that_is_deleted_while_a_request_is_built_is_shown_as_removed(
    owner: User, options: AttachmentOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = file_part(read_file(owner, [ReadPassage("page 1", "Words", "")], 1))
    rows = with_attachments.__globals__["_rows"]

    def delete_after(*given: Any) -> Any:
        found = rows(*given)
        Attachment.objects.all().delete()
        return found

    monkeypatch.setitem(with_attachments.__globals__, "_rows", delete_after)
    assert shown(owner, part, options)[0] == {"type": "text", "text": "[file removed]"}


def test_a_picture_that_is_named_by_its_id_is_sent_as_a_picture_alone(owner: User) -> None:
    row = attachments.create(owner.pk, Picture("image/png", PNG))
    part, _ = shown(owner, file_part(row), AS_IT_IS)
    url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert part == {"type": "image_url", "image_url": {"url": url}}


def test_a_picture_of_the_responses_protocol_may_be_named_by_its_id(owner: User) -> None:
    row = attachments.create(owner.pk, Picture("image/png", PNG))
    content = content_of([Part("input_image", file_id=row.public_id)], "input")
    assert attachments.references(content) == [row.public_id]
    with pytest.raises(BadRequest):
        content_of([Part("input_image", file_id="../x")], "input")


def sent(part: Any) -> SendRequest:
    return parse_send(msgspec.json.encode({"prompt": {"role": "user", "content": [part]}}))


DATA = base64.b64encode(b"words").decode()


@pytest.mark.parametrize(
    "part",
    [
        {"type": "file", "more": "x" * 70_000, "file": {"file_data": DATA}},
        {"type": "file", "file": {"file_data": DATA, "more": "x" * 70_000}},
        {"type": "file", "file": {"file_data": DATA, "filename": "x" * 70_000}},
    ],
)
def test_all_of_a_file_part_but_its_data_counts_towards_the_content(part: dict[str, Any]) -> None:
    with pytest.raises(TooLarge):
        sent(part)


def test_the_data_of_a_file_does_not_count_towards_the_content() -> None:
    assert sent({"type": "file", "file": {"file_data": "A" * 100_000}}).content.parts


def test_a_name_in_escapes_hides_no_data_of_a_file(owner: User) -> None:
    text = f'[{{"type":"file","file":{{"file_\\u0064ata":"{DATA}","filename":"a.txt"}}}}]'
    request = SendRequest(Content(text, parts=True))
    stored = inline_attachments.stored(owner.pk, request).content.text
    assert attachments.references(Content(stored, parts=True)) == [Attachment.objects.get().public_id]


@pytest.mark.parametrize(
    ("url", "data"),
    [
        ("data:text/plain,two%20words", b"two words"),
        ("data:text/plain;charset=utf-8,gr%C3%BCn", "grün".encode()),
        ("DATA:text/plain;charset=utf-8;BASE64,d29yZHM=", b"words"),
        ("d29yZHM=", b"words"),
    ],
)
def test_a_data_url_may_be_in_base64_or_in_escapes(owner: User, url: str, data: bytes) -> None:
    inline_attachments.stored(owner.pk, sent({"type": "file", "file": {"file_data": url}}))
    assert bytes(Attachment.objects.get().data) == data


def test_the_data_urls_of_other_protocols_keep_their_encoding() -> None:
    url = "data:,two%20words"
    of_the_sdk = ai_sdk._file_part({"mediaType": "text/plain", "url": url})
    assert of_the_sdk["file"] == {"file_data": "data:text/plain,two%20words"}
    part = {"type": "document", "source": {"type": "url", "value": url}}
    assert ag_ui._file_data(msgspec.convert(part, ag_ui._Part)) == {"file_data": url}


def test_a_file_that_was_given_up_is_read_anew_when_it_is_sent_again(owner: User) -> None:
    again = sent({"type": "file", "file": {"file_data": DATA}})
    inline_attachments.stored(owner.pk, again)
    for _ in range(storage.MAX_ATTEMPTS + 1):
        claimed = storage.claim(-1)
    assert claimed is not None
    storage.fail(claimed, storage.GIVEN_UP)
    inline_attachments.stored(owner.pk, again)
    row = Attachment.objects.get()
    assert (row.state, row.detail, row.attempts) == (ReadingState.READING, "", 0)
    claimed = storage.claim(60)
    assert claimed is not None
    storage.fail(claimed, "It is damaged.")
    inline_attachments.stored(owner.pk, again)
    row.refresh_from_db()
    assert row.state == ReadingState.FAILED

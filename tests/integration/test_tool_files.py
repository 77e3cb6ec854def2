"""Pictures in results of tools: stored within the sizes and quotas of uploads, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, transaction

from chat import conf
from chat.models import Attachment, AttachmentUse, Message, User
from chat.responses import tool_files
from chat.threads import attachments, uploads
from chat.tools import PictureRefused
from chat.tools.calling import ToolResult
from tests.fixtures.database import close_database_threads
from tests.fixtures.tools import PNG
from tests.integration.admin_rows import make_thread

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner() -> Iterator[int]:
    yield User.objects.create(username="ann").pk
    close_database_threads()


def keep(owner: int, data: bytes = PNG) -> int:
    """Keep a picture as a call does; return its key."""
    keys: list[int] = []
    path = asyncio.run(tool_files.keep_picture(owner, keys, data))
    assert path.startswith(attachments.PATH)
    return keys[0]


def test_a_picture_is_stored_once_for_its_owner(owner: int) -> None:
    assert keep(owner) == keep(owner)
    assert Attachment.objects.get().owner_id == owner


@pytest.mark.parametrize("data", [b"", b"<svg/>", PNG[:20], b"%PDF-1.7"])
def test_what_is_no_picture_is_not_kept(owner: int, data: bytes) -> None:
    with pytest.raises(PictureRefused, match="PNG, JPEG, WebP or GIF"):
        keep(owner, data)


def test_a_picture_has_the_size_of_an_upload(owner: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "settings", replace(conf.settings, attachment_bytes=10))
    with pytest.raises(PictureRefused, match="10 bytes"):
        keep(owner)


def test_pictures_count_in_their_owners_quota(owner: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "settings", replace(conf.settings, attachments=0))
    with pytest.raises(PictureRefused, match="At most 0"):
        keep(owner)


def test_a_picture_is_parsed_outside_of_a_transaction(owner: int, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bool] = []

    def read(*given: Any) -> Any:
        parsed.append(connection.in_atomic_block)
        return uploads.read_upload(*given)

    monkeypatch.setattr(tool_files, "read_upload", read)
    keep(owner)
    assert parsed == [False]


def test_a_picture_that_was_deleted_meanwhile_costs_no_result(owner: int) -> None:
    message = Message.objects.filter(thread=make_thread(User.objects.get(pk=owner), "hi")).first()
    assert message is not None
    message.tool_call_id = "call"
    kept, deleted = keep(owner), 0
    with transaction.atomic():
        tool_files.link_files(message, [message], {"call": ToolResult("", pictures=(kept, deleted, kept))})
    assert AttachmentUse.objects.get().attachment_id == kept

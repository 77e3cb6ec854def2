"""A reader of a link takes a bounded part of the shared chat along into a thread of their own."""

from __future__ import annotations

import pytest

from chat.models import Message, Share, Thread, User
from chat.threads import shares

pytestmark = pytest.mark.django_db


def shared_chat(*contents: str) -> tuple[Share, list[int]]:
    """Share a chat of such messages; return the link, and their keys."""
    owner = User.objects.create(username="olga")
    thread = Thread.objects.create(owner=owner, public_id="t", title="Tides", model="c1")
    parent: int | None = None
    keys = []
    for position, content in enumerate(contents):
        row = Message(
            owner=owner, thread=thread, public_id=f"m{position}", content=content, plain_text=content, turn=0
        )
        row.position, row.parent_id, row.role = position, parent, ("user", "assistant")[position % 2]
        row.save()
        parent = row.pk
        keys.append(row.pk)
    return Share.objects.create(owner=owner, thread=thread, leaf_id=keys[-1]), keys


def test_of_a_long_chat_the_newest_messages_go_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "CONTINUED_BYTES", 200)
    share, keys = shared_chat("x" * 60, "y" * 40, "z" * 50)
    assert shares.continued(share.public_id) == ("Tides", keys[1:])
    assert [turn.content.text for turn in shares.turns_of(keys[1:])] == ["y" * 40, "z" * 50]


def test_one_message_that_is_longer_goes_along_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "CONTINUED_BYTES", 200)
    share, keys = shared_chat("x", "y" * 200)
    assert shares.continued(share.public_id) == ("Tides", keys[1:])

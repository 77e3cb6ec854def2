"""Pages of a thread's messages from its beginning on."""

from __future__ import annotations

import pytest

from chat.exceptions import BadRequest
from chat.models import Message, Thread, User
from chat.threads import messages

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> int:
    """Make a chat of four messages of 40 bytes, and return its owner."""
    owner = User.objects.create(username="olga")
    thread, parent = Thread.objects.create(owner=owner, public_id="t", model="c1"), None
    for position in range(4):
        parent = Message.objects.create(
            owner=owner, thread=thread, public_id=f"m{position}", content="x" * 40, role="user", turn=0,
            position=position, parent=parent,
        )  # fmt: skip
    Thread.objects.filter(pk=thread.pk).update(leaf=parent)
    return owner.pk


def ids(owner: int, limit: int, after: str | None = None) -> tuple[list[str], bool]:
    shown, more = messages.page_after(owner, "t", limit, after)
    return [view.id for view in shown], more


def test_a_page_holds_no_more_bytes_than_others(owner: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "PAGE_BYTES", 100)
    assert ids(owner, 100) == (["m0", "m1"], True)
    assert ids(owner, 100, "m1") == (["m2", "m3"], False)
    assert ids(owner, 1, "m2") == (["m3"], False)


def test_a_page_behind_an_unknown_message_is_refused(owner: int) -> None:
    with pytest.raises(BadRequest):
        ids(owner, 1, "unknown")

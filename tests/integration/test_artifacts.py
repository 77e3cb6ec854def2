"""Artifacts: each edit a new version, read by their readers alone, and gone with their message."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from chat.accounts import accounts, erasure
from chat.exceptions import NotFound
from chat.governance import deletion, redaction
from chat.models import Artifact, AuditLogEntry, Message, Response, Status, StoredBytes, Thread, User
from chat.responses.claims import imports
from chat.schemas import Content, Turn
from chat.text import artifact_tags, escape
from chat.threads import artifacts, messages
from tests.integration.conversation_driver import NAME, ConversationDriver

pytestmark = pytest.mark.django_db

RIGHTS = ("view_thread", "view_message", "read_content")


@pytest.fixture
def talk() -> ConversationDriver:
    return ConversationDriver(User.objects.create(username="ada"))


def artifact(words: str, name: str = "plan", kind: str = "report") -> str:
    start, end = artifact_tags(name, kind, "1")
    return f"{start}{escape(words)}{end}"


def say(talk: ConversationDriver, reply: str, status: Status = Status.DONE) -> Message:
    stream = talk.prompt("More")
    assert stream is not None
    talk.say(stream, reply)
    talk.end(stream, status)
    return Message.objects.get(response=stream.job.response, role="assistant", hidden=False)


def versions(talk: ConversationDriver, public_id: str = "plan") -> list[tuple[int, str, str]]:
    owner = talk.user.pk
    found = artifacts.show(owner, public_id, None).versions
    return [(row.version, row.title, artifacts.show(owner, public_id, row.version).content) for row in found]


def test_each_edit_of_an_artifact_is_a_version_that_can_be_read(talk: ConversationDriver) -> None:
    for words in ("# One <1>", "# Two", "# Three"):
        say(talk, f"Here: {artifact(words)} Good?")
    assert versions(talk) == [(1, "One <1>", "# One &lt;1&gt;"), (2, "Two", "# Two"), (3, "Three", "# Three")]
    (listed,) = artifacts.of_thread(talk.user.pk, NAME)
    assert (listed.public_id, listed.kind, listed.version, listed.title) == ("plan", "report", 3, "Three")


def test_a_message_may_hold_several_artifacts_and_versions(talk: ConversationDriver) -> None:
    say(talk, artifact("A1") + artifact("B1", "other", "slides") + artifact("A2"))
    assert [version[2] for version in versions(talk)] == ["A1", "A2"]
    rows = artifacts.of_thread(talk.user.pk, NAME)
    assert [(row.public_id, row.version) for row in rows] == [("plan", 2), ("other", 1)]


@pytest.mark.parametrize("status", [Status.STOPPED, Status.INTERRUPTED])
def test_an_artifact_that_was_cut_off_is_no_version(talk: ConversationDriver, status: Status) -> None:
    say(talk, artifact("One"))
    say(talk, artifact("Two")[:-5], status)
    assert [version[0] for version in versions(talk)] == [1]


def test_a_foreign_unknown_or_deleted_artifact_and_version_are_not_found(talk: ConversationDriver) -> None:
    say(talk, artifact("One"))
    other = User.objects.create(username="bob").pk
    asked = [(other, "plan", None), (talk.user.pk, "nothing", None), (talk.user.pk, "plan", 2)]
    for wanted in asked:
        with pytest.raises(NotFound):
            artifacts.show(*wanted)
    with pytest.raises(NotFound):
        artifacts.of_thread(other, NAME)
    deletion.soft_delete(Thread.objects.get())
    with pytest.raises(NotFound):
        artifacts.show(talk.user.pk, "plan", None)


def test_two_users_may_have_the_same_id(talk: ConversationDriver) -> None:
    bob = ConversationDriver(User.objects.create(username="bob"))
    say(talk, artifact("Ada's"))
    say(bob, artifact("Bob's"))
    assert (versions(talk)[0][2], versions(bob)[0][2]) == ("Ada's".replace("'", "&#39;"), "Bob&#39;s")


def test_the_same_id_in_another_chat_is_another_artifact(talk: ConversationDriver) -> None:
    say(talk, artifact("One"))
    turns = (Turn("user", Content("Hi")), Turn("assistant", Content(artifact("Copy"))))
    copy = imports.create_thread(talk.user.pk, "copy", "c1", turns, None)
    assert [version[2] for version in versions(talk)] == ["One"]
    (row,) = artifacts.of_thread(talk.user.pk, "copy")
    assert (row.version, row.public_id != "plan") == (1, True)
    assert artifacts.in_thread(copy.pk, "plan").content == "Copy"


def test_a_replaced_reply_keeps_its_version_with_the_new_text(talk: ConversationDriver) -> None:
    row = say(talk, artifact("One"))
    messages.replace(talk.user.pk, NAME, row.public_id, artifact("Changed") + "\n<context>[]</context>")
    assert versions(talk) == [(1, "Changed", "Changed")]
    messages.replace(talk.user.pk, NAME, row.public_id, "Nothing left")
    assert not Artifact.objects.exists()


def test_a_redaction_leaves_no_word_of_an_artifact(talk: ConversationDriver) -> None:
    say(talk, artifact("canary one", "canary", "canary"))
    row = say(talk, artifact("canary two", "art_0123456789abcdef"))
    redaction.redact_message(row, "staff")
    (left,) = artifacts.show(talk.user.pk, "art_0123456789abcdef", None).versions
    assert (left.title, artifacts.show(talk.user.pk, left.public_id, 1).content) == ("[removed]", "[removed]")
    assert versions(talk, "canary")[0][1] == "canary one"
    redaction.redact_thread(Thread.objects.get(), "staff")
    assert "canary" not in str(list(Artifact.objects.values_list()))
    assert Artifact.objects.count() == 2


def test_the_rows_of_artifacts_count_as_stored_and_go_with_their_thread_or_user(
    talk: ConversationDriver,
) -> None:
    def stored() -> int:
        return sum(StoredBytes.objects.values_list("bytes", flat=True))

    say(talk, artifact("One"))
    counted = stored()
    Artifact.objects.all().delete()
    assert stored() == counted - 512
    say(talk, artifact("Two"))
    deletion.delete_threads([Thread.objects.get().pk])
    assert (Artifact.objects.count(), stored()) == (0, 0)
    say(talk, artifact("Three"))
    erasure.begin(talk.user.pk)
    while not erasure.erase_batch(talk.user.pk):
        pass
    assert (Artifact.objects.count(), stored()) == (0, 0)


def test_a_guests_artifacts_move_into_the_account(talk: ConversationDriver) -> None:
    guest = ConversationDriver(User.objects.create(username="guest", is_guest=True))
    say(talk, artifact("Mine"))
    say(guest, artifact("The guest's"))
    accounts.merge(guest.user.pk, talk.user.pk)
    assert [version[2] for version in versions(talk)] == ["Mine"]
    assert Artifact.objects.owned_by(talk.user.pk).count() == 2
    assert Response.objects.owned_by(guest.user.pk).count() == 0


def test_only_the_first_artifacts_of_a_reply_count(talk: ConversationDriver) -> None:
    say(talk, "".join(artifact("x", f"a{number}") for number in range(100)))
    assert Artifact.objects.count() == 20


def test_staff_with_the_permission_see_artifacts_and_what_changed(
    talk: ConversationDriver, staff: Callable[..., Client]
) -> None:
    say(talk, artifact("# Plan\n\nTen ships"))
    row = say(talk, artifact("# Plan\n\nNine ships"))
    shown = {
        name: staff(*rights).get(f"/admin/chat/{path}/change/").content.decode()
        for name, rights, path in (
            ("thread", RIGHTS, f"thread/{row.thread_id}"),
            ("message", RIGHTS, f"message/{row.pk}"),
            ("barred", RIGHTS[:-1], f"thread/{row.thread_id}"),
        )
    }
    assert "Plan</a>, report, version 2" in shown["thread"]
    assert "Plan, report, version 2" in shown["message"]
    assert "-Ten ships\n+Nine ships" in shown["message"]
    assert "version 2" not in shown["barred"]
    assert AuditLogEntry.objects.filter(object_pk=row.thread_id, kind="thread").exists()

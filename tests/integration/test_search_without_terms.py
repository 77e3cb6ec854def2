"""Rows of an older program, and others without terms, are found at once, and by no word that their text has lost."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection

from chat.models import Message, User
from chat.schemas import ThreadChange
from chat.threads import threads
from chat.threads.search import index as search_index
from tests.integration.conversation_driver import NAME, ConversationDriver
from tests.integration.test_search import found, say


@pytest.fixture
def talk(db: None) -> ConversationDriver:
    return ConversationDriver(User.objects.create(username="ada"))


def forget_terms() -> None:
    """Leave all messages as the program left them that had no terms."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE chat_message SET terms = NULL, search = to_tsvector('simple', readable)")


def test_rows_of_an_older_program_are_found_at_once_and_in_full_once_indexed(
    talk: ConversationDriver,
) -> None:
    say(talk, "Wombats live in 上海东边", "Indeed")
    threads.change(talk.user.pk, NAME, ThreadChange("Untitled", None, None, None))
    forget_terms()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_index, "ROWS", 0)
        assert (len(found(talk, "wombat")), len(found(talk, "wombats")), found(talk, "海东")) == (1, 1, [])
    assert search_index.index_messages() == 2
    assert (len(found(talk, "wombat")), len(found(talk, "海东"))) == (1, 1)


def test_terms_of_an_older_program_with_letters_that_are_folded_now_are_found(
    talk: ConversationDriver,
) -> None:
    say(talk, "مدرسة ٢٠٢٤ カタ")
    threads.change(talk.user.pk, NAME, ThreadChange("Untitled", None, None, None))
    former = "'مدرسة':1 '٢٠٢٤':2 'カタ':3 'タ':3"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE chat_message SET terms = %s::tsvector", [former])
        assert found(talk, "مدرسه") == []
        cursor.execute(*import_module("chat.migrations.0034_alike_letters").statement("chat_message"))
    assert [len(found(talk, words)) for words in ("مدرسة", "مدرسه", "2024", "カタ", "かた")] == [1] * 5


def test_a_text_changed_by_an_older_program_is_found_by_its_new_words_alone(talk: ConversationDriver) -> None:
    say(talk, "Something", "Old words")
    Message.objects.filter(plain_text="Old words").update(plain_text="Fresh ones")
    assert (len(found(talk, "old")), len(found(talk, "fresh"))) == (0, 1)


@pytest.mark.parametrize("terms", [None, "'fresh':1"])
def test_no_former_word_of_an_older_programs_row_outlives_its_text(
    talk: ConversationDriver, terms: str | None
) -> None:
    say(talk, "Something", "Old words")
    forget_terms()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE chat_message SET readable = 'Fresh ones', terms = %s::tsvector WHERE readable = 'Old words'",
            [terms],
        )
        cursor.execute("SELECT search::text FROM chat_message WHERE readable = 'Fresh ones'")
        assert cursor.fetchone() == (None if terms else "'fresh':1 'ones':2",)


def test_texts_that_are_written_without_terms_are_found_at_once(
    talk: ConversationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(talk, "Something", "Else")
    monkeypatch.setattr(search_index, "ROWS", 0)
    row = {"owner": talk.user, "thread": talk.thread, "role": "user", "turn": 9}
    Message.objects.create(public_id="m", content="Ocelots", plain_text="Ocelots", **row)
    Message.objects.filter(plain_text="Else").update(plain_text="Wombats")
    assert [len(found(talk, words)) for words in ("ocelot", "wombat", "else")] == [1, 1, 0]

"""Search finds the readable text of a user's own threads, and marks the matches."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.models import Message, Status, Thread, User
from chat.schemas import ThreadChange
from chat.text import escape
from chat.text.search_terms import MAX_QUERY_TERMS, query_terms
from chat.threads import messages, threads
from chat.threads.search import index as search_index
from chat.threads.search.excerpts import EXCERPT_CHARACTERS, Excerpt, excerpt
from chat.threads.search.search import search, search_words
from chat.threads.threads import Listing
from tests.integration.conversation_driver import NAME, ConversationDriver
from tests.integration.thought_rows import converse
from tests.unit.c1_samples import FORM, PROGRAM, TYPED, version_1, version_2

# Seconds of CPU for one excerpt, 20 times the usual; a pattern of all words took more than a second.
EXCERPT_SECONDS = 0.3
ALL = Listing(20, None, "", None)
TREE = {
    "component": "Card",
    "props": {"children": [{"component": "TextContent", "props": {"text": "The quokka naps"}}]},
}


@pytest.fixture
def talk(db: None) -> ConversationDriver:
    return ConversationDriver(User.objects.create(username="ada"))


def say(talk: ConversationDriver, prompt: str, reply: str = "Yes.", status: Status = Status.DONE) -> None:
    stream = talk.prompt(prompt)
    assert stream is not None
    talk.say(stream, reply)
    talk.end(stream, status)


def found(talk: ConversationDriver, words: str) -> list[Excerpt]:
    hits, _ = search(talk.user.pk, replace(ALL, words=words))
    return [part for _, part in hits]


def marked(part: Excerpt) -> list[str]:
    """Return the marked texts; check that the ranges are ordered and inside the text."""
    flat = [end for pair in part.ranges for end in pair]
    assert flat == sorted(flat)
    assert all(0 <= end <= len(part.text) for end in flat)
    return [part.text[start:stop] for start, stop in part.ranges]


@pytest.mark.parametrize(
    ("reply", "words", "hits"),
    [
        (version_2(PROGRAM), "orchard", ["orchard"]),
        (version_2(PROGRAM), "harv", ["Harvest"]),
        (version_2(PROGRAM), "pickers NEEDED", ["Pickers", "needed"]),
        (version_1(TREE), "quokka nap", ["quokka", "naps"]),
        ("Plain **Markdown** words", "markdown", ["Markdown"]),
    ],
)
def test_words_of_a_reply_are_found(
    talk: ConversationDriver, reply: str, words: str, hits: list[str]
) -> None:
    say(talk, "Something", reply)
    (part,) = found(talk, words)
    assert marked(part)[: len(hits)] == hits


@pytest.mark.parametrize(
    "words", ["TextContent", "openui", "thesys", "buttons", "componentType", "quot", "nbsp"]
)
def test_invisible_parts_of_a_message_are_not_found(talk: ConversationDriver, words: str) -> None:
    say(talk, FORM, version_2(PROGRAM))
    assert found(talk, words) == []


def test_words_of_a_form_are_found(talk: ConversationDriver) -> None:
    say(talk, FORM)
    (part,) = found(talk, "count 7")
    assert 'count: 7 "or" <8>' in part.text
    assert {"count", "7"} <= set(marked(part))


def test_a_title_is_found_ahead_of_a_mention(talk: ConversationDriver) -> None:
    say(talk, "A word about wombats")
    threads.change(talk.user.pk, NAME, ThreadChange("Other things", None, None, None))
    Thread.objects.create(owner=talk.user, public_id="titled", title="Wombats", model="c1")
    hits, _ = search(talk.user.pk, replace(ALL, words="wombats"))
    assert [thread.public_id for thread, _ in hits] == ["titled", NAME]


def test_a_replaced_reply_is_found_by_its_new_words_alone(talk: ConversationDriver) -> None:
    say(talk, "Something", "Old words")
    (_, reply), _ = messages.page(talk.user.pk, NAME, messages.MessageRange(10))
    messages.replace(talk.user.pk, NAME, reply.id, "New words")
    assert (len(found(talk, "old")), len(found(talk, "new"))) == (0, 1)


def test_a_stopped_reply_is_found_by_its_kept_text(talk: ConversationDriver) -> None:
    stream = talk.prompt("Something")
    assert stream is not None
    talk.say(stream, "Seen unseen")
    talk.end(stream, Status.STOPPED, offset=4)
    assert (len(found(talk, "seen")), len(found(talk, "unseen"))) == (1, 0)


def test_hidden_messages_and_system_texts_are_not_found(talk: ConversationDriver) -> None:
    stream = talk.prompt("Something")
    assert stream is not None
    talk.say(stream, "Visible ")
    assert talk.add_round(stream, ["xylograph"])
    talk.end(stream, Status.DONE)
    threads.change(talk.user.pk, NAME, ThreadChange(None, None, "xylograph", None))
    Message.objects.filter(hidden=True).update(plain_text="xylograph")  # as nothing writes it
    assert (found(talk, "xylograph"), found(talk, "clock"), len(found(talk, "visible"))) == ([], [], 1)


def test_a_prompt_that_waits_or_was_withdrawn_is_not_found(talk: ConversationDriver) -> None:
    talk.prompt("First")
    waiting = talk.prompt("xylograph", busy="queue")
    assert waiting is not None
    assert found(talk, "xylograph") == []
    talk.end(waiting, Status.STOPPED)
    assert found(talk, "xylograph") == []


def test_another_users_threads_are_not_found(talk: ConversationDriver) -> None:
    stranger = ConversationDriver(User.objects.create(username="bob"))
    say(stranger, "wombats wombats", "wombats")
    assert (len(found(stranger, "wombats")), found(talk, "wombats")) == (1, [])
    say(talk, "A word about wombats")
    hits, cursor = search(talk.user.pk, Listing(1, None, "wombats", None))
    assert ([thread.owner_id for thread, _ in hits], cursor) == ([talk.user.pk], None)


def test_markup_in_an_excerpt_is_the_text_that_was_typed(talk: ConversationDriver) -> None:
    say(talk, TYPED, '<content thesys="true">' + escape("A <mark>wombat</mark> & co") + "</content>")
    (typed,), (said,) = found(talk, "again"), found(talk, "wombat")
    assert (typed.text, marked(typed)) == ('And "again" <b>&</b>', ["again"])
    assert (said.text, marked(said)) == ("A <mark>wombat</mark> & co", ["wombat"])


def test_pages_of_hits_follow_one_another_without_gap_or_repeat(talk: ConversationDriver) -> None:
    for number in range(5):
        Thread.objects.create(
            owner=talk.user, public_id=f"t{number}", title="Wombats " * (1 + number // 2), model="c1"
        )
    seen: list[str] = []
    cursor = None
    while not seen or cursor:
        hits, cursor = search(talk.user.pk, Listing(2, cursor, "wombats", None))
        seen += [thread.public_id for thread, _ in hits]
    assert sorted(seen) == [f"t{number}" for number in range(5)]


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=400), st.text(max_size=20))
def test_an_excerpt_is_a_piece_of_the_text_and_its_ranges_are_in_it(found: str, words: str) -> None:
    part = excerpt(found, query_terms(words))
    assert part.text in found
    assert len(part.text) <= EXCERPT_CHARACTERS
    assert all(marked(part))


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=300), st.from_regex(r"[a-z]{3,8}", fullmatch=True), st.text(max_size=300))
def test_an_excerpt_shows_the_word_wherever_it_stands(before: str, word: str, after: str) -> None:
    assert word in [
        one.lower()[: len(word)]
        for one in marked(excerpt(f"{before} {word} {after}", query_terms(word.upper())))
    ]


@pytest.mark.parametrize(
    ("said", "words", "hit"),
    [
        ("我家在上海东边", "上海", "上海"),
        ("我家在上海东边", "上海东边", "上海东边"),
        ("バッタと鈴虫を見た", "鈴虫", "鈴虫"),
        ("バッタと鈴虫を見た", "虫", "虫"),
        ("ﾊﾞｯﾀと鈴虫", "バッタ", "ﾊﾞｯﾀ"),
        ("ฉันอยู่กรุงเทพมหานคร", "กรุงเทพ", "กรุงเทพ"),
        ("우리는 대한민국에서 산다", "민국", "민국"),
        ("We use Python入門 here", "入門", "入門"),
        ("We use Python入門 here", "python", "Python"),
        ("A café in Łódź", "cafe", "café"),
        ("A café in Łódź", "lodz", "Łódź"),
        ("A cafe in Lodz", "café Łódź", "cafe"),
        ("Die Straße", "STRASSE", "Straße"),
        # bibletime/bibletime#255, goldendict/goldendict#474
        ("كَتَبَ الرسالة", "كتب", "كَتَبَ"),
        ("آكل التفاح", "اكل", "آكل"),
        ("العــربية", "العربية", "العــربية"),
        ("שָׁלוֹם", "שלום", "שָׁלוֹם"),
        ("ἄνθρωπος", "ανθρωπος", "ἄνθρωπος"),
        ("Ёлка", "елка", "Ёлка"),
        ("Việt Nam", "viet nam", "Việt"),
        ("Đà Nẵng", "da nang", "Đà"),
        ("İstanbul", "istanbul", "İstanbul"),
        ("Résumé of caf\u00e9", "cafe\u0301", "caf\u00e9"),
        ("Re\u0301sume\u0301 of it", "R\u00e9sum\u00e9", "Re\u0301sume\u0301"),
        ("my_module.parse_config(path)", "parse_config", "parse"),
        ("my_module.parse_config(path)", "config", "config"),
        ("call parseConfig or HTTPServer", "config", "Config"),
        ("call parseConfig or HTTPServer", "server", "Server"),
        ("call parseConfig or HTTPServer", "parseconfig", "parseConfig"),
        ("see file-name.yaml", "file-name", "file"),
        ("see file-name.yaml", "yaml", "yaml"),
        ("https://docs.example.org/guide?x=1", "example.org", "example"),
        ("https://docs.example.org/guide?x=1", "guide", "guide"),
        ("mail jan.novak@example.org", "novak", "novak"),
        ("mail jan.novak@example.org", "jan.novak@example.org", "jan"),
        ("runs on 192.168.17.4", "168.17", "168.17"),
        ("needs v2.31.7 of it", "2.31", "2.31"),
        ("needs v2.31.7 of it", "v2.31.7", "v2.31.7"),
        ("on 2026-11-28 at 10:30", "11-28", "11-28"),
        ("O'Brien's file", "o'brien", "O"),
        # Words that others write as one, or with another sign
        ("Send an e-mail", "email", "e-mail"),
        ("Send an email", "e-mail", "email"),
        ("Wi\u2011Fi is off", "wifi", "Wi\u2011Fi"),
        ("use get_user_name here", "getUserName", "get_user_name"),
        ("use getUserName here", "get_user_name", "getUserName"),
        ("with nodejs", "node.js", "nodejs"),
        ("as UTF8", "utf-8", "UTF8"),
        ("by O’Brien", "obrien", "O’Brien"),
        ("it is 2,500.50", "2500", "2,500.50"),
        ("it is 2500", "2,500", "2500"),
        # alphagov/search-api, apache/lucene's ArabicNormalizationFilter and PersianNormalizationFilter
        ("في المدرسة", "مدرسه", "مدرسة"),
        ("مستشفى كبير", "مستشفي", "مستشفى"),
        ("کتاب فارسی", "كتاب فارسي", "کتاب"),
        ("سنة ٢٠٢٤", "2024", "٢٠٢٤"),
        ("ひらがなで", "ヒラガナ", "ひらがな"),
        ("well done 🎉!", "🎉", "🎉"),
        ("thumbs 👍🏽", "👍", "👍🏽"),
        ("costs 5€", "€", "€"),
    ],
)
def test_words_are_found_in_every_script_and_spelling(
    talk: ConversationDriver, said: str, words: str, hit: str
) -> None:
    say(talk, said)
    say(talk, "Something else altogether")
    threads.change(talk.user.pk, NAME, ThreadChange("Untitled", None, None, None))
    (part,) = found(talk, words)
    assert hit in marked(part)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("我家在上海东边", "上边"),
        ("version 12.31.7", "2.31"),
        ("nothing of it", "ing"),
        ("a list of 3 and 11 things", "3.11"),
        ("words", "💥"),
    ],
)
def test_parts_that_stand_apart_or_inside_a_word_are_not_found(
    talk: ConversationDriver, said: str, words: str
) -> None:
    say(talk, said)
    assert found(talk, words) == []


def test_a_query_of_thousands_of_words_costs_no_more_than_a_short_one() -> None:
    many = " ".join(f"word{number}" for number in range(20_000))
    assert len(query_terms(many)) == MAX_QUERY_TERMS
    began = time.thread_time()
    excerpt("a xword1 and wxord " * 5_000, query_terms(many))
    assert time.thread_time() - began < EXCERPT_SECONDS


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("A sentence of several words that goes on until ", "of several words that goes on until harbour"),
        ("Short words ", "Short words harbour"),
        ("x" * 100 + "/", "x" * 39 + "/harbour"),
        ("長い文章" * 20, ("長い文章" * 10) + "harbour"),
    ],
)
def test_an_excerpt_begins_with_a_word(before: str, expected: str) -> None:
    assert excerpt(f"{before}harbour", query_terms("harbour")).text == expected


def test_a_word_of_a_thought_finds_its_thread_with_a_marked_excerpt(talk: ConversationDriver) -> None:
    converse(talk, "What now?", "Perhaps the wombat digs", "Wait and see.")
    [part] = found(talk, "wombat")
    assert (part.text, part.thinking, marked(part)) == ("Perhaps the wombat digs", True, ["wombat"])


def test_the_excerpt_is_of_the_text_where_that_matches_too(talk: ConversationDriver) -> None:
    converse(talk, "What now?", "wombat wombat wombat", "The wombat digs among " + "other words " * 200)
    [part] = found(talk, "wombat")
    assert (part.text[:10], part.thinking) == ("The wombat", False)


def test_a_thread_that_says_a_word_stands_above_those_that_thought_it(talk: ConversationDriver) -> None:
    converse(talk, "What now?", "wombat", "Wait and see.")
    Thread.objects.update(public_id="thinking")
    converse(talk, "What now?", "Hm", "A wombat digs, which takes a while and many other words. " * 5)
    hits, cursor = search(talk.user.pk, replace(ALL, words="wombat", limit=1))
    more, _ = search(talk.user.pk, replace(ALL, words="wombat", limit=1, cursor=cursor))
    assert [thread.public_id for thread, _ in hits + more] == [NAME, "thinking"]


def test_a_thought_is_found_by_its_owner_alone_and_by_no_tool(talk: ConversationDriver) -> None:
    converse(talk, "What now?", "wombat", "Wait and see.")
    other = ConversationDriver(User.objects.create(username="bob"))
    assert found(other, "wombat") == []
    assert search_words(talk.user.pk, "wombat") == []
    assert search_words(talk.user.pk, "wait") != []


def test_a_long_thought_is_indexed_by_its_beginning_even_if_that_ends_inside_a_character(
    talk: ConversationDriver,
) -> None:
    thought = "early " + "é" * search_index.THOUGHT_BYTES + " late"
    converse(talk, "What now?", thought, "Wait and see.")
    assert (len(found(talk, "early")), found(talk, "late")) == (1, [])


def test_thoughts_are_indexed_in_the_background_once_they_have_ended(talk: ConversationDriver) -> None:
    stream = talk.prompt("What now?")
    assert (stream is not None, search_index.index_thoughts()) == (True, 0)
    converse(talk, "And now?", "wombat", "Wait and see.")
    assert [search_index.index_thoughts() for _ in range(2)] == [1, 0]

"""The demo model in German: whole answers in the language of the question, and prose with code, formulas and a diagram."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from chat.demo.blocks import DATA, TEXTS, Calls, DemoAnswer, MarkdownAnswer, Reply
from chat.demo.conversation import DemoRequest
from chat.demo.formats import prose, write
from chat.demo.language import language_of
from chat.demo.replies import reply
from tests.unit.test_demo import QUESTIONS

PAIRS = {
    "Hallo": "hello",
    "Zeig mir den Umsatz": "Show me sales by region",
    "Vergleiche den Umsatz mit dem Vorjahr": "Compare sales with last year",
    "Zeige den Umsatz nach Monat": "Show the monthly sales trend",
    "Zeige den Umsatz nach Quartal": "Show me a chart of sales by quarter",
    "Zeige die Anteile am Umsatz": "Show sales shares as a pie",
    "Welche Region wächst am schnellsten?": "Which region grows fastest?",
    "Umsatz nach Produkt": "sales by product",
    "Plane eine Reise nach Kopenhagen": "Plan a trip to Copenhagen",
    "Plane die Reise nach Kyoto günstiger": "Make the trip to Kyoto cheaper",
    "Was soll ich für Lissabon einpacken?": "What should I pack for Lisbon?",
    "Einen Tisch reservieren": "Book a table",
    "Ändere die Buchung": "Change the booking",
    "Storniere die Buchung": "Cancel the booking",
    "Was steht auf der Speisekarte?": "What is on the menu?",
    "Wie spät ist es in Tokyo?": "What time is it in Tokyo?",
    "Durchsuche meine Chats nach Umsatz": "Search my chats for sales",
    "Denk über ein Rätsel nach": "Think about a riddle",
    "Erzähl eine lange Geschichte": "Tell me a long story",
    "Zähle bis 40": "Count to 40",
    "Zeige die Fehler-Demos": "Show me the error demos",
    "Warum ist der Himmel blau?": "Why is the sky blue?",
    "Was ist 12*(3+4)?": "What is 12*(3+4)?",
    "Zeige Code in drei Sprachen": "Show me code in three languages",
    "Wie funktioniert der Zinseszins?": "How does compound interest work?",
    "Zeichne den Weg einer Bestellung als Ablaufdiagramm": "Draw the way of an order as a flow chart",
}
ENGLISH = re.compile(r"\b(the|and|of|with|your|you|is|are|this|that|from|for|what|not|all)\b", re.IGNORECASE)


def answered(text: str, *earlier: str, **more: Any) -> Reply:
    return reply(DemoRequest(text, earlier, **more))


def words_of(given_back: Reply) -> str:
    if isinstance(given_back, MarkdownAnswer):
        return re.sub(r"```.*?```", "", given_back.text, flags=re.DOTALL)
    assert isinstance(given_back, DemoAnswer), given_back
    return prose(given_back) + given_back.thought


def components(given_back: Reply) -> list[str]:
    assert isinstance(given_back, DemoAnswer)
    return [block.component for block in given_back.all_blocks()]


@pytest.mark.parametrize(("german", "english"), PAIRS.items())
def test_a_german_question_gets_the_same_answer_wholly_in_german(german: str, english: str) -> None:
    assert (language_of(german), language_of(english)) == ("de", "en")
    in_german, in_english = answered(german), answered(english)
    assert type(in_german) is type(in_english)
    assert ENGLISH.findall(words_of(in_german).replace(english, "")) == []
    assert ENGLISH.search(words_of(in_english))
    if isinstance(in_german, DemoAnswer):
        assert components(in_german) == components(in_english)


@pytest.mark.parametrize("question", [words for words in QUESTIONS if words])
def test_a_question_in_english_is_recognized_as_such(question: str) -> None:
    assert language_of(question) == "en"


def _buttons() -> Iterator[str]:
    places = {"place": "Lissabon"}
    for topic in TEXTS["de"].values():
        for words in topic.get("follow_ups", []) if isinstance(topic.get("follow_ups"), list) else []:
            yield words.replace("$place", places["place"])
    yield from TEXTS["de"]["shared"]["suggestions"]
    yield from (TEXTS["de"][topic]["submit"] for topic in ("booking", "trip"))


@pytest.mark.parametrize("button", sorted({words for words in _buttons() if not words.startswith("demo:")}))
def test_every_german_button_leads_to_a_german_answer(button: str) -> None:
    assert language_of(button) == "de"
    given_back = answered(button)
    assert isinstance(given_back, Calls) or "zu viel für eine Demo" not in words_of(given_back)


def test_a_question_without_words_is_answered_in_the_language_of_the_chat() -> None:
    assert "Computed by the demo" in words_of(answered("3*4", "Show me sales by region"))
    assert "ausgerechnet" in words_of(answered("3*4", "Zeig mir den Umsatz"))


def test_both_languages_have_the_same_topics_and_placeholders() -> None:
    for topic, texts in TEXTS["de"].items():
        for name, value in texts.items():
            fields = [sorted(set(re.findall(r"\$[a-z_]+", str(one)))) for one in (value, DATA[topic][name])]
            assert fields[0] == fields[1], (topic, name)


def test_prose_holds_code_in_three_languages_a_formula_and_a_diagram() -> None:
    for language in TEXTS:
        texts = TEXTS[language]
        fences = re.findall(r"^```(\w+)$", texts["code"]["markdown"], re.MULTILINE)
        assert fences == ["python", "typescript", "sql"]
        assert "$$" in texts["interest"]["markdown"]
        assert "```mermaid" in texts["flow"]["markdown"]


def test_prose_becomes_components_for_a_page_that_draws_nothing_else() -> None:
    given_back = answered("Show me code in three languages")
    assert isinstance(given_back, MarkdownAnswer)
    program = write(given_back.as_blocks())
    assert program.count('CodeBlock("') == 3
    assert 'CodeBlock("sql", "select word' in program
    assert "Demo model" in program

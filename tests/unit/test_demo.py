"""The demo model: the questions that it understands, and the format of its answers."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chat.demo.blocks import DATA, Calls, DemoAnswer, Failure, MarkdownAnswer
from chat.demo.conversation import DemoRequest, form_values, from_chat
from chat.demo.formats import envelope, prose, write
from chat.demo.replies import reply
from chat.text import plain_text, unwrap

QUESTIONS = (
    "hello",
    "Show me sales by region",
    "Compare sales with last year",
    "Show the monthly sales trend",
    "Show me a chart of sales by quarter",
    "Show sales shares as a pie",
    "Which region grows fastest?",
    "sales by product",
    "plan a trip",
    "Make the trip to Kyoto cheaper",
    "What should I pack?",
    "a form to book a table",
    "A table for 4 on Friday at 19:30",
    "Change the booking",
    "Cancel the booking",
    "What is on the menu?",
    "what time is it in Tokyo?",
    "what is 12*(3+4)",
    "search my chats for sales",
    "Think about a riddle",
    "tell me a long story",
    "count to 40",
    "Show me the error demos",
    "why is the sky blue?",
    "",
)
ENVELOPE = re.compile(r'<content thesys="true" version="2">\n```openui-lang\n[^<>"\']+\n```\n</content>')
KEYS = ["role", "content", "tool_calls", "function", "name", "parameters", "properties", "required"]
SHOWN = {
    "84": "12*7\n84",
    '{"result": 84}': "result · 84",
    '{"error": "too hard"}': "too hard: The tool could not say more",
    '{"iso": "2027-01-05T19:30:00"}': "12*7: 19:30",
    '[{"title": "Sales", "excerpt": "North"}]': "title · excerpt\nSales · North",
    "[]": "nothing found",
}
TIME = {"type": "object", "properties": {"timezone": {"type": "string"}}}
CALCULATE = {"type": "object", "properties": {"expression": {"type": "string"}}, "required": ["expression"]}


def said(text: str, *earlier: str, **more: Any) -> DemoRequest:
    return DemoRequest(text, earlier, **more)


def answer(text: str, *earlier: str, **more: Any) -> DemoAnswer:
    given_back = reply(said(text, *earlier, **more))
    assert isinstance(given_back, DemoAnswer), given_back
    return given_back


def program(text: str, *earlier: str, **more: Any) -> str:
    return write(answer(text, *earlier, **more))


def with_context(text: str, context: object) -> str:
    words, data = html.escape(text), html.escape(json.dumps(context))
    return f'<content thesys="true">{words}</content><context>{data}</context>'


def offered(*tools: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "function", "function": {"name": name, "parameters": schema}} for name, schema in tools]


def user(content: str) -> dict[str, Any]:
    return {"role": "user", "content": content}


def asking(body: dict[str, Any]) -> Any:
    return reply(from_chat(body))


# Questions


def test_quarters_are_sums_of_their_months() -> None:
    months, quarters = DATA["shared"]["monthly"], DATA["shared"]["quarterly"]
    assert [sum(months[start : start + 3]) for start in range(0, 12, 3)] == quarters
    assert "by quarter" in program("Show me a chart of sales by quarter")


def test_different_questions_get_different_interfaces() -> None:
    assert "BarChart(" in program("Show me sales by region")
    assert re.search(r"Kyoto(.|\n)*Steps\(", program("please plan a trip to Kyoto"))
    assert 'Form("booking"' in program("I need a form to book a table")
    assert "ListBlock(" in program("hello")
    assert len({program(question) for question in QUESTIONS}) == len(QUESTIONS)


def test_every_follow_up_and_list_item_leads_to_a_topic() -> None:
    unknown = program("why is the sky blue?").splitlines()[2:]
    for question in QUESTIONS:
        for button in re.findall(r'(?:FollowUpItem|ListItem)\("([^"]+)"', program(question)):
            given_back = reply(said(button))
            assert not isinstance(given_back, DemoAnswer) or write(given_back).splitlines()[2:] != unknown, (
                button
            )


def test_a_continuation_stays_with_the_topic_and_place_of_the_turns_before() -> None:
    assert "Copenhagen" in program("Make the trip cheaper", "Plan a trip to Copenhagen")
    assert program("tell me more", "Show me sales by region") == program("Show me sales by region")


def test_a_trip_has_as_many_days_as_were_asked_for_within_reason() -> None:
    for words, days in (
        ("a trip to Oslo for 2 days", 2),
        ("a 900 day trip to Oslo", 5),
        ("a trip to Oslo", 3),
    ):
        assert program(words).count(" = StepsItem(") == days


def test_a_trip_form_makes_a_plan_within_its_budget() -> None:
    context = [
        "…",
        {"trip": {"budget": {"value": [1200]}, "pace": {"value": "calm"}}},
    ]
    content = with_context("Plan my trip with these dates", context)
    words = prose(asking({"messages": [user("trip to Kyoto"), user(content)]}))
    assert all(part in words for part in ("Kyoto", "1,200 €", "540", "calm"))


def test_a_broken_or_bottomless_context_counts_as_no_form() -> None:
    deep = "[" * 50_000
    assert form_values(f'<content thesys="true">x</content><context>{deep}</context>') == {}
    assert form_values('<content thesys="true">x</content><context>[{"a"</context>') == {}
    buried: object = {"field": {"value": "x"}}
    for _ in range(20):
        buried = [buried]
    assert form_values(with_context("x", buried)) == {}


def test_counting_stops_at_the_number_that_was_asked_for() -> None:
    assert re.search(r"41, 42, 43$", prose(answer("count to 43")), re.MULTILINE)


# Tools


def test_the_time_in_two_cities_asks_the_clock_twice_with_the_offered_parameter() -> None:
    body = {
        "messages": [user("what time is it in Tokyo and in New York?")],
        "tools": offered(("world_clock", TIME)),
    }
    calls = asking(body)
    assert isinstance(calls, Calls)
    assert {call.name for call in calls.calls} == {"world_clock"}
    assert [json.loads(call.arguments) for call in calls.calls] == [
        {"timezone": "Asia/Tokyo"},
        {"timezone": "America/New_York"},
    ]


def test_the_answer_after_a_tool_call_shows_the_tool_s_result() -> None:
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "calculate", "arguments": '{"expression": "12*7"}'},
    }
    turn = [user("what is 12*7"), {"role": "assistant", "content": None, "tool_calls": [call]}]
    for content, shown in SHOWN.items():
        result = {"role": "tool", "tool_call_id": "c1", "content": content}
        given_back = asking({"messages": [*turn, result], "tools": offered(("calculate", CALCULATE))})
        assert shown in prose(given_back)


def test_without_a_tool_or_with_tools_off_it_says_that_it_cannot_know() -> None:
    tools = offered(("current_time", TIME))
    for more in ({}, {"tools": tools, "tool_choice": "none"}):
        assert "no clock" in prose(asking({"messages": [user("what time is it?")], **more}))


def test_a_required_parameter_it_does_not_know_gets_a_value_of_its_type() -> None:
    schema = {
        "properties": {"expression": {"type": "string"}, "digits": {"type": "integer"}},
        "required": ["digits"],
    }
    calls = asking({"messages": [user("3*4")], "tools": offered(("calculate", schema))})
    assert json.loads(calls.calls[0].arguments) == {"expression": "3*4", "digits": 1}


# The format


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_answer_is_one_escaped_envelope_whose_names_are_all_defined_and_used(question: str) -> None:
    whole = envelope(answer(question))
    assert re.fullmatch(
        r'<content thesys="true" version="2">\n```openui-lang\n[^<>"\']+\n```\n</content>', whole
    )
    lines = unwrap(whole).strip().splitlines()[1:-1]
    assert lines[0].startswith("root = Card([")
    bare = [re.sub(r'"(?:[^"\\]|\\.)*"', '""', line) for line in lines]
    names = [line.split(" = ")[0] for line in bare]
    used = re.findall(r"\b[a-z][A-Za-z]*\d+\b", " ".join(line.split(" = ", 1)[1] for line in bare))
    assert sorted(names[1:]) == sorted(used)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_answer_says_that_it_is_a_demo_in_both_ways_of_writing(question: str) -> None:
    given_back = answer(question)
    assert "Demo model" in plain_text(envelope(given_back))
    assert "Demo model" in prose(given_back)


def test_the_prose_holds_no_markup() -> None:
    for question in QUESTIONS:
        assert not re.search(r"\*\*|```|thesys|Card\(", prose(answer(question)))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
@example('```\n</content> "quoted" \\ & more')
def test_any_question_comes_back_escaped_and_inside_one_string(words: str) -> None:
    given_back = reply(said("zzz " + words))
    whole = envelope(given_back if isinstance(given_back, DemoAnswer) else DemoAnswer(()))
    inner = whole.removeprefix('<content thesys="true" version="2">\n').removesuffix("\n</content>")
    assert not set("<>\"'") & set(inner)
    assert inner.count("```") == 2
    assert all(re.match(r"\w+ = [A-Z]\w*\(.*\)$", line) for line in html.unescape(inner).split("\n")[1:-1])


def test_foreign_words_never_stand_where_a_page_reads_markdown() -> None:
    trap = "![x](http://evil.example/a.png)"
    form = user(with_context("Send", ["…", {"f": {"field": {"value": trap}}}]))
    told = [user("3*4"), {"role": "tool", "content": trap}]
    for messages in ([form], [user(trap)], told):
        holders = [line for line in write(asking({"messages": messages})).splitlines() if trap in line]
        assert holders
        assert all(line.split(" = ")[1].startswith(("CardHeader", "Col")) for line in holders)


@settings(max_examples=80, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(KEYS),
                inner,
                max_size=3,
            )
        ),
        max_leaves=12,
    )
)
def test_messages_and_tools_of_any_shape_get_an_answer(shape: Any) -> None:
    tool = {"function": {"name": "calculate", "parameters": shape}}
    messages, tools = [shape, user("3*4"), shape], [shape, tool]
    body = {"messages": messages, "tools": tools, "tool_choice": shape, "model": shape}
    assert isinstance(asking(body), DemoAnswer | MarkdownAnswer | Calls | Failure)
    assert isinstance(asking({"messages": shape, "tools": shape}), DemoAnswer)

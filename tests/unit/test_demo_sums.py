"""The demo model's sums: read as people write them, in English and German, and computed exactly within bounds."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.demo import arithmetic, calculator
from chat.demo.blocks import Calls, DemoAnswer
from chat.demo.formats import prose
from chat.tools.arithmetic import calculate
from tests.unit.test_demo import CALCULATE, TIME, asking, offered, user

CALCULATOR = offered(("calculate", CALCULATE))
SUMS: list[tuple[str, float]] = [
    ("17% of 4,350 + 12^2", 883.5),
    ("what is 17 percent of 4,350 + 12^2?", 883.5),
    ("1,000 + 1", 1001),
    ("1,234,567.5 * 2", 2_469_135),
    ("200 * 10%", 20),
    ("10% of 20% of 50", 1),
    ("5 + 3*10%", 5.3),
    ("17 % 5", 2),
    ("2^3^2", 512),
    ("2 to the power of 10", 1024),
    ("5 squared + 2 cubed", 33),
    ("5² + 2³", 33),
    ("-2**2", -4),
    ("2^0.5 * 2^0.5", 2),
    ("3 times (4 plus 5) - 1", 26),
    ("100 divided by 8", 12.5),
    ("100 over 8", 12.5),
    ("5 + (200/100)", 7),
    ("0.1 + 0.2", 0.3),
    ("wie viel ist 20 Prozent von 50?", 10),
    ("Was ist 17 % von 4.350 + 12^2?", 883.5),
    ("Was ist 1.000 + 1?", 1001),
    ("Rechne 1.234.567,5 mal 2", 2_469_135),
    ("berechne 1,5 + 2", 3.5),
    ("Wie viel ist 2 hoch 10 minus 24?", 1000),
    ("Was ist 100 geteilt durch 8?", 12.5),
    ("Was ist 2.5 * 2?", 5),
]
IMPOSSIBLE = {
    "1 / 0": "division by zero",
    "5 % (3 - 3)": "division by zero",
    "0^-1": "division by zero",
    "Was ist 1 geteilt durch 0?": "Division durch null",
    "9^9^9^9": "more than 60 digits",
    "10^60": "more than 60 digits",
    "Was ist 2 hoch 99999999?": "mehr als 60 Stellen",
    "2^1000000^0.5^0.000001": "more than 60 digits",
    "1.0000000001^(10^30)": "more than 60 digits",
    "(0-8)^0.5": "negative number",
}


def said(words: str, **more: Any) -> str:
    given_back = asking({"messages": [user(words)], **more})
    assert isinstance(given_back, DemoAnswer), given_back
    return prose(given_back)


def expression(question: str) -> str:
    calls = asking({"messages": [user(question)], "tools": CALCULATOR})
    assert isinstance(calls, Calls), calls
    return str(json.loads(calls.calls[0].arguments)["expression"])


@pytest.mark.parametrize("question", ["what is 12*(3+4)?", "12*(3+4)", "calculate 12 times (3 plus 4)"])
def test_arithmetic_goes_to_the_tool_that_calculates(question: str) -> None:
    tools = offered(("current_time", TIME), ("calculate", CALCULATE))
    calls = asking({"messages": [user(question)], "tools": tools})
    assert isinstance(calls, Calls)
    assert calls.calls[0].name == "calculate"
    assert re.sub(r"\s", "", json.loads(calls.calls[0].arguments)["expression"]) == "12*(3+4)"


@pytest.mark.parametrize(("question", "value"), SUMS)
def test_a_sum_in_people_s_notation_has_the_value_that_they_mean(question: str, value: float) -> None:
    asked = expression(question)
    assert float(asyncio.run(calculate(asked))) == pytest.approx(value, rel=1e-12)
    assert float(calculator.result(asked)) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    "question",
    [
        "what is 200 + 10%?",
        "17% 4350",
        "1,5 + 2",
        "1.000 + 1",
        "12,34 * 2",
        "2(3+4)",
        "1 000 + 1",
        "(1+2*3",
        "3 , 4 + 5",
        "2 / 10% of 50",
        "what is 3*4 and 5*6?",
        "(" * 1_500 + "1+1",
    ],
)
def test_an_ambiguous_sum_is_asked_back_and_not_computed(question: str) -> None:
    for tools in (CALCULATOR, []):
        assert "not clear to me" in said(question, tools=tools)


def test_an_ambiguous_sum_is_asked_back_in_german() -> None:
    assert "lässt sich auf mehrere Arten lesen" in said("Was ist 1.00.0 + 1?")


@pytest.mark.parametrize(
    "question", ["what is sqrt(16) + 9?", "what is 3x+4*5?", "what is 3@4", "what is √16 + 9"]
)
def test_a_part_of_a_formula_is_no_sum(question: str) -> None:
    assert "beyond a demo" in said(question, tools=CALCULATOR)


@pytest.mark.parametrize(("question", "reason"), IMPOSSIBLE.items())
def test_a_sum_without_a_result_gets_a_sentence_and_no_tool(question: str, reason: str) -> None:
    for tools in (CALCULATOR, []):
        assert reason in said(question, tools=tools)


@pytest.mark.parametrize(
    ("question", "result"),
    [
        ("1,000 + 1", "1,001"),
        ("Was ist 1.000 + 1?", "1.001"),
        ("17% of 4,350 + 12^2", "883.5"),
        ("Was ist 17 % von 4.350 + 12^2?", "883,5"),
        ("0.1 + 0.2", "0.3"),
        ("2 / 3", "0.666666666667"),
        ("-1 / 4", "-0.25"),
        ("10^59 + 1", "100" + ",000" * 18 + ",001"),
    ],
)
def test_without_a_calculator_the_demo_computes_exactly_and_says_so(question: str, result: str) -> None:
    first, *rest = said(question).splitlines()
    assert first == result
    assert re.search(
        "computed by the demo itself|von der demo selbst ausgerechnet", " ".join(rest), re.IGNORECASE
    )


@pytest.mark.parametrize(("content", "shown"), [("0.30000000000000004", "0.3"), ("1234567", "1,234,567")])
def test_a_tool_s_number_is_shown_as_people_write_it(content: str, shown: str) -> None:
    messages = [user("12 * 7"), {"role": "tool", "content": content}]
    assert shown in said("", messages=messages).splitlines()


NUMBERS = st.integers(-999, 999).map(str) | st.decimals(0, 999, places=3).map(str)


@given(
    st.recursive(
        NUMBERS, lambda inner: st.tuples(inner, st.sampled_from("+-*/%^"), inner).map(" ".join), max_leaves=6
    )
)
def test_any_sum_is_answered_in_bounded_time(sum_: str) -> None:
    try:
        written = calculator.written(calculator.result(arithmetic.expression(sum_) or "0"), "en")
    except (arithmetic.AmbiguousSum, calculator.NoResult):
        return
    assert len(written) < 120

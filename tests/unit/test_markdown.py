"""Replies as Markdown documents."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings

from chat.text import fenced, is_storable, markdown, think_item, wrap_card
from tests.unit.c1_samples import PROGRAM, version_1, version_2
from tests.unit.test_extraction import MARKUP

CARDS = {
    'CardHeader("Sales", "By region")': "## Sales\n\nBy region",
    'TextContent("**North** leads")': "**North** leads",
    'Table([Col("Region", ["North", "So|uth"]), Col("Sum", [41, -2.5], "number")])': (
        "| Region | Sum |\n| --- | --- |\n| North | 41 |\n| So\\|uth | -2.5 |"
    ),
    'Table(["Region", "Sum"], [["North", 41], ["South"]])': (
        "| Region | Sum |\n| --- | --- |\n| North | 41 |\n| South |  |"
    ),
    'Table([Col("Two\\nlines", ["a\\nb"])])': "| Two lines |\n| --- |\n| a b |",
    'BarChart(["North"], [Series("Tonnes", [1250])], "grouped", "Region", "t")': (
        "| Region | Tonnes |\n| --- | --- |\n| North | 1250 |"
    ),
    'BarChart(["North"], [Series("Tonnes", [41])], "default", "grouped", "Tonnes")': (
        "|  | Tonnes |\n| --- | --- |\n| North | 41 |"
    ),
    'PieChart(["a", "b"], [1, 2], "donut")': "|  |  |\n| --- | --- |\n| a | 1 |\n| b | 2 |",
    'PieChart([Slice("a", 1)])': "|  |  |\n| --- | --- |\n| a | 1 |",
    'ListBlock([ListItem("One", "of two"), ListItem("Two")])': "1. One: of two\n2. Two",
    'ListBlock([ListItem("First\\nline")])': "1. First\n   line",
    'Steps([StepsItem("First", "Do it")])': "1. First: Do it",
    'Callout("error", "Careful", "It may\\nrain")': "> **Careful**\n> It may\n> rain",
    'CodeBlock("python", "print(1)")': "```python\nprint(1)\n```",
    'CodeBlock("md", "```\\ninner\\n```")': "````md\n```\ninner\n```\n````",
    'Image("A heron", "https://example.org/h.png")': "[A heron](https://example.org/h.png)",
    'TagBlock(["new", Tag("old")])': "new, old",
    "Separator()": "---",
    'Accordion([AccordionItem("v", "Why", [TextContent("So.")])])': "## Why\n\nSo.",
    'Form("f", Buttons([Button("Go")]), [FormControl("Your name", Input("name", "Ana"))])': "- Your name",
    'FollowUpBlock([FollowUpItem("And then?")])': "",
    'MoonPhase("Waxing gibbous", "large", [TextContent("Seen at night")])': "Waxing gibbous\n\nSeen at night",
}


@pytest.mark.parametrize("component", CARDS)
def test_a_component_is_written_as_markdown(component: str) -> None:
    assert markdown(version_2(f"root = Card([it])\nit = {component}")) == CARDS[component]


def test_blocks_are_separated_by_blank_lines() -> None:
    assert markdown(version_2(PROGRAM)) == (
        "## Harvest\n\nTonnes, gala & <others>\n\nThe **north** orchard leads; it's up 12 %. 🍎\n\n"
        "|  | Tonnes |\n| --- | --- |\n| North | 41 |\n| Río | 33 |\n\n- Pickers needed"
    )


FORMATS = {
    "text": ("# Title\n\n| a | b |\n| --- | --- |\n", "# Title\n\n| a | b |\n| --- | --- |"),
    "JSON": (
        version_1({"component": {"component": "Header", "props": {"title": "Sales"}}, "error": None}),
        "## Sales",
    ),
    "a failure card": (wrap_card("No answer", "Try again."), "> **No answer**\n> Try again."),
    "fences between text": (
        'Before\n\n```openui-lang\nroot = TextContent("Inside")\n```\n\n- after',
        "Before\n\nInside\n\n- after",
    ),
    "custom markdown": (
        "<custommarkdown>Plain **bold** &amp; more</custommarkdown>",
        "Plain **bold** & more",
    ),
    "a stored step": (think_item("Looked up", "it", ephemeral=False) + "Noon.", "> Looked up: it\n\nNoon."),
    "a member of a reference": (
        version_2('root = Card([Table([Col("a", d.x)])])\nd = [{x: 1}, {x: 2}]'),
        "| a |\n| --- |\n| 1 |\n| 2 |",
    ),
    "a program that is cut": (version_2('root = Card([a, b])\na = TextContent("Come'), "Come"),
    "an invalid program": (
        version_2("root = = Card(((\nwhat is this?"),
        "```openui-lang\nroot = = Card(((\nwhat is this?\n```",
    ),
    "buttons alone": (version_2('root = Card([Buttons([Button("Go")])])'), ""),
}


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_written_as_markdown(name: str) -> None:
    content, expected = FORMATS[name]
    assert markdown(content) == expected


@given(MARKUP)
@settings(max_examples=300)
def test_any_text_gives_a_storable_document(content: str) -> None:
    assert is_storable(markdown(content))


@pytest.mark.parametrize(
    "program",
    [
        "root = Card([" + "[" * 25_000,
        "root = a\na = [b, b]\nb = [a, a]",
        "\n".join([f"a{n} = [a{n + 1}, a{n + 1}]" for n in range(60)] + ['a60 = "x"']),
        "root = Card([" + "a, " * 5_000 + ']\na = TextContent("' + "x" * 50_000 + '")',
        "`" * 50_000,
        "<custommarkdown>" * 5_000,
        # As long as an answer may be, so that its length alone would allow ten million values.
        "\n".join([f"a{n} = [a{n + 1}, a{n + 1}]" for n in range(60)] + [f'a60 = "{"x" * 1_000_000}"']),
        f'root = Table([Col("b", [{"1, " * 20_000}]), {"Col(1, []), " * 2_000}])',
        f"root = Table([{'Col(1), ' * 2_000}], [{'[], ' * 20_000}])",
        f"root = BarChart({{data: [{{{', '.join(f'k{n}: 1' for n in range(5_000))}}}, {'{}, ' * 5_000}]}})",
        '<artifact id="a"><content>' * 5_000,
        '<content thesys="true"><artifact id="a">' * 5_000,
    ],
    ids=[
        "deep",
        "circular",
        "doubling",
        "repeating",
        "fences",
        "openings",
        "long",
        "columns",
        "rows",
        "records",
        "artifacts",
        "contents",
    ],
)
def test_a_hostile_reply_is_written_in_bounded_time_and_size(program: str) -> None:
    started = time.thread_time()
    for content in (program, version_2(program)):
        assert len(markdown(content)) < 40 * len(content) + 100_000
    assert time.thread_time() - started < 5


@pytest.mark.parametrize("language", ["json", "json\n> and more", "`json`", " json extra"])
def test_a_fenced_text_is_ended_by_nothing_in_it(language: str) -> None:
    assert fenced("```\nquoted\n````", language) == "`````json\n```\nquoted\n````\n`````"

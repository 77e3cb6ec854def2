"""Answers on the built page: interfaces, buttons, forms and steps; every format is readable."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, expect

from chat.llm.clients.openui_prompt import OPENUI_PROMPT
from chat.testing import Call, Gate, ScriptedModel, answer, tool_round
from tests.live.harness import eventually
from tests.live.pictures import PNG
from tests.page.programs import card, demo, enveloped, text
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]

FORM = card(
    'form = Form("booking", buttons, [name])',
    'name = FormControl("Your name", field)',
    'field = Input("name", "Ana", "text", {required: true})',
    "buttons = Buttons([send])",
    'send = Button("Book it", null, "primary")',
    children="form",
)


def test_the_first_message_becomes_an_interface_with_a_chart(demo_site: Any, open_tab: OpenTab) -> None:
    tab = open_tab(demo_site)
    expect(tab.page.locator("#demo")).to_be_visible()
    tab.shot("welcome")
    tab.page.get_by_text("Show me sales by region").click()
    reply = tab.ended()
    expect(reply.locator("svg.recharts-surface").first).to_be_visible()
    expect(reply.get_by_role("cell", name="Río Alto")).to_be_visible()
    expect(tab.page).to_have_title("Show me sales by region · Chat")
    assert "/c/" in tab.page.url
    tab.shot("chart")


def test_a_follow_up_is_sent_by_its_button(model: ScriptedModel, tab: Tab) -> None:
    model.default(demo)
    reply = tab.ask("Show me sales by region")
    tab.button("Compare sales with last year", reply).click()
    expect(tab.ended(1).get_by_text("This year against last year")).to_be_visible()
    expect(tab.prompts.nth(1)).to_contain_text("Compare sales with last year")


TOPICS = (
    "Show me sales by region",
    "Compare sales with last year",
    "Show the monthly sales trend",
    "Show sales shares as a pie",
    "Which region grows fastest?",
    "Sales by product",
    "Plan a trip to Lisbon",
    "Make the trip to Lisbon cheaper",
    "What should I pack for Lisbon?",
    "A form to book a table",
    "What is on the menu?",
    "What can you do?",
    "What is 6 * 7?",
    "What time is it in Tokyo?",
)


def test_every_answer_of_the_demo_model_is_drawn(model: ScriptedModel, tab: Tab) -> None:
    model.default(demo)
    for words in TOPICS:
        reply = tab.ask(words)
        expect(reply.locator(".interface")).to_be_visible()
        assert reply.locator(".readable, .unknown").count() == 0, words


COMPONENTS = (
    'head = CardHeader("Title", "Subtitle")',
    'small = TextContent("**Small** words", "small")',
    'note = Callout("error", "Careful", "It may rain")',
    'table = Table([Col("Name", ["Ana"], "string"), Col("Age", [30], "number")])',
    'bar = BarChart(["a", "b"], [Series("s", [1, 2])], "stacked", "x", "y")',
    'line = LineChart(["a", "b"], [Series("s", [1, 2])], "step", "x", "y")',
    'area = AreaChart(["a", "b"], [Series("s", [1, 2])], "natural", "x", "y")',
    'pie = PieChart(["a", "b"], [1, 2], "donut")',
    'steps = Steps([StepsItem("First", "Do it")])',
    'list = ListBlock([ListItem("One", "Of many")], "number")',
    'tags = TagBlock(["new"])',
    'code = CodeBlock("python", "print(1)")',
    'form = Form("f", Buttons([Button("Go", null, "primary")]), [c1, c2, c3, c4, c5])',
    'next = FollowUpBlock([FollowUpItem("And then?")])',
)
FIELDS = (
    'c1 = FormControl("Mail", Input("mail", "you@example.com", "email", {required: true}))',
    'c2 = FormControl("Words", TextArea("words", "Say it", 3, {required: true}))',
    'c3 = FormControl("Size", Select("size", [SelectItem("s", "Small")], "Choose", {required: true}))',
    'c4 = FormControl("Day", DatePicker("day", "single", {required: true}))',
    'c5 = FormControl("Sum", Slider("sum", "continuous", 1, 9, 1, [5]))',
)


def test_every_component_of_the_system_prompt_is_drawn(model: ScriptedModel, tab: Tab) -> None:
    children = ", ".join(statement.split(" = ")[0] for statement in COMPONENTS)
    model.default(answer(card(*COMPONENTS, *FIELDS, children=children)))
    reply = tab.ask("Show all of it")
    expect(reply.locator(".interface")).to_be_visible()
    expect(reply.locator(".readable, .unknown")).to_have_count(0)
    expect(reply.locator("svg.recharts-surface").nth(3)).to_be_visible()
    shown = " ".join([*COMPONENTS, *FIELDS])
    described = set(re.findall(r"\b([A-Z]\w+)\(", OPENUI_PROMPT)) - {"Card", "Component"}
    assert described <= set(re.findall(r"\b([A-Z]\w+)\(", shown))


def test_a_form_is_filled_in_stored_and_sent(model: ScriptedModel, tab: Tab) -> None:
    model.default(answer(FORM))
    reply = tab.ask("Book a table")
    with tab.page.expect_response(lambda got: got.request.method == "PUT"):
        reply.get_by_label("Your name").fill("Ada & Bo")
    tab.reload()
    expect(tab.answers.first.get_by_label("Your name")).to_have_value("Ada & Bo")
    tab.button("Book it").click()
    tab.ended(1)
    expect(tab.prompts.nth(1)).to_contain_text("Ada & Bo")
    sent = model.wait_for_requests(2)[1].messages[-1]["content"]
    context = '["User clicked: Book it",{"booking":{"name":{"value":"Ada & Bo"'
    assert sent.startswith('<content thesys="true">Book it</content><context>')
    assert sent.replace("&quot;", '"').replace("&amp;", "&").partition("<context>")[2].startswith(context)


def test_a_required_field_is_asked_for_before_a_form_is_sent(model: ScriptedModel, tab: Tab) -> None:
    model.default(answer(FORM))
    reply = tab.ask("Book a table")
    tab.button("Book it", reply.locator(".interface")).click()
    expect(tab.page.get_by_text("This field is required")).to_be_visible()
    expect(tab.prompts).to_have_count(1)


def test_a_required_day_is_sent_as_the_day_that_was_chosen(model: ScriptedModel, tab: Tab) -> None:
    day = 'c1 = FormControl("Day", DatePicker("day", "single", {required: true}))'
    form = 'form = Form("visit", Buttons([Button("Go", null, "primary")]), [c1])'
    model.default(answer(card(form, day, children="form")))
    reply = tab.ask("When?")
    reply.get_by_text("Select a date").click()
    tab.page.get_by_role("gridcell").get_by_text("15", exact=True).click()
    tab.button("Go", reply).click()
    tab.ended(1)
    expect(tab.prompts.nth(1)).to_contain_text(re.compile(r"\d{4}-\d\d-15"))


def test_a_day_is_chosen_by_keys_and_escape_closes_the_calendar(model: ScriptedModel, tab: Tab) -> None:
    day = 'c1 = FormControl("Day", DatePicker("day", "single"))'
    form = 'form = Form("visit", Buttons([Button("Go", null, "primary")]), [c1])'
    model.default(answer(card(form, day, children="form")))
    field = tab.ask("When?").locator("[aria-description=Day]")
    grid = tab.page.get_by_role("grid")
    field.press("Enter")
    expect(grid.locator(":focus")).to_be_visible()
    tab.page.keyboard.press("Escape")
    expect(grid).to_have_count(0)
    expect(field).to_be_focused()
    field.press(" ")
    expect(grid.locator(":focus")).to_be_visible()
    tab.page.keyboard.press("Enter")
    expect(field).to_be_focused()
    expect(field).to_contain_text(re.compile(r"\d{4}"))


def test_a_tool_is_shown_with_its_state_while_it_runs_and_after_a_reload(
    model: ScriptedModel, tab: Tab
) -> None:
    gate = Gate()
    model.script(
        tool_round(Call("current_time", '{"timezone": "Asia/Tokyo"}')), answer(gate, text("It is noon."))
    )
    uses = tab.page.get_by_role("list", name="Tools used").get_by_role("listitem")
    tab.say("What time is it in Tokyo?")
    expect(uses).to_have_text(["Used “current time”"])
    expect(tab.page.locator(".steps")).to_have_count(0)
    gate.open()
    expect(tab.ended()).to_contain_text("It is noon.")
    tab.reload()
    expect(uses).to_have_text(["Used “current time”"])


SAMPLES = {
    "bare words": ("Just *words*, and\n\n- a list", "Just words"),
    "version 1": (
        '<content>{"component": {"component": "TextContent", "props": {"textMarkdown": "The **north** leads"}}}</content>',
        "The north leads",
    ),
    "C1's components": (
        card(
            'head = Header("Harvest", "Tonnes")',
            'chart = BarChart(["North", "South"], [tonnes], "default", "grouped", "Tonnes")',
            'tonnes = {category: "Tonnes", values: [41, 28]}',
            'note = CalloutV2("danger", "Careful", "It may rain")',
            'next = FollowUpBlock(["Compare with last year"])',
            children="head, chart, note, next",
        ),
        "Compare with last year",
    ),
    "an unknown component": (
        card(
            'odd = MoonPhase("Waxing gibbous", [inner])',
            'inner = TextContent("Seen at night")',
            children="odd",
        ),
        "Waxing gibbous",
    ),
    "a component without a required argument": (
        card('note = Callout("info", "Only a title")'),
        "Only a title",
    ),
    "an invalid program": (enveloped("root = = Card(((\nwhat is this?"), "what is this?"),
    "custom markdown": ("<custommarkdown>Plain **bold**</custommarkdown>", "Plain bold"),
    "text around a program": ('Before\n```openui-lang\nroot = TextContent("Inside")\n```\nAfter', "Inside"),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_format_shows_its_text(model: ScriptedModel, tab: Tab, name: str) -> None:
    reply, words = SAMPLES[name]
    model.default(answer(reply))
    shown = tab.ask("Say it")
    expect(shown).to_contain_text(words)
    assert "<content" not in shown.inner_text()


def test_an_invalid_program_is_readable_however_late_its_end_comes(model: ScriptedModel, tab: Tab) -> None:
    gate = Gate()
    model.script(answer(SAMPLES["an invalid program"][0], gate))
    tab.say("Say it")
    expect(tab.page.locator("article.reply .interface")).to_be_attached()
    gate.open()
    expect(tab.ended()).to_contain_text("what is this?")


def test_c1s_chart_and_callout_are_drawn(model: ScriptedModel, tab: Tab) -> None:
    model.default(answer(SAMPLES["C1's components"][0]))
    shown = tab.ask("Say it")
    expect(shown.locator("svg.recharts-surface").first).to_be_visible()
    expect(shown.get_by_text("It may rain")).to_be_visible()
    expect(shown.get_by_text("Harvest")).to_be_visible()
    tab.button("Compare with last year", shown).click()
    tab.ended(1)


def test_an_answer_is_copied_as_text_and_as_markdown(
    model: ScriptedModel, site: Any, open_tab: OpenTab
) -> None:
    model.default(answer(card('head = CardHeader("Sales")', 'table = Table([Col("Region", ["North"])])')))
    tab = open_tab(site, permissions=["clipboard-read", "clipboard-write"])
    reply = tab.ask("Say it")
    tab.choose("Copy", "Copy as Markdown", reply)
    copied = partial(tab.page.evaluate, "() => navigator.clipboard.readText()")
    eventually(lambda: copied() == "## Sales\n\n| Region |\n| --- |\n| North |", says="nothing was copied")
    tab.choose("Copy", "Copy as text", reply)
    eventually(lambda: "Region" in copied() and "|" not in copied(), says="the text was not copied")


def test_a_rating_is_stored(model: ScriptedModel, tab: Tab) -> None:
    model.default(answer("Yes."))
    reply = tab.ask("Is it?")
    with tab.page.expect_response(lambda got: got.url.endswith("/feedback")) as rated:
        tab.button("Good answer", reply).click()
    assert json.loads(rated.value.request.post_data or "") == {"score": 1}
    tab.reload()
    expect(tab.button("Good answer")).to_have_attribute("aria-pressed", "true")


def test_a_picture_is_sent_with_a_message_if_the_model_takes_pictures(
    model: ScriptedModel, servers: Any, built_page: Path, open_tab: OpenTab, site: Any
) -> None:
    seeing = servers.keep(CHAT_PAGE_BUILD=str(built_page), CHAT_MODELS='{"c1": {"images": true}}')
    model.default(answer("A dot."))
    blind, tab = open_tab(site), open_tab(seeing)
    for one in (blind, tab):
        expect(one.button("Add a picture or file")).to_be_visible()
    pictures = re.compile("image/png")
    expect(blind.page.locator("input[type=file]")).not_to_have_attribute("accept", pictures)
    expect(tab.page.locator("input[type=file]")).to_have_attribute("accept", pictures)
    dot = FilePayload(name="dot.png", mimeType="image/png", buffer=PNG)
    tab.page.locator("input[type=file]").set_input_files(dot)
    expect(tab.page.get_by_alt_text("dot.png")).to_be_visible()
    tab.ask("What is this?")
    expect(tab.prompts.first.locator("img")).to_be_visible()
    parts = model.requests[-1].messages[-1]["content"]
    assert [part["type"] for part in parts] == ["text", "image_url"]
    assert "What is this?" in parts[0]["text"]

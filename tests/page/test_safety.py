"""Content of prompts, answers, titles, tools and pictures is never executed or fetched."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from chat.testing import Call, ScriptedModel, answer, tool_round
from tests.page.programs import card
from tests.page.tab import Tab

pytestmark = pytest.mark.live

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    '"><iframe srcdoc="<script>alert(1)</script>">',
    "<a href=javascript:alert(1)>click</a>",
    "<style>*{display:none}</style>",
    "<b onmouseover=alert(1)>bold</b>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "</content><script>alert(1)</script>",
    "{{constructor.constructor('alert(1)')()}}",
)
PICTURE = "https://pictures.example.org/a.png"
MARKUP = (
    "script:not([src]), iframe, img:not([src^='/']), [onerror], [onload], [onmouseover], [href^='javascript']"
)


def assert_harmless(tab: Tab) -> None:
    """Assert that no content became an element. `open_tab` checks for dialogs and requests at the end of each test."""
    assert tab.page.locator("#messages, #threads, .top").locator(MARKUP).count() == 0


def test_markup_in_prompts_and_answers_is_shown_as_it_is(model: ScriptedModel, tab: Tab) -> None:
    for payload in PAYLOADS:
        model.default(answer(f"You said: {payload}"))
        reply = tab.ask(payload)
        assert_harmless(tab)
        assert "You said" in reply.inner_text()
    tab.reload()
    expect(tab.answers).to_have_count(len(PAYLOADS))
    assert_harmless(tab)


def test_markup_in_every_kind_of_component_is_shown_as_it_is(model: ScriptedModel, tab: Tab) -> None:
    for payload in PAYLOADS:
        words = json.dumps(payload)
        model.default(
            answer(
                card(
                    f"head = CardHeader({words}, {words})",
                    f"text = TextContent({words})",
                    f'note = Callout("info", {words}, {words})',
                    f"table = Table([Col({words}, [{words}])])",
                    f"chart = BarChart([{words}], [series])",
                    f"series = Series({words}, [1])",
                    f'code = CodeBlock("html", {words})',
                    f"tags = TagBlock([{words}])",
                    f"next = FollowUpBlock([FollowUpItem({words})])",
                    f"odd = Unheard({words})",
                    children="head, text, note, table, chart, code, tags, odd, next",
                )
            )
        )
        tab.ask("Show it")
        expect(tab.answers.last.locator(".interface")).to_be_visible()
        assert_harmless(tab)


def test_markup_in_a_title_a_step_and_a_tools_result_is_shown_as_it_is(
    model: ScriptedModel, tab: Tab
) -> None:
    for payload in PAYLOADS[:4]:
        arguments = json.dumps({"expression": payload})
        model.script(tool_round(Call("calculate", arguments)), answer(f"It said {payload}"))
        tab.page.get_by_role("link", name="New chat").click()
        tab.ask(payload)
        assert_harmless(tab)
    expect(tab.threads.filter(has_text=PAYLOADS[3])).to_have_count(1)


def test_a_picture_of_a_model_is_a_link_and_no_request(model: ScriptedModel, tab: Tab) -> None:
    program = card(
        f'one = Image("A cat", "{PICTURE}")',
        f'two = ImageBlock("{PICTURE}", "A dog")',
        f'three = ImageGallery([{{src: "{PICTURE}", alt: "A cow"}}])',
        f'four = TextContent("![A hen]({PICTURE})")',
        f'five = ListBlock([ListItem("A pig", "Pink", {{src: "{PICTURE}", alt: "A pig"}})], "image")',
    )
    model.default(answer(program))
    reply = tab.ask("Show me")
    for animal in ("cat", "dog", "cow", "hen"):
        link = reply.locator(".interface").get_by_role("link", name=f"Picture: A {animal}")
        expect(link).to_have_attribute("href", PICTURE)
    expect(reply.get_by_text("A pig").first).to_be_visible()
    assert reply.locator("img").count() == 0


def test_a_button_opens_only_addresses_of_the_web(model: ScriptedModel, tab: Tab) -> None:
    model.default(answer(card('go = Button("Go", Action([@OpenUrl("javascript:alert(1)")]))')))
    reply = tab.ask("Show me")
    tab.button("Go", reply.locator(".interface")).click()
    expect(tab.prompts).to_have_count(1)
    assert len(tab.page.context.pages) == 1

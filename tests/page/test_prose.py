"""Markdown of models in a browser: math, diagrams, code and footnotes, in plain answers, interfaces and thought."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from chat.testing import Call, Gate, ScriptedModel, answer, refusal, tool_round
from chat.testing.script import Thought
from tests.page.accessibility import assert_accessible
from tests.page.conftest import VIEWPORT
from tests.page.programs import card
from tests.page.tab import Tab

pytestmark = pytest.mark.live

OpenTab = Callable[..., Tab]

DOCUMENT = r"""# Growth

The rate is $\lambda_1$, and the sum, for **$5** or *$6*:

$$
\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}
$$

1. First
   - [x] bought
   - [ ] cooked
2. Second, see the note.[^1]

| Region | Share | Sum |
|:-------|:-----:|----:|
| North  | ~~40~~ 41 % | 1,200 |
| South  | 28 % | 830 |

```python
def greet(name: str) -> str:
    # Say hello
    return f"Hello, {name}!" if name else "Hello " * 3
```

> A quote with `code` and a [link](https://a.example/).

```mermaid
graph LR
  A[Start] --> B{Ready?}
  B -->|yes| C[Go]
  B -->|no| A
```

![A cat](https://a.example/cat.png)

[^1]: Counted in *March*.
"""


def test_a_document_is_drawn_with_math_code_and_a_diagram(model: ScriptedModel, tab: Tab, axe: str) -> None:
    model.default(answer(DOCUMENT))
    reply = tab.ask("Explain it")
    expect(reply.get_by_role("heading", name="Growth", level=2)).to_be_visible()
    expect(reply.locator("math")).to_have_count(2)
    expect(reply.locator(".math.display .katex-html")).to_be_visible()
    expect(reply.locator(".hljs-keyword").first).to_have_text("def")
    expect(reply.get_by_role("img", name="Diagram: graph LR")).to_be_visible()
    expect(reply.get_by_role("checkbox", name="Done", exact=True)).to_be_checked()
    expect(reply.get_by_role("link", name="Picture: A cat")).to_be_visible()
    for scheme, width in (("light", 1280), ("dark", 360)):
        tab.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its literals
        tab.page.set_viewport_size({"width": width, "height": 900})
        expect(reply.locator(".diagram[data-dark]")).to_have_count(int(scheme == "dark"))
        accent = {"light": "#0f6a5b", "dark": "#6cc7b4"}[scheme]
        expect(reply.locator(".diagram img")).to_have_attribute("src", re.compile(f"%23{accent[1:]}"))
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
        assert_accessible(tab.page, axe)
        tab.shot(f"prose-{scheme}-{width}")
    tab.page.emulate_media(color_scheme="light")
    tab.page.set_viewport_size(VIEWPORT)


def test_texts_of_interfaces_and_thought_are_drawn_like_plain_answers(model: ScriptedModel, tab: Tab) -> None:
    program = card(
        'words = TextContent("Sum $x_1$ of ~~40~~ **41**\\n\\n- [x] bought\\n\\n```js\\nlet a = 1;\\n```")'
    )
    model.default(answer(Thought("So $y^2$ is *it*."), program))
    reply = tab.ask("Explain it")
    words = reply.locator(".interface")
    expect(words.locator("math")).to_have_count(1)
    expect(words.locator(".hljs-keyword")).to_have_text("let")
    expect(words.locator("del")).to_have_text("40")
    expect(words.get_by_role("checkbox")).to_be_checked()
    reply.get_by_role("button", name="Thought for").click()
    expect(reply.locator(".thought-text math")).to_have_count(1)


def test_what_grows_is_drawn_closed(model: ScriptedModel, tab: Tab) -> None:
    gates = [Gate(), Gate(), Gate()]
    pieces = (
        "# Sum\n\nIt is **bo",
        "ld**.\n\n| a | b",
        " |\n|---|---|\n| 1 | 2 |\n\n```py\nx = ",
        "1\n```\n\nEnd.",
    )
    model.script(answer(pieces[0], gates[0], pieces[1], gates[1], pieces[2], gates[2], pieces[3]))
    tab.say("Count")
    reply = tab.answers.first
    expect(reply.locator("strong")).to_have_text("bo")
    gates[0].open()
    expect(reply.get_by_role("columnheader")).to_have_text(["a", "b"])
    gates[1].open()
    expect(reply.locator(".code code")).to_have_text("x =")
    gates[2].open()
    expect(tab.ended()).to_contain_text("End.")
    expect(reply.locator(".code code")).to_have_text("x = 1")


def test_code_is_copied_wrapped_and_saved(
    model: ScriptedModel, site: Any, open_tab: OpenTab, tmp_path: Path
) -> None:
    model.default(answer("```python\nprint(1)\n```"))
    tab = open_tab(site, permissions=["clipboard-read", "clipboard-write"])
    reply = tab.ask("Write it")
    copy = tab.button("Copy the code", reply)
    copy.click()
    expect(copy).to_have_text("Copied")
    assert tab.page.evaluate("() => navigator.clipboard.readText()") == "print(1)"
    tab.button("Wrap lines", reply).press("Enter")
    expect(tab.button("Wrap lines", reply)).to_have_attribute("aria-pressed", "true")
    with tab.page.expect_download() as saved:
        tab.button("Save as a file", reply).click()
    assert saved.value.suggested_filename == "code.py"
    saved.value.save_as(tmp_path / "code.py")
    assert (tmp_path / "code.py").read_text() == "print(1)\n"


def test_a_footnote_is_reached_and_left_without_leaving_the_chat(model: ScriptedModel, tab: Tab) -> None:
    model.default(answer("Known.[^1]\n\n[^1]: The source."))
    reply = tab.ask("Say it")
    address = tab.page.url
    reply.get_by_role("link", name="1", exact=True).press("Enter")
    expect(reply.locator(".footnotes li")).to_be_focused()
    reply.get_by_role("link", name="Back to reference 1").press("Enter")
    expect(reply.get_by_role("link", name="1", exact=True)).to_be_focused()
    assert tab.page.url == address


def test_a_diagram_that_cannot_be_read_is_shown_as_its_source(model: ScriptedModel, tab: Tab) -> None:
    hostile = "```mermaid\ngraph LR\n  A['<img src=x onerror=alert 1>'] --> B\n```\n\n```mermaid\nnot a diagram\n```"
    model.default(answer(hostile))
    # The policy of the frame refuses the handler that the source tries to make.
    tab.expect_console_error("inline event handler")
    reply = tab.ask("Draw it")
    expect(reply.get_by_role("img")).to_have_count(1)
    expect(reply.locator(".code code")).to_have_text("not a diagram")
    tab.button("Source", reply).click()
    expect(reply.locator(".code code").first).to_contain_text("onerror")


def test_a_failed_answer_says_so_once_with_one_button(model: ScriptedModel, tab: Tab) -> None:
    model.default(refusal(400))
    tab.say("Say it")
    reply = tab.answers.first
    for _ in range(2):
        expect(reply.locator(".problem")).to_have_count(1)
        expect(reply.locator(".interface, .readable")).to_have_count(0)
        expect(reply.get_by_role("button", name=re.compile("again", re.IGNORECASE))).to_have_count(1)
        tab.reload()


def test_an_answer_stopped_before_its_first_word_offers_another(model: ScriptedModel, tab: Tab) -> None:
    gate = Gate()
    model.script(answer(gate, "Late."))
    model.default(answer("In time."))
    tab.say("Say it")
    gate.wait_until_reached()
    tab.page.press("#prompt", "Escape")
    reply = tab.answers.first
    expect(reply.locator(".foot .note")).to_have_text("Stopped.")
    tab.button("Try again", reply).click()
    expect(tab.answers.first).to_contain_text("In time.")
    gate.open()


def test_what_a_tool_was_asked_and_answered_is_folded_where_the_server_tells(
    model: ScriptedModel, servers: Any, live: None, built_page: Path, open_tab: OpenTab
) -> None:
    tools = {"CHAT_APPS": "tests.fixtures", "CHAT_TOOLS": "calculate,paint,climb"}
    site = servers.keep(CHAT_PAGE_BUILD=str(built_page), CHAT_TOOL_DETAILS="on", **tools)
    calls = Call("calculate", '{"expression": "6*7"}', "call_1"), Call("paint", "{}", "call_2")
    model.script(tool_round(*calls), answer("42."))
    tab = open_tab(site)
    tab.ask("Six times seven?")
    tab.reload()
    uses = tab.page.get_by_role("list", name="Tools used")
    expect(uses.get_by_text('"expression": "6*7"')).to_be_hidden()
    uses.get_by_text("Used “calculate”").click()
    expect(uses.get_by_text('"expression": "6*7"')).to_be_visible()
    uses.get_by_text("Used “paint”").click()
    picture = uses.get_by_role("img", name="Picture")
    expect(picture).to_be_visible()
    tab.page.wait_for_function("image => image.naturalWidth === 1", arg=picture.element_handle())
    tab.shot("tool-picture")
    model.script(tool_round(Call("climb", "{}")))
    tab.say("Climb")
    expect(tab.page.get_by_text("40% · Two of five camps")).to_be_visible()
    tab.shot("tool-progress")
    tab.page.press("#prompt", "Escape")
    expect(tab.answers.nth(1).locator(".foot .note")).to_have_text("Stopped.")


TABBED = card(
    'tabs = Tabs([TabItem("one", "First", [a]), TabItem("two", "Second", [b])])',
    'a = TextContent("In the first tab")',
    'b = TextContent("In the second tab")',
    children="tabs",
)


def test_a_printed_chat_has_every_message_and_none_of_the_page_s_frame(
    model: ScriptedModel, tab: Tab
) -> None:
    long = "\n\n".join(f"Paragraph {number} of the answer." for number in range(80))
    model.script(answer(long), answer(TABBED), answer("The last."))
    for words in ("First prompt", "Second prompt", "Third prompt"):
        tab.ask(words)
    folded = tab.answers.nth(1).get_by_text("In the first tab")
    expect(folded).to_be_hidden()
    tab.page.emulate_media(media="print")
    tab.page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    text = tab.page.locator("body").inner_text()
    wanted = (
        "First prompt",
        "Paragraph 0 of",
        "Paragraph 79 of",
        "In the first tab",
        "In the second tab",
        "The last.",
    )
    assert [words for words in wanted if words not in text] == []
    frame = ("New chat", "Today", "Write a message", "Enter sends", "Log in")
    assert [words for words in frame if words in text] == []
    # All of it is laid out on the sheet: no part scrolls in a box of its own.
    heights = tab.page.evaluate(
        "() => [document.body, document.querySelector('#messages')].map((one) => one.scrollHeight)"
    )
    assert heights[0] >= heights[1] > 2000
    assert len(re.findall(rb"/Type\s*/Page\b", tab.page.pdf(format="A4"))) > 2
    tab.page.emulate_media(media="screen")
    tab.page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    expect(folded).to_be_hidden()


# The differences between the top of a formula's last box and that of the full stop behind it, by widths of the text.
STOPS = """(widths) => widths.map((width) => {
  const paragraph = document.querySelector(".reply .document p");
  paragraph.style.inlineSize = `${width}px`;
  const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
  const stop = document.createRange();
  while (walker.nextNode()) if (walker.currentNode.data.startsWith(".")) stop.setStart(walker.currentNode, 0);
  stop.setEnd(stop.startContainer, 1);
  const box = [...paragraph.querySelectorAll(".base")].at(-1).getBoundingClientRect();
  return stop.getBoundingClientRect().left - box.right;
})"""


def test_no_line_begins_with_the_full_stop_behind_a_formula(model: ScriptedModel, tab: Tab) -> None:
    model.script(
        answer(r"It is known that the sum of both sides of it is always $a^2 + b^2 = c^2$. So it is.")
    )
    expect(tab.ask("Explain it").locator(".katex-html")).to_be_visible()
    distances = tab.page.evaluate(STOPS, list(range(120, 700, 4)))
    assert max(map(abs, distances)) < 2

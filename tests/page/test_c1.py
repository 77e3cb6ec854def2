"""The page around Thesys' client, tested with a stand-in for it: sending, reloading, storing and stopping."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from chat.models import Message, Response
from chat.testing import Gate, ScriptedModel, answer
from chatproject.dev.frontend import page, page_build
from tests.live.harness import eventually
from tests.page.programs import text
from tests.page.tab import Tab

pytestmark = [pytest.mark.live, pytest.mark.long]

CLIENT = Path(__file__).with_name("c1_client.js")
WHOLE = text("The first half. The second half.")
HALF = WHOLE.index(" The second")


@pytest.fixture(scope="module")
def c1_page(built_page: Path, tmp_path_factory: Any) -> Path:
    """Return a build of the page for CHAT_PAGE=c1, made of the default page's packages and the stand-in."""
    folder: Path = tmp_path_factory.mktemp("c1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_build, "_install", lambda _tools, work, _kind: _packages(built_page, work))
        build = page.folder_of(folder, page.C1)
        page_build.ensure(build, page.C1)
    return build


def _packages(built_page: Path, work: Path) -> None:
    modules = work / "page" / "node_modules"
    for package in (built_page.parent / "work" / "page" / "node_modules").iterdir():
        (modules / package.name).parent.mkdir(parents=True, exist_ok=True)
        (modules / package.name).symlink_to(package)
    styles = modules / "@crayonai" / "react-ui" / "styles" / "index.css"
    for file in (modules / "@thesysai" / "genui-sdk" / "index.js", styles):
        file.parent.mkdir(parents=True)
    for package in (modules / "@thesysai" / "genui-sdk", modules / "@crayonai" / "react-ui"):
        (package / "package.json").write_text('{"type": "module"}')
    styles.write_text(".stand-in { display: grid; }")
    shutil.copyfile(CLIENT, modules / "@thesysai" / "genui-sdk" / "index.js")


class Pane:
    """A user's actions in the client."""

    def __init__(self, tab: Tab) -> None:
        self.tab, self.page = tab, tab.page
        self.answers = tab.page.locator("#scroller.c1 article.assistant")

    def say(self, words: str) -> None:
        self.page.get_by_role("textbox", name="Message").fill(words)
        self.page.get_by_role("button", name="Send").click()

    def begin(self, words: str, start: str) -> None:
        """Send a prompt and wait for the beginning of its answer."""
        self.say(words)
        expect(self.answers.last).to_contain_text(start)
        expect(self.tab.threads.locator(".running")).to_be_visible()

    def ask(self, words: str, start: str) -> None:
        self.say(words)
        expect(self.answers.last).to_contain_text(start)
        expect(self.page.get_by_role("button", name="Send")).to_be_visible()


@pytest.fixture
def open_pane(
    live: None, servers: Any, c1_page: Path, open_tab: Callable[..., Tab], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Pane]:
    monkeypatch.setattr(Tab, "open", lambda tab, path="/": _open(tab, path))

    def start(**settings: str) -> Pane:
        return Pane(open_tab(servers.keep(CHAT_PAGE="c1", CHAT_PAGE_BUILD=str(c1_page), **settings)))

    return start


def _open(tab: Tab, path: str) -> None:
    tab.goto(path)
    expect(tab.page.locator("#scroller.c1 textarea")).to_be_visible()


def test_messages_are_stored_as_sent_and_shown_after_a_reload(
    model: ScriptedModel, open_pane: Callable[..., Pane]
) -> None:
    model.default(answer(text("Yes.")))
    pane = open_pane()
    pane.ask("Tell me", "Yes.")
    assert model.requests[-1].json["messages"][-1]["content"] == '<content thesys="true">Tell me</content>'
    expect(pane.page).to_have_title("Tell me · Chat")
    pane.page.reload()
    expect(pane.answers).to_have_count(1)
    expect(pane.answers.last).to_contain_text("Yes.")


def test_the_frame_s_list_switches_threads(model: ScriptedModel, open_pane: Callable[..., Pane]) -> None:
    model.script(answer(text("Of cats.")), answer(text("Of dogs.")))
    pane = open_pane()
    pane.ask("Cats", "Of cats.")
    pane.page.get_by_role("link", name="New chat").click()
    expect(pane.answers).to_have_count(0)
    pane.ask("Dogs", "Of dogs.")
    pane.tab.threads.get_by_role("link", name="Cats").click()
    expect(pane.answers).to_have_count(1)
    expect(pane.answers.last).to_contain_text("Of cats.")


def test_a_running_answer_grows_after_a_reload(model: ScriptedModel, open_pane: Callable[..., Pane]) -> None:
    gate = Gate()
    model.script(answer(WHOLE[:HALF], gate, WHOLE[HALF:]))
    pane = open_pane()
    pane.begin("Tell me", "The first half.")
    pane.page.reload()
    expect(pane.answers.last).to_contain_text("The first half.")
    gate.open()
    expect(pane.answers.last).to_contain_text("The second half.")
    assert len(model.requests) == 1


def test_the_client_s_stop_button_stops_the_answer_and_leaving_the_chat_does_not(
    model: ScriptedModel, open_pane: Callable[..., Pane]
) -> None:
    gate = Gate()
    model.default(answer(WHOLE[:HALF], gate, WHOLE[HALF:]))
    pane = open_pane()
    pane.begin("Tell me", "The first half.")
    pane.page.get_by_role("button", name="Stop the answer").click()
    eventually(lambda: Response.objects.latest("pk").status == "stopped")
    pane.say("Tell me more")
    expect(pane.answers).to_have_count(2)
    expect(pane.answers.last).to_contain_text("The first half.")
    pane.page.get_by_role("link", name="New chat").click()
    expect(pane.answers).to_have_count(0)
    gate.open()
    eventually(lambda: Response.objects.latest("pk").status == "done")


def test_the_frame_shows_a_refusal(model: ScriptedModel, open_pane: Callable[..., Pane]) -> None:
    gate = Gate()
    model.default(answer(WHOLE[:HALF], gate, WHOLE[HALF:]))
    pane = open_pane(CHAT_ACTIVE_PER_USER="1")
    pane.tab.expect_console_error("429")
    pane.say("Tell me")
    expect(pane.answers.last).to_contain_text("The first half.")
    pane.page.get_by_role("link", name="New chat").click()
    expect(pane.answers).to_have_count(0)
    pane.say("Tell me more")
    for place in (pane.page.locator("#notice"), pane.answers.last):
        expect(place).to_contain_text("At most 1 responses run at once")
    gate.open()
    eventually(lambda: Response.objects.latest("pk").status == "done")


def test_form_values_are_stored_once_the_answer_has_ended(
    model: ScriptedModel, open_pane: Callable[..., Pane]
) -> None:
    gate = Gate()
    model.script(answer(WHOLE[:HALF], gate, WHOLE[HALF:]))
    pane = open_pane()
    pane.say("Tell me")
    expect(pane.answers.last).to_contain_text("The first half.")
    pane.answers.last.click()
    gate.open()
    expect(pane.answers.last).to_contain_text("The second half.")
    eventually(lambda: "<context>" in str(Message.objects.filter(role="assistant").latest("pk").content))


def test_plain_text_of_other_models_is_wrapped_for_the_client(
    model: ScriptedModel, open_pane: Callable[..., Pane]
) -> None:
    model.default(answer('Plain "words" <b>'))
    pane = open_pane()
    pane.ask("Tell me", "TextContent(&quot;Plain \\&quot;words\\&quot; &lt;b&gt;&quot;)")
    assert Message.objects.filter(role="assistant").latest("pk").content == 'Plain "words" <b>'


def test_the_demo_model_answers_in_c1_s_own_components(live: None, open_pane: Callable[..., Pane]) -> None:
    pane = open_pane(C1_BASE_URL="", THESYS_API_KEY="")
    pane.say("A form to book a table")
    expect(pane.answers.last).to_contain_text("ButtonGroup(")
    expect(pane.answers.last).to_contain_text("</content>")

"""Content is never executed on a shared page and in the admin, nor are names of files, tools, artifacts and users."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, expect

from chat.models import Message, Response, Thread, User
from chat.testing import Call, ScriptedModel, answer, tool_round
from chat.testing.script import Thought
from chat.text import artifact_tags, escape
from tests.live.staff import staff_cookies
from tests.page.conftest import site_of
from tests.page.tab import Tab
from tests.page.test_safety import MARKUP, PAYLOADS

pytestmark = [pytest.mark.live, pytest.mark.long]

SCRIPT = "<img src=x onerror=alert(1)>"
PAYLOAD = "".join(PAYLOADS) + f"</textarea></title></script>'\"`{SCRIPT}\u202e"
# Markdown's ways to an address that is a script, and what other programs draw.
LINKS = (
    "[a](javascript:alert(1)) [b](data:text/html,<script>alert(1)</script>) ![c](x onerror=alert(1)) <javascript:alert(1)>"
    f'\n\n```html\n{PAYLOAD}\n```\n\n```mermaid\ngraph TD; A["{SCRIPT}"]\n```\n\n$\\href{{javascript:alert(1)}}{{x}}$'
)
# Scripts that are data, and frames without rights, are the pages' own.
OWN = ("application/json", 'sandbox="allow-scripts"')
SHARE = """async (thread) => {
  const { csrfToken } = await (await fetch("/api/session")).json();
  const headers = { "X-CSRFToken": csrfToken, "Content-Type": "application/json" };
  const made = await fetch(`/api/threads/${thread}/shares`, { method: "POST", headers, body: "{}" });
  return (await made.json()).url;
}"""


def assert_harmless(tab: Tab) -> None:
    """Open what is folded, and assert that no content became an element and nothing ran: the tab notes dialogs."""
    tab.page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    found = tab.page.locator("body").locator(MARKUP).evaluate_all("all => all.map(one => one.outerHTML)")
    assert [one for one in found if not any(mark in one for mark in OWN)] == []
    assert tab.problems == []


def converse(model: ScriptedModel, tab: Tab, *, with_file: bool) -> Thread:
    """Ask for everything that may hold markup, and return the thread."""
    start, end = artifact_tags(PAYLOAD, "report", "1")
    model.script(
        tool_round(Call(SCRIPT, f'{{"a": "{SCRIPT}"}}')),
        answer(
            Thought(PAYLOAD + LINKS),
            f"{PAYLOAD}\n\n{LINKS}\n\n{start}{escape(PAYLOAD + LINKS)}{end}\n\nDone.",
        ),
    )
    if with_file:
        tab.page.locator("input[type=file]").first.set_input_files(
            [FilePayload(name=f"{SCRIPT}.txt", mimeType="text/plain", buffer=PAYLOAD.encode())]
        )
        expect(tab.page.locator("#composer .file-chip")).to_have_count(1)
        expect(tab.page.locator("#composer .obstacle:not(:empty)")).to_have_count(0)
    tab.say(PAYLOAD)
    expect(tab.page.get_by_text("Done.").last).to_be_visible()
    return Thread.objects.latest("pk")


@pytest.mark.parametrize("build", ["built", "plain"])
def test_markup_is_shown_as_it_is_on_every_page(
    model: ScriptedModel,
    servers: Any,
    built_page: Path,
    live: None,
    open_tab: Callable[..., Tab],
    build: str,
) -> None:
    site = site_of(servers, built_page if build == "built" else "")
    tab, stranger, staff = open_tab(site), open_tab(site), open_tab(site, cold=True)
    thread = converse(model, tab, with_file=build == "built")
    assert_harmless(tab)
    stranger.page.goto(tab.page.evaluate(SHARE, thread.public_id))
    expect(stranger.page.get_by_text("Done.").last).to_be_attached()
    assert_harmless(stranger)
    User.objects.filter(pk=thread.owner_id).update(username=f"<img src=x onerror=alert({thread.owner_id})>")
    staff.page.context.add_cookies(
        [{"name": one.name, "value": one.value or "", "url": site.url} for one in staff_cookies(site).jar]
    )
    response, message = (kind.objects.filter(thread=thread).latest("pk").pk for kind in (Response, Message))
    for address in (
        f"thread/{thread.pk}/change/",
        f"response/{response}/change/",
        f"message/{message}/change/",
        f"user/{thread.owner_id}/change/",
        "thread/?q=script",
        "response/",
        "message/",
        "user/",
    ):
        staff.page.goto(f"/admin/chat/{address}")
        assert_harmless(staff)

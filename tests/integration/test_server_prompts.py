"""Prompts of MCP servers: listed, filled in, and refused where they must be."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import mcp
import pytest

from chat.tools.mcp.server import McpServer
from chat.tools.mcp.server_prompts import PromptArgument, ServerPrompt, ServerPromptFailed
from chat.tools.mcp.spec import McpSpec
from tests.fixtures.mcp_calls import run, stdio
from tests.fixtures.mcp_http import serving


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving("asks") as url:
        yield url


def text(url: str, name: str, **arguments: str) -> str:
    return str(run(McpSpec(url=url), lambda server: server.prompt_text(name, arguments)))


def test_an_official_servers_prompts_are_listed_with_their_arguments(url: str) -> None:
    found = run(McpSpec(url=url), McpServer.prompts)
    arguments = [PromptArgument("text", "", True), PromptArgument("tone", "", False)]
    assert found[0] == ServerPrompt("stub", "summary", "Sum up", "Sum up a text.", arguments)


def test_a_prompt_is_filled_in(url: str) -> None:
    assert text(url, "summary", text="All's well.") == "Sum up in a plain tone: All's well."


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("summary", "refused"),
        ("unknown", "refused"),
        ("long_letter", "50000"),
    ],
)
def test_a_prompt_without_a_usable_text_fails_in_clear_words(url: str, name: str, says: str) -> None:
    with pytest.raises(ServerPromptFailed, match=says):
        text(url, name)


def test_a_prompt_that_asks_the_user_fails_and_asks_no_one(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp, "Client", partial(mcp.Client, mode="legacy"))
    with pytest.raises(ServerPromptFailed, match="asks for more"):
        text(url, "form_letter")


def test_a_server_without_prompts_offers_none() -> None:
    async def prompts(server: McpServer) -> Any:
        return await server.prompts()

    assert run(stdio("pid"), prompts) == []

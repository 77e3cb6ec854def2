"""Replies in openui-lang within C1's envelope, for scripts of the model."""

from __future__ import annotations

from chat.demo.blocks import Calls, DemoAnswer, MarkdownAnswer
from chat.demo.conversation import from_chat
from chat.demo.formats import envelope
from chat.demo.replies import reply
from chat.testing import Call, Received, Script, answer, tool_round
from chat.testing.script import Thought
from chat.text import escape


def card(*statements: str, children: str = "") -> str:
    """Return a reply with a card of all statements, or of those named in `children`."""
    names = children or ", ".join(statement.split(" = ")[0] for statement in statements)
    return enveloped("\n".join([f"root = Card([{names}])", *statements]))


def enveloped(program: str) -> str:
    return f'<content thesys="true" version="2">\n```openui-lang\n{escape(program)}\n```\n</content>'


def text(words: str) -> str:
    """Return a reply with a card that holds a text."""
    return card(f'words = TextContent("{words}")')


def demo(received: Received) -> Script:
    """Return the demo model's answer as a script without pauses."""
    content = reply(from_chat(received.json))
    if isinstance(content, Calls):
        return tool_round(*(Call(call.name, call.arguments) for call in content.calls))
    if isinstance(content, MarkdownAnswer):
        return answer(content.text)
    assert isinstance(content, DemoAnswer), content
    thought = [Thought(content.thought)] if content.thought else []
    return answer(*thought, envelope(content))

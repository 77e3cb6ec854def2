"""What models write for the page: openui-lang in C1's envelope, as text for scripts."""

from __future__ import annotations

from chat.demo.blocks import Calls, DemoAnswer
from chat.demo.conversation import from_chat
from chat.demo.program import envelope
from chat.demo.replies import reply
from chat.testing import Call, Received, Script, answer, tool_round
from chat.text import escape


def card(*statements: str, children: str = "") -> str:
    """A reply that is a card; the children are the names of the statements unless they are given."""
    names = children or ", ".join(statement.split(" = ")[0] for statement in statements)
    return enveloped("\n".join([f"root = Card([{names}])", *statements]))


def enveloped(program: str) -> str:
    return f'<content thesys="true" version="2">\n```openui-lang\n{escape(program)}\n```\n</content>'


def text(words: str) -> str:
    """A reply that says these words in a card."""
    return card(f'words = TextContent("{words}")')


def demo(received: Received) -> Script:
    """What the demo model would answer, all at once."""
    said = reply(from_chat(received.json))
    if isinstance(said, Calls):
        return tool_round(*(Call(call.name, call.arguments) for call in said.calls))
    assert isinstance(said, DemoAnswer), said
    return answer(envelope(said))

"""The demo model: an OpenAI-compatible server without any AI, to try the product without a key.

server         HTTP: chat completions, completions, models; started by `await start()` or `python -m chat.demo`
pace           a text cut into deltas of human speed
delivery       one reply made ready to be sent: deltas, ending, or whole
chunks         the JSON shapes of OpenAI's answers
conversation   a request's messages: what was asked, clicked, filled in, and which tools there are
replies        which topic answers: the table of what it understands
sales, trip, booking, tool_topics, talk     the topics, each a function from a conversation to a reply
blocks         the building blocks of an answer, and what a reply can be
c1             the same blocks in C1's own components
program, prose the two ways to write the blocks down: C1's format with an openui-lang program, or plain text

It knows nothing of Django and nothing of the rest of the server but `chat.text`.
"""

from .server import DemoServer, start

__all__ = ["DemoServer", "start"]

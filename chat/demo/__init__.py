"""The demo model: an OpenAI-compatible server without any AI, to try the product without a key.

server         a script for each request, played by `chat.testing.model_server`; started by `await start()`
conversation   a request's messages: question, click, form values, tools and their results
replies        the choice of a topic; `topics.toml` holds the topics' patterns, texts and tables
booking, trip, talk, tool_topics    the topics that need code; `arithmetic` reads sums
blocks         the building blocks of an answer
c1             the same blocks in C1's own components
program, prose the two ways to write the blocks down: C1's format with an openui-lang program, or plain text

Independent of Django and of the rest of the server but `chat.text` and `chat.testing`.
"""

from .server import start

__all__ = ["start"]

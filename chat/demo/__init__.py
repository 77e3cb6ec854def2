"""The demo model: an OpenAI-compatible server without any AI, to try the product without a key.

server         a script for each request, played by `chat.testing.model_server`; started by `await start()`
conversation   a request's messages: question, click, form values, tools and their results
replies        the choice of a topic and its answer; `topics.toml` holds patterns, texts and tables
bookings       a table's booking; `dates` reads and writes days
file_topics    questions about files
tool_topics    the topics that need a tool; `arithmetic` reads sums, `calculator` computes them
language       the language of a question: texts are in `topics.toml` and `topics_de.toml`
blocks         the building blocks of an answer
formats        the blocks as a program in C1's format, in OpenUI's components or in C1's own, or as plain text

Independent of Django and of the rest of the server but `chat.text` and `chat.testing`.
"""

from .server import start

__all__ = ["start"]

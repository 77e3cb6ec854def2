"""Text: storable characters, C1 envelopes, and the plain text of messages. Pure functions that never raise.

characters  characters that Postgres and UTF-8 can hold; boundaries of characters
sections    OpenUI's message sections around bare openui-lang
envelope    `<content>`, `<context>` and `<thinkitem>`: made, taken apart
components  lenient parser of component trees, of JSON and of openui-lang alike, cut anywhere
extraction  component trees and envelopes to plain text and titles
search_terms  terms of texts and queries for full-text search
tree        component trees with named arguments and resolved references
markdown    replies to Markdown documents
artifacts   documents in replies, with ids and versions
json_values the number of values in JSON, counted while it arrives

Imports go upward in this list only.
"""

from chat.text.artifacts import ArtifactText, artifact_content, artifact_markdown, artifact_tags, artifacts_of
from chat.text.characters import REPLACEMENT, is_boundary, is_storable, storable, utf8_floor
from chat.text.envelope import context_of, escape, is_failure_card, think_item, unescape, unwrap, wrap_card
from chat.text.extraction import IMAGE, plain_text, plain_text_of_parts, title_of
from chat.text.markdown import fenced, markdown

__all__ = [
    "IMAGE",
    "REPLACEMENT",
    "ArtifactText",
    "artifact_content",
    "artifact_markdown",
    "artifact_tags",
    "artifacts_of",
    "context_of",
    "escape",
    "fenced",
    "is_boundary",
    "is_failure_card",
    "is_storable",
    "markdown",
    "plain_text",
    "plain_text_of_parts",
    "storable",
    "think_item",
    "title_of",
    "unescape",
    "unwrap",
    "utf8_floor",
    "wrap_card",
]

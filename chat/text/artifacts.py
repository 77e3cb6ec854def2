"""The artifacts in a reply: documents with an id, of which each edit writes a new version.

    <artifact type="report" id="q3" version="1">…</artifact>

The body is escaped text in any of the formats of a reply, or holds envelopes of its own. The tag may stand in an envelope.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from chat.text.characters import storable
from chat.text.envelope import Segment, artifact_parts, escape, segments, unescape
from chat.text.extraction import segment_text, title_of_text
from chat.text.markdown import segments_as_markdown

# Artifacts of one message that count as such: a row of a table is kept for each.
MAX_ARTIFACTS = 20
# Characters of an id, as of the ids that clients choose; of a kind, such as `report`.
ID_CHARACTERS, KIND_CHARACTERS = 128, 32

_ATTRIBUTE = re.compile(r'([a-z_]{1,20})\s*=\s*"([^"<>]{0,200})"')
_HEADING = re.compile(r"\A#{1,6} ")
_NO_ID, _NO_KIND = re.compile(r"[^A-Za-z0-9._:-]"), re.compile(r"[^a-z0-9_-]")
# Hexadecimal digits that keep two ids apart which differ in other characters alone.
_DIGITS = 8


class ArtifactText(NamedTuple):
    """A complete artifact in a text. `name`: its id as the text has it; `public_id`: the same in the form of an id."""

    name: str
    public_id: str
    kind: str
    title: str
    body: str


def artifacts_of(content: str) -> list[ArtifactText]:
    """Return the complete artifacts of a reply, in their order; one without an id counts as none."""
    if "artifact" not in content:  # as most
        return []
    found = [_read(segment) for segment in segments(content) if segment.kind == "artifact" and segment.closed]
    return [one for one in found if one is not None][:MAX_ARTIFACTS]


def artifact_content(body: str) -> str:
    """Return an artifact's body as its own text: unescaped, or the envelopes that it holds as they are."""
    return body.strip() if body.lstrip().startswith("<content") else unescape(body).strip()


def artifact_markdown(body: str) -> str:
    """Return an artifact's body as Markdown."""
    return storable(segments_as_markdown(artifact_parts(Segment("artifact", body))))


def artifact_tags(name: str, kind: str, version: str) -> tuple[str, str]:
    """Return the tags around an artifact."""
    attributes = {"type": kind, "id": name, "version": version}
    return "<artifact" + "".join(
        f' {key}="{escape(value)}"' for key, value in attributes.items()
    ) + ">", "</artifact>"


def _read(segment: Segment) -> ArtifactText | None:
    attributes = {key: storable(unescape(value)) for key, value in _ATTRIBUTE.findall(segment.attributes)}
    name = attributes.get("id", "").strip()
    if not name:
        return None
    kind = _NO_KIND.sub("", attributes.get("type", "").lower())[:KIND_CHARACTERS]
    title = title_of_text(attributes.get("title", "") or segment_text(segment))
    return ArtifactText(name, _public_id(name), kind or "document", _HEADING.sub("", title), segment.body)


def _public_id(name: str) -> str:
    """Return an id made of any name: the name itself where it is one."""
    if len(name) <= ID_CHARACTERS and not _NO_ID.search(name):
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGITS]
    return f"{_NO_ID.sub('-', name)[: ID_CHARACTERS - _DIGITS - 1]}.{digest}"

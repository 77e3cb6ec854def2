"""C1 envelopes, made and taken apart.

A message is a row of segments: `<thinkitem>…</thinkitem>`, `<content>…</content>`, `<context>…</context>`,
`<artifact>…</artifact>` (in a content, too), and plain text between them. Bodies are escaped with five entities. A stream may
be cut anywhere, so the last segment may be open. A message without envelopes may be bare openui-lang, or have OpenUI's
sections (`chat.text.sections`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from chat.text.sections import MARKER, is_program, is_sectioned, sections, split_stored_form

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_CHARACTERS = {entity: character for character, entity in _ENTITIES.items()} | {"&apos;": "'", "&#x27;": "'"}

# Ends the body of an artifact whose end is missing, so that what follows it in a message is not part of it.
CUT_MARK = "<cut/>"

_TO_ESCAPE = re.compile("[&<>\"']")
_TO_UNESCAPE = re.compile("|".join(map(re.escape, _CHARACTERS)))

# Attributes are matched up to 200 characters without another `<`: an unbounded match would take quadratic time on a
# text of nothing but opening brackets.
FENCE = "```openui-lang"
_OPENING = re.compile(rf"<(content|context|thinkitem|artifact)(\s[^<>]{{0,200}})?>|{FENCE}[ \t]*\r?\n")
_ARTIFACT = re.compile(r"<(artifact)(\s[^<>]{0,200})>")
_FENCE_END = re.compile(r"\n```[ \t]*(?=\r?\n|\Z)")
_CUT_OPENING = re.compile(r"<(?:[a-z]{0,20}|(?:content|context|thinkitem|artifact)\s[^<>]{0,200})\Z")
_CUT_MESSAGE = re.compile(r"\A\s*<(?:conte|think|artif)[^<>]{0,200}\Z")
_CUT_CLOSING = re.compile(r"</?[a-z]{0,20}\Z")
_CUT_ENTITY = re.compile(r"&[a-z0-9#]{0,5}\Z")


class Segment(NamedTuple):
    """One piece of a message. `kind`: text, content, context, thinkitem, artifact or program.

    `body` is unescaped, but for a think item and an artifact, whose parts are separated by their tags.
    """

    kind: str
    body: str
    attributes: str = ""
    closed: bool = True


def escape(text: str) -> str:
    """Escape a text with the five entities that C1 uses."""
    return _TO_ESCAPE.sub(lambda match: _ENTITIES[match[0]], text)


def unescape(text: str) -> str:
    """Reverse `escape`, once; `&apos;` and `&#x27;` are understood too, every other entity is text."""
    return _TO_UNESCAPE.sub(lambda match: _CHARACTERS[match[0]], text) if "&" in text else text


def wrap_card(title: str, text: str) -> str:
    """Return the card, version 2, for C1 readers of a response that failed without text; no newline at its end."""
    words = ", ".join(json.dumps(word, ensure_ascii=False) for word in ("danger", title, text))
    program = f"\n```openui-lang\nroot = Card([c])\nc = CalloutV2({words})\n```\n"
    return f'<content thesys="true" version="2">{escape(program)}</content>'


_CARD_HEAD, _, _CARD_TAIL = wrap_card("", "").partition("&quot;danger&quot;, &quot;&quot;, &quot;&quot;")


def is_failure_card(content: str) -> bool:
    """Return True if a content is such a card and nothing else: it is for readers, not for models."""
    head, _, rest = content.partition("&quot;danger&quot;, ")
    words, _, tail = rest.partition("\n")
    return head == _CARD_HEAD and words.endswith(")") and f")\n{tail}" == _CARD_TAIL


def think_item(title: str, content: str, ephemeral: bool = True) -> str:
    """Return a think item, which C1 shows while the model works; the stored message omits an ephemeral one."""
    mark = ' ephemeral="true"' if ephemeral else ""
    inner = f"<thinkitemtitle>{escape(title)}</thinkitemtitle><thinkitemcontent>{escape(content)}</thinkitemcontent>"
    return f"<thinkitem{mark}>{inner}</thinkitem>"


def unwrap(content: str) -> str:
    """Return the user's own words: the envelope's body without its context, or the text itself without an envelope."""
    if is_sectioned(content):
        kinds: tuple[str, ...] = ("content", "text", "program")
    elif content.lstrip().startswith("<content"):
        kinds = ("content",)
    else:
        return content
    bodies = [segment.body for segment in segments(content) if segment.kind in kinds]
    return "\n".join(bodies) if bodies or is_sectioned(content) else content


def context_of(content: str) -> list[object] | None:
    """Return the parsed JSON list that a click or a form added to the words, or None without a complete one."""
    for segment in segments(content):
        if segment.kind == "context":
            return parse_context(segment.body)
    return None


def parse_context(body: str) -> list[object] | None:
    """Return the list in a context's unescaped body, or None where it is cut, too deep, or anything but a list."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, list) else None


def is_prose(content: str) -> bool:
    """Return True if nothing in a content can begin anything but prose."""
    return not ("<" in content or FENCE in content or MARKER[:3] in content or is_program(content))


def segments(content: str) -> Iterator[Segment]:
    """Yield the segments of a message, in order and in linear time, without blank text between envelopes."""
    if MARKER[:3] not in content:
        yield from _section_segments(content)
        return
    for kind, body in sections(content):
        if kind == "context" and parse_context(body) is not None:
            yield Segment("context", body)
        else:
            # Behind `end` stand the form values that the page stored.
            yield from _section_segments(f"\n{body}" if kind == "end" else body)


def _section_segments(content: str) -> Iterator[Segment]:
    """Yield the segments of a content without markers: bare openui-lang, or text with envelopes."""
    if not is_program(content):
        yield from _enveloped_segments(content)
        return
    # Markup in the strings of a program is not an envelope.
    program, form = split_stored_form(content)
    yield Segment("program", program)
    if form is not None:
        yield Segment("context", unescape(form))


def _enveloped_segments(content: str) -> Iterator[Segment]:
    done = seen = 0
    # Only blanks since the last envelope, or since the start.
    between = True
    while match := _OPENING.search(content, seen):
        between = between and not content[seen : match.start()].strip()
        seen = match.end()
        if not _is_envelope(content, match, between):
            between = False
            continue
        if plain := content[done : match.start()].strip():
            yield Segment("text", plain)
        segment, done = _element(content, match) if match[1] else _fenced(content, match)
        yield from _with_artifacts(segment, content[match.end() : done])
        seen, between = done, True
    tail = (_CUT_OPENING if done else _CUT_MESSAGE).sub("", content[done:], count=1)
    if tail.strip():
        yield Segment("text", tail if done == 0 else tail.strip())


def _is_envelope(content: str, tag: re.Match[str], between: bool) -> bool:
    """Return True if a tag opens an envelope; prose may mention tags, so amid text only unambiguous forms count."""
    name, attributes = tag[1], tag[2] or ""
    if name == "thinkitem":
        return between or content.startswith("<thinkitemtitle>", tag.end())
    if name == "context":
        return between and tag.start() > 0
    if name == "artifact":
        return "id=" in attributes or (between and content.find("</artifact>", tag.end()) >= 0)
    if name is None or "thesys=" in attributes:
        return True
    # Without the attribute, an envelope that is still open is one only if a tree or a program has begun in it.
    begun = content[tag.end() : tag.end() + 20].lstrip().startswith(("{", "```"))
    return between and (begun or content.find("</content>", tag.end()) >= 0)


def _with_artifacts(segment: Segment, raw: str) -> Iterator[Segment]:
    """Yield a segment, or the pieces of a content that holds artifacts. `raw`: its body before unescaping, and its end."""
    if segment.kind != "content" or "<artifact" not in segment.body:
        yield segment
        return
    escaped = "<artifact" in raw
    body = raw.removesuffix("</content>") if escaped else segment.body
    done = 0
    for tag in _ARTIFACT.finditer(body):
        if tag.start() >= done:
            yield from _words(segment, body[done : tag.start()], escaped)
            artifact, done = _element(body, tag)
            yield artifact
    yield from _words(segment, body[done:], escaped)


def _words(segment: Segment, body: str, escaped: bool) -> Iterator[Segment]:
    """Yield the content around artifacts, unless it is blank."""
    if body.strip():
        yield segment._replace(body=(unescape(body) if escaped else body).strip())


def artifact_parts(artifact: Segment) -> list[Segment]:
    """Return the segments of an artifact's body: its own envelopes, or one content.

    The tag of an artifact in it opens none, but holds words: the first end tag was that of the outer one.
    """
    body = artifact.body.strip()
    if body.startswith("<content"):
        return [
            one._replace(kind="content", body=unescape(one.body)) if one.kind == "artifact" else one
            for one in segments(body)
        ]
    return [Segment("content", unescape(body), ' version="2"', artifact.closed)]


def _element(content: str, tag: re.Match[str]) -> tuple[Segment, int]:
    """Return the segment that starts with the tag, and the offset of its end."""
    close = f"</{tag[1]}>"
    end = content.find(close, tag.end())
    closed = end >= 0
    raw = content[tag.end() : end] if closed else _CUT_CLOSING.sub("", content[tag.end() :])
    after = end + len(close) if closed else len(content)
    if tag[1] == "artifact" and raw.endswith(CUT_MARK):
        raw, closed = raw.removesuffix(CUT_MARK), False
    # Tags separate the parts, and escaped words cannot hold a tag: so before unescaping.
    body = (
        raw if tag[1] in ("thinkitem", "artifact") else unescape(raw if closed else _CUT_ENTITY.sub("", raw))
    )
    return Segment(tag[1], body, tag[2] or "", closed), after


def _fenced(content: str, fence: re.Match[str]) -> tuple[Segment, int]:
    """Return a program in a bare fence, written by models that know openui-lang but not C1's envelope, and its end."""
    end = _FENCE_END.search(content, fence.end() - 1)
    body = content[fence.end() : end.start() if end else len(content)]
    return Segment("program", body, closed=end is not None), end.end() if end else len(content)

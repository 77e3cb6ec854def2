"""A history in the form that a model understands: C1's envelopes, the Gateway's sections, or plain text.

A thread may change its model, so a message may be stored in any of the three forms. A message that is in the right form
already stays byte for byte; the store is never changed.

    from \\ to    c1                          gateway                                text
    words        verbatim                    `]]>openui:content` and the words      verbatim
    click, form  `<content>`, `<context>`    `]]>openui:content`, `…context`        words, then the values line by line
    interface    `<content version="2">`     bare openui-lang                       Markdown
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from chat.text import escape, markdown, plain_text, plain_text_of_parts, unescape
from chat.text.envelope import Segment, artifact_parts, parse_context, segments
from chat.text.extraction import is_tree, segment_text
from chat.text.sections import MARKER, is_program, is_sectioned, neutral, sections, split_stored_form

Messages = list[dict[str, Any]]

CONTENT, CONTEXT, END = f"{MARKER}content", f"{MARKER}context", f"{MARKER}end"
FENCE = "```openui-lang\n"


def in_form(messages: Messages, form: str) -> Messages:
    """Return the messages in the form `c1`, `gateway` or `text`; an empty form leaves them as they are."""
    if form == "gateway":
        messages = list(_with_one_system_text(messages))
    convert = {"c1": _for_c1, "gateway": _for_gateway, "text": _for_text}.get(form)
    return [_converted(message, convert) for message in messages] if convert else messages


def _converted(message: dict[str, Any], convert: Callable[[str, str], str]) -> dict[str, Any]:
    """Return the message with its text in another form; the same object where nothing changes."""
    role, content = message["role"], message.get("content")
    if isinstance(content, str):
        converted = convert(role, content)
        return message if converted == content else {**message, "content": converted}
    if content is None or not isinstance(content, list | msgspec.Raw):
        return message
    parts = [_decoded(part) for part in _decoded(content)]
    changed = _converted_parts(
        parts, lambda text: convert(role, text), once=convert is _for_gateway and role == "user"
    )
    return message if changed == parts else {**message, "content": changed}


def _converted_parts(parts: list[Any], convert: Callable[[str], str], once: bool) -> list[Any]:
    """Return content parts with their texts in another form; `once`: a section may begin in the first text alone."""
    converted, began = list[Any](), False
    for part in parts:
        text = part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None
        if isinstance(text, str):
            converted.append({**part, "text": neutral(plain_text(text)) if once and began else convert(text)})
            began = True
        else:
            converted.append(part)
    return converted


def _decoded(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value


def _with_one_system_text(messages: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the messages with all system texts in the first message, where the Gateway looks for its configuration."""
    messages = list(messages)
    systems = [_text(message) for message in messages if message["role"] == "system"]
    if systems:
        yield {"role": "system", "content": "\n\n".join([systems[0], *map(neutral, systems[1:])])}
    yield from (message for message in messages if message["role"] != "system")


def _text(message: dict[str, Any]) -> str:
    content = _decoded(message["content"])
    return plain_text_of_parts(map(_decoded, content)) if isinstance(content, list) else content or ""


def _for_text(role: str, content: str) -> str:
    if role == "user":
        return plain_text(content) if _sent_by_client(content) else content
    if role != "assistant" or not _drawn(content):
        return content
    # Form values that were stored with the interface are behind it; one without readable parts is sent as it is.
    values = (segment_text(segment) for segment in segments(content) if segment.kind == "context")
    return "\n\n".join(filter(None, [markdown(content), *values])) or content


def _for_c1(role: str, content: str) -> str:
    if role == "user" and is_sectioned(content) and (found := _sent_by_client(content)):
        words, context = found
        return f'<content thesys="true">{escape(words)}</content>{_context(context)}'
    if role == "assistant" and (is_sectioned(content) or is_program(content)):
        return _enveloped(segments(content))
    return content


def _context(context: str) -> str:
    return f"<context>{escape(context)}</context>" if context else ""


def _enveloped(found: Iterable[Segment]) -> str:
    """Return the segments of a bare answer in C1's envelope."""
    bodies, context = list[str](), ""
    for segment in found:
        if segment.kind == "context":
            context = segment.body
        else:
            is_code = segment.kind == "program" or is_program(segment.body)
            bodies.append(f"{FENCE}{segment.body}\n```" if is_code else segment.body)
    body = escape("\n".join(bodies))
    return f'<content thesys="true" version="2">\n{body}\n</content>{_context(context)}'


def _for_gateway(role: str, content: str) -> str:
    match role:
        case "user":
            words, context = _sent_by_client(content) or (content, "")
            return _sectioned(neutral(words), context)
        case "assistant":
            return _bare(content)
        case "tool":
            return neutral(content)
    return content


def _sectioned(content: str, context: str) -> str:
    return f"{CONTENT}\n{content}\n{CONTEXT}\n{context}" if context else f"{CONTENT}\n{content}"


def _bare(content: str) -> str:
    """Return an answer as the Gateway writes it: openui-lang alone, or text with programs in fences."""
    if is_program(content) or is_sectioned(content):
        answer, form = split_stored_form(content)
        return content if form is None else _with_form(answer, unescape(form))
    if not _drawn(content):
        return neutral(content)
    found = [segment for segment in segments(content) if segment.kind != "thinkitem"]
    context = "".join(segment.body for segment in found if segment.kind == "context")
    pieces = [piece for segment in found if segment.kind != "context" for piece in _pieces(segment)]
    programs = [text for kind, text in pieces if kind == "program"]
    if len(pieces) == len(programs) == 1:
        answer = programs[0]
    else:
        answer = "\n\n".join(
            f"{FENCE}{text}\n```" if kind == "program" else neutral(text) for kind, text in pieces
        )
    return _sectioned(answer, context) if context else answer


def _with_form(answer: str, context: str) -> str:
    if not is_sectioned(answer):
        return _sectioned(answer, context)
    return f"{answer.rstrip().removesuffix(END).rstrip()}\n{CONTEXT}\n{context}"


def _pieces(segment: Segment) -> Iterator[tuple[str, str]]:
    """Yield the texts and programs of a segment, in order."""
    if segment.kind == "artifact":
        for part in artifact_parts(segment):
            yield from _pieces(part)
        return
    if segment.kind == "program" or is_program(segment.body):
        yield "program", segment.body.strip()
        return
    if segment.kind == "content" and is_tree(segment.body):
        yield "text", markdown(segment.body)
        return
    text, *fenced = segment.body.split(FENCE)
    parts = [("text", text)]
    for block in fenced:
        program, _, after = f"{block}\n".partition("\n```\n")
        parts += [("program", program), ("text", after)]
    yield from ((kind, part.strip()) for kind, part in parts if part.strip())


def _drawn(content: str) -> bool:
    """Return True if a content holds an interface or an envelope, and is not just text."""
    return any(
        segment.kind != "text" or is_program(segment.body) or is_tree(segment.body)
        for segment in segments(content)
    )


def _sent_by_client(content: str) -> tuple[str, str] | None:
    """Return the words and the context (JSON text) of a user's message in an envelope or in sections, as clients send.

    None for all other text: what a user typed holds no sections, whatever it looks like.
    """
    if is_sectioned(content):
        found = [(kind, body) for kind, body in sections(content.lstrip("\r\n")) if kind or body]
    elif content.lstrip().startswith("<content"):
        found = [(segment.kind, segment.body) for segment in segments(content)]
    else:
        return None
    match found:
        case [("content", words)]:
            return words, ""
        case [("content", words), ("context", context)] if parse_context(context) is not None:
            return words, context
        case [("context", context)] if parse_context(context) is not None:
            return "", context
    return None

"""The text of an MCP tool's result, and the pictures that are kept of it."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from mcp.types import CallToolResult

from chat.tools import FileRefused, PictureRefused
from chat.tools.mcp.results import MAX_KEPT, Keeping, result_text

PICTURE, FILE = (base64.b64encode(data).decode() for data in (b"picture", b"file"))


async def keep(data: bytes) -> str:
    if data != b"picture":
        raise PictureRefused("it is none")
    return "/api/attachments/a"


async def keep_file(name: str, media_type: str, data: bytes) -> str:
    if data != b"file":
        raise FileRefused("it is of no known kind")
    return f"/api/attachments/{media_type}/{name}"


def text_of(*blocks: dict[str, Any], structured: Any = None, notes: tuple[str, ...] = ()) -> str:
    given = {"content": list(blocks), "structuredContent": structured}
    return asyncio.run(result_text(CallToolResult.model_validate(given), Keeping(keep, keep_file), notes))


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def image(data: str = PICTURE) -> dict[str, Any]:
    return {"type": "image", "data": data, "mimeType": "image/png"}


def resource(**fields: Any) -> dict[str, Any]:
    return {"type": "resource", "resource": {"uri": "repo://a", **fields}}


BLOCKS: dict[str, tuple[dict[str, Any], str]] = {
    "a picture": (image(), "[image image/png /api/attachments/a]"),
    "a picture that is none": (image("AAAA"), "[image image/png not kept: it is none]"),
    "a picture in a data URL": (
        image(f"data:image/png;base64,{PICTURE}"),
        "[image image/png /api/attachments/a]",
    ),
    "a picture in lines of Base64": (
        image(f"{PICTURE[:4]}\r\n{PICTURE[4:]}\n"),
        "[image image/png /api/attachments/a]",
    ),
    "a picture in Base64 without its end": (
        image(PICTURE.rstrip("=")),
        "[image image/png /api/attachments/a]",
    ),
    "a picture in bad Base64": (image("no base64!"), "[image image/png]"),
    "a resource that is a picture": (
        resource(blob=PICTURE, mimeType="image/png"),
        "[resource repo://a image/png /api/attachments/a]",
    ),
    "a resource that is no such picture": (
        resource(blob=FILE, mimeType="image/png"),
        "[resource repo://a image/png not kept: it is none]",
    ),
    "a resource that is a file": (
        resource(blob=FILE, mimeType="a/b", uri="repo://host/some%20report.pdf?x=1"),
        "[resource repo://host/some%20report.pdf?x=1 a/b /api/attachments/a/b/some report.pdf]",
    ),
    "a file without a name": (resource(blob=FILE, uri="repo:"), "[resource repo: /api/attachments//]"),
    "a resource of another medium": (
        resource(blob="AAAA", mimeType="a/b"),
        "[resource repo://a a/b not kept: it is of no known kind]",
    ),
    "an empty resource": (resource(blob=""), "[resource repo://a]"),
    "sound": ({"type": "audio", "data": PICTURE, "mimeType": "audio/wav"}, "[audio audio/wav]"),
    "a text in Base64": (
        resource(blob=base64.b64encode("é = 1".encode()).decode(), mimeType="text/x-python"),
        "[resource repo://a text/x-python not kept: it is of no known kind]\né = 1",
    ),
    "JSON in Base64": (
        resource(blob=base64.b64encode(b'{"a": 1}').decode(), mimeType="application/ld+json; charset=utf-8"),
        '[resource repo://a application/ld+json; charset=utf-8 not kept: it is of no known kind]\n{"a": 1}',
    ),
    "bytes that are no text": (
        resource(blob="/w==", mimeType="text/plain"),
        "[resource repo://a text/plain not kept: it is of no known kind]",
    ),
    "a described link": (
        {
            "type": "resource_link",
            "name": "a",
            "uri": "repo://a",
            "description": "The log",
            "mimeType": "a/b",
        },
        "[resource_link a repo://a a/b The log]",
    ),
    "a link": ({"type": "resource_link", "name": "a", "uri": "repo://a"}, "[resource_link a repo://a]"),
}


@pytest.mark.parametrize("kind", BLOCKS)
def test_a_block_without_text_is_named(kind: str) -> None:
    block, says = BLOCKS[kind]
    assert text_of(text("Here:"), block) == f"Here:\n{says}"


def test_so_many_pictures_are_kept_and_no_more() -> None:
    lines = text_of(*[image()] * (MAX_KEPT + 1)).splitlines()
    assert lines == ["[image image/png /api/attachments/a]"] * MAX_KEPT + ["[image image/png]"]


SAID: dict[str, tuple[tuple[str, ...], Any]] = {
    "the same JSON": (('{"b": 1, "a": [2]}',), {"a": [2], "b": 1}),
    "a wrapped text": (("hello",), {"result": "hello"}),
    "a wrapped number": (("21",), {"result": 21}),
    "a list, an entry each": (("a", "b"), {"result": ["a", "b"]}),
    "a list of objects": (('{"a": 1}', '{"a": 2}'), {"result": [{"a": 1}, {"a": 2}]}),
    "a list of one": (("1",), {"result": [1]}),
}


@pytest.mark.parametrize("kind", SAID)
def test_structured_content_that_the_texts_say_is_not_doubled(kind: str) -> None:
    texts, structured = SAID[kind]
    assert text_of(*map(text, texts), structured=structured) == "\n".join(texts)


@pytest.mark.parametrize(
    ("texts", "structured", "says"),
    [
        ((), {"a": 1}, '{"a":1}'),
        (("",), {"a": 1}, '{"a":1}'),
        (("21 degrees",), {"degrees": 21}, '21 degrees\n{"degrees":21}'),
        (("[" * 100_000,), {"a": 1}, "[" * 100_000 + '\n{"a":1}'),
    ],
)
def test_structured_content_comes_beside_texts_that_say_something_else(
    texts: tuple[str, ...], structured: Any, says: str
) -> None:
    assert text_of(*map(text, texts), structured=structured) == says


def test_notes_come_last() -> None:
    assert text_of(text("Done."), notes=("[A note.]",)) == "Done.\n[A note.]"

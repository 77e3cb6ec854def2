"""Compressed answers of models: each coding, several, in pieces, damaged, and bombs."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import brotli
import pytest

from chat.exceptions import ModelFailed
from chat.llm.http.content_coding import content_decoder
from chat.testing import Script, ScriptedModel
from chat.testing.script import Raw, Step
from tests.unit.stream_corpus import END
from tests.unit.test_transport import HELLO, ask, transport

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as server:
        yield server
        server.reset()


STREAM = HELLO * 20 + END
WHOLE_HELLO = b'{"choices": [{"message": {"content": "%b"}, "finish_reason": "stop"}]}' % (b"Hello" * 20)
RAW_DEFLATE = zlib.compressobj(wbits=-15)
CODINGS: dict[str, tuple[str, bytes]] = {
    "gzip": ("gzip", gzip.compress(STREAM)),
    "gzip in members": (
        "gzip",
        b"".join(gzip.compress(STREAM[at : at + 333]) for at in range(0, len(STREAM), 333)),
    ),
    "x-gzip": ("X-GZIP", gzip.compress(STREAM)),
    "deflate": ("deflate", zlib.compress(STREAM)),
    "deflate without a header": ("deflate", RAW_DEFLATE.compress(STREAM) + RAW_DEFLATE.flush()),
    "br": ("br", brotli.compress(STREAM)),
    "zstd": ("zstd", zstd.compress(STREAM)),
    "zstd in frames": (
        "zstd",
        b"".join(zstd.compress(STREAM[at : at + 333]) for at in range(0, len(STREAM), 333)),
    ),
    "two codings": ("gzip, br", brotli.compress(gzip.compress(STREAM))),
    "three codings": ("deflate,zstd , x-gzip", gzip.compress(zstd.compress(zlib.compress(STREAM)))),
    # A proxy has decoded it and left the header (diegosouzapw/OmniRoute#2291).
    "gzip in name only": ("gzip", STREAM),
    "br in name only": ("br", b": keepalive\n\n" + STREAM),
    "zstd in name only, in one piece": ("zstd", WHOLE_HELLO),
    "identity": ("identity", STREAM),
    # Some frameworks put the character set there; the official client ignores it.
    "a character set": ("UTF-8", STREAM),
    "none": ("none", STREAM),
}


def coded(coding: str, data: bytes, *more: Step, **fields: Any) -> Script:
    headers = {"Content-Type": "text/event-stream", "Content-Encoding": coding}
    return Script([Raw(data), *more], headers=headers, **fields)


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("split", [(), (1,), (50,)])
def test_a_compressed_answer_is_decoded(model: ScriptedModel, name: str, split: tuple[int, ...]) -> None:
    model.default(coded(*CODINGS[name], split=split))
    assert ask(transport(model.base_url)) == "Hello" * 20


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("compress", STREAM),
        ("gzip, compress", gzip.compress(STREAM)),
        ("gzip, gzip, gzip, gzip", STREAM),
        ("gzip", brotli.compress(STREAM)),
        ("gzip, br", gzip.compress(STREAM)),
        ("zstd", gzip.compress(STREAM)),
        ("deflate", gzip.compress(STREAM)),
        ("br", b"\xff" + STREAM),
        ("gzip", gzip.compress(STREAM)[:50]),
        ("br", brotli.compress(STREAM)[:30]),
        ("zstd", zstd.compress(STREAM)[:30]),
        ("zstd", zstd.compress(STREAM, options={zstd.CompressionParameter.window_log: 27})[:8] + STREAM),
    ],
    ids=[
        "unknown",
        "unknown among two",
        "too many",
        "br as gzip",
        "one of two",
        "gzip as zstd",
        "gzip as deflate",
        "no br",
        "cut gzip",
        "cut br",
        "cut zstd",
        "a large window",
    ],
)
def test_a_compression_that_cannot_be_decoded_is_a_failure(
    model: ScriptedModel, coding: str, data: bytes
) -> None:
    model.default(coded(coding, data))
    with pytest.raises(ModelFailed):
        ask(transport(model.base_url))


@pytest.mark.parametrize(
    ("coding", "member"),
    [("gzip", gzip.compress(b"")), ("zstd", zstd.compress(b""))],
    ids=["gzip", "zstd"],  # a member of gzip has the time in it, and all workers must collect the same tests
)
def test_members_without_a_byte_leave_other_answers_their_turn(coding: str, member: bytes) -> None:
    decoder = content_decoder(f"{coding}, br")
    assert decoder
    turns = list(decoder.feed(brotli.compress(member * 10_000)))
    assert (len(turns) >= 10_000, b"".join(turns)) == (True, b"")


@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        ("gzip", gzip.compress),
        ("br", brotli.compress),
        ("zstd", zstd.compress),
        ("gzip, br", lambda data: brotli.compress(gzip.compress(data))),
    ],
)
def test_a_compressed_answer_is_decoded_in_small_pieces(
    model: ScriptedModel, coding: str, compress: Callable[[bytes], bytes]
) -> None:
    longest = 0

    def measure(text: str) -> None:
        nonlocal longest
        longest = max(longest, len(text))

    model.default(coded(coding, compress(HELLO * 200_000 + END)))
    assert ask(transport(model.base_url), step=measure) == "Hello" * 200_000
    assert longest < 65_536

"""Decoding of compressed bodies: some servers and proxies compress although no compression was asked for."""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Iterator, Sequence
from typing import Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# Decoded bytes that are given out at a time: a small body may hold gigabytes. Brotli's decoder rounds it up to its own blocks.
SLICE_BYTES = 65_536
# Codings of one body: a server's and a proxy's. With each, a byte may stand for a thousand times more.
MAX_CODINGS = 3
# Binary logarithm of the bytes that a decoder of zstd keeps: those of the standard, RFC 9659. The library takes 128 MiB.
ZSTD_WINDOW = 23

_GZIP = frozenset({"gzip", "x-gzip"})
# What servers write that do not compress; only `identity` is one of the standard's.
_NONE = frozenset({"", "identity", "none", "utf-8", "utf8", "binary", "8bit", "chunked"})
# zlib's window bits for a gzip header, for a zlib header, and for none (RFC 1951 alone, as some servers send "deflate").
_GZIP_BITS, _ZLIB_BITS, _RAW_BITS = 31, 15, -15
# Bytes by which a text is distinguished from a compressed body, and a text of events, JSON or HTML in so many bytes.
_HEAD_BYTES = 8
_TEXT = re.compile(rb"\s*(?:(?:data|event|id|retry)?:|[\[{]\s*[\[{\"]|<)[\t\r\n -~]*")


class UnknownCoding(ValueError):
    """The server compressed its answer in a way that is not known here."""


class BadCoding(ValueError):
    """The compressed answer is damaged."""


class ContentDecoder(Protocol):
    """An incremental decoder of one coding."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decoded bytes in slices, and empty ones where decoding took time and gave nothing. Raise BadCoding."""


class InflateDecoder:
    """Decoder of `gzip` and `deflate`; several gzip members in a row are one body."""

    def __init__(self, coding: str) -> None:
        self._gzip = coding in _GZIP
        self._inflater: zlib._Decompress | None = None
        self._head = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._inflater is None:
            data = self._head + data
            if len(data) < 2:
                self._head = data
                return
            self._inflater = zlib.decompressobj(self._bits(data))
        try:
            yield from self._inflate(data)
        except zlib.error as problem:
            raise BadCoding from problem

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        assert self._inflater is not None
        while data:
            if self._inflater.eof:
                if not self._gzip:
                    return
                self._inflater = zlib.decompressobj(_GZIP_BITS)
            yield self._inflater.decompress(data, SLICE_BYTES)
            data = self._inflater.unconsumed_tail or self._inflater.unused_data

    def _bits(self, data: bytes) -> int:
        if self._gzip:
            return _GZIP_BITS
        # A zlib header: method 8, and a multiple of 31 (RFC 1950).
        zlib_header = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
        return _ZLIB_BITS if zlib_header else _RAW_BITS


class BrotliDecoder:
    """Decoder of `br`."""

    def __init__(self) -> None:
        self._decompressor = brotli.Decompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            while not self._decompressor.is_finished():
                decoded = self._decompressor.process(data, output_buffer_limit=SLICE_BYTES)
                if not decoded:
                    return
                yield decoded
                data = b""
        except brotli.error as problem:
            raise BadCoding from problem


class ZstdDecoder:
    """Decoder of `zstd`; several frames in a row are one body."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW}
        self._decompressor = zstd.ZstdDecompressor(options=options)

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            while data or not (self._decompressor.needs_input or self._decompressor.eof):
                if self._decompressor.eof:
                    self._begin()
                yield self._decompressor.decompress(data, SLICE_BYTES)
                data = self._decompressor.unused_data
        except zstd.ZstdError as problem:
            raise BadCoding from problem


class StackedDecoder:
    """Decoder of several codings, in the order of decoding.

    Some proxies decode a body and leave the header: a text at its start goes through as it is.
    """

    def __init__(self, decoders: Sequence[ContentDecoder]) -> None:
        self._decoders: Sequence[ContentDecoder] = decoders
        self._head: bytes | None = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._head is not None:
            data = self._head + data
            if len(data) < _HEAD_BYTES:
                self._head = data
                return
            self._head = None
            if _TEXT.fullmatch(data[:_HEAD_BYTES]):
                self._decoders = ()
        yield from _through(self._decoders, data)


def _through(decoders: Sequence[ContentDecoder], data: bytes) -> Iterator[bytes]:
    if not decoders:
        yield data
        return
    for part in decoders[0].feed(data):
        if part:
            yield from _through(decoders[1:], part)
        else:
            yield part


def content_decoder(header: str) -> ContentDecoder | None:
    """Return the decoder for a Content-Encoding; None where the body is not compressed. Raise UnknownCoding."""
    codings = [coding for part in header.lower().split(",") if (coding := part.strip()) not in _NONE]
    if not codings:
        return None
    if len(codings) > MAX_CODINGS:
        raise UnknownCoding
    return StackedDecoder([_decoder(coding) for coding in reversed(codings)])


def _decoder(coding: str) -> ContentDecoder:
    if coding == "br":
        return BrotliDecoder()
    if coding == "zstd":
        return ZstdDecoder()
    if coding in _GZIP | {"deflate"}:
        return InflateDecoder(coding)
    raise UnknownCoding

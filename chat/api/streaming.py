"""A streamed body of bytes."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from django.http import StreamingHttpResponse


class ByteStream(StreamingHttpResponse):
    """Django's streaming response, whose chunks can also be had without the two generators that Django wraps them in."""

    def __init__(self, chunks: AsyncGenerator[bytes], content_type: str) -> None:
        super().__init__(chunks, content_type=content_type)
        self.chunks = chunks

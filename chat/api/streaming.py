"""A streamed body of bytes."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from django.http import StreamingHttpResponse


class ByteStream(StreamingHttpResponse):
    """Django's streaming response, with the chunks also available without Django's two wrapping generators."""

    def __init__(self, chunks: AsyncGenerator[bytes], content_type: str) -> None:
        super().__init__(chunks, content_type=content_type)
        self.chunks = chunks

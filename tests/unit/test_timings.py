"""A log's timings say which bytes came when, however flushes split them."""

from __future__ import annotations

import struct

import pytest

from chat.streams import storage
from chat.streams.storage import LogSegment

DATA = b"onetwothree!"
PIECE = LogSegment(
    DATA, storage.pack_timing(10, 3) + storage.pack_timing(20, 3) + storage.pack_timing(30, 6), False
)


def moments(piece: LogSegment) -> list[tuple[int, int]]:
    return list(struct.iter_unpack("<II", piece.timings))


@pytest.mark.parametrize("size", range(len(DATA)))
def test_every_byte_that_is_left_keeps_its_moment(size: int) -> None:
    left = storage.drop_prefix(PIECE, size)
    assert left.data == DATA[size:]
    of_bytes = [moment for moment, length in moments(PIECE) for _ in range(length)]
    assert [moment for moment, length in moments(left) for _ in range(length)] == of_bytes[size:]


def test_a_fully_written_segment_leaves_nothing() -> None:
    assert storage.drop_prefix(PIECE, len(DATA)) == LogSegment(b"", b"", False)

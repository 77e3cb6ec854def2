"""A log's marks: which bytes came when, whatever part of them a flush had written."""

from __future__ import annotations

import struct

import pytest

from chat.store import logs
from chat.store.logs import Piece

DATA = b"onetwothree!"
PIECE = Piece(DATA, logs.mark(10, 3) + logs.mark(20, 3) + logs.mark(30, 6), False)


def moments(piece: Piece) -> list[tuple[int, int]]:
    return list(struct.iter_unpack("<II", piece.marks))


@pytest.mark.parametrize("size", range(len(DATA)))
def test_every_byte_that_is_left_keeps_its_moment(size: int) -> None:
    left = logs.rest(PIECE, size)
    assert left.data == DATA[size:]
    of_bytes = [moment for moment, length in moments(PIECE) for _ in range(length)]
    assert [moment for moment, length in moments(left) for _ in range(length)] == of_bytes[size:]


def test_nothing_is_left_of_a_piece_that_was_written_whole() -> None:
    assert logs.rest(PIECE, len(DATA)) == Piece(b"", b"", False)

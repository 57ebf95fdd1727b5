"""The binary answer as any gzip and CRC reader sees it."""

from __future__ import annotations

import gzip
import json
import struct
import zlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tb_activation_hist.plugin.wire import join_pieces, make_piece, pack_arrays, pack_head


@given(st.lists(st.binary(max_size=2000), max_size=6))
def test_joined_pieces_are_one_gzip_member(parts: list[bytes]) -> None:
    stream = join_pieces([make_piece(part) for part in parts])
    whole = b"".join(parts)
    inflater = zlib.decompressobj(wbits=31)
    assert inflater.decompress(stream) == whole
    # One member only: browsers stop after the first.
    assert inflater.eof
    assert inflater.unused_data == b""
    assert gzip.decompress(stream) == whole
    assert struct.unpack("<I", stream[-4:])[0] == len(whole)


def test_pieces_may_be_joined_in_any_order_and_again() -> None:
    one, other = make_piece(b"abc" * 5000), make_piece(bytes(70_000))
    assert gzip.decompress(join_pieces([other, one, one])) == bytes(70_000) + b"abc" * 10_000


def test_arrays_are_byte_shuffled_and_little_endian() -> None:
    data = pack_arrays([np.array([1, 258], ">u4"), np.array([[1.0], [-2.0]])])
    assert data[:8] == bytes([1, 2, 0, 1, 0, 0, 0, 0])
    shuffled = np.frombuffer(data[8:], np.uint8).reshape(8, 2).T.tobytes()
    assert np.frombuffer(shuffled, "<f8").tolist() == [1.0, -2.0]
    assert pack_arrays([np.zeros(0), np.zeros((3, 0), np.uint32)]) == b""


def test_the_head_is_padded_to_eight_bytes() -> None:
    for name in ("", "a", "ü" * 7, "<b>\"'"):
        data = pack_head([{"run": name}])
        (length,) = struct.unpack_from("<I", data)
        assert len(data) % 8 == 0
        assert len(data) - 4 - length < 8
        head = json.loads(data[4 : 4 + length])
        assert (head["version"], head["tiles"]) == (2, [{"run": name}])

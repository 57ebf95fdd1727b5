"""A tile as it lies in a shared file: smaller than the answer of the tiles route, and read once."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tb_activation_hist.plugin.data_provider import SeriesKey
from tb_activation_hist.plugin.response import to_json
from tb_activation_hist.plugin.schema import TileRequest
from tb_activation_hist.plugin.series_loader import LoadedSeries
from tb_activation_hist.plugin.sharing.rounding import round_counts
from tb_activation_hist.plugin.tiles import Tile, make_tile
from tb_activation_hist.plugin.wire import pack_arrays

FIGURES: Final = ("mean", "std", "min", "max")
WHOLE: Final = ("n", "zeros", "nans", "pos_infs", "neg_infs")
FIGURE_BITS: Final = 11
"""Mantissa bits that are kept of figures: a rounding of 0.02 %, so three digits are right."""


class Resolution(NamedTuple):
    """How finely tiles are kept. rows: as in `TileRequest`, 0: all stored bins."""

    rows: int
    rounded: bool


FINEST_FIRST: Final = (
    Resolution(0, False),
    Resolution(256, False),
    Resolution(0, True),
    Resolution(256, True),
    Resolution(128, True),
    Resolution(64, True),
    Resolution(32, True),
)
EXACT: Final = tuple(Resolution(rows, False) for rows in (0, 256, 128, 64, 32))
"""With exact counts only."""


@dataclass
class TimeAxes:
    """The columns' steps and times, which most series of a run have in common."""

    held: list[dict[str, list[int]]] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)

    def place(self, arrays: Mapping[str, npt.NDArray[Any]]) -> int:
        """The position of a tile's axis among those held."""
        axis = {
            "first_step": _differences(arrays["first_step"]),
            "last_step": _differences(arrays["last_step"]),
            "first_wall_time": _differences(_to_ms(arrays["first_wall_time"])),
            "last_wall_time": _differences(_to_ms(arrays["last_wall_time"])),
            "records": arrays["records"].tolist(),
        }
        key = json.dumps(axis)
        if key not in self._places:
            self._places[key] = len(self.held)
            self.held.append(axis)
        return self._places[key]


def _to_ms(times: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    whole: npt.NDArray[np.int64] = np.rint(times * 1000).astype(np.int64)
    return whole


def _differences(values: npt.NDArray[Any]) -> list[int]:
    """The first value, then each one's distance from the one before."""
    whole: npt.NDArray[np.int64] = values.astype(np.int64)
    distances: list[int] = np.diff(whole, prepend=np.int64(0)).tolist()
    return distances


def pack_tile(
    loaded: LoadedSeries, key: SeriesKey, columns: int, at: Resolution, axes: TimeAxes
) -> bytes:
    """A series pooled into at most `columns` columns, compressed."""
    asked = TileRequest(key.run, key.tag, key.source, columns=columns, rows=at.rows)
    tile = make_tile(loaded, asked)
    return compress(_to_bytes(tile, at, axes))


def compress(data: bytes) -> bytes:
    """gzip, the same bytes for the same data."""
    return gzip.compress(data, 9, mtime=0)


def _to_bytes(tile: Tile, at: Resolution, axes: TimeAxes) -> bytes:
    """4 bytes with the head's length, the head in JSON, then the arrays that it names."""
    arrays = tile.arrays
    counts = arrays["counts"]
    cells = round_counts(counts) if at.rounded else counts.astype(np.int64)
    packed: dict[str, npt.NDArray[Any]] = {name: _narrow(arrays[name]) for name in WHOLE}
    packed |= {name: _round_figures(arrays[name]) for name in FIGURES}
    packed |= {"lower": arrays["lower"], "upper": arrays["upper"], "counts": _narrow(cells)}
    head = {
        **tile.head,
        "rounded": at.rounded,
        "axis": axes.place(arrays),
        "arrays": [[name, array.dtype.name] for name, array in packed.items()],
    }
    text = to_json(head).encode()
    return struct.pack("<I", len(text)) + text + pack_arrays(packed.values())


def _narrow(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Differences along the columns, zigzag, in as few bytes as hold them."""
    whole: npt.NDArray[np.int64] = values.astype(np.int64)
    change: npt.NDArray[np.int64] = np.diff(whole, axis=-1, prepend=0)
    folded: npt.NDArray[np.uint64] = ((change << 1) ^ (change >> 63)).astype(np.uint64)
    largest = int(folded.max(initial=0))
    # The page adds integers up in 32 bits.
    names = ("uint8", "uint16", "uint32") if whole.max(initial=0) < 1 << 32 else ()
    for name in names:
        if largest < 1 << 8 * np.dtype(name).itemsize:
            return folded.astype(name)
    # JavaScript's numbers are whole up to 2**53, beyond which no count goes.
    return folded.astype(np.float64)


def _round_figures(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """To float32 with `FIGURE_BITS` bits of mantissa, since more would be noise to compression."""
    dropped = 23 - FIGURE_BITS
    limit = np.finfo(np.float32).max
    with np.errstate(invalid="ignore"):
        bits = np.clip(values, -limit, limit).astype(np.float32).view(np.uint32)
    # Half of the last kept bit is added, but not to the largest values, which would overflow.
    half = np.where((bits & 0x7FFFFFFF) < 0x7F7FF000, np.uint32(1 << (dropped - 1)), np.uint32(0))
    rounded: npt.NDArray[np.uint32] = (bits + half) & np.uint32(0xFFFFFFFF << dropped & 0xFFFFFFFF)
    return rounded.view(np.float32)

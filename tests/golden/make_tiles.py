"""Writes the golden files that both sides read: tiles on the wire, and re-binning.

    python -m tests.golden.make_tiles

`tiles_<name>.bin` is an answer of the tiles route before compression, `tiles_<name>.json` what it
holds, array by array (a number that is not finite is null). `rebin.json` and `quantiles.json` have
cases of the functions of these names in core/cumulative.py: arguments and results;
`format_loss.json` has series and what `HistogramSeries.format_loss` says of them.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.cumulative import quantiles, rebin
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.joining import sum_records
from tb_activation_hist.core.number_formats import NUMBER_FORMATS
from tb_activation_hist.core.schemes.float_bits import FloatBits
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.core.table import FORMAT_WAYS
from tb_activation_hist.plugin.data_provider import BLOCKS, Stamp
from tb_activation_hist.plugin.schema import TileRequest
from tb_activation_hist.plugin.series_loader import LoadedSeries, empty_series
from tb_activation_hist.plugin.tiles import Tile, make_tile
from tb_activation_hist.plugin.wire import join_pieces, make_piece, pack_arrays, pack_head
from tests.series import values_to_series

FOLDER = Path(__file__).resolve().parent

ABSENT = {
    "run": "lr=1",
    "tag": "activations/none",
    "source": BLOCKS,
    "error": "Run 'lr=1' has no blocks with the tag 'activations/none'.",
    "status": 404,
}


def loaded(series: HistogramSeries, revision: str, missing: int = 0) -> LoadedSeries:
    """A series as the store holds it."""
    hint = "Some records are missing." if missing else ""
    return LoadedSeries(Stamp(0, 0.0), series, sum_records(series), revision, missing, hint)


def mixed_series() -> HistogramSeries:
    """37 records with zeros, both signs, NaN, infinities, one record of NaN only."""
    rng = np.random.default_rng(1)
    records = []
    for i in range(37):
        values = (rng.standard_normal(200) * (0.2 + 0.05 * i)).astype(np.float32)
        values[: i % 5] = 0.0
        values[190 : 190 + i % 4] = np.nan
        values[195 : 195 + i % 3] = np.inf
        values[199 - i % 2 :] = -np.inf
        records.append(values)
    records[20] = np.full(3, np.nan, np.float32)
    return values_to_series(records, steps=list(range(0, 370, 10)))


def wide_series() -> HistogramSeries:
    """Counts that pass 2**32 only when pooled, at steps beyond 2**31."""
    values = np.array([-1.5, 0.0, 0.25, 0.25, 3.0], np.float32)
    series = values_to_series([values] * 4, steps=[2**31 - 2, 2**31, 2**40, 2**52])
    counts = (series.bin_counts * 900_000_000).astype(np.uint32)
    tallies = series.tallies
    for name in ("n", "zeros", "sum", "sum_sq"):
        getattr(tallies, name)[:] = getattr(tallies, name) * 900_000_000
    return HistogramSeries(tallies, series.bins, counts, series.scheme)


def answers() -> dict[str, tuple[list[LoadedSeries | None], list[TileRequest]]]:
    """Each golden answer: the series (None: an unknown one) and the tile asked of it."""
    mixed = loaded(mixed_series(), "00000000000000a1", missing=3)
    linear = values_to_series(
        [np.linspace(-1, 12, 60) * (1 + i / 8) for i in range(6)], scheme=LinearBins(40, 0, 10)
    )
    name = "activations/conv1"
    return {
        "mixed": (
            [mixed, mixed, mixed, None],
            [
                TileRequest("lr=0.01", name, columns=10, rows=16),
                TileRequest("lr=0.01", name, steps=(100.0, 205.0), rows=0),
                TileRequest("lr=0.01", name, unit=-3, columns=64, since=33),
                TileRequest("lr=1", "activations/none"),
            ],
        ),
        "wide": ([loaded(wide_series(), "b2")], [TileRequest("Grüße/<b>", name, columns=1)]),
        "linear": ([loaded(linear, "c3")], [TileRequest("a b", name, columns=3, rows=0)]),
        "empty": (
            [loaded(empty_series(FloatBits(), name), "d4"), mixed],
            [TileRequest("none", name), TileRequest("lr=0.01", name, steps=(101.0, 105.0))],
        ),
    }


def make_answer(
    series: Sequence[LoadedSeries | None], requests: Sequence[TileRequest]
) -> tuple[bytes, list[dict[str, Any]]]:
    """The uncompressed answer, and what it holds."""
    heads: list[dict[str, Any]] = []
    pieces, expected, offset = [], [], 0
    for held, request in zip(series, requests, strict=True):
        if held is None:
            heads.append(ABSENT)
            expected.append(ABSENT)
            continue
        tile = make_tile(held, request)
        data = pack_arrays(tile.arrays.values())
        heads.append(tile.head | {"offset": offset, "bytes": len(data)})
        expected.append(describe(tile))
        offset += len(data)
        pieces.append(make_piece(data))
    joined = join_pieces([make_piece(pack_head(heads)), *pieces])
    return zlib.decompress(joined, wbits=31), expected


def describe(tile: Tile) -> dict[str, Any]:
    """A tile's head and arrays as JSON holds them."""
    arrays = {
        name: [x if np.isfinite(x) else None for x in array.reshape(-1).tolist()]
        for name, array in tile.arrays.items()
    }
    return {"head": tile.head, "arrays": arrays}


Case = tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike, npt.ArrayLike]


def rebin_cases() -> list[dict[str, Any]]:
    """Arguments and results of `cumulative.rebin`."""
    mixed, rng = mixed_series(), np.random.default_rng(2)
    plain = (np.array([-2.0, 0.0, 1.0, 4.0]), np.array([-1.0, 1.0, 3.0, 8.0]))
    zero = (np.array([-(2.0**-130), 2.0**-130, 1.0]), np.array([2.0**-130, 2.0**-129, 2.0]))
    cases: list[Case] = [
        (*plain, [[3, 5, 7, 9], [0, 0, 1, 0]], np.linspace(-2, 8, 6)),
        (*plain, [[3, 5, 7, 9]], [0.25, 0.5, 3.5, 5.0]),
        (*plain, [[1, 1, 1, 1]], [-9.0, -5.0]),
        (*zero, [[10, 1, 4]], [-1.0, 0.0, 1.5, 2.0]),
        ([], [], [[]], [0.0, 1.0, 2.0]),
        ([1.0], [1.0 + 2.0**-20], [[2**31]], [0.0, 1.0, 2.0]),
        ([1.0, 2.0], [1.0, 3.0], [[5, 4]], [0.0, 1.0, 1.5, 2.5, 4.0]),
        ([1.0, 2.0], [1.0, 3.0], [[5, 4]], [1.0, 1.5, 2.5]),
        (mixed.lower, mixed.upper, mixed.bin_counts[::12], np.linspace(-4, 4, 33)),
        (mixed.lower, mixed.upper, mixed.bin_counts[:2], np.sort(rng.normal(0, 1, 20))),
    ]
    return [rebin_case(*case) for case in cases]


def rebin_case(
    lower: npt.ArrayLike, upper: npt.ArrayLike, counts: npt.ArrayLike, edges: npt.ArrayLike
) -> dict[str, Any]:
    """One case with its result."""
    arguments = {"lower": lower, "upper": upper, "counts": counts, "edges": edges}
    case = {name: np.asarray(value).tolist() for name, value in arguments.items()}
    return case | {"rebinned": rebin(lower, upper, counts, edges).tolist()}


SHARES = (0.0, 0.0005, 0.05, 0.5, 0.95, 0.9995, 1.0)


def quantile_cases() -> list[dict[str, Any]]:
    """Arguments and results of `cumulative.quantiles`."""
    mixed = mixed_series()
    zero = [-3.0, -(2.0**-130), 2.0**-130], [-2.0, 2.0**-130, 2.0**-129]
    cases: list[Case] = [
        ([-2.0, 0.0, 1.0], [-1.0, 1.0, 3.0], [[3, 5, 7], [0, 0, 1], [0, 0, 0], [9, 0, 0]], SHARES),
        (*zero, [[0, 10, 0], [1, 10, 1], [5, 1, 5]], SHARES),
        ([1.0, 2.0], [1.0, 3.0], [[20, 4]], SHARES),
        ([], [], [[], []], SHARES),
        (mixed.lower, mixed.upper, mixed.bin_counts[::6], SHARES),
    ]
    return [quantile_case(*case) for case in cases]


def quantile_case(
    lower: npt.ArrayLike, upper: npt.ArrayLike, counts: npt.ArrayLike, shares: npt.ArrayLike
) -> dict[str, Any]:
    """One case with its result; a quantile that is not there is null."""
    low, high, count = np.asarray(lower), np.asarray(upper), np.asarray(counts)
    found = quantiles(low, high, count, shares).tolist()
    return {
        "lower": low.tolist(),
        "upper": high.tolist(),
        "counts": count.tolist(),
        "shares": np.asarray(shares).tolist(),
        "quantiles": [[x if np.isfinite(x) else None for x in record] for record in found],
    }


def format_loss_cases() -> list[dict[str, Any]]:
    """Series of several dtypes and bins, with the shares that each format loses."""
    rng = np.random.default_rng(7)
    spread = (rng.standard_normal(200) * 2.0 ** rng.integers(-30, 20, 200)).astype(np.float32)
    half = (rng.standard_normal(200) * 2.0**-8).astype(np.float16)
    scaled = half.astype(np.float32) / 65536
    ties = np.repeat(np.float32([2.0**-10, -464, 61440, 65520, 2.0**-25, 0]), 5)
    brain = (spread.view(np.uint32) & 0xFFFF0000).view(np.float32)
    linear = LinearBins(30, -3, 10)
    cases = [
        ("float32", values_to_series([spread, spread * 64, ties, spread[:0], np.zeros(3)])),
        ("float16", values_to_series([half, scaled, np.full(4, 2.0**-10)])),
        ("bfloat16", values_to_series([brain, brain / 256])),
        ("float32", values_to_series([spread, ties, rng.random(50)], scheme=linear)),
    ]
    return [format_loss_case(replace(series, dtype=dtype)) for dtype, series in cases]


def format_loss_case(series: HistogramSeries) -> dict[str, Any]:
    """One series, and what each format loses at two scales; a share that is not there is null."""
    arrays = ("lower", "upper", "n", "zeros", "min", "max", "bin_counts")
    losses = [series.format_loss(name, scale) for name in NUMBER_FORMATS for scale in (1.0, 64.0)]
    return {
        "dtype": series.dtype,
        **{name.removeprefix("bin_"): to_list(getattr(series, name)) for name in arrays},
        "losses": [
            {
                "format": loss.number_format,
                "scale": loss.scale,
                **{way: to_list(getattr(loss, way)) for way in FORMAT_WAYS},
            }
            for loss in losses
        ],
    }


def to_list(array: npt.NDArray[Any]) -> list[Any]:
    """The numbers of an array; those that are not finite are null."""
    return np.where(np.isfinite(array), array, None).tolist()


def golden_files() -> Mapping[str, bytes]:
    """Name and content of every file."""
    files = {}
    for name, (series, requests) in answers().items():
        data, expected = make_answer(series, requests)
        files[f"tiles_{name}.bin"] = data
        files[f"tiles_{name}.json"] = to_json({"tiles": expected})
    files["rebin.json"] = to_json({"cases": rebin_cases()})
    files["quantiles.json"] = to_json({"cases": quantile_cases()})
    files["format_loss.json"] = to_json({"cases": format_loss_cases()})
    return files


def to_json(value: Any) -> bytes:
    return (json.dumps(value, allow_nan=False, separators=(",", ":")) + "\n").encode()


if __name__ == "__main__":
    for file_name, content in golden_files().items():
        (FOLDER / file_name).write_bytes(content)

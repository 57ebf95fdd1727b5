"""Exact stored counts of one series as a file, written piece by piece."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from tb_activation_hist.core.histogram import HistogramSeries

RECORDS_AT_ONCE: Final = 64

WORDS: Final = (("zeros", "zeros"), ("nan", "nans"), ("+inf", "pos_infs"), ("-inf", "neg_infs"))
"""What a CSV row holds in place of its edges, and where its count comes from."""

TALLIES: Final = ("n", "zeros", "nans", "pos_infs", "neg_infs")
MOMENTS: Final = ("mean", "std", "min", "max")


def at_steps(series: HistogramSeries, steps: tuple[float, float] | None) -> HistogramSeries:
    """The records with lo <= step <= hi."""
    lo, hi = steps or (-np.inf, np.inf)
    first = int(np.searchsorted(series.steps, lo, side="left"))
    last = int(np.searchsorted(series.steps, hi, side="right"))
    return series.take(slice(first, last))


def series_to_csv(series: HistogramSeries) -> Iterator[bytes]:
    """One row for each record and occupied bin, then one for each tally."""
    yield b"step,wall_time,lower,upper,count\r\n"
    lower, upper = series.lower.tolist(), series.upper.tolist()
    for start in range(0, len(series), RECORDS_AT_ONCE):
        part = series.take(slice(start, start + RECORDS_AT_ONCE))
        lines: list[str] = []
        for row, (step, wall_time) in enumerate(
            zip(part.steps.tolist(), part.wall_times.tolist(), strict=True)
        ):
            begin = f"{step},{wall_time!r}"
            columns = np.flatnonzero(part.bin_counts[row])
            counts = part.bin_counts[row, columns].tolist()
            lines += [
                f"{begin},{lower[column]!r},{upper[column]!r},{count}"
                for column, count in zip(columns.tolist(), counts, strict=True)
            ]
            lines += [f"{begin},{word},{word},{getattr(part, name)[row]}" for word, name in WORDS]
        yield ("\r\n".join(lines) + "\r\n").encode()


def series_to_json(series: HistogramSeries) -> Iterator[bytes]:
    """The arrays of a HistogramSeries by name; a number that is not finite is null."""
    yield f'{{"version":1,"steps":{_numbers(series.steps)}'.encode()
    yield f',"wall_times":{_numbers(series.wall_times)},"edges":{_numbers(series.edges)}'.encode()
    for name in (*TALLIES, *MOMENTS):
        yield f',"{name}":{_numbers(getattr(series, name))}'.encode()
    yield b',"counts":['
    for start in range(0, len(series), RECORDS_AT_ONCE):
        rows = series.take(slice(start, start + RECORDS_AT_ONCE)).counts.tolist()
        text = ",".join(json.dumps(row, separators=(",", ":")) for row in rows)
        yield (("," if start else "") + text).encode()
    yield b"]}"


def _numbers(values: Any) -> str:
    numbers = [x if math.isfinite(x) else None for x in values.tolist()]
    return json.dumps(numbers, separators=(",", ":"), allow_nan=False)


def file_name(run: str, tag: str, ending: str) -> str:
    """A name that every system takes, from whatever run and tag are called."""
    stem = re.sub(r"[^A-Za-z0-9.=+-]+", "_", f"{run}_{tag}").strip("_.")[:120]
    return f"{stem or 'histograms'}.{ending}"

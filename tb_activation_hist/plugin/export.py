"""Exact stored counts of one series as a file, written piece by piece."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from tb_activation_hist.core.csv_text import LINE_END, RECORDS_AT_ONCE, bins_to_csv, cells_to_csv
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.table import ARRAYS, BIN_COLUMNS


def at_steps(series: HistogramSeries, steps: tuple[float, float] | None) -> HistogramSeries:
    """The records with lo <= step <= hi."""
    lo, hi = steps or (-np.inf, np.inf)
    first = int(np.searchsorted(series.steps, lo, side="left"))
    last = int(np.searchsorted(series.steps, hi, side="right"))
    return series.take(slice(first, last))


def series_to_csv(series: HistogramSeries) -> Iterator[bytes]:
    """A CSV file with the columns of `table.BIN_COLUMNS`."""
    yield (cells_to_csv(BIN_COLUMNS) + LINE_END).encode()
    for lines in bins_to_csv(series):
        yield lines.encode()


def series_to_json(series: HistogramSeries, missing: int = 0) -> Iterator[bytes]:
    """The arrays of a HistogramSeries by name; a number that is not finite is null.

    missing: records of the whole series that cannot be written out, because they are not held.
    """
    yield f'{{"version":1,"missing":{missing}'.encode()
    for name in ARRAYS:
        if name != "counts":
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

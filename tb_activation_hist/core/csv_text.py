"""A series' bins as lines of CSV: the one writer of the server's and the command's files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.table import WORDS

RECORDS_AT_ONCE: Final = 64
"""Records of which Python lists are held at a time."""

LINE_END: Final = "\n"


def cells_to_csv(cells: Sequence[str]) -> str:
    """Cells of text as a part of a line, quoted where they need it."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


def bins_to_csv(series: HistogramSeries, first_cells: Sequence[str] = ()) -> Iterator[str]:
    """Lines with the columns of `table.BIN_COLUMNS`, some records at a time, without a head.

    One line for each record and occupied bin, then one for each of `table.WORDS`. first_cells: what
    each line begins with.
    """
    begin = "".join(f"{cells_to_csv([cell])}," for cell in first_cells)
    lower, upper = series.lower.tolist(), series.upper.tolist()
    edges = [f"{low!r},{high!r}" for low, high in zip(lower, upper, strict=True)]
    for start in range(0, len(series), RECORDS_AT_ONCE):
        lines: list[str] = []
        for row in range(start, min(start + RECORDS_AT_ONCE, len(series))):
            head = f"{begin}{series.steps[row]},{float(series.wall_times[row])!r}"
            lines += [f"{head},{text}" for text in _record_cells(series, row, edges)]
        yield LINE_END.join([*lines, ""])


def _record_cells(series: HistogramSeries, row: int, edges: Sequence[str]) -> Iterator[str]:
    """Edges and count of each line of a record."""
    columns = np.flatnonzero(series.bin_counts[row])
    counts = series.bin_counts[row, columns].tolist()
    for column, count in zip(columns.tolist(), counts, strict=True):
        yield f"{edges[column]},{count}"
    for word, total in WORDS.items():
        yield f"{word},{word},{getattr(series, total)[row]}"

"""`show`: heatmaps in the terminal, two rows of values to a line of text."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Mapping
from typing import Final

import numpy as np

from tb_activation_hist.cli.logdir import print_problems, read_runs, require_slices
from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.grid import ZERO_EDGE, FloatArray, IntArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.slice_counts import SliceStatistic
from tb_activation_hist.core.slice_series import SliceSeries
from tb_activation_hist.notebook.heatmap import series_to_heatmap
from tb_activation_hist.notebook.value_axis import value_axis

COLOUR_MODES: Final = ("auto", "truecolour", "256", "plain")

# Points of matplotlib's viridis, from few to many values.
PALETTE: Final = np.array(
    [
        (68, 1, 84), (72, 40, 120), (62, 74, 137), (49, 104, 142), (38, 130, 142),
        (31, 158, 137), (53, 183, 121), (110, 206, 88), (181, 222, 43), (253, 231, 37),
    ]
)  # fmt: skip
RAMP: Final = " .:-=+*#%@"
UPPER_HALF: Final = "▀"
LABEL_CHARS: Final = 10
LABEL_EVERY: Final = 4


def run_show(given: argparse.Namespace) -> int:
    """The `show` command."""
    for name, least in (("rows", 2), ("columns", 8)):
        value = getattr(given, name)
        if value is not None and value < least:
            msg = f"--{name} must be {least} or more, but got {value}."
            raise OptionError(msg)
    runs = read_runs(given.logdir, given.run, given.layer)
    if given.slices is not None:
        require_slices(runs)
    mode = colour_mode(os.environ, sys.stdout.isatty()) if given.colour == "auto" else given.colour
    columns = given.columns or max(shutil.get_terminal_size().columns - LABEL_CHARS - 2, 20)
    for run in runs:
        for key, (_, series) in run.layers.items():
            if given.slices is not None and series.slices is None:
                continue
            steps = f"steps {series.steps[0]} to {series.steps[-1]}"
            print(f"{run.name}  {key}  {steps}, {len(series)} records")
            lines = (
                draw_heatmap(series, given.rows, columns, given.scale, mode)
                if given.slices is None or series.slices is None
                else draw_slices(series.slices, given.slices, given.rows, columns, mode)
            )
            print(*lines, "", sep="\n")
    print_problems(runs)
    return 0


def colour_mode(environment: Mapping[str, str], is_terminal: bool) -> str:
    """What a terminal shows, by the customs of COLORTERM, TERM and NO_COLOR."""
    if not is_terminal or environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return "plain"
    if environment.get("COLORTERM") in ("truecolor", "24bit"):
        return "truecolour"
    return "256" if "256" in environment.get("TERM", "") else "plain"


def draw_heatmap(
    series: HistogramSeries, rows: int, columns: int, scale: str, mode: str
) -> list[str]:
    """Lines of text: the value axis at the left, the largest values at the top."""
    cells = rows if mode == "plain" else 2 * rows
    axis = value_axis([series], cells, scale=scale)
    heatmap = series_to_heatmap(series, axis, columns)
    levels = _to_levels(heatmap.counts[::-1])
    labels = axis.edges[::-1]
    body, step = _to_text(levels, mode)
    lines = [
        f"{_label(labels[i * step]) if i % LABEL_EVERY == 0 else '':>{LABEL_CHARS}} {text}"
        for i, text in enumerate(body)
    ]
    lines.append(f"{_label(labels[-1]):>{LABEL_CHARS}}")
    if heatmap.outside > 0:
        lines.append(f"{'':{LABEL_CHARS}} {heatmap.outside:.2%} of the values are outside")
    return lines


def draw_slices(
    slices: SliceSeries, statistic: SliceStatistic, rows: int, columns: int, mode: str
) -> list[str]:
    """Lines of text: slice 0 at the top; where there are more than fit, neighbours share a cell."""
    cells = min(rows if mode == "plain" else 2 * rows, slices.slices)
    starts = np.unique(np.linspace(0, len(slices), min(columns, len(slices)), False).astype(int))
    values = slices.pool(starts).statistic(statistic).T
    firsts = np.linspace(0, slices.slices, cells, endpoint=False).astype(np.int64)
    known = np.isfinite(values)
    total = np.add.reduceat(np.where(known, values, 0.0), firsts, axis=0)
    means = total / np.maximum(np.add.reduceat(known, firsts, axis=0, dtype=np.int64), 1)
    low, high = (0.0, 1.0) if statistic == "zero_share" else (means.min(), means.max())
    top = len(RAMP) - 1
    levels = np.ceil((means - low) / ((high - low) or 1.0) * top).clip(0, top).astype(np.int64)
    body, step = _to_text(levels, mode)
    lines = [
        f"{int(firsts[i * step]) if i % LABEL_EVERY == 0 else '':>{LABEL_CHARS}} {text}"
        for i, text in enumerate(body)
    ]
    about = f"{statistic} of {slices.slices} slices, from {_label(low)} to {_label(high)}"
    return [*lines, f"{'':{LABEL_CHARS}} {about}"]


def _to_text(levels: IntArray, mode: str) -> tuple[list[str], int]:
    """Lines of text, and how many rows of levels each shows."""
    if mode == "plain":
        return ["".join(RAMP[level] for level in line) for line in levels], 1
    if len(levels) % 2:
        levels = np.concatenate([levels, levels[-1:]])
    return [_paint(levels[i], levels[i + 1], mode) for i in range(0, len(levels), 2)], 2


def _to_levels(counts: FloatArray) -> IntArray:
    """0 for empty cells, 1 to 9 for the rest, logarithmic in the count."""
    largest = np.log1p(counts.max(initial=0.0)) or 1.0
    levels = np.ceil(np.log1p(counts) / largest * (len(RAMP) - 1))
    return np.clip(levels, 0, len(RAMP) - 1).astype(np.int64)


def _paint(upper: IntArray, lower: IntArray, mode: str) -> str:
    parts = [
        f"\x1b[{_code(38, top, mode)};{_code(48, bottom, mode)}m{UPPER_HALF}"
        for top, bottom in zip(upper.tolist(), lower.tolist(), strict=True)
    ]
    return "".join(parts) + "\x1b[0m"


def _code(ground: int, level: int, mode: str) -> str:
    """Parameters of the escape sequence that sets fore- (38) or background (48)."""
    red, green, blue = PALETTE[level].tolist()
    if mode == "truecolour":
        return f"{ground};2;{red};{green};{blue}"
    # The 6 x 6 x 6 colours of a 256-colour terminal begin at number 16.
    cube = [round(part / 51) for part in (red, green, blue)]
    return f"{ground};5;{16 + 36 * cube[0] + 6 * cube[1] + cube[2]}"


def _label(value: float) -> str:
    # The grid's edge next to 0 is not exactly 0.
    return f"{value:.3g}" if abs(value) > ZERO_EDGE else "0"

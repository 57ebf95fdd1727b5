"""`show`: heatmaps in the terminal, two rows of values to a line of text."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Mapping
from typing import Final

import numpy as np

from tb_activation_hist.cli.logdir import print_problems, read_runs
from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.grid import ZERO_EDGE, FloatArray, IntArray
from tb_activation_hist.core.histogram import HistogramSeries
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
    mode = colour_mode(os.environ, sys.stdout.isatty()) if given.colour == "auto" else given.colour
    columns = given.columns or max(shutil.get_terminal_size().columns - LABEL_CHARS - 2, 20)
    for run in runs:
        for key, (_, series) in run.layers.items():
            steps = f"steps {series.steps[0]} to {series.steps[-1]}"
            print(f"{run.name}  {key}  {steps}, {len(series)} records")
            for line in draw_heatmap(series, given.rows, columns, given.scale, mode):
                print(line)
            print()
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
    if mode == "plain":
        body = ["".join(RAMP[level] for level in line) for line in levels]
        step = 1
    else:
        body = [_paint(levels[i], levels[i + 1], mode) for i in range(0, cells, 2)]
        step = 2
    lines = [
        f"{_label(labels[i * step]) if i % LABEL_EVERY == 0 else '':>{LABEL_CHARS}} {text}"
        for i, text in enumerate(body)
    ]
    lines.append(f"{_label(labels[-1]):>{LABEL_CHARS}}")
    if heatmap.outside > 0:
        lines.append(f"{'':{LABEL_CHARS}} {heatmap.outside:.2%} of the values lie outside")
    return lines


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

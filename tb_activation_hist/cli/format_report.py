"""What a cast to other number formats would lose of each layer: the report for ``--format``."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from tb_activation_hist.cli.logdir import Run
from tb_activation_hist.cli.report_text import Column, to_lines
from tb_activation_hist.cli.terminal_page import Page
from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.format_loss import FormatLoss
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.nearest import list_names
from tb_activation_hist.core.number_formats import NumberFormat, check_scale, find_limits

WORTH_ACTING: Final = 0.001
"""A layer of which no record loses more than this share can be cast as it is."""

WORTH_SAYING: Final = 0.0005
"""Uncertainty of a share from which on it is reported."""

MOST_UNCERTAIN: Final = 0.05
"""Beyond it a share says nothing: the bins are far wider than the distance of the limits."""

TOO_WIDE: Final = (
    "The bins of {!r} are too wide to determine what {} would lose: shares may be off by {}. "
    "Record the layer with the default bins."
)

AS_IT_IS: Final = "cast as it is"
KEEP_WIDER: Final = "keep a wider format"
LISTED: Final = 6
"""Names of layers in a remark."""

Row = Mapping[str, Any]


def format_rows(run: Run, number_format: NumberFormat, scale: float) -> list[dict[str, Any]]:
    """A row for each layer with the record that loses most; JSON knows neither NaN nor infinity."""
    check_scale(scale)
    return [
        {"layer": key, **_format_row(series, number_format, scale)}
        for key, (_, series) in run.layers.items()
    ]


def _format_row(
    series: HistogramSeries, number_format: NumberFormat, scale: float
) -> dict[str, Any]:
    try:
        loss = series.format_loss(number_format, scale)
        best_scale = series.best_scale(number_format)
    except OptionError as err:
        return {"problem": str(err)}
    if not np.isfinite(loss.lost).any():
        return {"problem": f"{series.layer!r} has no finite value."}
    uncertain = float(np.nanmax(loss.uncertain))
    if uncertain > MOST_UNCERTAIN:
        return {"problem": TOO_WIDE.format(series.layer, number_format, percent(uncertain))}
    best = series.format_loss(number_format, best_scale)
    worst, best_lost = _worst(loss), float(best.lost[_worst(best)])
    return {
        "step": int(loss.steps[worst]),
        **{
            name: float(getattr(loss, name)[worst])
            for name in ("lost", "underflow", "subnormal", "overflow", "uncertain")
        },
        "best_scale": best_scale,
        "best_lost": best_lost,
        "advice": advise(float(loss.lost[worst]), best_scale, best_lost),
    }


def _worst(loss: FormatLoss) -> int:
    """The first of the records that lose most."""
    return int(np.nanargmax(loss.lost))


def advise(lost: float, best_scale: float, best_lost: float) -> str:
    """What to do with a layer, in a few words."""
    if lost <= WORTH_ACTING:
        return AS_IT_IS
    if best_lost <= WORTH_ACTING:
        return f"scale by {power_of_two(best_scale)}"
    return KEEP_WIDER


def power_of_two(scale: float) -> str:
    """1, or such as 2^-9."""
    exponent = math.frexp(scale)[1] - 1
    return f"2^{exponent}" if exponent else "1"


def percent(share: float) -> str:
    """Two digits after the point; the smallest shares are not called 0."""
    return "<0.01%" if 0 < share < 0.00005 else f"{share:.2%}"


COLUMNS: Final = (
    Column("layer", "layer", str),
    Column("lost", "lost", percent),
    Column("at step", "step", str),
    Column("to 0", "underflow", percent),
    Column("too large", "overflow", percent),
    Column("subnormal", "subnormal", percent),
    Column("best scale", "best_scale", power_of_two),
    Column("lost then", "best_lost", percent),
    Column("advice", "advice", str),
)
DISPENSABLE: Final = ("subnormal", "at step", "to 0", "too large")
"""Columns that a narrow terminal leaves out, in this order."""


def print_format(
    page: Page, number_format: NumberFormat, scale: float, rows: Sequence[Row]
) -> None:
    """Print a table of the layers that lose something worth acting on, the worst first."""
    judged = sorted((row for row in rows if "problem" not in row), key=lambda row: -row["lost"])
    losing = [row for row in judged if row["advice"] != AS_IT_IS]
    dtype = find_limits(number_format).dtype
    title = (
        f"{number_format} ({dtype}) at scale {power_of_two(scale)}: {len(losing)} of {len(judged)} "
        f"layers lose more than {WORTH_ACTING:.1%} of their values in their worst record"
    )
    for line in textwrap.wrap(title, page.width):
        print(page.paint(line, "title"))
    if losing:
        head, *body = to_lines(losing, _fit_columns(losing, page.width), page.width)
        print(page.paint(head, "dim"), *body, sep="\n")
    for line in _remarks(rows):
        page.print_beside_margin(line, "dim")
    print()


def _remarks(rows: Sequence[Row]) -> list[str]:
    """Sentences on what the table does not show, and on its words."""
    remarks = [row["problem"] for row in rows if "problem" in row]
    doubtful = [row for row in rows if row.get("uncertain", 0.0) > WORTH_SAYING]
    if doubtful:
        most = percent(max(row["uncertain"] for row in doubtful))
        names = list_names([row["layer"] for row in doubtful], LISTED)
        remarks.append(
            f"Estimated with an error of at most {most}, because limits lie inside bins: {names}."
        )
    kept = [row["layer"] for row in rows if row.get("advice") == AS_IT_IS]
    if kept:
        remarks.append(f"Cast as they are: {list_names(kept, LISTED)}.")
    if any(row.get("advice", "").startswith("scale") for row in rows):
        remarks.append("Scale: multiply by it before the cast and divide by it afterwards.")
    if any(row.get("advice") == KEEP_WIDER for row in rows):
        remarks.append(
            "Keep a wider format: no single scale fits all records. Try e5m2 or bf16, or a scale "
            "that follows the values per step, channel or block."
        )
    return remarks


def _fit_columns(rows: Sequence[Row], width: int) -> list[Column]:
    columns = list(COLUMNS)
    for head in DISPENSABLE:
        needed = max(map(len, to_lines(rows, columns, 10**6)))
        if needed <= width:
            break
        columns = [column for column in columns if column.head != head]
    return columns

"""Writes the golden file of automatic value axes, which pytest and vitest read.

    python -m tests.golden.make_value_axes

`value_axes.json` has, for each case, what the page knows of each series (its central range, the
usual size of its records, and mean, std, min and max of each record; what is not finite is null),
and the axis that belongs to them: automatic ends, the symlog axis over these and over given ends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.joining import central_range
from tb_activation_hist.core.record_sizes import find_reaches, usual_size
from tb_activation_hist.notebook.value_axis import value_axis
from tests.series import values_to_series

FILE = Path(__file__).resolve().parent / "value_axes.json"

ROWS = 16
GIVEN = (-0.7, 25.0)
"""Ends of an axis that the user chose."""


def normal(scale: float = 1.0, seed: int = 0, growth: float = 1.0) -> HistogramSeries:
    """12 records of 500 normal values; the deviation grows by the same factor at each record."""
    random = np.random.default_rng(seed)
    return values_to_series([random.normal(0, scale * growth**i, 500) for i in range(12)])


def mapped(function: Any, seed: int = 1) -> HistogramSeries:
    """12 records of 500 values made of normal ones."""
    random = np.random.default_rng(seed)
    return values_to_series([function(random.normal(0, 1, 500)) for _ in range(12)])


def explosion() -> HistogramSeries:
    """Healthy for two thirds of its records."""
    random = np.random.default_rng(2)
    sizes = [1.0] * 8 + [30.0, 1e4, 1e9, 1e20]
    return values_to_series([random.normal(0, size, 500) for size in sizes])


def cases() -> Mapping[str, Sequence[HistogramSeries]]:
    """Series that share an axis, by what is special about them."""
    zero = np.zeros_like
    return {
        "normal": [normal()],
        "ReLU": [mapped(lambda v: np.maximum(v, 0))],
        "negative only": [mapped(lambda v: -np.abs(v) - 0.3)],
        "wide log-normal": [mapped(lambda v: np.exp(3 * v))],
        "all zero": [mapped(zero)],
        "constant": [mapped(lambda v: np.full_like(v, -2.5))],
        "tiny": [normal(3e-7)],
        "shrinking": [normal(5.0, growth=0.4)],
        "exploding beside normal ones": [normal(), explosion(), normal(2.0, 3)],
        "exploding alone": [explosion()],
        "exploding from the start": [normal(), normal(3e12, 4)],
        "small beside large": [normal(0.02), normal(7.0, 5)],
        "zeros beside normal": [mapped(zero), normal()],
        "with records of NaN": [mapped(lambda v: np.where(v > 0, np.nan, v)), normal()],
        "nothing finite": [mapped(lambda v: v * np.nan)],
        "nothing": [],
    }


def describe(series: HistogramSeries) -> dict[str, Any]:
    """What the page knows of a series."""
    names = ("mean", "std", "min", "max")
    columns = {name: to_numbers(getattr(series, name)) for name in names}
    usual = usual_size(find_reaches(series).size)
    return {"range": central_range(series), "usual": usual, "columns": columns}


def to_numbers(values: npt.NDArray[Any]) -> list[float | None]:
    return [x if np.isfinite(x) else None for x in values.tolist()]


def describe_axes(parts: Sequence[HistogramSeries]) -> dict[str, Any]:
    """The axes that suit the given series."""
    linear = value_axis(parts, ROWS)
    symlog = value_axis(parts, ROWS, scale="symlog")
    given = value_axis(parts, ROWS, lo=GIVEN[0], hi=GIVEN[1], scale="symlog")
    return {
        "range": [linear.edges[0], linear.edges[-1]],
        "linear": linear.edges.tolist(),
        "symlog": symlog.edges.tolist(),
        "linthresh": symlog.linthresh,
        "given_linthresh": given.linthresh,
    }


def golden_text() -> str:
    """The content of the file."""
    found = [
        {
            "name": name,
            "series": [describe(series) for series in parts],
            "axes": describe_axes(parts),
        }
        for name, parts in cases().items()
    ]
    document = {"rows": ROWS, "given": GIVEN, "cases": found}
    return json.dumps(document, allow_nan=False, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    FILE.write_text(golden_text(), encoding="utf-8")

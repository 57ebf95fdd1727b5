"""The share route: one HTML file with the page and the histograms in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tb_activation_hist.core.share_options import DEFAULT_COLUMNS, MAX_COLUMNS, MIN_COLUMNS
from tb_activation_hist.plugin.schema.board import BoardSeries

MIN_SHARED_COLUMNS: Final = MIN_COLUMNS
MAX_SHARED_COLUMNS: Final = MAX_COLUMNS
DEFAULT_SHARED_COLUMNS: Final = DEFAULT_COLUMNS
"""Columns of a heatmap in a shared file when a request names no number."""


@dataclass(frozen=True)
class ShareRequest:
    """What goes into the file: each of some series, as far as some runs have it."""

    runs: list[str]
    """Names of the runs."""
    series: list[BoardSeries]
    """The series."""
    columns: int = DEFAULT_SHARED_COLUMNS
    """At most this many columns in each heatmap, {MIN_SHARED_COLUMNS} to {MAX_SHARED_COLUMNS}."""

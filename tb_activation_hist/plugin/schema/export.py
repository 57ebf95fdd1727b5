"""The export route: a series as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tb_activation_hist.plugin.schema.index import SeriesSource

ExportFormat = Literal["csv", "json"]
"""Format of an exported file."""


@dataclass(frozen=True)
class ExportRequest:
    """One series to be written out, as parameters of the query."""

    run: str
    """Name of the run."""
    tag: str
    """Tag of the series."""
    source: SeriesSource = "blocks"
    """Where the series comes from."""
    format: ExportFormat = "csv"
    """Format of the file."""
    steps: tuple[float, float] | None = None
    """First and last step, inclusive, with a comma between them; all when left out."""

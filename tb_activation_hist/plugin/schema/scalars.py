"""The scalars route: curves above the heatmaps."""

from __future__ import annotations

from typing import TypedDict


class ScalarSeries(TypedDict):
    """A scalar of a run, sorted by step; the latest point of equal steps counts."""

    version: int
    """{API_VERSION}; the page refuses any other."""
    run: str
    """Name of the run."""
    tag: str
    """Tag of the scalar."""
    steps: list[int]
    """At most as many points as TensorBoard keeps; the three lists are parallel."""
    wall_times: list[float]
    """Seconds since 1970."""
    values: list[float | None]
    """A value that is not finite is null."""

"""The slices route: channels, units, heads or experts of a split layer."""

from __future__ import annotations

from typing import Literal, TypedDict

SliceSort = Literal["number", "value"]
"""Order of slices: by their number, or the largest value of the last column first."""


class Slices(TypedDict):
    """A statistic of a split layer's slices (channels, units, heads, experts), over the steps."""

    version: int
    """{API_VERSION}; the page refuses any other."""
    run: str
    """Name of the run."""
    tag: str
    """Tag of the layer's series."""
    statistic: str
    """"zero_share", "mean", "std", "abs_max", "rms", "min" or "max": for "auto" the one chosen."""
    sort: SliceSort
    """Order of the rows."""
    slices: int
    """Number of slices."""
    dimension: int | None
    """Dimension of the layer's tensors that was split."""
    per_row: int
    """Slices that each row has the mean of, in their order; the last row may have fewer."""
    order: list[int]
    """Numbers of all slices, from the first row on."""
    first_steps: list[int]
    """First step of each column; at most 512."""
    last_steps: list[int]
    """Last step of each column, parallel to `first_steps`."""
    range: tuple[float, float] | None
    """Smallest and largest value; null without any."""
    values: list[list[float | None]]
    """A row for each slice or group, with a value for each column; null: no finite value."""

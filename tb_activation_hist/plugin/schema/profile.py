"""The profile route: figures of all layers of a run over the steps."""

from __future__ import annotations

from typing import Literal, TypedDict

ProfileFigures = Literal["change", "sizes"]
"""What a profile shows of each layer."""


class ProfileColumns(TypedDict):
    """Columns that layers have in common, each of one or more records; the lists are parallel."""

    first_steps: list[int]
    """Step of each column's first record."""
    last_steps: list[int]
    """Step of its last record."""
    first_wall_times: list[float]
    """Time of its first record, in seconds since 1970."""
    last_wall_times: list[float]
    """Time of its last record."""
    records: list[int]
    """Records pooled in it: a power of two, except for the last column."""


class ProfileLayer(TypedDict):
    """The figures of one layer."""

    tag: str
    """Tag of the series."""
    columns: int
    """Position in the profile's `columns`."""
    figures: dict[str, list[float | None]]
    """By name, with a value for each column; null: there is no finite value."""


class ProfileMark(TypedDict):
    """A step at which the recording changed."""

    step: int
    """The step."""
    kind: Literal["resume", "cadence"]
    """A later session went on here, or the distance of the records changed."""
    text: str
    """The same in words."""


class Profile(TypedDict):
    """Figures of all layers of a kind and phase in one run, over the steps."""

    version: int
    """{API_VERSION}; the page refuses any other."""
    run: str
    """Name of the run."""
    kind: str
    """As asked."""
    phase: str
    """As asked."""
    columns: list[ProfileColumns]
    """One entry where all layers were recorded at the same steps."""
    layers: list[ProfileLayer]
    """In no particular order; layers without a readable record are left out."""
    marks: list[ProfileMark]
    """Of any layer, sorted by step."""

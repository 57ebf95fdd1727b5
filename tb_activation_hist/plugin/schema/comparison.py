"""The comparison route: where two runs first differ."""

from __future__ import annotations

from typing import Literal, TypedDict


class ComparedLayer(TypedDict):
    """One layer of a kind in which two runs differ."""

    tag: str
    """Tag of the series in run `a`."""
    other: str
    """Tag in run `b`; another one only where names were paired without a common prefix."""
    kind: str
    """Kind of values, as in `Series`."""
    first_step: int
    """First step of run `a` at which the records differ."""
    moved: float
    """Share of the values that must move to another bin at that step, 0 to 1."""
    octaves: float
    """Mean distance in octaves by which the values must move at that step."""
    steps: int
    """Number of records compared."""
    differing_steps: int
    """How many of them differ."""


class Comparison(TypedDict):
    """Where run `b` first differs from run `a`."""

    version: int
    """{API_VERSION}; the page refuses any other."""
    a: str
    """Name of the run that the other is compared with."""
    b: str
    """Name of the other run."""
    mode: Literal["exact", "mass", "octaves"]
    """As asked."""
    tolerance: float
    """Largest difference that counts as none at the first step, in the unit of the mode."""
    previous: str
    """Tag of the layer right before the first of `differing`, which is equal at that step; "" where
    there is none."""
    differing: list[ComparedLayer]
    """The layers that differ, in the order in which the difference spreads, the first difference
    first. Empty if the runs are the same."""
    equal: list[str]
    """Tags of the layers that do not differ."""
    only_in_a: list[str]
    """Tags that only run `a` has."""
    only_in_b: list[str]
    """Tags that only run `b` has."""
    first_step: int
    """First step compared."""
    last_step: int
    """Last step compared."""
    notes: list[str]
    """What a reader should know, a sentence each."""

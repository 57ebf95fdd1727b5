"""How often findings of a kind are right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RIGHT_AND_WRONG: Final[Mapping[str, tuple[int, int]]] = {
    "collapsed": (48, 1),
    "exploding": (44, 0),
    "low_precision": (12, 0),
    "mostly_zero": (8, 1),
    "non_finite": (16, 0),
    "not_learning": (38, 0),
    "outlier_features": (41, 0),
    "saturated": (17, 0),
    "spike_and_crash": (24, 0),
    "sudden_change": (38, 0),
    "vanishing": (41, 0),
}
"""Findings by kind on the test half of bench/findings, 2026-11-24."""

UNMEASURED: Final = 0.9
"""Confidence in kinds that the bench has not counted."""


def confidence_of(kind: str) -> float:
    """Share of a kind's findings that are right, by the rule of succession: never quite 1."""
    if kind not in RIGHT_AND_WRONG:
        return UNMEASURED
    right, wrong = RIGHT_AND_WRONG[kind]
    return (right + 1) / (right + wrong + 2)

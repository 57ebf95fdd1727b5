"""Thresholds: numbers a user may change, each with its unit, its meaning and its source.

Every rule declares its own in a subclass of `Thresholds`; `registry.FindingOptions` joins them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Final, NamedTuple

from tb_activation_hist.core.errors import OptionError

BENCH: Final = "bench/findings"
"""The source of a threshold that was set on planted faults alone; see the bench's README."""

UNIT_SHARE: Final = "share, 0 to 1"
UNIT_FACTOR: Final = "times"
UNIT_RECORDS: Final = "records"
UNIT_STEPS: Final = "steps"
UNIT_RMS: Final = "root mean square"
UNIT_DISTANCE: Final = "asinh units"
"""Wasserstein-1 on the asinh axis of `distance.py`: 0.1 is about a tenth more scale."""


class Threshold(NamedTuple):
    """A threshold as the documents show it."""

    name: str
    default: float
    unit: str
    meaning: str
    source: str


def threshold(default: float, unit: str, meaning: str, source: str = BENCH) -> Any:
    """A dataclass field that carries its documentation in its metadata."""
    return field(default=default, metadata={"unit": unit, "meaning": meaning, "source": source})


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """How long a state must last to count; every rule's thresholds derive from this class."""

    sustained_share: float = threshold(
        0.05,
        UNIT_SHARE,
        "Share of a run's records, in a row, for which a state must last to count.",
    )
    sustained_min: int = threshold(
        3, UNIT_RECORDS, "A state must last at least this long, however short the run is."
    )
    sustained_max: int = threshold(
        20, UNIT_RECORDS, "A state that lasts this long counts, however long the run is."
    )

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                msg = f"{each.name} must be a number above 0, but got {value!r}."
                raise OptionError(msg)


@dataclass(frozen=True, kw_only=True)
class CollapsedThresholds(Thresholds):
    """What counts as collapsed; several rules ask for it."""

    collapsed_share: float = threshold(
        0.99,
        UNIT_SHARE,
        "Share of a layer's finite values that are zero or tiny.",
        "SageMaker Debugger's AllZero uses 1.0, which a single stray value defeats",
    )
    collapsed_scale: float = threshold(
        1e-5,
        UNIT_FACTOR,
        "A value is tiny up to this multiple of the layer's own root mean square in its first "
        "records.",
    )


def list_thresholds(declared: type[Thresholds]) -> list[Threshold]:
    """The thresholds that a class has, inherited ones first."""
    return [
        Threshold(each.name, getattr(declared, each.name), **each.metadata)
        for each in fields(declared)
    ]


def describe_thresholds(declared: type[Thresholds]) -> str:
    """All thresholds of a class as the text of a docstring."""
    return "\n".join(
        f"    {each.name}: {each.meaning} Default: {each.default:g} ({each.unit}). "
        f"Source: {each.source}."
        for each in list_thresholds(declared)
    )

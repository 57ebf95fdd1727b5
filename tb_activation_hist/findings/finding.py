"""The value type of a diagnosis: what is wrong, where, since when, on what evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

FINDING_KINDS: Final = (
    "non_finite",
    "collapsed",
    "exploding",
    "vanishing",
    "mostly_zero",
    "saturated",
    "spike_and_crash",
    "not_learning",
    "sudden_change",
    "low_precision",
    "outlier_features",
    "run_difference",
)
"""Every kind of finding, the gravest first; findings of equal severity are sorted by it."""

SEVERITIES: Final = ("error", "warning", "info")
"""The gravest first."""

NO_FIGURES: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True)
class Finding:
    """One diagnosis; `layers` are in the order in which the trouble spread, the cause first.

    kind: one of `FINDING_KINDS`. severity: one of `SEVERITIES`. tags: of the layers' series.
    first_step, last_step: the records that show it, inclusive.
    figures: what was measured. threshold: what it was held against, by the option's name.
    source: where the method and the threshold come from. advice: usual causes, what to try.
    """

    kind: str
    run: str
    layers: tuple[str, ...]
    tags: tuple[str, ...]
    first_step: int
    last_step: int
    severity: str
    title: str
    advice: str
    figures: Mapping[str, Any] = field(default_factory=lambda: NO_FIGURES)
    threshold: Mapping[str, Any] = field(default_factory=lambda: NO_FIGURES)
    source: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, as the `findings` route and ``report --json`` give them."""
        return {
            "kind": self.kind,
            "run": self.run,
            "layers": list(self.layers),
            "tags": list(self.tags),
            "first_step": self.first_step,
            "last_step": self.last_step,
            "severity": self.severity,
            "figures": {name: _to_json(value) for name, value in self.figures.items()},
            "threshold": dict(self.threshold),
            "source": self.source,
            "title": self.title,
            "advice": self.advice,
        }


def _to_json(value: Any) -> Any:
    """JSON knows neither NaN nor infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def sort_findings(findings: list[Finding]) -> list[Finding]:
    """The gravest first, then the earliest."""
    return sorted(
        findings,
        key=lambda f: (
            SEVERITIES.index(f.severity),
            FINDING_KINDS.index(f.kind),
            f.first_step,
            f.layers,
        ),
    )

"""One cause, one finding: hits of neighbouring layers that began together are merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.texts import ADVICE, SOURCES

NEIGHBOUR_GAP: Final = 6
"""Layers without a hit that may lie between two of one cause: a block's norm, activation ..."""

TOGETHER_SHARE: Final = 0.05
"""Hits of one cause begin within this share of the run's length."""


@dataclass(frozen=True, eq=False)
class Hit:
    """A rule's condition met by one layer, from record `first` to record `last` (indices)."""

    signals: Signals
    first: int
    last: int
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def first_step(self) -> int:
        """Step of the first record."""
        return int(self.signals.series.steps[self.first])

    @property
    def last_step(self) -> int:
        """Step of the last record."""
        return int(self.signals.series.steps[self.last])

    @property
    def order(self) -> int:
        """Position of the layer in the model."""
        return self.signals.info.order


def group_hits(hits: Sequence[Hit], gap: int = NEIGHBOUR_GAP) -> list[list[Hit]]:
    """Hits of one kind of series, in groups of neighbours that began together.

    Within a group the hits are in model order; the first one names the cause. gap: layers
    without a hit that may lie between two members.
    """
    groups: list[list[Hit]] = []
    for hit in sorted(hits, key=lambda h: (_stream(h), h.order, h.signals.info.layer)):
        if groups and _belongs(hit, groups[-1], gap):
            groups[-1].append(hit)
        else:
            groups.append([hit])
    return groups


def group_episodes(hits: Sequence[Hit]) -> list[list[Hit]]:
    """Hits of one kind in groups that last at the same time: trouble that spreads is one trouble.

    The layers in which it began come first, in model order.
    """
    groups: list[list[Hit]] = []
    for hit in sorted(hits, key=lambda h: (h.first_step, h.order)):
        for group in groups:
            if hit.first_step <= max(other.last_step for other in group):
                group.append(hit)
                break
        else:
            groups.append([hit])
    for group in groups:
        begin = group[0].first_step + _together_steps(group[0])
        group.sort(key=lambda h: (h.first_step > begin, h.order))
    return groups


def hits_to_finding(
    kind: str,
    run: str,
    group: Sequence[Hit],
    *,
    severity: str,
    title: str,
    threshold: Mapping[str, Any],
) -> Finding:
    """The finding of a group, with the figures of its first layer."""
    return Finding(
        kind=kind,
        run=run,
        **hit_layers(group),
        first_step=min(hit.first_step for hit in group),
        last_step=max(hit.last_step for hit in group),
        severity=severity,
        title=title,
        advice=ADVICE[kind],
        figures=group[0].figures,
        threshold=threshold,
        source=SOURCES[kind],
    )


def hit_layers(group: Sequence[Hit]) -> dict[str, tuple[str, ...]]:
    """The `layers` and `tags` of a finding."""
    return {
        "layers": tuple(hit.signals.info.layer for hit in group),
        "tags": tuple(hit.signals.info.tag for hit in group),
    }


def name_layers(group: Sequence[Hit]) -> str:
    """Subject of a title: the first layer, and how many others."""
    info = group[0].signals.info
    name = info.layer if info.kind == "activations" else f"{info.layer} ({info.kind})"
    others = len(group) - 1
    if others == 0:
        return name
    return f"{name} and {others} more layer{'s' if others > 1 else ''}"


def _stream(hit: Hit) -> tuple[str, str]:
    return (hit.signals.info.kind, hit.signals.info.phase)


def _belongs(hit: Hit, group: Sequence[Hit], gap: int) -> bool:
    if _stream(hit) != _stream(group[-1]) or hit.order - group[-1].order > gap + 1:
        return False
    return abs(hit.first_step - group[0].first_step) <= _together_steps(hit)


def _together_steps(hit: Hit) -> float:
    steps = hit.signals.series.steps
    return max(TOGETHER_SHARE * float(steps[-1] - steps[0]), 1.0)

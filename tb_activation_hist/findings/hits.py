"""Hits: layers that show what a rule looks for; hits of one cause are grouped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from tb_activation_hist.findings.known_values import known_mean
from tb_activation_hist.findings.signals import BoolArray, Signals, sustained_stretch

NEIGHBOUR_GAP: Final = 6
"""Layers without a hit that may lie between two of one cause, such as a block's norm."""

TOGETHER_SHARE: Final = 0.05
"""Hits that begin within this share of a run's length count as beginning together."""


def near_steps(steps: int) -> float:
    """How many steps apart what began together begins at most.

    steps: length of the run.
    """
    return max(TOGETHER_SHARE * steps, 1.0)


@dataclass(frozen=True, eq=False)
class Hit:
    """One layer that shows what a rule looks for.

    first, last: indices of the first and the last record that show it. figures: what was measured.
    """

    signals: Signals
    first: int
    last: int
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def first_step(self) -> int:
        return int(self.signals.series.steps[self.first])

    @property
    def last_step(self) -> int:
        return int(self.signals.series.steps[self.last])

    @property
    def order(self) -> int:
        """Position of the layer in the model."""
        return self.signals.info.order


def find_hits(layers: Iterable[Signals], find_hit: Callable[[Signals], Hit | None]) -> list[Hit]:
    """The hits of a rule that looks at each layer by itself."""
    return [hit for signals in layers if (hit := find_hit(signals))]


def sustained_hit(signals: Signals, state: BoolArray, figures: Mapping[str, Any]) -> Hit | None:
    """A hit where a state lasts long enough; its figures, (S,) each, are means over that time."""
    stretch = sustained_stretch(signals, state)
    if stretch is None:
        return None
    first, last = stretch
    means = {name: known_mean(each[first : last + 1]) for name, each in figures.items()}
    return Hit(signals, first, last, means)


def first_record_hit(signals: Signals, figures: Mapping[str, Any]) -> Hit:
    """A hit in the first record of a whole batch alone."""
    return Hit(signals, signals.first_whole, signals.first_whole, figures)


def whole_run_hit(signals: Signals, figures: Mapping[str, Any]) -> Hit:
    """A hit from the first to the last record of a whole batch."""
    used = np.flatnonzero(signals.whole)
    return Hit(signals, int(used[0]), int(used[-1]), figures)


def hit_from_step(signals: Signals, step: int, figures: Mapping[str, Any] | None = None) -> Hit:
    """A hit from the first record at a step or after it, else the last one, to the last record."""
    last = len(signals.series) - 1
    first = min(int(np.searchsorted(signals.series.steps, step)), last)
    return Hit(signals, first, last, figures or {})


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
    """Hits in groups that overlap in time: what spreads from layer to layer is one trouble.

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


def begin_of(group: Sequence[Hit]) -> int:
    """First step of a group, also where the layer that names it began a few steps later."""
    return min(hit.first_step for hit in group)


def name_layers(group: Sequence[Hit]) -> str:
    """The subject of a title: the first layer, and how many others."""
    info = group[0].signals.info
    name = info.label if info.kind == "activations" else f"{info.label} ({info.kind})"
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
    return near_steps(int(steps[-1] - steps[0]))

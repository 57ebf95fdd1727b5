"""Dropout that leaves next to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.setup_facts import DROPPED_SHARES, ForwardDropout, ModuleSettings
from tb_activation_hist.findings.hits import (
    Hit,
    begin_of,
    hit_from_step,
    name_layers,
    sustained_hit,
)
from tb_activation_hist.findings.rule import Begins, Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals, module_name
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import UNIT_SHARE, Thresholds, threshold

NEAR: Final = 4
"""Layers in front of a Dropout layer among which the one that feeds it is looked for."""

LEAST_RISE: Final = 0.2
"""Share of zeros by which a schedule that raises the dropout is seen."""

WEAK: Final = 0.5
"""Share of the values, at most, that a layer is set to drop where other zeros are not its own."""


@dataclass(frozen=True, kw_only=True)
class StrongDropoutThresholds(Thresholds):
    dropped_share: float = threshold(
        0.93,
        UNIT_SHARE,
        "Share of the values other than 0 reaching a Dropout layer that it sets to 0.",
    )
    dropout_setting: float = threshold(
        0.85,
        UNIT_SHARE,
        "Share that a layer's own setting makes it drop.",
        "usual: 0.1 to 0.5, 0.8 at most (Srivastava et al. 2014)",
    )


def find_dropout_settings(
    layers: RunSignals, options: StrongDropoutThresholds
) -> Iterator[Observation]:
    """Layers whose own setting says so."""
    found = strong_settings(layers, options)
    outputs = {module_name(s.info): s for s in reversed(layers.outputs)}  # the first of several
    hits = [
        hit_from_step(s, _rise_before(s, own.since), {"dropped_share": _share_of(own)})
        for name, s in reversed(outputs.items())
        if (own := found.get(name))
    ]
    if hits:
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: {hits[0].signals.info.type} is set to drop "
            f"{hits[0].figures['dropped_share']:.0%} of the values",
            threshold={"dropout_setting": options.dropout_setting},
        )


def _rise_before(signals: Signals, since: int) -> int:
    """The step from which on the layer drops more than half of what it dropped more at `since`."""
    zeros, at = signals.zero_share, int(np.searchsorted(signals.series.steps, since))
    if not 0 < at < len(zeros):
        return since
    before = float(np.median(zeros[: (at + 1) // 2]))
    low = np.flatnonzero(zeros[:at] < (before + float(zeros[at])) / 2)
    risen = float(zeros[at]) - before >= LEAST_RISE and len(low) > 0
    return int(signals.series.steps[low[-1] + 1]) if risen else since


def find_forward_dropout(
    layers: RunSignals, options: StrongDropoutThresholds
) -> Iterator[Observation]:
    """Dropout by a function in forward(), where no module is set to drop as much."""
    if strong_settings(layers, options):
        return
    for fact in layers.facts.of(ForwardDropout):
        share = fact.percent / 100
        named = [s for s in layers.outputs if s.whole.any() and _is_of(s, fact.layers)]
        dropped = named or layers.learners[-1:]
        hits = [hit_from_step(s, fact.first, {"dropped_share": share}) for s in dropped]
        if share >= options.dropout_setting and hits:
            yield Observation(
                hits=hits,
                title=f"{name_layers(hits)}: a dropout in forward() drops {share:.0%} of the "
                "outputs",
                threshold={"dropout_setting": options.dropout_setting},
            )


def _is_of(signals: Signals, modules: Sequence[str]) -> bool:
    """Whether a layer is one of some modules, or a part of one, such as a norm's activation."""
    name = module_name(signals.info)
    return any(name == own or name.startswith(f"{own}.") for own in modules)


def strong_settings(
    layers: RunSignals, options: StrongDropoutThresholds
) -> dict[str, ModuleSettings]:
    """By layer, the settings that drop too much."""
    return {
        name: own
        for own in layers.facts.of(ModuleSettings)
        if _share_of(own) >= options.dropout_setting
        for name in own.layers
    }


def _share_of(own: ModuleSettings) -> float:
    return max((own.settings[name] for name in DROPPED_SHARES if name in own.settings), default=0.0)


def find_strong_dropout(
    layers: RunSignals, options: StrongDropoutThresholds
) -> Iterator[Observation]:
    outputs, known = layers.outputs, strong_settings(layers, options)
    weak = _weak_settings(layers)
    hits = [
        hit
        for place, own in enumerate(outputs)
        if own.info.type.startswith("Dropout") and own.whole.any()
        if module_name(own.info) not in known
        if (hit := _dropout_hit(outputs[max(place - NEAR, 0) : place], own, options))
        if hit.first_step < weak.get(module_name(own.info), np.inf)
    ]
    if hits:
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: Dropout sets {hits[0].figures['dropped_share']:.0%} of "
            f"the values to 0 from step {begin_of(hits)}",
            threshold={"dropped_share": options.dropped_share},
        )


def _weak_settings(layers: RunSignals) -> dict[str, int]:
    """By layer, the step since which it drops little by its own setting: a ReLU that is a function
    in front of it has made the zeros."""
    return {
        name: own.since
        for own in layers.facts.of(ModuleSettings)
        if any(own.settings.get(each, WEAK + 1) <= WEAK for each in DROPPED_SHARES)
        for name in own.layers
    }


def _dropout_hit(
    before: Sequence[Signals], own: Signals, options: StrongDropoutThresholds
) -> Hit | None:
    """before: the layers in front of it.

    Which of those with outputs of its size feeds it is not known, as a norm that is made before it
    may run after it: the one with the most zeros.
    """
    fed = [one.zero_share for one in before if _may_feed(one, own)]
    if not fed:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        dropped = 1 - (1 - own.zero_share) / (1 - np.max(fed, axis=0))
    state = dropped >= options.dropped_share
    return sustained_hit(own, state, {"dropped_share": dropped})


def _may_feed(one: Signals, own: Signals) -> bool:
    same_steps = np.array_equal(one.series.steps, own.series.steps)
    return one.info.shape == own.info.shape and same_steps


STRONG_DROPOUT: Final = RunRule(
    kind="strong_dropout",
    severity="warning",
    seen="A Dropout layer is set to drop nearly all values that reach it, or does; or a dropout in "
    "forward() is.",
    source="the layer's setting; the share of zeros before and after it; the graph of the outputs",
    thresholds=StrongDropoutThresholds,
    explains={
        "spike_and_crash": Begins.WITH_OR_AFTER,
        "collapsed": Begins.WITH_OR_AFTER,
        "mostly_zero": Begins.WITH_OR_AFTER,
    },
    find=(find_dropout_settings, find_forward_dropout, find_strong_dropout),
    online=None,
)

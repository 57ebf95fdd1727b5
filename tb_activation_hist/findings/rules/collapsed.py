"""Layers whose outputs are all zero, or tiny beside what they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import Hit, find_hits, group_episodes, name_layers
from tb_activation_hist.findings.layer_types import drops, has_few_values
from tb_activation_hist.findings.record_stream import RecordStream
from tb_activation_hist.findings.rule import Begins, Observation, OnlineCheck, OnlineState, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.sample_spread import sample_spread
from tb_activation_hist.findings.signals import (
    BoolArray,
    Signals,
    first_long_stretch,
    last_relapse,
    sustained_records,
    sustained_stretch,
)
from tb_activation_hist.findings.thresholds import CollapsedThresholds

EQUAL: Final = 0.1
"""Counts so near to multiples of the number of samples, beside chance, are of equal outputs; those
of outputs that differ have 0.3 at least."""

LEAST_EQUAL: Final = 16
"""Records in a row with equal outputs; a codebook may begin with one code for a dozen steps."""

MOSTLY: Final = 0.9
"""Share of its records in which a layer on the trail to the network's end is equal."""

NEAR_END: Final = 3
"""Layers before the last one with weights among which a Dropout feeds it."""


def has_collapsed(idle_share: npt.ArrayLike, options: CollapsedThresholds) -> BoolArray:
    """Whether a layer is idle, by the share of its values that are zero or tiny."""
    return np.greater_equal(idle_share, options.collapsed_share)


def find_collapsed(layers: RunSignals, options: CollapsedThresholds) -> Iterator[Observation]:
    outputs = [s for s in layers.main_outputs if not drops(s.info)]
    hits = find_hits(outputs, lambda signals: _collapsed_hit(signals, options))
    for group in group_episodes(hits):
        yield Observation(
            hits=group,
            title=f"{name_layers(group)}: collapsed to zero at step {group[0].first_step}"
            f" ({group[0].figures['idle_share']:.1%} of the values)",
            threshold={"collapsed_share": options.collapsed_share},
        )


def _collapsed_hit(signals: Signals, options: CollapsedThresholds) -> Hit | None:
    state = has_collapsed(signals.idle_share, options)
    stretch = sustained_stretch(signals, state)
    if stretch is None:
        return None
    first = stretch[0]
    last = last_relapse(signals, state, first)
    figures = {
        "idle_share": float(signals.idle_share[first : last + 1].mean()),
        "idle_share_before": float(signals.idle_share[max(first - 1, 0)]),
        "records": last - first + 1,
    }
    return Hit(signals, first, last, figures)


def find_equal_outputs(layers: RunSignals, options: CollapsedThresholds) -> Iterator[Observation]:
    """What the network outputs is the same for every sample, though not 0.

    Layers before its last one may well be so: embeddings of positions, learnt queries.
    """
    outputs = [s for s in layers.outputs if s.whole.any()]
    end = _end_of_network(outputs, layers)
    stretch = _long_equal(outputs[end], options) if end >= 0 else None
    if stretch is None:
        return
    first = int(outputs[end].series.steps[stretch])
    hits = [_equal_hit(s, first) for s in _trail_of_equals(outputs[: end + 1], first)]
    yield Observation(
        hits=hits,
        title=f"{name_layers(hits)}: the same outputs for every sample from step "
        f"{hits[0].first_step}",
        threshold={"equal_outputs": EQUAL},
        severity="warning",
    )


def _end_of_network(outputs: Sequence[Signals], layers: RunSignals) -> int:
    """Index of the last layer with weights; -1 without any.

    Of what goes into a Dropout right before it, as that makes samples differ.
    """
    ends = [at for at, own in enumerate(outputs) if layers.is_learner(own.info)]
    if not ends:
        return -1
    dropped = [at for at in range(max(ends[-1] - NEAR_END, 1), ends[-1]) if drops(outputs[at].info)]
    return dropped[0] - 1 if dropped else ends[-1]


def _long_equal(signals: Signals, options: CollapsedThresholds) -> int | None:
    """First record of a stretch of equal outputs that is no passing state of the first steps."""
    used = np.flatnonzero(signals.whole)
    length = max(sustained_records(len(signals.series), options), LEAST_EQUAL)
    stretch = first_long_stretch(_are_equal(signals)[used], length)
    return None if stretch is None else int(used[stretch[0]])


def _are_equal(signals: Signals) -> BoolArray:
    equal: BoolArray = sample_spread(signals) < EQUAL
    return equal


def _trail_of_equals(outputs: Sequence[Signals], step: int) -> list[Signals]:
    """The last of some layers, and those before it that are equal from about the same step on."""
    trail: list[Signals] = []
    for signals in reversed(outputs):
        since = signals.series.steps >= step
        known = sample_spread(signals)[since]
        known = known[np.isfinite(known)]
        if trail and len(known) and not np.mean(known < EQUAL) > MOSTLY:
            break
        if len(known):
            trail.insert(0, signals)
    return trail


def _equal_hit(signals: Signals, step: int) -> Hit:
    equal = np.flatnonzero(_are_equal(signals) & (signals.series.steps >= step))
    last = int(equal[-1]) if equal.size else len(signals.series) - 1
    first = int(equal[0]) if equal.size else last
    return Hit(signals, first, last, {"records": last - first + 1})


def _check_record(stream: RecordStream, options: CollapsedThresholds) -> OnlineState:
    # Whether a pooled ReLU of few values feeds a gate is known of a whole run only: see
    # `main_outputs`.
    is_pooled = len(stream.info.shape) > 2 and has_few_values(stream.info)
    if drops(stream.info) or is_pooled:
        return OnlineState(holds=False, figures={})
    idle = stream.idle_share(options)
    return OnlineState(bool(has_collapsed(idle, options)), {"idle_share": idle})


def _carries_nothing_on(cause: Finding, effect: Finding, near: float) -> bool:
    """What comes after a layer of zeros is the same for every sample."""
    zeros, equal = "collapsed_share" in cause.threshold, "equal_outputs" in effect.threshold
    return zeros and equal and effect.first_step >= cause.first_step - near


COLLAPSED: Final = RunRule(
    kind="collapsed",
    severity="error",
    seen=(
        "Nearly all outputs of a layer are zero, or tiny compared with its first records, and "
        "stay so. Warning: the network's outputs are the same for every sample of a batch. Dropout "
        "layers are not checked."
    ),
    source="SageMaker Debugger, AllZero; fastai's near_zero, on the layer's own scale",
    thresholds=CollapsedThresholds,
    explains={
        "vanishing": Begins.WITH_OR_AFTER,
        "mostly_zero": Begins.WITH_OR_AFTER,
        "sudden_change": Begins.WITH_OR_AFTER,
        "dead_units": Begins.WITH_OR_AFTER,
        "unused_units": Begins.WITH_OR_AFTER,
        "redundant_units": Begins.WITH_OR_AFTER,
    },
    find=(find_collapsed, find_equal_outputs),
    online=OnlineCheck(
        check=_check_record,
        least_records=lambda options: options.sustained_max,
        outputs_only=True,
        title="collapsed to zero",
    ),
    repeats=_carries_nothing_on,
)

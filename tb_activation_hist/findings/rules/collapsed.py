"""Layers whose outputs are all zero, or tiny beside what they were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings.equal_outputs import find_equal_outputs
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import Hit, begin_of, find_hits, group_episodes, name_layers
from tb_activation_hist.findings.layer_types import (
    drops,
    has_few_values,
    is_bias_table,
    is_fixed_table,
    is_further_output,
    passes_on,
)
from tb_activation_hist.findings.record_stream import RecordStream
from tb_activation_hist.findings.rule import Begins, Observation, OnlineCheck, OnlineState, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import (
    BoolArray,
    Signals,
    last_relapse,
    sustained_stretch,
)
from tb_activation_hist.findings.thresholds import CollapsedThresholds


def has_collapsed(idle_share: npt.ArrayLike, options: CollapsedThresholds) -> BoolArray:
    """Whether a layer is idle, by the share of its values that are zero or tiny."""
    return np.greater_equal(idle_share, options.collapsed_share)


def find_collapsed(layers: RunSignals, options: CollapsedThresholds) -> Iterator[Observation]:
    outputs = [s for s in layers.main_outputs if not (drops(s.info) or _is_constant(s))]
    hits = find_hits(outputs, lambda signals: _collapsed_hit(signals, options))
    for group in group_episodes(hits):
        yield Observation(
            hits=group,
            title=f"{name_layers(group)}: collapsed to zero at step {begin_of(group)}"
            f" ({group[0].figures['idle_share']:.1%} of the values)",
            threshold={"collapsed_share": options.collapsed_share},
        )


def _is_constant(signals: Signals) -> bool:
    """Whether it is a 0 throughout that nothing needs, by `_may_be_constant`."""
    return _may_be_constant(signals.info) and bool((signals.zero_share == 1).all())


def _may_be_constant(info: LayerInfo) -> bool:
    """Whether it is biases, fixed positions, or what a module hands on beside outputs, such as a
    mean that it has not subtracted.

    Or what a layer hands on: a branch is 0 as long as its last norm's factors are, and so is a mean
    over a single place less that place.
    """
    given = is_further_output(info) or passes_on(info)
    return given or is_bias_table(info) or is_fixed_table(info)


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


def _check_record(stream: RecordStream, options: CollapsedThresholds) -> OnlineState:
    # Whether a pooled ReLU of few values feeds a gate is known of a whole run only: see
    # `main_outputs`.
    is_pooled = len(stream.info.shape) > 2 and has_few_values(stream.info)
    # So is whether what has been 0 from the first record on is frozen, or meant to be constant.
    if drops(stream.info) or is_pooled or stream.early_rms == 0:
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
        "stay so. Warning: the outputs of the network, or of a part of it such as a generator, are "
        "the same for every sample of a batch. Dropout layers are not checked."
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

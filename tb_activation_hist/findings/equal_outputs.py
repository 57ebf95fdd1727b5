"""Networks whose outputs are the same for every sample, and the layers that make them so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from tb_activation_hist.findings.hits import Hit, begin_of, name_layers
from tb_activation_hist.findings.layer_types import LEAST_DEPTH, drops
from tb_activation_hist.findings.rule import Observation
from tb_activation_hist.findings.run_signals import RunSignals, module_name
from tb_activation_hist.findings.sample_spread import sample_spread
from tb_activation_hist.findings.signals import (
    BoolArray,
    Signals,
    first_long_stretch,
    sustained_records,
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

DIFFERENT: Final = 0.5
"""Counts so far from multiples, beside chance, are of outputs that differ."""


def find_equal_outputs(layers: RunSignals, options: CollapsedThresholds) -> Iterator[Observation]:
    """What the network, or a part of it, outputs is the same for every sample, though not 0.

    Layers before the last one may well be so: embeddings of positions, learnt queries.
    """
    told: set[str] = set()
    ran = _that_ran(layers.outputs)
    for outputs, first in ((ran, None), *_parts(ran, layers)):
        hits = _equal_hits(outputs, layers, options)
        if (
            hits
            and (first is None or _differ(first))
            and told.isdisjoint(hit.signals.info.tag for hit in hits)
        ):
            told.update(hit.signals.info.tag for hit in hits)
            yield Observation(
                hits=hits,
                title=f"{name_layers(hits)}: the same outputs for every sample from step "
                f"{begin_of(hits)}",
                threshold={"equal_outputs": EQUAL},
                severity="warning",
            )


def _that_ran(outputs: Iterable[Signals]) -> list[Signals]:
    return [signals for signals in outputs if signals.whole.any()]


def _parts(ran: Sequence[Signals], layers: RunSignals) -> Iterator[tuple[list[Signals], Signals]]:
    """The outputs of each part that is a network by itself, such as a generator or an encoder.

    Each with its first layer with weights, in which samples must differ.
    """
    parts: dict[str, list[Signals]] = {}
    for signals in ran:
        parts.setdefault(module_name(signals.info).partition(".")[0], []).append(signals)
    for own in parts.values():
        learners = [s for s in own if layers.is_learner(s.info)]
        if len(learners) >= LEAST_DEPTH:
            yield own, learners[0]


def _differ(signals: Signals) -> bool:
    """Whether the samples of most records are known to differ."""
    return bool(np.mean(sample_spread(signals) > DIFFERENT) > MOSTLY)


def _equal_hits(
    outputs: Sequence[Signals], layers: RunSignals, options: CollapsedThresholds
) -> list[Hit]:
    """The last of some layers, if its outputs are equal for long, with those that made them so."""
    end = _end_of_network(outputs, layers)
    stretch = _long_equal(outputs[end], options) if end >= 0 else None
    if stretch is None:
        return []
    first = int(outputs[end].series.steps[stretch])
    return [_equal_hit(s, first) for s in _trail_of_equals(outputs[: end + 1], first)]


def _end_of_network(outputs: Sequence[Signals], layers: RunSignals) -> int:
    """Index of the last layer with weights; -1 without any.

    Of what goes into a Dropout right before it, as that makes samples differ. Several Dropouts in a
    row were made together, as those of nn.TransformerDecoderLayer, and do not feed each other.
    """
    ends = [at for at, own in enumerate(outputs) if layers.is_learner(own.info)]
    if not ends:
        return -1
    dropped = [at for at in range(max(ends[-1] - NEAR_END, 1), ends[-1]) if drops(outputs[at].info)]
    if not dropped:
        return ends[-1]
    return max((at for at in range(dropped[0]) if not drops(outputs[at].info)), default=-1)


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

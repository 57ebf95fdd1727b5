"""Layers whose scale grows far beyond what it was, over time or over the depth of the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.findings.distance import IntVector
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import (
    Hit,
    begin_of,
    find_hits,
    first_record_hit,
    group_episodes,
    name_layers,
)
from tb_activation_hist.findings.large_logits import LargeLogitsThresholds, find_large_logits
from tb_activation_hist.findings.layer_types import BOUNDED, LEAST_DEPTH, is_before
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.record_stream import RecordStream
from tb_activation_hist.findings.rule import Begins, Observation, OnlineCheck, OnlineState, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.scale_history import (
    HISTORY_SHARE,
    earlier_scales,
    find_bend,
    usable_scales,
)
from tb_activation_hist.findings.signals import (
    BoolArray,
    Signals,
    first_long_stretch,
    sustained_stretch,
    train_activations,
)
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, UNIT_RMS, threshold
from tb_activation_hist.findings.unlearnt_growth import (
    UnlearntGrowthThresholds,
    find_unlearnt_growth,
)
from tb_activation_hist.findings.weight_growth import (
    WeightGrowthThresholds,
    find_growing_weights,
    find_large_weights,
)

BULK: Final = 0.9
"""Quantile of |x| that grows when a layer explodes, but not when one of its units does."""

EARLY_GRADIENT: Final = 0.01
"""Gradients of a layer that are smaller than this share of the largest in the first records may
grow."""

TINY: Final = float(np.finfo(np.float64).tiny)

LEAST_EXPLODED: Final = 2
"""Records in a row that show it; values that soon leave the range of floats leave no more."""


@dataclass(frozen=True, kw_only=True)
class ExplodingThresholds(WeightGrowthThresholds, UnlearntGrowthThresholds, LargeLogitsThresholds):
    exploding_growth: float = threshold(
        50.0, UNIT_FACTOR, "Growth of a layer's scale relative to earlier records."
    )
    exploding_level: float = threshold(
        100.0, UNIT_RMS, "Scale below which a layer has not exploded, however much it grew."
    )
    exploding_inner: float = threshold(
        20.0,
        UNIT_RMS,
        "The same for layers before the last one with weights, whose outputs may be as large as "
        "the targets are, and for that one where a tanh or sigmoid follows.",
    )
    exploding_start: float = threshold(
        50.0,
        UNIT_RMS,
        "Scale of an embedding in the first record; healthy ones start with at most 10.",
    )
    exploding_depth_level: float = threshold(
        15.0,
        UNIT_RMS,
        "Scale in the first record from which `exploding_depth` applies; at most 6 in 100 healthy "
        "networks.",
    )
    exploding_depth: float = threshold(
        10.0,
        UNIT_FACTOR,
        "Growth of the scale from the first layer with weights to a later one, in the first "
        "record.",
    )
    exploding_gradient: float = threshold(
        100.0, UNIT_FACTOR, "Growth of a layer's gradients relative to the first records."
    )


def has_exploded(
    scale: npt.ArrayLike, earlier: npt.ArrayLike, growth: float, level: float
) -> BoolArray:
    """Whether a scale is far beyond an earlier one, and beyond what is usable."""
    return np.greater(scale, np.maximum(growth * np.asarray(earlier), level))


def find_growth_over_time(
    layers: RunSignals, options: ExplodingThresholds
) -> Iterator[Observation]:
    last = _last_with_weights(layers)

    def level(signals: Signals) -> float:
        before = last is not None and is_before(signals.info, last.info)
        inner = before or _is_bounded_next(signals, layers)
        return options.exploding_inner if inner else options.exploding_level

    hits = find_hits(
        train_activations(layers), lambda signals: _growth_hit(signals, level(signals), options)
    )
    for group in group_episodes(hits):
        yield Observation(
            hits=group,
            title=f"{name_layers(group)}: values grow from step {begin_of(group)} on, "
            f"{_name_growth(group[0])} by step {group[0].figures['largest_step']}",
            threshold={"growth": options.exploding_growth, "level": level(group[0].signals)},
        )


def _name_growth(hit: Hit) -> str:
    """By how much a layer grew; what was all zeros grew by no factor."""
    figures = hit.figures
    if "growth" in figures:
        return f"{format_factor(figures['growth'])}-fold"
    return f"from 0 to a root mean square of {format_factor(figures['rms'])}"


def _last_with_weights(layers: RunSignals) -> Signals | None:
    """The last layer or block with weights; blocks are known by the sizes of their parameters."""
    known = [s for s in layers.outputs if layers.is_learner(s.info) or layers.parameters_of(s.info)]
    return known[-1] if known else None


def _is_bounded_next(signals: Signals, layers: RunSignals) -> bool:
    """Whether the next layer's range has ends, to which large outputs drive it."""
    following = [s for s in layers.outputs if s.info.order == signals.info.order + 1]
    return bool(following) and following[0].info.type in BOUNDED


def _growth_hit(signals: Signals, level: float, options: ExplodingThresholds) -> Hit | None:
    index, scale = usable_scales(signals)
    if np.count_nonzero(scale > level) < LEAST_EXPLODED:
        return None
    earlier = earlier_scales(scale, np.minimum)
    stretch = first_long_stretch(
        has_exploded(scale, earlier, options.exploding_growth, level), LEAST_EXPLODED
    )
    if stretch is None or not _bulk_grows(signals, index, stretch, options):
        return None
    begin, end = stretch
    largest = begin + int(np.argmax(scale[begin : end + 1]))
    figures = {
        "rms": float(scale[begin:].max()),
        "rms_before": float(earlier[begin]),
        "largest_step": int(signals.series.steps[index[largest]]),
    }
    if earlier[begin] > 0:
        figures["growth"] = float(scale[largest] / earlier[begin])
    usual = level / options.exploding_growth
    first = _departure(scale, begin, float(earlier[begin]), usual)
    return Hit(signals, int(index[first]), int(index[end]), figures)


def _bulk_grows(
    signals: Signals, index: IntVector, stretch: tuple[int, int], options: ExplodingThresholds
) -> bool:
    """Whether the larger values grow as a whole, and not a few outliers alone."""
    size = signals.magnitude_quantiles(BULK)[index]
    before = float(earlier_scales(size, np.minimum)[stretch[0]])
    return float(size[stretch[0] : stretch[1] + 1].max()) > before * options.exploding_growth / 10


def _departure(scale: FloatArray, at: int, base: float, usual: float = 0.0) -> int:
    """The record from which on the scale grew to where it is at `at`.

    base: what it grew from. usual: scale up to which a layer that starts next to 0 grows in health.
    A jump begins at the first record after the last that was within a factor of 2 of what it had
    been shortly before: in the window of records that ends one window earlier. Where most of the
    growth had been before that, it is a climb, which begins at `base`. Either begins where it turns
    upwards sharply.
    """
    window = max(int(HISTORY_SHARE * len(scale)), 1)
    before = float(np.median(scale[max(at - 2 * window, 0) : max(at - window, 1)]))
    if before > np.sqrt(max(base, usual) * scale[at]):
        before = base
    near = np.flatnonzero(scale[:at] < 2 * max(before, TINY))
    first = int(near[-1]) + 1 if near.size else 0
    return find_bend(np.log(np.maximum(scale, TINY)), first, at)


def find_growth_over_depth(
    layers: RunSignals, options: ExplodingThresholds
) -> Iterator[Observation]:
    """Scales that grow from layer to layer in the first record of a run.

    Values that lie together far from 0, as a bias puts them, have not grown.
    """
    learners = layers.learners
    scales = [s.first_rms for s in learners]
    if len(learners) < LEAST_DEPTH or not scales[0] > 0:
        return
    limit = max(options.exploding_depth * scales[0], options.exploding_depth_level)
    hits = [
        first_record_hit(signals, {"rms": scale, "growth": scale / scales[0]})
        for signals, scale in zip(learners, scales, strict=True)
        if scale > limit and float(signals.series.std[signals.first_whole]) > limit
    ]
    if hits:
        own, most = hits[0].figures["growth"], max(hits, key=lambda hit: hit.figures["growth"])
        more = f", up to {format_factor(most.figures['growth'])} times in {_name(most)}"
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: {format_factor(own)} times the scale of "
            f"{learners[0].info.label} at the start{more if most is not hits[0] else ''}",
            threshold={
                "depth": options.exploding_depth,
                "depth_level": options.exploding_depth_level,
            },
        )


def _name(hit: Hit) -> str:
    return hit.signals.info.label


def find_large_embeddings(
    layers: RunSignals, options: ExplodingThresholds
) -> Iterator[Observation]:
    """An embedding that is the first layer with weights, and far too large in the first record."""
    first = next(iter(layers.learners), None)
    if first is None or not first.info.type.startswith("Embedding"):
        return
    scale = first.first_rms
    if scale > options.exploding_start:
        yield Observation(
            hits=[first_record_hit(first, {"rms": scale})],
            title=f"{first.info.label}: its values have a root mean square of "
            f"{format_factor(scale)} at the start; about 1 is usual",
            threshold={"start": options.exploding_start},
        )


def find_exploding_gradients(
    layers: RunSignals, options: ExplodingThresholds
) -> Iterator[Observation]:
    """Gradients of layers' outputs that grow far beyond what they were in the first records.

    Layers whose gradients were small beside those of the others are left out: those of branches
    that start at zero grow in health.
    """
    gradients = [s for s in layers if s.info.kind == "gradients" and s.info.phase == "train"]
    usual = max((s.early_rms for s in gradients), default=0.0)
    grown = [s for s in gradients if s.early_rms > EARLY_GRADIENT * usual > 0]
    for group in group_episodes(find_hits(grown, lambda s: _gradient_hit(s, options))):
        group.sort(key=lambda hit: (hit.first_step, -hit.order))
        growth = format_factor(group[0].figures["growth"])
        yield Observation(
            hits=group,
            title=f"{name_layers(group)}: gradients grow {growth}-fold from step "
            f"{begin_of(group)} on",
            threshold={"gradient": options.exploding_gradient},
            severity="warning",
        )


def _gradient_hit(signals: Signals, options: ExplodingThresholds) -> Hit | None:
    state = signals.rms > options.exploding_gradient * signals.early_rms
    stretch = sustained_stretch(signals, state)
    if stretch is None:
        return None
    begin, end = stretch
    scale = float(np.nanmax(signals.rms[begin : end + 1]))
    figures = {"growth": scale / signals.early_rms, "rms": scale, "rms_before": signals.early_rms}
    index, scales = usable_scales(signals)
    at = int(np.searchsorted(index, begin))
    first = int(index[_departure(scales, at, signals.early_rms)])
    return Hit(signals, first, end, figures)


def _check_record(stream: RecordStream, options: ExplodingThresholds) -> OnlineState:
    figures = {"rms": stream.rms, "early_rms": stream.early_rms}
    level = options.exploding_inner if stream.inner else options.exploding_level
    state = has_exploded(stream.rms, stream.early_rms, options.exploding_growth, level)
    return OnlineState(bool(state), figures)


def _goes_on_from_start(cause: Finding, effect: Finding, near: float) -> bool:
    """What is too large over the depth at the start also grows over time from there on.

    Where outputs explode, so do the weights that make them.
    """
    if "unlearnt_growth" in effect.threshold:
        return "unlearnt_growth" not in cause.threshold
    if not {"large_logits", "far_logits"}.isdisjoint(effect.threshold):
        return cause.first_step <= near
    if "weights" in effect.threshold:
        return "growth" in cause.threshold and effect.first_step >= cause.first_step - near
    if "first_weights" in effect.threshold:
        return "depth" in cause.threshold
    over_depth, over_time = "depth" in cause.threshold, "growth" in effect.threshold
    return over_depth and over_time and effect.first_step - cause.first_step <= near


EXPLODING: Final = RunRule(
    kind="exploding",
    severity="error",
    seen=(
        "The scale of a layer's outputs grows far beyond that of earlier records; or, in the "
        "first record, it is far larger than that of the first layer with weights, or than usual "
        "for an embedding. Warning: a layer's gradients grow far beyond the first ones; its "
        "outputs grow less, but the logged loss rises above the first one; or logits start so "
        "large that the cross entropy is far above that of guessing."
    ),
    source="TheDeepChecker, growth of the activations; bench/findings",
    thresholds=ExplodingThresholds,
    explains={"sudden_change": Begins.AFTER, "vanishing": Begins.WITH},
    find=(
        find_growth_over_time,
        find_growth_over_depth,
        find_large_embeddings,
        find_exploding_gradients,
        find_large_weights,
        find_growing_weights,
        find_unlearnt_growth,
        find_large_logits,
    ),
    online=OnlineCheck(
        check=_check_record,
        least_records=lambda options: options.sustained_min,
        outputs_only=True,
        title="its values explode,",
    ),
    repeats=_goes_on_from_start,
)

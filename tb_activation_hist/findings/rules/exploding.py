"""Layers whose scale grows far beyond what it was, over time or over the depth of the network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.findings.distance import IntVector
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import Hit, find_hits, group_episodes, name_layers
from tb_activation_hist.findings.layer_types import LEAST_DEPTH, has_weights
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.record_stream import RecordStream
from tb_activation_hist.findings.rule import Begins, Observation, OnlineCheck, OnlineState, RunRule
from tb_activation_hist.findings.scale_history import HISTORY_SHARE, earlier_scales, usable_scales
from tb_activation_hist.findings.signals import (
    BoolArray,
    Signals,
    first_long_stretch,
    train_activations,
)
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, UNIT_RMS, Thresholds, threshold

BULK: Final = 0.9
"""Quantile of |x| that grows when a layer explodes, but not when one of its units does."""

LEAST_EXPLODED: Final = 2
"""Records in a row that show it; values that soon leave the range of floats leave no more."""


@dataclass(frozen=True, kw_only=True)
class ExplodingThresholds(Thresholds):
    exploding_growth: float = threshold(
        50.0, UNIT_FACTOR, "Growth of a layer's scale beside what it was earlier."
    )
    exploding_level: float = threshold(
        100.0, UNIT_RMS, "Scale below which nothing has exploded, however much it grew."
    )
    exploding_depth: float = threshold(
        30.0,
        UNIT_FACTOR,
        "Growth of the scale from the first layer with weights to a later one, in the first "
        "record.",
    )


def has_exploded(
    scale: npt.ArrayLike, earlier: npt.ArrayLike, options: ExplodingThresholds
) -> BoolArray:
    """Whether a scale is far beyond an earlier one, and beyond what is usable."""
    limit = np.maximum(options.exploding_growth * np.asarray(earlier), options.exploding_level)
    return np.greater(scale, limit)


def find_growth_over_time(
    layers: Sequence[Signals], options: ExplodingThresholds
) -> Iterator[Observation]:
    hits = find_hits(train_activations(layers), lambda signals: _growth_hit(signals, options))
    for group in group_episodes(hits):
        growth = format_factor(group[0].figures["growth"])
        yield Observation(
            hits=group,
            title=f"{name_layers(group)}: values grow {growth} times larger "
            f"from step {group[0].first_step}",
            threshold={"growth": options.exploding_growth, "level": options.exploding_level},
        )


def _growth_hit(signals: Signals, options: ExplodingThresholds) -> Hit | None:
    index, scale = usable_scales(signals)
    if scale.size < LEAST_EXPLODED:
        return None
    earlier = np.nanmin(earlier_scales(scale), axis=1)
    stretch = first_long_stretch(has_exploded(scale, earlier, options), LEAST_EXPLODED)
    if stretch is None or not _bulk_grows(signals, index, stretch, options):
        return None
    begin, end = stretch
    figures = {
        "growth": float(scale[begin : end + 1].max() / earlier[begin]),
        "rms": float(scale[begin:].max()),
        "rms_before": float(earlier[begin]),
    }
    return Hit(signals, int(index[_departure(scale, begin)]), int(index[end]), figures)


def _bulk_grows(
    signals: Signals, index: IntVector, stretch: tuple[int, int], options: ExplodingThresholds
) -> bool:
    """Whether the larger values grow as a whole, and not a few outliers alone."""
    size = signals.magnitude_quantiles(BULK)[index]
    before = float(np.median(size[: max(stretch[0], 1)]))
    return float(size[stretch[0] : stretch[1] + 1].max()) > before * options.exploding_growth / 10


def _departure(scale: FloatArray, at: int) -> int:
    """The record from which on the scale grew to where it is at `at`.

    It is the first one after the last that was within a factor of 2 of what it had been shortly
    before: in the window of records that ends one window earlier.
    """
    window = max(int(HISTORY_SHARE * len(scale)), 1)
    before = scale[max(at - 2 * window, 0) : max(at - window, 1)]
    growth = scale / max(float(np.median(before)), np.finfo(np.float64).tiny)
    near = np.flatnonzero(growth[:at] < 2)
    return int(near[-1]) + 1 if near.size else 0


def find_growth_over_depth(
    layers: Sequence[Signals], options: ExplodingThresholds
) -> Iterator[Observation]:
    """Scales that grow from layer to layer in the first record of a run."""
    learners = [s for s in train_activations(layers) if has_weights(s.info) and s.whole.any()]
    scales = [float(s.rms[np.argmax(s.whole)]) for s in learners]
    if len(learners) < LEAST_DEPTH or not scales[0] > 0:
        return
    limit = max(options.exploding_depth * scales[0], options.exploding_level)
    hits = [
        _first_record_hit(signals, {"rms": scale, "growth": scale / scales[0]})
        for signals, scale in zip(learners, scales, strict=True)
        if scale > limit
    ]
    if hits:
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: {format_factor(hits[-1].figures['growth'])} times the "
            f"scale of {learners[0].info.layer} at the start",
            threshold={"depth": options.exploding_depth, "level": options.exploding_level},
        )


def _first_record_hit(signals: Signals, figures: dict[str, float]) -> Hit:
    first = int(np.argmax(signals.whole))
    return Hit(signals, first, first, figures)


def _check_record(stream: RecordStream, options: ExplodingThresholds) -> OnlineState:
    figures = {"rms": stream.rms, "early_rms": stream.early_rms}
    return OnlineState(bool(has_exploded(stream.rms, stream.early_rms, options)), figures)


def _goes_on_from_start(cause: Finding, effect: Finding, near: float) -> bool:
    """What is too large over the depth at the start also grows over time from there on."""
    over_depth, over_time = "depth" in cause.threshold, "depth" not in effect.threshold
    return over_depth and over_time and effect.first_step - cause.first_step <= near


EXPLODING: Final = RunRule(
    kind="exploding",
    severity="error",
    seen="The scale of a layer's outputs grows far beyond what it was, or, in the first record, "
    "far beyond that of the first layer with weights.",
    advice="Usual causes: a learning rate that is too high, weights that start too large, no "
    "normalisation. Lower the rate or warm it up, clip the gradients, check the initialisation and "
    "the scale of the inputs, add normalisation.",
    source="TheDeepChecker, growth of the activations; bench/findings",
    thresholds=ExplodingThresholds,
    explains={"sudden_change": Begins.AFTER},
    find=(find_growth_over_time, find_growth_over_depth),
    online=OnlineCheck(
        check=_check_record,
        least_records=lambda options: options.sustained_min,
        outputs_only=True,
        title="its values explode,",
    ),
    repeats=_goes_on_from_start,
)

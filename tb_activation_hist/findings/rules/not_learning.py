"""Layers that should learn and do not, by their weights where these are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tb_activation_hist.core.names import label_layer
from tb_activation_hist.findings.drift import LEAST_RECORDS, Drift
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hardly_learning import (
    HardlyLearningThresholds,
    find_constant_loss,
    find_loss_at_chance,
    find_restored_weights,
    find_rounded_updates,
    find_short_ways,
    find_small_updates,
    short_format,
)
from tb_activation_hist.findings.hits import Hit, name_layers, whole_run_hit
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.parameter_signals import ParameterSignals
from tb_activation_hist.findings.rule import Begins, Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.slow_weights import slow_groups, slow_layers
from tb_activation_hist.findings.still_weights import (
    STATE_OF,
    Cause,
    are_long,
    cause_of_all,
    find_still_layers,
    learning_parameters,
    matrices,
)
from tb_activation_hist.findings.stray_parameters import find_stray_parameters
from tb_activation_hist.findings.thresholds import (
    UNIT_FACTOR,
    UNIT_SHARE,
    UNIT_STEPS,
    threshold,
)
from tb_activation_hist.findings.waiting import find_waiting
from tb_activation_hist.findings.written_back import find_set_back_by_sum

RISING_SHARE: Final = 0.01
"""While the learning rate still rises, updates must be that much smaller to be too small."""

BATCH_NOISE: Final = "times the batch noise"


@dataclass(frozen=True, kw_only=True)
class NotLearningThresholds(HardlyLearningThresholds):
    still_ratio: float = threshold(
        1.5,
        BATCH_NOISE,
        "Distance between the beginning and the end of a run below which a layer counts as still.",
    )
    moving_ratio: float = threshold(
        12.0,
        BATCH_NOISE,
        "Distance between the beginning and the end of a run from which a layer counts as moving.",
    )
    slow_ratio: float = threshold(
        4.0,
        BATCH_NOISE,
        "A layer also counts as still below this distance if it is below `slow_share` of the "
        "largest distance.",
    )
    slow_share: float = threshold(
        0.03, UNIT_SHARE, "Share of the distance of the layer that moves most; see `slow_ratio`."
    )
    still_steps: int = threshold(
        48,
        UNIT_STEPS,
        "Weights that are unchanged after this many steps are not trained; gradients are "
        "accumulated over fewer.",
    )
    still_update: float = threshold(
        1e-6,
        "share of the weights",
        "Root mean square of a step's updates, relative to that of the weights, below which "
        "nothing is learned: about the rounding of float32.",
    )
    slow_rate: float = threshold(
        1000.0,
        UNIT_FACTOR,
        "A layer's learning rate is far too low if its update per gradient is this many times "
        "smaller than the largest of the run.",
    )
    slow_update: float = threshold(
        1e-5,
        "share of the weights",
        "Largest root mean square of a step's updates in a layer whose rate is far too low.",
        "TheDeepChecker: 1e-4 to 1e-1 are usual",
    )
    slow_group_update: float = threshold(
        2e-4,
        "share of the weights",
        "The same in a layer whose parameter group has a learning rate `slow_rate` times below the "
        "highest.",
        "TheDeepChecker: 1e-4 to 1e-1 are usual",
    )


def find_nothing_learning(
    layers: RunSignals, options: NotLearningThresholds
) -> Iterator[Observation]:
    """Not one parameter of the layers that ran is changed, or by more than its own rounding.

    Nothing is said of a model that is only looked at: no optimizer has its parameters, and no
    gradient arrives. Nor while the learning rate still rises.
    """
    known = learning_parameters(layers, options.still_steps)
    if not known or not (layers.has_gradients or layers.is_optimized):
        return
    hits = [whole_run_hit(signals, {}) for signals in layers.owners_of_weights]
    if not hits:
        return
    if all(parameter.is_constant for parameter in known):
        yield from _find_all_constant(layers, known, hits, options)
    else:
        yield from _find_tiny_updates(layers, known, hits, options)


def _find_all_constant(
    layers: RunSignals,
    known: Sequence[ParameterSignals],
    hits: Sequence[Hit],
    options: NotLearningThresholds,
) -> Iterator[Observation]:
    cause = cause_of_all(layers, known)
    # A policy that has found no reward yet gets such gradients, too, and a loss of 0.
    waits = cause is Cause.ZERO_GRADIENT and layers.facts.loss_begins_at_zero
    if waits and not are_long(known, options.still_steps):
        return
    state = "" if cause is Cause.UNKNOWN else f"; {STATE_OF[cause]}"
    yield Observation(
        hits=hits,
        title=f"no layer learns: all {len(known):,} parameters are bit for bit the same up to "
        f"step {hits[0].last_step}{state}",
        threshold={"still_steps": options.still_steps},
        severity="error",
        figures={"cause": cause.value, **short_format(known)},
    )


def _find_tiny_updates(
    layers: RunSignals,
    known: Sequence[ParameterSignals],
    hits: Sequence[Hit],
    options: NotLearningThresholds,
) -> Iterator[Observation]:
    if any(p.weights is not None and p.weights.signals.non_finite.any() for p in known):
        return
    sizes = [p.largest_update for p in matrices(known) if not p.is_constant]
    limit = options.still_update * (RISING_SHARE if layers.rate_rises else 1.0)
    if sizes and max(sizes) < limit:
        yield Observation(
            hits=hits,
            title=f"no layer learns: a step changes the weights by at most {max(sizes):.0e} of "
            "their size, about their rounding",
            threshold={"still_update": options.still_update},
            severity="error",
            figures={"update_share": max(sizes), **short_format(known)},
        )


def find_still_parts(layers: RunSignals, options: NotLearningThresholds) -> Iterator[Observation]:
    """Layers whose weights never change, to the last bit, while those of other layers do."""
    for part in find_still_layers(layers, options.still_steps):
        names = name_layers(part.hits)
        figures = {"records": part.records, "moving_layer": part.mover, "cause": part.cause.value}
        figures |= short_format(part.weights)
        if part.may_be_meant and part.cause is Cause.UNKNOWN:
            title = f"{names}: the weights never change, while those of {part.mover} do"
        else:
            title = f"{names}: not learning, {STATE_OF[part.cause]}"
        yield Observation(
            hits=part.hits,
            title=title,
            threshold={"still_steps": options.still_steps},
            severity="info" if part.may_be_meant else "warning",
            figures=figures,
        )


def find_slow_parts(layers: RunSignals, options: NotLearningThresholds) -> Iterator[Observation]:
    """Layers with a far lower learning rate than others, or far smaller updates per gradient."""
    most = options.slow_group_update
    hits, mover = slow_groups(layers, options.slow_rate, most)
    if not hits:
        most = options.slow_update
        hits, mover = slow_layers(layers, options.slow_rate, most)
    if hits:
        slower = format_factor(hits[0].figures["slower"])
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: hardly learning, at a {slower} times lower rate than "
            f"{label_layer(mover)}",
            threshold={"slow_rate": options.slow_rate, "slow_update": most},
        )


def find_still_outputs(layers: RunSignals, options: NotLearningThresholds) -> Iterator[Observation]:
    """The leading layers whose outputs stand still while those of a later one move.

    Only where no weights were measured. Only leading ones: a layer further on may pass a
    moving input on unmoved, as norms do.
    """
    if layers.sizes:
        return
    known = [each for each in layers.drifts if _is_judged(each, layers)]
    ratios = [drift.total / drift.batch_noise for drift in known]
    movers = [index for index, ratio in enumerate(ratios) if ratio >= options.moving_ratio]
    if not movers:
        return
    limit = _still_limit(ratios, options)
    mover = movers[0]
    still = [
        _still_hit(drift, ratio)
        for drift, ratio in zip(known[:mover], ratios, strict=False)
        if ratio < limit and not layers.parameters_of(drift.signals.info)
    ]
    # Unless the very first one stands still, the signal that reaches the next ones moves.
    if still and still[0].signals is known[0].signals:
        yield _observe(still, known[mover].signals.info.layer, ratios[mover], options)


def _is_judged(drift: Drift, layers: RunSignals) -> bool:
    enough = len(drift.records) >= LEAST_RECORDS and drift.batch_noise > 0
    return enough and not layers.is_frozen(drift.signals.info)


def _still_limit(ratios: Sequence[float], options: NotLearningThresholds) -> float:
    slow = min(options.slow_ratio, options.slow_share * max(ratios))
    return max(options.still_ratio, slow)


def _still_hit(drift: Drift, ratio: float) -> Hit:
    figures = {"moved": drift.total, "batch_noise": drift.batch_noise, "ratio": ratio}
    return Hit(drift.signals, int(drift.records[0]), int(drift.records[-1]), figures)


def _observe(
    still: Sequence[Hit], mover: str, ratio: float, options: NotLearningThresholds
) -> Observation:
    own = still[0].figures["ratio"]
    return Observation(
        hits=still,
        title=f"{name_layers(still)}: the outputs' distribution has not changed (moved {own:.1f} "
        f"times as far as batches alone do, {label_layer(mover)} {format_factor(ratio)} times)",
        threshold={"still_ratio": options.still_ratio, "moving_ratio": options.moving_ratio},
        severity="info",
        figures={**still[0].figures, "moving_layer": mover, "moving_ratio": ratio},
    )


def _says_more(cause: Finding, effect: Finding, _near: float) -> bool:
    """What holds of the whole network says it of its parts, and a cause more than the loss does."""
    if "set_back_times" in cause.threshold and cause.severity == "error":
        return "still_steps" in effect.threshold and cause.layers == effect.layers
    if "error" in (cause.severity, effect.severity):
        return effect.severity != "error"
    if "constant_loss" in cause.threshold:
        return not {"short_way", "chance_share"}.isdisjoint(effect.threshold)
    if "rounded_share" in cause.threshold:
        return not {"rounded_share", "slow_rate"} & set(effect.threshold)
    if "small_update" in cause.threshold:
        return not {"short_way", "chance_share"}.isdisjoint(effect.threshold)
    found = "short_way" in cause.threshold and cause.severity == "warning"
    return found and "chance_share" in effect.threshold


NOT_LEARNING: Final = RunRule(
    kind="not_learning",
    severity="warning",
    seen=(
        "Trainable weights (requires_grad=True) stay the same to the last bit, move by less than "
        "their rounding, or move far less for their gradients than others: all weights (error) or "
        "those of some layers (warning). They are set back to earlier values again and again, "
        "rounded away, or hardly move in a whole run or, when new, in the first steps; the model "
        "has not registered them; or the logged loss is one number throughout, or stays at that of "
        "guessing. Info: no weight has changed in the first steps, as no optimizer has stepped or "
        "the loss is 0; or the weights are not recorded, and the outputs of the first layers stay "
        "the same while those of a later layer move."
    ),
    source=(
        "the weights themselves; outputs: our own, Wasserstein-1 on the asinh axis relative to "
        "batch noise"
    ),
    thresholds=NotLearningThresholds,
    explains={"vanishing": Begins.WITH_OR_AFTER},
    find=(
        find_nothing_learning,
        find_waiting,
        find_stray_parameters,
        find_restored_weights,
        find_set_back_by_sum,
        find_still_parts,
        find_slow_parts,
        find_rounded_updates,
        find_loss_at_chance,
        find_constant_loss,
        find_small_updates,
        find_short_ways,
        find_still_outputs,
    ),
    online=None,
    repeats=_says_more,
)

"""Layers that did not run in training: they are in eval mode, or another model is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings.hits import Hit, name_layers
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals, module_name
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, Thresholds, threshold

BEFORE_EVAL: Final = 5
"""Records in train mode with which one in eval mode is compared."""

LEAST_MISSED: Final = 6
"""Records that a layer must have missed before it is said to run no more in train mode."""


@dataclass(frozen=True, kw_only=True)
class EvalModeThresholds(Thresholds):
    eval_scale: float = threshold(
        10.0,
        UNIT_FACTOR,
        "Scale of a layer's outputs in eval mode beside that in train mode, or the other way "
        "round; dropout makes about 1.",
        "Ioffe 2017, Batch Renormalization: running statistics that differ from the batch's",
    )


def find_silent_model(layers: RunSignals, _options: Thresholds) -> Iterator[Observation]:
    """Not one layer output anything."""
    silent = layers.facts.silent
    if not silent or any(s.info.kind == "activations" for s in layers):
        return
    resting = set(silent) <= set(layers.facts.eval_layers)
    reason = "all are in eval mode" if resting else "another model is trained"
    yield Observation(
        hits=(),
        named=_to_infos(silent),
        title=f"none of the {len(silent):,} layers ran in train mode: {reason}",
        threshold={},
        severity="info" if resting and layers.facts.same_in_eval else None,
        steps=(1, max(layers.last_step, 1)),
    )


def find_resting_model(layers: RunSignals, _options: Thresholds) -> Iterator[Observation]:
    """Every layer has stopped running in train mode, and the weights go on changing."""
    ended = _find_ended(layers)
    if not ended or len(ended) < len([s for s in layers.outputs if s.whole.any()]):
        return
    last = max(int(s.series.steps[-1]) for s in ended)
    if not _is_updated_after(last, layers):
        return
    yield Observation(
        hits=(),
        named=[s.info for s in ended],
        title=f"all layers are in eval mode from step {last + 1} on, and the training goes on",
        threshold={},
        severity="info" if layers.facts.same_in_eval else None,
        steps=(last + 1, layers.last_step),
    )


def find_resting_layers(layers: RunSignals, _options: Thresholds) -> Iterator[Observation]:
    """Layers in eval mode, with parameters that are trained, while others are in train mode."""
    ended = {s.info.layer: s for s in _find_ended(layers)}
    known = {s.info.layer for s in layers.outputs}
    resting = [
        name
        for name in layers.facts.eval_layers
        if layers.is_trainable(name) and (name in ended or name not in known)
    ]
    if not resting or len(ended) == len(known):
        return
    more = f" and {len(resting) - 1:,} more" if len(resting) > 1 else ""
    ends = [int(ended[name].series.steps[-1]) for name in resting if name in ended]
    since = f" from step {min(ends) + 1} on" if len(ends) == len(resting) else ""
    first = min(ends) + 1 if since else int(layers.outputs[0].series.steps[0])
    yield Observation(
        hits=(),
        named=_to_infos(resting),
        title=f"{resting[0]}{more} in eval mode{since} while the rest trains",
        threshold={},
        severity="info",
        steps=(first, layers.last_step),
    )


def find_other_scale_in_eval(
    layers: RunSignals, options: EvalModeThresholds
) -> Iterator[Observation]:
    """Layers whose outputs are far larger or smaller in eval mode than in train mode at that time.

    Only where passes in eval mode are recorded. Norms then use their running statistics.
    """
    evaluated = {s.info.layer: s for s in layers if _is_eval_activation(s.info)}
    hits = [
        hit
        for own in layers.outputs
        if own.info.layer in evaluated
        if (hit := _scale_hit(own, evaluated[own.info.layer], options))
    ]
    if hits:
        factor = hits[0].figures["ratio"]
        size = "larger" if hits[0].figures["rms"] > hits[0].figures["rms_before"] else "smaller"
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: outputs are {format_factor(factor)} times {size} in eval "
            "mode than in train mode",
            threshold={"eval_scale": options.eval_scale},
        )


def _is_eval_activation(info: LayerInfo) -> bool:
    return info.kind == "activations" and info.phase == "eval"


def _scale_hit(train: Signals, evaluated: Signals, options: EvalModeThresholds) -> Hit | None:
    """In the last record in eval mode, beside the last records in train mode before it."""
    if not evaluated.whole.any():
        return None
    last = int(np.flatnonzero(evaluated.whole)[-1])
    before = train.whole & (train.series.steps <= evaluated.series.steps[last])
    usual = float(np.median(train.rms[before][-BEFORE_EVAL:])) if before.any() else 0.0
    now = float(evaluated.rms[last])
    if not (usual > 0 and now > 0):
        return None
    ratio = max(now / usual, usual / now)
    figures = {"ratio": ratio, "rms": now, "rms_before": usual}
    return Hit(evaluated, last, last, figures) if ratio > options.eval_scale else None


def _find_ended(layers: RunSignals) -> list[Signals]:
    """Layers in eval mode that ran in train mode, and do no more."""
    resting = frozenset(layers.facts.eval_layers)
    return [
        s
        for s in layers.outputs
        if module_name(s.info) in resting and _records_missed(s, layers.last_step) >= LEAST_MISSED
    ]


def _records_missed(signals: Signals, last_step: int) -> float:
    steps = signals.series.steps
    usual = float(np.median(np.diff(steps))) if len(steps) > 1 else 1.0
    return (last_step - int(steps[-1])) / usual


def _is_updated_after(step: int, layers: RunSignals) -> bool:
    """Whether an optimizer was seen to step after a step."""
    known = [p.updates for p in layers.parameters if p.updates is not None]
    return any(bool((each.steps > step).any()) for each in known)


def _to_infos(names: Sequence[str]) -> tuple[LayerInfo, ...]:
    return tuple(LayerInfo(name) for name in names)


EVAL_MODE: Final = RunRule(
    kind="eval_mode",
    severity="warning",
    seen="No layer ran in train mode, or none does any longer while the weights keep changing; an "
    "info where the network works in eval mode as in train mode. Info: layers whose parameters are "
    "trained, such as batch norms, are in eval mode while others are in train mode. Warning: where "
    "passes in eval mode are recorded, outputs are far larger or smaller in them.",
    source="the modules' training flag",
    thresholds=EvalModeThresholds,
    explains={},
    find=(find_silent_model, find_resting_model, find_resting_layers, find_other_scale_in_eval),
    online=None,
)

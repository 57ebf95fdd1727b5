"""NaN and infinite values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import Hit, find_hits, name_layers
from tb_activation_hist.findings.record_stream import RecordStream
from tb_activation_hist.findings.rule import Begins, Observation, OnlineCheck, OnlineState, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import Thresholds

VALUE_OF_TOTAL: Final = {"nans": "NaN", "pos_infs": "+inf", "neg_infs": "-inf"}


def find_non_finite(layers: RunSignals, _options: Thresholds) -> Iterator[Observation]:
    """One observation for each kind and phase of series, and one more for masks."""
    broken_losses = [loss.non_finite for loss in layers.facts.losses if loss.non_finite]
    loss_step = min(broken_losses, default=0)
    for stream in sorted({(s.info.kind, s.info.phase) for s in layers}):
        own = [s for s in layers if (s.info.kind, s.info.phase) == stream]
        hits = find_hits(own, _non_finite_hit)
        masks = [hit for hit in hits if _is_mask(hit)]
        broken = [hit for hit in hits if hit not in masks]
        groups = [group for group in (broken, masks) if group]
        yield from (_observe(group, stream[0], loss_step) for group in groups)


def find_non_finite_loss(layers: RunSignals, _options: Thresholds) -> Iterator[Observation]:
    """The logged loss is, be the layers finite or not."""
    last = next((s for s in reversed(layers.outputs) if s.whole.any()), None)
    if last is None:
        return
    for loss in (each for each in layers.facts.losses if each.non_finite):
        records, steps = len(last.series), last.series.steps
        first = min(int(np.searchsorted(steps, loss.non_finite)), records - 1)
        lasts = math.isnan(loss.means[-1])
        yield Observation(
            hits=[Hit(last, first, records - 1 if lasts else first)],
            title=f"the logged {loss.tag} is NaN or infinite from step {loss.non_finite}"
            f"{'' if lasts else ', for a time'}",
            threshold={"loss": 1},
            severity="error" if lasts else "warning",
            figures={"loss_end": loss.means[-1]},
        )


def _non_finite_hit(signals: Signals) -> Hit | None:
    bad = np.flatnonzero(signals.non_finite)
    if bad.size == 0:
        return None
    tallies = signals.series.tallies.take(bad[0])
    figures = {"nans": int(tallies.nans), "pos_infs": int(tallies.pos_infs)}
    figures |= {"neg_infs": int(tallies.neg_infs), "n": int(tallies.n), "records": int(bad.size)}
    return Hit(signals, int(bad[0]), int(bad[-1]), figures)


def _is_mask(hit: Hit) -> bool:
    """Whether each record holds -inf and nothing else that is not finite: put there on purpose."""
    series = hit.signals.series
    bad = hit.signals.non_finite
    return bool(np.all(series.neg_infs == bad) and np.all(bad > 0) and np.all(bad < series.n))


def _observe(hits: Sequence[Hit], kind: str, loss_step: int) -> Observation:
    """loss_step: first step whose logged loss is not finite; 0: there is none."""
    # Gradients flow from the last layer to the first, so there the cause lies at the far end.
    direction = -1 if "gradients" in kind else 1
    ordered = sorted(hits, key=lambda hit: (hit.first_step, direction * hit.order))
    cause = ordered[0]
    what = " and ".join(word for name, word in VALUE_OF_TOTAL.items() if cause.figures[name])
    masked = _is_mask(cause)
    earlier = {"loss_step": loss_step} if 0 < loss_step < cause.first_step else {}
    return Observation(
        hits=ordered,
        title=f"{name_layers(ordered)}: {what} from step {cause.first_step}",
        threshold={"values": 1},
        severity="info" if masked else "error" if _lasts(cause) else "warning",
        figures={**cause.figures, **earlier},
    )


def _lasts(hit: Hit) -> bool:
    """Whether it goes on to the end; a GradScaler lets gradients overflow now and then."""
    if "gradients" not in hit.signals.info.kind:
        return True
    return hit.last == len(hit.signals.series) - 1


def _check_record(stream: RecordStream, _options: Thresholds) -> OnlineState:
    if not stream.has_non_finite or (stream.starts_masked and stream.only_neg_infs):
        return OnlineState(holds=False, figures={})
    return OnlineState(holds=True, figures=stream.non_finite)


def _is_carried_back(cause: Finding, effect: Finding, near: float) -> bool:
    """NaN in the activations makes NaN in the gradients, in both later on, and in the loss."""
    if "loss" in cause.threshold or "loss" in effect.threshold:
        near_it = effect.first_step - cause.first_step >= -near
        return "loss" not in cause.threshold and cause.severity == "error" and near_it
    forward = cause.tags[0].startswith("activations/") and cause.severity == "error"
    backward = not effect.tags[0].startswith("activations/")
    return forward and backward and effect.first_step >= cause.first_step


NON_FINITE: Final = RunRule(
    kind="non_finite",
    severity="error",
    seen=(
        "Values that are NaN or infinite. The layer that has them first is named first; for "
        "gradients, that is the last one in model order. Or the logged loss is so."
    ),
    source="SageMaker Debugger, ExplodingTensor: any NaN or infinity",
    thresholds=Thresholds,
    explains=dict.fromkeys(
        (
            "collapsed",
            "exploding",
            "vanishing",
            "mostly_zero",
            "saturated",
            "spike_and_crash",
            "sudden_change",
            "outlier_features",
            "dead_units",
            "unused_units",
            "runaway_units",
            "redundant_units",
        ),
        Begins.NOT_BEFORE,
    ),
    find=(find_non_finite, find_non_finite_loss),
    online=OnlineCheck(
        check=_check_record,
        least_records=lambda _: 1,
        outputs_only=False,
        title="NaN or infinite values",
    ),
    repeats=_is_carried_back,
)

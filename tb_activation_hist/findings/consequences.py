"""What follows from a finding: it is left out where it only repeats, else it joins the incident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import near_steps
from tb_activation_hist.findings.input_signals import INPUT_KINDS
from tb_activation_hist.findings.registry import RUN_RULE_OF
from tb_activation_hist.findings.rule import Begins
from tb_activation_hist.findings.still_weights import Cause

_DIVERGENCE: Final = frozenset(
    {
        "non_finite",
        "collapsed",
        "exploding",
        "vanishing",
        "mostly_zero",
        "saturated",
        "spike_and_crash",
        "sudden_change",
        "low_precision",
        "outlier_features",
        "dead_units",
        "unused_units",
        "runaway_units",
        "redundant_units",
    }
)
"""What a training that diverges shows, in one layer or another."""

LEADS_TO: Final[Mapping[str, frozenset[str]]] = {
    "non_finite": frozenset({"non_finite", "low_precision"}),
    "exploding": _DIVERGENCE | {"loss_rises"},
    "spike_and_crash": _DIVERGENCE | {"loss_rises"},
    "collapsed": frozenset(
        {
            "spike_and_crash",
            "saturated",
            "not_learning",
            "low_precision",
            "stopped_learning",
            "loss_rises",
        }
    ),
    "vanishing": frozenset({"not_learning", "low_precision", "collapsed"}),
    "saturated": frozenset({"vanishing", "not_learning", "loss_rises"}),
    "low_precision": frozenset({"non_finite", "vanishing", "not_learning"}),
    "unscaled_inputs": _DIVERGENCE | {"not_learning", "loss_rises"},
    "input_change": _DIVERGENCE | {"not_learning", "loss_rises"},
    "constant_input": _DIVERGENCE | {"not_learning", "loss_rises"},
    "unshuffled_input": _DIVERGENCE | {"loss_rises"},
    "not_learning": frozenset(
        {"vanishing", "not_learning", "collapsed", "exploding", "spike_and_crash"}
    ),
    "kept_gradients": _DIVERGENCE | {"not_learning", "loss_rises"},
    "optimizer_settings": _DIVERGENCE | {"not_learning", "loss_rises", "stopped_learning"},
    "loss_mismatch": _DIVERGENCE | {"not_learning", "loss_rises", "relu_logits"},
    "loss_rises": _DIVERGENCE,
    "eval_mode": _DIVERGENCE | {"not_learning", "loss_rises"},
    "batch_statistics": frozenset({"eval_mode", "not_learning", "saturated", "loss_rises"}),
    "strong_dropout": frozenset({"mostly_zero", "spike_and_crash", "not_learning", "loss_rises"}),
    "relu_logits": frozenset(
        {"mostly_zero", "collapsed", "not_learning", "dead_units", "stopped_learning"}
    ),
    "sudden_change": frozenset({"spike_and_crash"}),
    "dead_units": frozenset({"collapsed", "mostly_zero"}),
    "runaway_units": frozenset({"outlier_features", "exploding", "low_precision", "non_finite"}),
}
"""Kind -> kinds that it brings about, in any layer, while it lasts."""


LASTING: Final = frozenset(
    {
        "unscaled_inputs",
        "kept_gradients",
        "optimizer_settings",
        "batch_statistics",
        "loss_mismatch",
        "loss_rises",
        "relu_logits",
    }
)
"""Kinds that the first record shows and that last as long as the training does."""


GIVEN: Final = (LASTING - {"loss_rises"}) | {
    *INPUT_KINDS,
    "eval_mode",
    "strong_dropout",
}
"""Kinds of what was set up or put in so, by which the rest of the training is explained."""


SIGNS: Final = _DIVERGENCE - {"non_finite", "exploding"}
"""Kinds that only show, in single layers, what a cause does to them."""


EVENTS: Final = frozenset({"loss_jump", "raised_rate", "kept_later"})
"""Limits of findings of these kinds that some step brings, not the first one."""


RESULTS: Final = frozenset({"chance_share", "lost_share"})
"""Limits of findings that only say how a training ended: they follow from all others."""


NOTHING_ARRIVES: Final = frozenset(
    own.value for own in (Cause.NO_GRADIENT, Cause.NO_STEP, Cause.OTHER_WEIGHTS, Cause.NO_UPDATE)
)
"""Causes by which the set-up keeps the weights of layers as they are."""


SEEN_IN_WEIGHTS: Final = frozenset(
    {"other_weights", "start_again", "vanishing_bound", "vanishing_factors"}
)
"""Limits of findings that the weights themselves show: no sizes of outputs say it as well."""


LITTLE_MOVES: Final = frozenset({"small_update", "short_way"})
"""Limits of findings that new weights hardly move, which they put down to the learning rate."""


def is_result(finding: Finding) -> bool:
    """Whether it says how the training ended, and nothing of the cause."""
    return not RESULTS.isdisjoint(finding.threshold)


def is_lasting(finding: Finding) -> bool:
    """Whether it holds from the first record to the last."""
    return finding.kind in LASTING and EVENTS.isdisjoint(finding.threshold)


def drop_consequences(findings: Sequence[Finding], steps: int) -> list[Finding]:
    """The findings of a run that no other finding explains. steps: length of the run."""
    near = near_steps(steps)
    return [
        finding
        for finding in findings
        if not any(_explains(other, finding, near) for other in findings if other is not finding)
        and not _stays_at_zero(finding, findings)
    ]


def _stays_at_zero(finding: Finding, findings: Sequence[Finding]) -> bool:
    """Whether weights that begin at 0, as those of adapters, stay there since nothing steps.

    So do the factors of the norms at the end of residual branches, whose other layers are still or
    frozen.
    """
    if finding.kind != "collapsed":
        return False
    causes = [f for f in findings if is_left_out(f) and f.first_step >= finding.first_step]
    if set(finding.layers) <= {layer for cause in causes for layer in cause.layers}:
        return True
    still = [f for f in findings if f.kind == "frozen" or f.figures.get("cause") in NOTHING_ARRIVES]
    blocks = {_block_of(layer) for f in still if f.first_step == 1 for layer in f.layers} - {""}
    from_start = finding.first_step == 1 and finding.figures.get("idle_share") == 1
    return from_start and {_block_of(layer) for layer in finding.layers} <= blocks


def _block_of(layer: str) -> str:
    return layer.rpartition(".")[0]


def is_left_out(finding: Finding) -> bool:
    """Whether layers get gradients and no update follows: only the set-up makes it so."""
    return finding.severity != "info" and finding.figures.get("cause") == Cause.NO_UPDATE.value


def is_set_so(finding: Finding) -> bool:
    """Whether only the set-up keeps layers as they are: no update, or a far lower rate."""
    return is_left_out(finding) or "slow_rate" in finding.threshold


def _explains(cause: Finding, effect: Finding, near: float) -> bool:
    rule = RUN_RULE_OF[cause.kind]
    if cause.kind == effect.kind:
        return rule.repeats(cause, effect, near)
    if not LITTLE_MOVES.isdisjoint(effect.threshold) and _stops_gradients(cause):
        return Begins.WITH_OR_AFTER.holds(effect.first_step - cause.first_step, near)
    begins = rule.explains.get(effect.kind)
    # What is only worth knowing, such as a mask of -inf, is no cause of trouble.
    if begins is None or cause.severity == "info" or is_result(cause):
        return False
    if not SEEN_IN_WEIGHTS.isdisjoint(effect.threshold):
        return False
    return begins.holds(effect.first_step - cause.first_step, near)


def _stops_gradients(finding: Finding) -> bool:
    """Whether no step can move the weights much, whatever its rate: behind dead units, or since
    Adam's eps is far above the gradients."""
    dead = finding.kind == "collapsed" and finding.severity == "error"
    return dead or "large_eps" in finding.threshold


def follows(cause: Finding, effect: Finding, near: float, settled: float) -> bool:
    """Whether two findings of a run have one cause, about which the first says more.

    settled: a step. What holds from before it on is a state of the network rather than an event:
    two such states of different kinds need not have one cause.
    """
    after = effect.first_step - cause.first_step
    if cause.kind == effect.kind and cause.severity == effect.severity and abs(after) <= near:
        return True
    if cause.severity == "info":
        return False
    if effect.kind in LEADS_TO.get(cause.kind, ()):
        lasting = is_lasting(cause) or effect.first_step <= cause.last_step + near
        return lasting and Begins.WITH_OR_AFTER.holds(after, near)
    events = min(cause.first_step, effect.first_step) > settled
    return events and effect.severity != "info" and Begins.WITH.holds(after, near)


def note_consequence(cause: Finding, effect: Finding, near: float, settled: float) -> Finding:
    """The effect, as an info where it is only a sign of a cause that was set up or put in so.

    near, settled: as in `follows`.
    """
    sign = effect.kind in SIGNS & LEADS_TO.get(cause.kind, frozenset())
    given = cause.kind in GIVEN or "stray" in cause.threshold
    if not given or not sign or "info" in (cause.severity, effect.severity):
        return effect
    if not follows(cause, effect, near, settled):
        return effect
    return replace(effect, severity="info", title=f"{effect.title}; this follows from the cause")

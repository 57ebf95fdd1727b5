"""One cause, one finding, across kinds: what follows from a graver finding is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.grouping import TOGETHER_SHARE

BRINGS_ABOUT: Final = {
    "non_finite": (
        "collapsed",
        "exploding",
        "vanishing",
        "mostly_zero",
        "saturated",
        "spike_and_crash",
        "sudden_change",
        "outlier_features",
    ),
    "collapsed": ("vanishing", "mostly_zero", "sudden_change"),
    "spike_and_crash": ("sudden_change",),
}
"""Kind -> kinds that follow from it whenever they begin with it or later."""

SAME: Final = {"mostly_zero": ("sudden_change",), "vanishing": ("sudden_change",)}
"""Kind -> kinds that say the same less well when they begin with it."""


def drop_aftermath(findings: Sequence[Finding], steps: int) -> list[Finding]:
    """The findings that no other one explains. steps: length of the run."""
    return [
        finding
        for finding in findings
        if not any(_explains(other, finding, steps) for other in findings if other is not finding)
    ]


def _explains(cause: Finding, effect: Finding, steps: int) -> bool:
    after = effect.first_step - cause.first_step
    near = max(TOGETHER_SHARE * steps, 1)
    if cause.kind == effect.kind == "non_finite":
        # NaN in the activations makes NaN in the gradients, and both later elsewhere.
        forward = cause.tags[0].startswith("activations/") and cause.severity == "error"
        return forward and not effect.tags[0].startswith("activations/") and after >= 0
    if effect.kind in BRINGS_ABOUT.get(cause.kind, ()):
        # A mask is no cause; what else is non-finite explains nothing that came before it.
        early = 0 if cause.kind == "non_finite" else near
        return cause.severity != "info" and after >= -early
    if cause.kind == "exploding" and effect.kind == "sudden_change":
        return after > near
    if cause.kind == effect.kind == "exploding":
        # Over the depth at the start, and from there on over time.
        return "depth" in cause.threshold and after <= near and "depth" not in effect.threshold
    return effect.kind in SAME.get(cause.kind, ()) and abs(after) <= near

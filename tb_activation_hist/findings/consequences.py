"""Leaves out findings that follow from a graver one, so that one cause gives one finding."""

from __future__ import annotations

from collections.abc import Sequence

from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import TOGETHER_SHARE
from tb_activation_hist.findings.registry import RUN_RULE_OF


def drop_consequences(findings: Sequence[Finding], steps: int) -> list[Finding]:
    """The findings of a run that no other finding explains. steps: length of the run."""
    near = max(TOGETHER_SHARE * steps, 1.0)
    return [
        finding
        for finding in findings
        if not any(_explains(other, finding, near) for other in findings if other is not finding)
    ]


def _explains(cause: Finding, effect: Finding, near: float) -> bool:
    rule = RUN_RULE_OF[cause.kind]
    if cause.kind == effect.kind:
        return rule.repeats(cause, effect, near)
    begins = rule.explains.get(effect.kind)
    # What is only worth knowing, such as a mask of -inf, is no cause of trouble.
    if begins is None or cause.severity == "info":
        return False
    return begins.holds(effect.first_step - cause.first_step, near)

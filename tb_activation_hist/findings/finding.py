"""The value type of a diagnosis: what is wrong, where, since when, on what evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from tb_activation_hist.findings.evidence import Evidence, figures_to_evidence

SEVERITIES: Final = ("error", "warning", "info")
"""Most severe first."""

NO_FIGURES: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True)
class Finding:
    """One diagnosis of one run.

    kind: one of `FINDING_KINDS`; docs/findings.md describes each.
    run: name of the run; ``""`` for a run that is only in memory.
    layers: names of the affected layers, in the order in which the problem spread: look for the
        cause in the first one. Never empty.
    tags: TensorBoard tags of these layers' series, parallel to `layers`.
    first_step, last_step: steps of the first and the last record that show it, both inclusive.
    severity: ``"error"`` (the training is broken), ``"warning"`` (it probably suffers) or
        ``"info"`` (worth knowing, possibly intended).
    title: one sentence without a full stop: the layers, what was found, and from which step on.
    advice: usual causes and what to try, in whole sentences.
    figures: what was measured in the first layer: numbers or strings by name. A name that ends in
        ``share`` is a fraction from 0 to 1, ``rms`` is a root mean square of a layer's finite
        values. `run_difference` also has lists that are parallel to `layers`.
    threshold: the limits that the figures were compared with, by their names in `FindingOptions`
        without the kind (``growth`` for ``exploding_growth``).
    source: where the method comes from.
    incident: number of the incident within its run, from 1. Findings of one cause share it; in a
        list, the first of them is the cause and the others followed. 0: it belongs to none, as for
        a comparison of two runs.
    confidence: share of such findings that are right, 0 to 1, as measured on planted faults and
        healthy trainings (bench/findings).
    causes: usual causes, the likeliest first, each without a full stop.
    code: what to try first, as Python code; ``""`` where no code helps.
    check: how to check the cause, in whole sentences.
    layer_steps: first and last step of each layer, parallel to `layers`; empty for a single layer,
        which has the steps of the finding.
    """

    kind: str
    run: str
    layers: tuple[str, ...]
    tags: tuple[str, ...]
    first_step: int
    last_step: int
    severity: str
    title: str
    advice: str
    figures: Mapping[str, Any] = field(default_factory=lambda: NO_FIGURES)
    threshold: Mapping[str, Any] = field(default_factory=lambda: NO_FIGURES)
    source: str = ""
    incident: int = 0
    confidence: float = 1.0
    causes: tuple[str, ...] = ()
    code: str = ""
    check: str = ""
    layer_steps: tuple[tuple[int, int], ...] = ()

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The figures in words, each with its limit, as strings."""
        return figures_to_evidence(self.figures, self.threshold)

    def to_dict(self) -> dict[str, Any]:
        """All fields as plain JSON types; figures that are NaN or infinite become None.

        The HTTP route ``findings`` and ``report --json`` return findings in this form.
        """
        return {
            "kind": self.kind,
            "run": self.run,
            "layers": list(self.layers),
            "tags": list(self.tags),
            "first_step": self.first_step,
            "last_step": self.last_step,
            "severity": self.severity,
            "figures": {name: _to_json(value) for name, value in self.figures.items()},
            "threshold": dict(self.threshold),
            "source": self.source,
            "title": self.title,
            "advice": self.advice,
            "incident": self.incident,
            "confidence": self.confidence,
            "causes": list(self.causes),
            "code": self.code,
            "check": self.check,
            "evidence": [each._asdict() for each in self.evidence],
            "layer_steps": [list(steps) for steps in self.layer_steps],
        }


def _to_json(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value

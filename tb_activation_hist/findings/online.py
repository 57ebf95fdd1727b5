"""Findings that single records show, reported as the records arrive, at next to no cost."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TypeAlias

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings.confidence import confidence_of
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.guidance.choose import front_tag, guide
from tb_activation_hist.findings.guidance.guidance import Case
from tb_activation_hist.findings.layer_types import PLAIN, is_before
from tb_activation_hist.findings.record_stream import RecordStream
from tb_activation_hist.findings.registry import (
    DEFAULT_OPTIONS,
    INSTANT_KINDS,
    RUN_RULES,
    FindingOptions,
)
from tb_activation_hist.findings.rule import OnlineCheck, OnlineState, RunRule
from tb_activation_hist.findings.signals import is_train_activation

OnlineRule: TypeAlias = tuple[RunRule[FindingOptions], OnlineCheck[FindingOptions]]


@dataclass
class _Lasting:
    """How long a state has lasted in one series."""

    first_step: int
    records: int = 0


@dataclass
class _Layer:
    """One series: its newest record, the rules that check it, and the present states by kind."""

    stream: RecordStream
    rules: list[OnlineRule]
    lasting: dict[str, _Lasting] = field(default_factory=dict)


class OnlineRules:
    """Looks at each record as it arrives, in some 20 µs; keeps some numbers and no record.

    kinds: any of `INSTANT_KINDS`. run: the name that the findings carry. Each kind is reported once
    for activations, once for gradients and so on, as soon as its state has lasted long enough
    (non-finite values: at once). Not thread-safe: feed it from one thread.
    """

    def __init__(
        self,
        kinds: tuple[str, ...] = INSTANT_KINDS,
        run: str = "",
        options: FindingOptions = DEFAULT_OPTIONS,
    ) -> None:
        unknown = [kind for kind in kinds if kind not in INSTANT_KINDS]
        if unknown:
            msg = f"Cannot watch for {unknown}; known kinds: {', '.join(INSTANT_KINDS)}."
            raise OptionError(msg)
        self._rules: list[OnlineRule] = [
            (rule, rule.online) for rule in RUN_RULES if rule.online and rule.kind in kinds
        ]
        self._run = run
        self._options = options
        self._layers: dict[str, _Layer] = {}
        self._first_step = sys.maxsize
        self._reported: set[tuple[str, str, str]] = set()

    def add(self, info: LayerInfo, series: HistogramSeries) -> list[Finding]:
        """Take in the next record or records of one layer; returns what they newly show."""
        layer = self._layers.get(info.tag)
        if layer is None:
            layer = self._layers[info.tag] = self._new_layer(info)
        findings = []
        self._first_step = min(self._first_step, int(series.steps[0]))
        for index, step in enumerate(series.steps.tolist()):
            layer.stream.take(series, index)
            for rule in layer.rules:
                finding = self._look(rule, layer, step)
                findings += [finding] if finding else []
        return findings

    def _new_layer(self, info: LayerInfo) -> _Layer:
        output = is_train_activation(info)
        if output and info.type.startswith(PLAIN):
            for other in self._layers.values():
                other.stream.inner |= is_before(other.stream.info, info)
        rules = [rule for rule in self._rules if output or not rule[1].outputs_only]
        return _Layer(RecordStream(info), rules)

    def _look(self, rule: OnlineRule, layer: _Layer, step: int) -> Finding | None:
        """The finding of one rule, when the newest record completes what it needs."""
        kind, check, info = rule[0].kind, rule[1], layer.stream.info
        if check.outputs_only and layer.stream.finite == 0:
            return None
        state = check.check(layer.stream, self._options)
        if not state.holds:
            layer.lasting.pop(kind, None)
            return None
        lasting = layer.lasting.setdefault(kind, _Lasting(step))
        lasting.records += 1
        report = (kind, info.kind, info.phase)
        if lasting.records < check.least_records(self._options) or report in self._reported:
            return None
        self._reported.add(report)
        return self._to_finding(rule, info, state, (lasting.first_step, step))

    def _to_finding(
        self, rule: OnlineRule, info: LayerInfo, state: OnlineState, steps: tuple[int, int]
    ) -> Finding:
        of, check = rule
        finding = Finding(
            kind=of.kind,
            run=self._run,
            layers=(info.layer,),
            tags=(info.tag,),
            first_step=steps[0],
            last_step=steps[1],
            severity=of.severity,
            title=f"{info.label}: {check.title} since step {steps[0]}",
            advice="",
            figures=state.figures,
            source=of.source,
            confidence=confidence_of(of.kind),
        )
        front = front_tag(layer.stream.info for layer in self._layers.values())
        from_start = steps[0] <= self._first_step
        return guide(Case(finding, info, in_front=info.tag == front, from_start=from_start))

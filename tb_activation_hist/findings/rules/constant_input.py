"""A model whose input never changes, no longer changes, or is one sample for all targets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tb_activation_hist.core.setup_facts import OptimizerGroup
from tb_activation_hist.findings.attention_masks import is_attention_mask, shows_padding_alone
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import Hit, whole_run_hit
from tb_activation_hist.findings.input_signals import TARGETS, ModelInput, model_inputs, words_of
from tb_activation_hist.findings.rule import Begins, Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import UNIT_RECORDS, Thresholds, threshold

LEAST_LOOKS: Final = 2
"""Records in which all samples of a batch must be found equal."""

LATER_STEPS: Final = 8
"""Steps after the first of another optimizer from which on one has not begun together with it."""

SAME_TIME: Final = 2
"""Steps between the first one of an optimizer and a batch that is the same from there on."""

SAME_BATCH: Final = "the same batch at every step"

WIDE: Final = 16
"""Numbers of a sample from which on one value alone is no flag or placeholder."""

BATCH: Final = 8
"""Samples from which on several zeros for each are none either, as forgotten noise."""


@dataclass(frozen=True, kw_only=True)
class ConstantInputThresholds(Thresholds):
    constant_records: int = threshold(
        12, UNIT_RECORDS, "An input must be the same in so many records in a row.", "exact"
    )


def find_stuck_input(layers: RunSignals, options: ConstantInputThresholds) -> Iterator[Observation]:
    """The input changed from record to record, and from some step on it does not any more."""
    for own in model_inputs(layers):
        changed = [facts for facts in own.facts if not facts.always_same]
        if not changed or any(not facts.since for facts in changed):
            continue
        since = max(facts.since for facts in changed)
        records = own.records_since(since)
        # What comes and goes, as a batch that is used several times over, is no loader that hangs.
        steady = all(facts.compared - facts.same > facts.same - records for facts in changed)
        if records >= options.constant_records and steady and not _is_later_stage(layers, since):
            yield _observe(own, since, SAME_BATCH + " since step {since}", options)


def _is_later_stage(layers: RunSignals, since: int) -> bool:
    """Whether another optimizer has taken over by then, such as L-BFGS, which needs one batch."""
    groups = layers.facts.of(OptimizerGroup)
    begin = min((own.since for own in groups), default=0) + LATER_STEPS
    return any(own.place > 1 and begin <= own.since <= since + SAME_TIME for own in groups)


def find_one_sample(layers: RunSignals, options: ConstantInputThresholds) -> Iterator[Observation]:
    """Every sample of a batch is the same one."""
    for own in model_inputs(layers):
        judged = [
            (signals, facts)
            for signals, facts in zip(own.series, own.facts, strict=True)
            if not _is_one_value(signals)
        ]
        looked = all(facts.rows_looked >= LEAST_LOOKS for _, facts in judged)
        if judged and looked and all(facts.one_sample for _, facts in judged):
            first = min(facts.first for _, facts in judged)
            yield _observe(own, first, "all samples of a batch are one and the same", options)


def find_empty_input(layers: RunSignals, options: ConstantInputThresholds) -> Iterator[Observation]:
    """Nothing but zeros, or another single value, goes in, from the first record to the last."""
    for own in model_inputs(layers):
        main, records = own.main, len(own.main.series)
        empty = all(_is_one_value(signals) for signals in own.series)
        if not empty or records < options.constant_records:
            continue
        value = float(main.series.min[main.first_whole])
        numbers = int(np.prod(main.info.shape[1:]))
        if numbers >= WIDE or (value == 0 and numbers > 1 and main.info.shape[0] >= BATCH):
            state = f"nothing but the value {value:g}" if value else "nothing but zeros"
            yield _observe(own, own.facts[0].first, state, options)


def find_full_batch(layers: RunSignals, options: ConstantInputThresholds) -> Iterator[Observation]:
    """The input has been the same all along: as in full-batch training, or one batch by mistake."""
    for own in model_inputs(layers):
        same = min(facts.same for facts in own.facts)
        always = all(facts.always_same for facts in own.facts)
        if not always or same + 1 < options.constant_records:
            continue
        state = f"{SAME_BATCH}: full-batch training, or a loop with one batch"
        severity: str | None = "info"
        if any(words_of(each) & TARGETS and not facts.always_same for each, facts in own.beside):
            state, severity = f"{SAME_BATCH}, while its labels change", None
        yield _observe(own, own.facts[0].first, state, options, severity=severity)


def find_hidden_input(
    layers: RunSignals, options: ConstantInputThresholds
) -> Iterator[Observation]:
    """An attention mask by which only padding is attended to, or nothing."""
    for own in model_inputs(layers):
        for mask, facts in own.beside:
            known = len(mask.series) >= options.constant_records
            state = _what_it_hides(mask, own.main) if known and is_attention_mask(mask) else ""
            if state:
                yield _observe(own, facts.first, state, options)


def _what_it_hides(mask: Signals, words: Signals) -> str:
    """What is wrong with an attention mask; empty if nothing is."""
    if not mask.series.max.any():
        return f"nothing is attended to, since {mask.info.layer} is 0 throughout"
    if shows_padding_alone(mask, words):
        return f"padding alone is attended to, by {mask.info.layer}"
    return ""


def _observe(
    own: ModelInput,
    since: int,
    state: str,
    options: ConstantInputThresholds,
    severity: str | None = None,
) -> Observation:
    hit = _hit_since(own.main, since, {"records": own.records_since(since)})
    return Observation(
        hits=[hit],
        title=f"{own.main.info.label} (inputs): {state.format(since=since)}",
        threshold={"constant_records": options.constant_records},
        severity=severity,
    )


def _hit_since(signals: Signals, since: int, figures: dict[str, Any]) -> Hit:
    steps = signals.series.steps
    first = min(int(np.searchsorted(steps, since)), len(steps) - 1)
    return Hit(signals, first, len(steps) - 1, figures) if first else _whole(signals, figures)


def _whole(signals: Signals, figures: dict[str, Any]) -> Hit:
    if not signals.whole.any():
        return Hit(signals, 0, len(signals.series) - 1, figures)
    return whole_run_hit(signals, figures)


def _is_one_value(signals: Signals) -> bool:
    series = signals.series
    known = series.finite > 0
    return bool(known.any() and series.min[known].min() == series.max[known].max())


def _says_more(cause: Finding, effect: Finding, _near: float) -> bool:
    """What is wrong with a batch says more than that it is always the same one."""
    same = cause.layers == effect.layers
    return same and SAME_BATCH not in cause.title and SAME_BATCH in effect.title


CONSTANT_INPUT: Final = RunRule(
    kind="constant_input",
    severity="warning",
    seen="What goes into the model is the same batch from some step on, one sample for all "
    "targets, or nothing but zeros or another single value; or an attention mask shows padding "
    "alone. Info where it has been the same batch since the first record.",
    source="the tensors themselves, by sample and checksum",
    thresholds=ConstantInputThresholds,
    explains={"collapsed": Begins.WITH_OR_AFTER, "spike_and_crash": Begins.WITH_OR_AFTER},
    find=(
        find_empty_input,
        find_one_sample,
        find_stuck_input,
        find_full_batch,
        find_hidden_input,
    ),
    online=None,
    repeats=_says_more,
)

"""Weights that other code than an optimizer sets back, again and again or once, or replaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from tb_activation_hist.core.setup_facts import KeptGradients, ModuleSettings, RestoredWeights
from tb_activation_hist.findings.hits import Hit, hit_from_step
from tb_activation_hist.findings.run_signals import RunSignals, module_name
from tb_activation_hist.findings.signals import Signals

STILL_SHARE: Final = 0.5
"""Part of a run after which they must still be set back."""

FAR_APART: Final = 4
"""Steps between two times at one value, from which on twice is often."""

EXCEPTED: Final = 2
"""Steps, the first among them, before which what writes before each step need not have written."""

LEAST_LOST: Final = 16
"""Steps whose updates are lost at least: some scripts run one as a trial, and begin anew."""


class SetBack(NamedTuple):
    """hits: all layers with weights, since they were set back first. every: steps from one time to
    the next. fact: of one parameter."""

    hits: list[Hit]
    every: int
    fact: RestoredWeights


def find_set_back(run: RunSignals, least_times: int) -> Iterator[SetBack]:
    """Where a parameter got one value so often, and still does."""
    found = [f for f in _written_to(run) if _is_often(f, least_times)]
    late = [f for f in found if f.last >= STILL_SHARE * f.seen]
    if not late:
        return
    fact = max(late, key=lambda each: each.times)
    every = round((fact.last - fact.first) / (fact.times - 1))
    figures = {"set_back": fact.times}
    # A value that was first seen later than at the start had been written before that step, too;
    # what writes before each step, as what rounds to fewer bits, has done so from the start on.
    always = fact.writes >= fact.seen - EXCEPTED
    since = _first_step(run) if always else fact.value
    first = fact.first if fact.value <= _first_step(run) else since
    hits = [hit_from_step(s, first, figures) for s in run.owners_of_weights]
    if hits:
        yield SetBack(hits, max(every, 1), fact)


def _written_to(run: RunSignals) -> list[RestoredWeights]:
    """But for tables to which each forward pass writes, since they have a max_norm."""
    bound = {
        name
        for own in run.facts.of(ModuleSettings)
        if "max_norm" in own.settings
        for name in own.layers
    }
    facts = run.facts.of(RestoredWeights)
    return [fact for fact in facts if fact.parameter.rpartition(".")[0] not in bound]


def _is_often(fact: RestoredWeights, least_times: int) -> bool:
    """Twice is enough where many steps lie between: no skipped step leaves weights the same."""
    far = fact.times > 1 and fact.last - fact.first >= FAR_APART
    return fact.times >= least_times or far


def _first_step(run: RunSignals) -> int:
    return min((int(s.series.steps[0]) for s in run.outputs), default=0)


def find_start_again(run: RunSignals, most_times: int) -> RestoredWeights | None:
    """Where all parameters that were followed got the values of the run's start back, rarely."""
    begin = _first_step(run)
    back = [
        fact
        for fact in _written_to(run)
        if fact.times and not _is_often(fact, most_times)
        if fact.value <= begin <= fact.first - LEAST_LOST
    ]
    followed = {fact.parameter for fact in run.facts.of(KeptGradients)}
    if not back or not followed <= {fact.parameter for fact in back}:
        return None
    return None if _is_range_test(run, back[0].first) else back[0]


def find_replaced(run: RunSignals) -> RestoredWeights | None:
    """The parameter that first got values, in the middle of a run, that no optimizer made.

    Or from the first steps on, and then again and again.
    """
    begin = _first_step(run)
    facts = [fact for fact in _written_to(run) if fact.replaced]
    late = [fact for fact in facts if max(fact.since - begin, fact.replaced) >= LEAST_LOST]
    return min(late, key=lambda fact: fact.since, default=None) if late == facts else None


def layers_replaced(run: RunSignals, fact: RestoredWeights) -> list[Signals]:
    """Layers with weights that got others: that of the parameter alone, if another one kept its."""
    replaced = {each.parameter for each in _written_to(run) if each.replaced}
    followed = {each.parameter for each in run.facts.of(KeptGradients)}
    owners = run.owners_of_weights
    own = [s for s in owners if fact.parameter.rpartition(".")[0] == module_name(s.info)]
    return own or owners if followed - replaced else owners


def _is_range_test(run: RunSignals, step: int) -> bool:
    """Whether rates had only risen until then and fall, as where a rate is looked for."""
    for own in run.sizes.values():
        known = np.isfinite(own.facts.rates)
        rates, steps = own.facts.rates[known], own.facts.steps[known]
        before = rates[steps < step]
        if len(before) > 1 and before[-1] > before[0] and bool((np.diff(before) >= 0).all()):
            return bool((rates[steps >= step] < before[-1]).all())
    return False

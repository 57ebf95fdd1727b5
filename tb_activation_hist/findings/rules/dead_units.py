"""Units whose outputs are 0 for every input, while others of the layer live on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import IntArray
from tb_activation_hist.findings.rule import Begins, Observation, RunRule
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import BENCH, Thresholds, threshold
from tb_activation_hist.findings.unit_signals import UnitSignals, observe_by_harm, split_layers

UNIT_VALUES: Final = "values"


@dataclass(frozen=True, kw_only=True)
class DeadUnitThresholds(Thresholds):
    dead_values: int = threshold(
        300,
        UNIT_VALUES,
        "A unit is dead after this many values that are all 0. For tensors of `record` with one "
        "number per unit, such as the load of experts, `dead_expected` of them are enough.",
        "Lu et al. 2019 call a unit dead if it is 0 for every input; the number: " + BENCH,
    )
    dead_expected: float = threshold(
        20.0,
        UNIT_VALUES,
        "The unit's earlier rate of values other than 0 must predict at least this many in that "
        "time.",
    )


def find_dead_units(
    layers: Sequence[Signals], options: DeadUnitThresholds
) -> Iterator[Observation]:
    for units in split_layers(layers):
        limits = {"values": options.dead_values, "expected": options.dead_expected}
        yield from observe_by_harm(units, _find_deaths(units, options), "dead", limits)


def _find_deaths(units: UnitSignals, options: DeadUnitThresholds) -> IntArray:
    """(K,) record from which on a unit is dead; S for one that lives.

    A unit that was seldom active must be silent for longer. Its rate is that of as many records
    before its death as there were after it.
    """
    slices, records = units.slices, len(units.slices)
    since = units.lasting(units.zero)
    finite = np.concatenate([np.zeros((1, slices.slices), np.int64), slices.finite.cumsum(axis=0)])
    active = finite.copy()
    active[1:] -= slices.zeros.cumsum(axis=0)
    column = np.arange(slices.slices)
    silent = finite[-1] - finite[since, column]
    before = np.maximum(2 * since - records, 0)
    values = finite[since, column] - finite[before, column]
    rate = (active[since, column] - active[before, column]) / np.maximum(values, 1)
    expected = np.where(values > 0, rate * silent, np.inf)
    dead = (silent >= _values_needed(units, options)) & (expected >= options.dead_expected)
    return np.where(dead, since, records)


def _values_needed(units: UnitSignals, options: DeadUnitThresholds) -> float:
    """How many zeros it takes: a load or the like sums up a batch in a number per unit."""
    info = units.signals.info
    sums_up = not info.type and len(info.shape) == 1
    return options.dead_expected if sums_up else options.dead_values


DEAD_UNITS: Final = RunRule(
    kind="dead_units",
    severity="warning",
    seen=(
        "Units (channels, heads, experts) of a layer recorded with `split` output only exact "
        "zeros until the end of the run. An info for what healthy networks lose too: less "
        "than half of the layer in the first tenth of the run, or fewer than 3 units at a time; "
        "not for the load or weights of experts."
    ),
    source="Lu et al. 2019, Dying ReLU and Initialization: 0 for every input",
    thresholds=DeadUnitThresholds,
    explains={"mostly_zero": Begins.WITH},
    find=(find_dead_units,),
    online=None,
)

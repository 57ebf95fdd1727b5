"""Units that are constant, or copies of each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import IntArray
from tb_activation_hist.core.setup_facts import EqualRows
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import first_record_hit, name_layers
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals, module_name
from tb_activation_hist.findings.signals import BoolArray, Signals
from tb_activation_hist.findings.thresholds import (
    BENCH,
    UNIT_RECORDS,
    UNIT_SHARE,
    Thresholds,
    threshold,
)
from tb_activation_hist.findings.unit_signals import (
    UnitSignals,
    name_units,
    observe_by_harm,
    observe_units,
    split_layers,
    trailing_begin,
)
from tb_activation_hist.findings.weights_at_start import LOOKED_UP, weights_at_start

LEAST_VALUES: Final = 16
"""Values of a unit in a record, under which equal ones are chance."""

WINDOW: Final = 64
"""Records, the last, in which copies are looked for."""

COMPARED: Final = ("zeros", "min", "max", "mean", "std")


@dataclass(frozen=True, kw_only=True)
class RedundantThresholds(Thresholds):
    constant_spread: float = threshold(
        1e-3,
        UNIT_SHARE,
        "A unit is constant if its std relative to its own root mean square is at most this.",
    )
    copied_rows: float = threshold(
        0.25,
        UNIT_SHARE,
        "Units of a layer that have the weights of another one, before the first step and after 8.",
        "Goodfellow et al. 2016, Deep Learning, section 8.4",
    )
    copied_records: int = threshold(
        20,
        UNIT_RECORDS,
        "Two units are copies if they agree in zeros, min, max, mean and std of the last 64 "
        "records, at least this many of which differ from the previous record.",
        "units that are merely similar agree in up to half of the records; " + BENCH,
    )


def find_equal_weights(layers: RunSignals, options: RedundantThresholds) -> Iterator[Observation]:
    """Weight matrices that start as one number other than 0."""
    known = [each for each in weights_at_start(layers) if each.gain > 0]
    equal = [each for each in known if each.spread <= options.constant_spread]
    if equal:
        hits = [each.hit for each in equal]
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: all weights start equal, so the units stay copies of "
            "each other",
            threshold={"constant_spread": options.constant_spread},
            figures={"weight_spread": equal[0].spread},
        )


def find_copied_rows(layers: RunSignals, options: RedundantThresholds) -> Iterator[Observation]:
    """Rows of weight matrices that start as copies of each other, and stay so for some steps."""
    copied = {
        fact.parameter: fact
        for fact in layers.facts.of(EqualRows)
        if 0 < fact.later <= (1 - options.copied_rows) * fact.rows
    }
    learners = [s for s in layers.learners if not s.info.type.startswith(LOOKED_UP)]
    hits = [
        first_record_hit(s, {"found_units": own.rows - own.distinct, "all_units": own.rows})
        for s in learners
        if (own := _copies_in(s, copied, layers))
    ]
    if hits:
        units = hits[0].figures
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: {units['found_units']:,} of {units['all_units']:,} units "
            "start with the weights of another one, and stay its copies",
            threshold={"copied_rows": options.copied_rows},
        )


def _copies_in(
    signals: Signals, copied: Mapping[str, EqualRows], layers: RunSignals
) -> EqualRows | None:
    """The copied rows of a layer; None where another of its matrices tells the units apart.

    So the means of a Bayesian layer do, whose spreads start as one number.
    """
    module = module_name(signals.info)
    own = [fact for name, fact in copied.items() if name.rpartition(".")[0] == module]
    for parameter in layers.parameters_of(signals.info):
        apart = parameter.is_matrix and parameter.name not in copied
        if own and apart and parameter.info.shape[0] == own[0].rows:
            return None
    return own[0] if own else None


def find_constant_units(
    layers: Sequence[Signals], options: RedundantThresholds
) -> Iterator[Observation]:
    for units in split_layers(layers):
        since = units.lasting(_is_constant(units, options))
        limits = {"constant_spread": options.constant_spread}
        yield from observe_by_harm(units, since, "constant", limits)


def _is_constant(units: UnitSignals, options: RedundantThresholds) -> BoolArray:
    """(S, K), without units that are 0, which have a finding of their own.

    An embedding of which one row is looked up, as that of BERT's token types, is no loss.
    """
    slices = units.slices
    if units.signals.info.type.startswith("Embedding"):
        return np.zeros_like(units.zero)
    with np.errstate(invalid="ignore"):
        still = slices.std <= options.constant_spread * slices.rms
    constant: BoolArray = still & (slices.finite >= LEAST_VALUES) & ~units.zero
    return constant


def find_copied_units(
    layers: Sequence[Signals], options: RedundantThresholds
) -> Iterator[Observation]:
    for units in split_layers(layers):
        table = _to_table(units)
        records = len(table)
        usable = _may_be_compared(units, table[-WINDOW:], options)
        groups = _equal_columns(table[-WINDOW:], usable)
        since = np.full(units.slices.slices, records)
        for group in groups:
            same = (table[:, group] == table[:, group[:1]]).all(axis=2)
            since[group] = trailing_begin(same).max()
        if groups:
            names = "; ".join(f"{name_units(group)}" for group in groups[:8])
            limits = {"copied_records": options.copied_records}
            yield observe_units(
                units, since, "copies of each other", limits, {"groups": len(groups), "same": names}
            )


def _to_table(units: UnitSignals) -> npt.NDArray[np.float64]:
    """(S, K, 5) of what is compared."""
    slices = units.slices
    return np.stack([getattr(slices, name).astype(np.float64) for name in COMPARED], axis=2)


def _may_be_compared(
    units: UnitSignals, table: npt.NDArray[np.float64], options: RedundantThresholds
) -> IntArray:
    """Units that vary within and between the records: others are alike by chance."""
    last = slice(-len(table), None)
    varied = units.slices.std[last] > options.constant_spread * units.slices.rms[last]
    many = units.slices.finite[last] >= LEAST_VALUES
    moves = (np.diff(table, axis=0) != 0).any(axis=2).sum(axis=0)
    return np.flatnonzero((varied & many).all(axis=0) & (moves >= options.copied_records))


def _equal_columns(table: npt.NDArray[np.float64], units: IntArray) -> list[list[int]]:
    """Groups of two or more units that are equal in all of these records."""
    groups: dict[bytes, list[int]] = {}
    for unit in units.tolist():
        groups.setdefault(table[:, unit].tobytes(), []).append(unit)
    return [group for group in groups.values() if len(group) > 1]


def _is_known(cause: Finding, effect: Finding, _near: float) -> bool:
    """Where all weights of a layer are equal, so are its rows."""
    equal = "constant_spread" in cause.threshold and "copied_rows" in effect.threshold
    return equal and set(effect.layers) <= set(cause.layers)


REDUNDANT_UNITS: Final = RunRule(
    kind="redundant_units",
    severity="warning",
    seen="Units of a layer recorded with `split` output one value whatever the input, or agree "
    "with each other in every figure of every record; or all weights of a layer start as one "
    "number, or many of its rows as copies of each other.",
    source="Goodfellow et al. 2016, Deep Learning, section 8.4: symmetry between units",
    thresholds=RedundantThresholds,
    explains={},
    find=(find_equal_weights, find_copied_rows, find_constant_units, find_copied_units),
    online=None,
    repeats=_is_known,
)

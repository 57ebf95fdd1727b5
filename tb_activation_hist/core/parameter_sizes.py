"""Sizes of a run's parameters, of their gradients and of the optimizer's updates. numpy only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.nearest import no_such

if TYPE_CHECKING:
    import pandas as pd

BoolArray = npt.NDArray[np.bool_]
FlagArray = npt.NDArray[np.int8]

SIZED_KINDS: Final = ("weights", "weight_gradients", "updates")
"""Kinds whose sizes are measured, in the order of a record's arrays."""

SIZE_TOTALS: Final = ("n", "zeros", "non_finite")
SIZE_MOMENTS: Final = ("min", "max", "sum", "sum_sq")

NOT_MEASURED: Final = -1
"""In place of n: this kind of this parameter was not measured in this record."""

SAME: Final = 1
CHANGED: Final = 0
UNKNOWN: Final = -1
"""Flags: also of the optimizer, which has a parameter (1), has it not (0), or is not known."""


@dataclass(frozen=True)
class ParameterInfo:
    """What a parameter is. name: as in ``weights/<name>``. shape: of the whole, not of a shard."""

    name: str
    shape: tuple[int, ...] = ()
    dtype: str = "float32"

    @property
    def layer(self) -> str:
        """Name of the module that has it; "" for a parameter of the model itself."""
        return self.name.rpartition(".")[0]

    @property
    def numel(self) -> int:
        """Number of its values."""
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class SizeRecord:
    """The sizes of P parameters at one step.

    totals: (3, P, 3) int64, `SIZE_TOTALS` by kind and parameter; n is `NOT_MEASURED`, or 0 where
    there was nothing, as a gradient that is None. moments: (3, P, 4) float64, `SIZE_MOMENTS` of the
    finite values. same: (3, P) int8. trainable: (P,) bool, ``requires_grad``. optimized: (P,) int8,
    whether an optimizer has the parameter. rates: (P,) float64, learning rate of its group, else
    NaN.
    """

    step: int
    wall_time: float
    parameters: tuple[ParameterInfo, ...]
    totals: IntArray
    moments: FloatArray
    same: FlagArray
    trainable: BoolArray
    optimized: FlagArray
    rates: FloatArray

    def wait(self) -> SizeRecord:
        """Return this object: its values have arrived."""
        return self


@dataclass(frozen=True, eq=False)
class SizeSeries:
    """One kind of one parameter over S records, by ascending step.

    n: (S,) int64, values that were looked at: all of a small tensor, a fixed sample of a larger
    one; 0: there was none, as a gradient that is None. zeros, non_finite: (S,) int64.
    low, high, sum, sum_sq: (S,) float64, over the finite values; low > high without any. Updates
    are relative to the root mean square of the weights, as the kind ``updates`` is.
    same: (S,) int8: 1: equal to the record before to the last bit, 0: not, -1: not known. For
    weights all values are compared, for gradients and updates those that were looked at.
    """

    steps: IntArray
    n: IntArray
    zeros: IntArray
    non_finite: IntArray
    low: FloatArray
    high: FloatArray
    sum: FloatArray
    sum_sq: FloatArray
    same: FlagArray

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def finite(self) -> IntArray:
        """(S,) int64, number of finite values."""
        return self.n - self.non_finite

    @cached_property
    def rms(self) -> FloatArray:
        """(S,) root mean square of the finite values; NaN where there are none."""
        with np.errstate(over="ignore", invalid="ignore"):
            square = self.sum_sq / np.maximum(self.finite, 1)
        return np.where(self.finite > 0, np.sqrt(square), np.nan)

    @cached_property
    def mean(self) -> FloatArray:
        """(S,) mean of the finite values; NaN where there are none."""
        return np.where(self.finite > 0, self.sum / np.maximum(self.finite, 1), np.nan)

    @property
    def always_same(self) -> bool:
        """Whether every record with a known flag, and at least one, is equal to the one before."""
        known = self.same[self.same != UNKNOWN]
        return bool(len(known)) and bool((known == SAME).all())

    def take(self, index: Any) -> SizeSeries:
        """The records at an index array, slice or mask."""
        return SizeSeries(*(getattr(self, each.name)[index] for each in fields(self)))


def empty_sizes() -> SizeSeries:
    """A series of no records."""
    none, reals = np.zeros(0, np.int64), np.zeros(0)
    return SizeSeries(none, none, none, none, reals, reals, reals, reals, np.zeros(0, np.int8))


@dataclass(frozen=True, eq=False)
class ParameterFacts:
    """What holds of one parameter over the records of its sizes.

    steps: (S,) int64. trainable: (S,) bool, ``requires_grad``. optimized: (S,) int8: whether an
    optimizer has it in a parameter group, -1 while no optimizer is known. rates: (S,) float64,
    learning rate of that group, NaN where it is not known.
    """

    steps: IntArray
    trainable: BoolArray
    optimized: FlagArray
    rates: FloatArray

    def since(self, step: int) -> ParameterFacts:
        """The records from a step on."""
        kept = self.steps >= step
        return ParameterFacts(*(getattr(self, each.name)[kept] for each in fields(self)))


def no_facts() -> ParameterFacts:
    """Of a parameter whose histograms were recorded, but not its sizes."""
    return ParameterFacts(
        np.zeros(0, np.int64), np.zeros(0, np.bool_), np.zeros(0, np.int8), np.zeros(0)
    )


@dataclass(frozen=True, eq=False)
class ParameterHistory:
    """One parameter: what it is, its facts, and the sizes of its three kinds.

    weights, gradients, updates: those that were not recorded have no records.
    """

    info: ParameterInfo
    facts: ParameterFacts = field(default_factory=no_facts)
    weights: SizeSeries = field(default_factory=empty_sizes)
    gradients: SizeSeries = field(default_factory=empty_sizes)
    updates: SizeSeries = field(default_factory=empty_sizes)

    @property
    def name(self) -> str:
        """As in ``weights/<name>``."""
        return self.info.name

    @property
    def layer(self) -> str:
        """Name of the module that has it; "" for a parameter of the model itself."""
        return self.info.layer

    @property
    def kinds(self) -> dict[str, SizeSeries]:
        """The sizes by kind, in the order of `SIZED_KINDS`."""
        return dict(zip(SIZED_KINDS, (self.weights, self.gradients, self.updates), strict=True))

    def since(self, step: int) -> ParameterHistory:
        """The records from a step on."""
        kinds = {name: own.take(own.steps >= step) for name, own in self.kinds.items()}
        return ParameterHistory(self.info, self.facts.since(step), *kinds.values())

    @property
    def trainable(self) -> bool | None:
        """Whether ``requires_grad`` held in any record; None if it is not known."""
        return bool(self.facts.trainable.any()) if len(self.facts.steps) else None

    @property
    def optimized(self) -> bool | None:
        """Whether an optimizer had it in any record; None if no optimizer is known."""
        known = self.facts.optimized[self.facts.optimized != UNKNOWN]
        return bool(known.any()) if len(known) else None


SIZE_COLUMNS: Final = (
    "parameter", "kind", "step", "n", "numel", "rms", "mean", "min", "max", "zeros", "non_finite",
    "same", "requires_grad", "in_optimizer", "lr",
)  # fmt: skip
"""Columns of a table of sizes; one row for each parameter, kind and record."""


class ParameterSizes(Mapping[str, ParameterHistory]):
    """The parameters of a run by name, in model order. KeyError, with the nearest names."""

    def __init__(self, parameters: Mapping[str, ParameterHistory] = MappingProxyType({})) -> None:
        self._parameters = dict(parameters)

    def __getitem__(self, name: str) -> ParameterHistory:
        if name not in self._parameters:
            raise KeyError(no_such("parameter", name, list(self._parameters)))
        return self._parameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)

    def of_layer(self, layer: str) -> list[ParameterHistory]:
        """The parameters of a module and of what is inside it; ``"lstm/0"`` is ``"lstm"``."""
        name = layer.partition("/")[0].partition(":")[0]
        return [
            each for each in self.values() if each.layer == name or each.name.startswith(f"{name}.")
        ]

    def since(self, step: int) -> ParameterSizes:
        """The records from a step on."""
        return ParameterSizes({name: history.since(step) for name, history in self.items()})

    def to_dataframe(self) -> pd.DataFrame:
        """A row for each parameter, kind and record, with the columns `SIZE_COLUMNS`.

        ``same``, ``requires_grad`` and ``in_optimizer`` are True, False, or None if it is not
        known; ``lr`` is NaN there. Needs pandas.
        """
        import pandas as pd

        rows = [row for each in self.values() for row in _to_rows(each)]
        return pd.DataFrame(rows, columns=list(SIZE_COLUMNS))

    def __repr__(self) -> str:
        return f"<sizes of {len(self)} parameters: {', '.join(list(self)[:10])}>"


NO_SIZES: Final = ParameterSizes()
"""Of a run that was recorded without them."""


def _to_rows(history: ParameterHistory) -> Iterator[tuple[Any, ...]]:
    facts = history.facts
    known = {int(step): at for at, step in enumerate(facts.steps)}
    for kind, own in history.kinds.items():
        for at, step in enumerate(own.steps.tolist()):
            fact = known.get(step)
            yield (
                history.name, kind, step, int(own.n[at]), history.info.numel,
                own.rms[at], own.mean[at], own.low[at], own.high[at],
                int(own.zeros[at]), int(own.non_finite[at]), _to_truth(own.same[at]),
                None if fact is None else bool(facts.trainable[fact]),
                None if fact is None else _to_truth(facts.optimized[fact]),
                np.nan if fact is None else facts.rates[fact],
            )  # fmt: skip


def _to_truth(flag: int) -> bool | None:
    return None if flag == UNKNOWN else bool(flag)


_COLUMNS: Final = ("totals", "moments", "same", "trainable", "optimized", "rates")
"""Arrays of a record; the first three are by kind and parameter, the others by parameter."""


def records_to_sizes(records: Sequence[SizeRecord]) -> ParameterSizes:
    """The parameters of some records, given in the order in which they were written.

    A record hides what was written before from its step on, for each parameter by itself.
    """
    if records and all(own.parameters == records[0].parameters for own in records):
        return _stack_records(records)
    found: dict[str, list[tuple[SizeRecord, int]]] = {}
    infos: dict[str, ParameterInfo] = {}
    for record in records:
        for row, info in enumerate(record.parameters):
            own = found.setdefault(info.name, [])
            infos[info.name] = info
            while own and own[-1][0].step >= record.step:
                own.pop()
            own.append((record, row))
    return ParameterSizes({name: _join(infos[name], own) for name, own in found.items()})


def _stack_records(records: Sequence[SizeRecord]) -> ParameterSizes:
    """The same of records that all have the same parameters, as nearly always, all at once."""
    known: list[SizeRecord] = []
    for record in records:
        while known and known[-1].step >= record.step:
            known.pop()
        known.append(record)
    steps = np.array([record.step for record in known], np.int64)
    fields = [np.stack([getattr(record, name) for record in known]) for name in _COLUMNS]
    totals, moments, same, *facts = fields
    return ParameterSizes(
        {
            info.name: _to_history(
                info, steps, totals[:, :, row], moments[:, :, row], same[:, :, row],
                [each[:, row] for each in facts],
            )
            for row, info in enumerate(records[0].parameters)
        }
    )  # fmt: skip


def _join(info: ParameterInfo, rows: Sequence[tuple[SizeRecord, int]]) -> ParameterHistory:
    steps = np.array([record.step for record, _ in rows], np.int64)
    by_kind = [np.array([getattr(own, name)[:, row] for own, row in rows]) for name in _COLUMNS[:3]]
    facts = [np.array([getattr(own, name)[row] for own, row in rows]) for name in _COLUMNS[3:]]
    totals, moments, same = by_kind
    return _to_history(info, steps, totals, moments, same, facts)


def _to_history(
    info: ParameterInfo,
    steps: IntArray,
    totals: IntArray,
    moments: FloatArray,
    same: FlagArray,
    facts: Sequence[Any],
) -> ParameterHistory:
    """totals: (S, 3, 3). moments: (S, 3, 4). same: (S, 3). facts: trainable and the following."""
    kinds = []
    for kind in range(len(SIZED_KINDS)):
        measured = np.flatnonzero(totals[:, kind, 0] != NOT_MEASURED)
        columns = [*totals[:, kind].T, *moments[:, kind].T, same[:, kind]]
        kinds.append(SizeSeries(steps[measured], *(each[measured] for each in columns)))
    return ParameterHistory(info, ParameterFacts(steps, *facts), *kinds)

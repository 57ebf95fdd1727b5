"""Compares two recordings layer by layer. numpy only."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from tb_activation_hist.core.comparison.criterion import Criterion
from tb_activation_hist.core.comparison.layer_names import NameRule
from tb_activation_hist.core.comparison.layer_pairs import LayerPairs, pair_layers
from tb_activation_hist.core.comparison.recording import Recording
from tb_activation_hist.core.comparison.run_comparison import (
    LayerComparison,
    RecordFacts,
    RunComparison,
)
from tb_activation_hist.core.comparison.series_difference import (
    BoolArray,
    SeriesDifference,
    pair_records,
)
from tb_activation_hist.core.comparison.spread import Spread, SpreadKey
from tb_activation_hist.core.errors import ComparisonError, FormatError
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo, phase_prefix
from tb_activation_hist.core.nearest import name_hint

NO_STEPS: Final = "no step in common"


@dataclass(frozen=True)
class ComparisonPlan:
    """What is compared, and how.

    rules: of the name mapping. offset: steps by which the second run is ahead: step s of the first
    is compared with step s + offset of the second. last_step: last one compared, counted as in the
    first run; None: all.
    """

    criterion: Criterion = field(default_factory=Criterion)
    rules: Sequence[NameRule] = ()
    offset: int = 0
    last_step: int | None = None


def compare_recordings(a: Recording, b: Recording, plan: ComparisonPlan) -> RunComparison:
    """Compare two recordings. ComparisonError when they have no layer or no step in common."""
    pairs = pair_layers(a, b, plan.rules)
    if not pairs.pairs:
        raise ComparisonError(_no_layers(a, b))
    work = _Work(a, b, plan)
    for key, other in pairs.pairs:
        work.compare(key, other)
    if work.steps is None:
        raise ComparisonError(_nothing_compared(a, b, work.refused, plan.offset))
    layers = _sort(work.compared, a)
    return RunComparison(
        a=a.name,
        b=b.name,
        mode=plan.criterion.mode,
        tolerance=plan.criterion.limit,
        offset=plan.offset,
        layers=layers,
        steps=work.steps,
        records=sum(layer.steps for layer in layers),
        only_in_a=tuple(pairs.only_in_a),
        only_in_b=tuple(pairs.only_in_b),
        not_compared=work.refused,
        previous=_find_previous(layers, a),
        notes=tuple(_make_notes(work, pairs)),
    )


class _Work:
    """Compares pairs of series one after another; each is let go before the next is read."""

    def __init__(self, a: Recording, b: Recording, plan: ComparisonPlan) -> None:
        self.a, self.b = a, b
        self.plan = plan
        self.compared: list[LayerComparison] = []
        self.refused: dict[str, str] = {}
        self.passed_over = 0
        self.steps: tuple[int, int] | None = None
        self.missing_steps: tuple[set[int], set[int]] = (set(), set())

    def compare(self, key: str, other: str) -> None:
        """Compare one pair of series."""
        info, other_info = self.a.infos[key], self.b.infos[other]
        criterion = self.plan.criterion
        if not criterion.compares(info):
            self.passed_over += 1
            return
        difference = self._open(key, other)
        if difference is not None:
            leniency = criterion.leniency(info, other_info)
            shift = criterion.shift_limit(info, other_info)
            differs = difference.differs(criterion, leniency, shift)
            layer = LayerComparison(key, other, info.kind, info.phase, len(difference))
            self.compared.append(_describe(layer, difference, differs, info, other_info))

    def _open(self, key: str, other: str) -> SeriesDifference | None:
        """The records of both; None, and a reason noted, where they cannot be compared."""
        try:
            one, its = self.a.series[key], self.b.series[other]
        except FormatError as err:
            self.refused[key] = str(err)
            return None
        if one.scheme != its.scheme:
            self.refused[key] = f"other bins: {one.scheme} and {its.scheme}"
            return None
        ahead = self.plan.offset + _phase_offset(self.a.infos[key], self.b.infos[other])
        difference = pair_records(one, its, ahead, self.plan.last_step)
        if not len(difference):
            self.refused[key] = NO_STEPS
            return None
        self._note_steps(one, its, difference, ahead)
        return difference

    def _note_steps(
        self, one: HistogramSeries, its: HistogramSeries, difference: SeriesDifference, ahead: int
    ) -> None:
        steps = difference.one.steps
        first, last = int(steps[0]), int(steps[-1])
        known = self.steps or (first, last)
        self.steps = (min(first, known[0]), max(last, known[1]))
        own, other = one.steps, its.steps - ahead
        limit = np.inf if self.plan.last_step is None else self.plan.last_step
        self.missing_steps[0].update(np.setdiff1d(own[own <= limit], steps).tolist())
        self.missing_steps[1].update(np.setdiff1d(other[other <= limit], steps).tolist())


def _phase_offset(info: LayerInfo, other: LayerInfo) -> int:
    """An evaluation pass is recorded with the step before it."""
    return (other.phase == "train") - (info.phase == "train")


def _describe(
    layer: LayerComparison,
    difference: SeriesDifference,
    differs: BoolArray,
    info: LayerInfo,
    other: LayerInfo,
) -> LayerComparison:
    if not differs.any():
        return layer
    first, worst = int(differs.argmax()), int(difference.moved.argmax())
    steps = difference.one.steps
    return replace(
        layer,
        # A pass that was an evaluation in only one of the runs is reported as an evaluation.
        phase=info.phase if info.phase == other.phase else "eval",
        first_step=int(steps[first]) - max(_phase_offset(other, info), 0),
        differing_steps=int(differs.sum()),
        moved=float(difference.moved[first]),
        octaves=float(difference.octaves([first])[0]),
        worst_step=int(steps[worst]),
        worst_moved=float(difference.moved[worst]),
        a=_facts(difference.one, first, info),
        b=_facts(difference.other, first, other),
    )


def _facts(series: HistogramSeries, row: int, info: LayerInfo) -> RecordFacts:
    record = series.take([row])
    numbers = {name: float(getattr(record, name)[0]) for name in ("mean", "std", "min", "max")}
    return RecordFacts(
        step=int(record.steps[0]),
        values=int(record.n[0]),
        zeros=int(record.zeros[0]),
        nans=int(record.nans[0]),
        infs=int(record.pos_infs[0] + record.neg_infs[0]),
        type=info.type,
        shape=info.shape,
        dtype=info.dtype,
        settings=info.settings,
        **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
    )


def _sort(compared: Sequence[LayerComparison], a: Recording) -> tuple[LayerComparison, ...]:
    """Those that differ by step and place in the step, then the others by their place."""
    spread = Spread(a.infos.values(), a.order)
    states = _States(compared, a)

    def sort_key(layer: LayerComparison) -> tuple[float, SpreadKey]:
        info = _spread_info(layer, a)
        if layer.first_step is None:
            return math.inf, spread.sort_key(info)
        return layer.first_step, spread.sort_key(info, *states.at(layer))

    return tuple(sorted(compared, key=sort_key))


def _spread_info(layer: LayerComparison, a: Recording) -> LayerInfo:
    """A layer as `Spread` takes it: without a type where the runs have two types, or settings."""
    info, a_facts, b_facts = a.infos[layer.layer], layer.a, layer.b
    same = a_facts is None or b_facts is None or a_facts.works_like(b_facts)
    return replace(info, phase=layer.phase, type=info.type if same else "")


class _States:
    """Names of the layers that differ at a step, and of those that do not, within a kind."""

    def __init__(self, compared: Iterable[LayerComparison], a: Recording) -> None:
        self._first_steps: dict[tuple[str, str], dict[str, float]] = {}
        for each in compared:
            own = self._first_steps.setdefault((each.kind, each.phase), {})
            own[_place_name(a.infos[each.layer])] = (
                math.inf if each.first_step is None else each.first_step
            )
        self._at: dict[tuple[str, str, float], tuple[set[str], set[str]]] = {}

    def at(self, layer: LayerComparison) -> tuple[set[str], set[str]]:
        """When this layer begins to differ."""
        step = math.inf if layer.first_step is None else layer.first_step
        when = (layer.kind, layer.phase, step)
        if when not in self._at:
            steps = self._first_steps[layer.kind, layer.phase]
            apart = {name for name, first in steps.items() if first <= step}
            self._at[when] = (apart, set(steps) - apart)
        return self._at[when]


def _place_name(info: LayerInfo) -> str:
    """Key without a kind: the name in an `ExecutionOrder`."""
    return f"{phase_prefix(info.phase)}{info.layer}"


def _find_previous(layers: Sequence[LayerComparison], a: Recording) -> str | None:
    """The layer of the same kind right before the first difference, which is equal at that step."""
    first = layers[0]
    if first.first_step is None:
        return None
    spread = Spread(a.infos.values(), a.order)
    apart, equal = _States(layers, a).at(first)
    limit = spread.sort_key(_spread_info(first, a), apart, equal)
    before = [
        (spread.sort_key(a.infos[each.layer]), each.layer)
        for each in layers
        if (each.kind, each.phase) == (first.kind, first.phase)
        and _place_name(a.infos[each.layer]) in equal
    ]
    return max((each for each in before if each[0] < limit), default=(None, None))[1]


def _make_notes(work: _Work, pairs: LayerPairs) -> Iterable[str]:
    a, b = work.a, work.b
    for side, missing in ((b, work.missing_steps[0]), (a, work.missing_steps[1])):
        if missing:
            yield f"{side.name} has no record of {_name_steps(missing)}, which were not compared."
    if a.order and b.order:
        yield from _compare_orders(a, b, pairs)
    elif not a.order:
        yield (
            f"{a.name} was recorded without the order of execution, so its layers are compared in "
            "the order of the model."
        )
    yield from (*a.problems, *b.problems)
    if work.passed_over:
        yield (
            f"{work.passed_over} one-dimensional parameters are compared only in the mode 'exact'."
        )
    for source in pairs.idle:
        yield f"The mapping's {source!r} pairs no layers."


def _name_steps(steps: Iterable[int]) -> str:
    listed = sorted(steps)
    span = f"{listed[0]} to {listed[-1]}" if len(listed) > 1 else f"{listed[0]}"
    return f"{len(listed)} step{'s' if len(listed) > 1 else ''} ({span})"


def _compare_orders(a: Recording, b: Recording, pairs: LayerPairs) -> Iterable[str]:
    """Name the first layer that ran at another place, of those that both runs have."""
    partner = {_place_name(a.infos[key]): _place_name(b.infos[other]) for key, other in pairs.pairs}
    own = [partner[name] for name in a.order.names if name in partner]
    there = set(own)
    its = [name for name in b.order.names if name in there]
    if sorted(own) != sorted(its):
        return
    for name, other in zip(own, its, strict=True):
        if name != other:
            yield f"The layers ran in another order: {name} in {a.name} where {other} in {b.name}."
            return


def _no_layers(a: Recording, b: Recording) -> str:
    names = [list(side.series) for side in (a, b)]
    hint = name_hint(names[0][0], names[1], "layers") if all(names) else "One of them is empty."
    shown = names[0][0] if names[0] else ""
    return (
        f"{a.name} and {b.name} have no layer in common, such as {shown!r}. {hint} A mapping "
        "(--map FILE, names={...}) says which layer is which."
    )


def _nothing_compared(a: Recording, b: Recording, refused: Mapping[str, str], offset: int) -> str:
    reasons = dict.fromkeys(refused.values())
    msg = f"{a.name} and {b.name} cannot be compared: {'; '.join(reasons)}."
    if set(reasons) == {NO_STEPS}:
        spans = []
        for side in (a, b):
            series = next(iter(side.series.values()))
            spans.append(f"{side.name} has steps {series.steps[0]} to {series.steps[-1]}")
        msg += f" {', '.join(spans)}; the offset is {offset} (--offset)."
    return msg

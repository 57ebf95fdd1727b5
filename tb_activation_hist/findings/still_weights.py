"""Which layers' weights stand still although they should be trained, and what keeps them so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

import numpy as np

from tb_activation_hist.findings.hits import NEIGHBOUR_GAP, Hit, whole_run_hit
from tb_activation_hist.findings.layer_types import is_bias_table, normalises
from tb_activation_hist.findings.parameter_signals import ParameterSignals
from tb_activation_hist.findings.run_signals import RunSignals, module_name
from tb_activation_hist.findings.signals import Signals

LEAST_RECORDS: Final = 3
"""Records of a weight, at least, before it is said to stand still."""

LEAST_STEPPED: Final = 4
"""Records in which an optimizer was seen to step, after which it is known to step."""

STEPPED_STEPS: Final = 8
"""Steps over which weights are followed at least where an optimizer is known to step."""

DROPPED: Final = 8
"""Gradients that are cleared unused, after which it is known that no step awaits their sum."""

BROKEN_STEPS: Final = 16
"""The same where each gradient is NaN or infinite; a GradScaler begins with some such steps."""

ZERO_STEPS: Final = 16
"""Steps after which a gradient that is there and exactly 0 is no chance, where others learn."""

SELDOM: Final = 0.5
"""Share of the records below which a layer runs seldom."""


class Cause(Enum):
    """What keeps the weights of a layer from changing, as far as it is known."""

    NO_GRADIENT = "no gradient"
    ZERO_GRADIENT = "gradient is 0"
    NO_UPDATE = "no update"
    NO_STEP = "no optimizer steps"
    OTHER_WEIGHTS = "the optimizer has other weights"
    BROKEN_GRADIENT = "gradient is not finite"
    SET_BACK = "set back to an earlier value"
    UNKNOWN = "unknown"


STATE_OF: Final = {
    Cause.NO_GRADIENT: "no gradient arrives",
    Cause.ZERO_GRADIENT: "their gradient is exactly 0",
    Cause.NO_UPDATE: "gradients arrive, but no update follows",
    Cause.NO_STEP: "gradients arrive, but no optimizer makes a step",
    Cause.OTHER_WEIGHTS: "gradients arrive, but the optimizer has other parameters",
    Cause.BROKEN_GRADIENT: "every gradient is NaN or infinite, so that no step is made",
    Cause.UNKNOWN: "nothing updates them",
}


@dataclass(frozen=True)
class StillPart:
    """Neighbouring layers whose weights never change, for one cause.

    weights: of all of them. mover: a layer whose weights do. may_be_meant: it is not known that
    they should be trained, or the rest may well do without them.
    """

    hits: list[Hit]
    weights: list[ParameterSignals]
    cause: Cause
    mover: str
    records: int
    may_be_meant: bool


def learning_parameters(run: RunSignals, least_steps: int) -> list[ParameterSignals]:
    """The parameters of layers that ran, but for frozen ones; none while it is too early to judge.

    least_steps: how long the weights must have been followed, unless an optimizer was seen to
    step, gradients are dropped without one, or none is finite: gradients may be added up over many
    steps.
    """
    found = learnable_parameters(run)
    long = STEPPED_STEPS if run.optimizer_steps >= LEAST_STEPPED else least_steps
    if run.breaks_gradients:
        long = min(long, BROKEN_STEPS)
    elif run.facts.dropped_gradients >= DROPPED:
        long = STEPPED_STEPS
    return found if are_long(found, long) else []


def learnable_parameters(run: RunSignals) -> list[ParameterSignals]:
    """The parameters of layers that ran, but for frozen ones, however short the run is."""
    return [p for p in run.parameters if p.weights is not None and _should_learn(p, run)]


def matrices(parameters: Sequence[ParameterSignals]) -> Sequence[ParameterSignals]:
    """Those that multiply inputs; all of them where none does."""
    return [p for p in parameters if p.is_matrix] or parameters


def _should_learn(parameter: ParameterSignals, run: RunSignals) -> bool:
    return parameter.name not in run.facts.frozen and run.has_run(parameter.name)


def are_long(parameters: Sequence[ParameterSignals], least_steps: int) -> bool:
    """Whether the weights of all of them were followed over so many steps."""
    return all(_is_long(p, least_steps) for p in parameters)


def _is_long(parameter: ParameterSignals, least_steps: int) -> bool:
    steps = parameter.weights.steps if parameter.weights is not None else np.zeros(0)
    return len(steps) >= LEAST_RECORDS and bool(steps[-1] - steps[0] >= least_steps)


def cause_of_all(run: RunSignals, known: Sequence[ParameterSignals]) -> Cause:
    """Why nothing is changed: no step follows, or the optimizer gets no gradients.

    known: the parameters that should learn. Frozen ones may be in an optimizer, or keep a gradient
    of a training before.
    """
    if run.breaks_gradients:
        return Cause.BROKEN_GRADIENT
    sizes = [run.sizes.get(p.name) for p in known]
    if not any(p.updates for p in known) and not any(own and own.optimized for own in sizes):
        return Cause.OTHER_WEIGHTS if run.optimizer_steps else Cause.NO_STEP
    gradients = [p.gradients for p in known if p.gradients]
    if not gradients:
        return Cause.UNKNOWN if run.has_gradients else Cause.NO_GRADIENT
    if any(own.arrive.any() for own in gradients):
        return Cause.UNKNOWN
    given = any((own.signals.series.n > 0).any() for own in gradients)
    return Cause.ZERO_GRADIENT if given else Cause.NO_GRADIENT


def find_still_layers(run: RunSignals, least_steps: int) -> Iterator[StillPart]:
    """Layers whose trainable weights are the same in all records while others' are not."""
    known = learning_parameters(run, least_steps)
    moving = [p for p in known if not p.is_constant]
    # An optimizer that has biases or norms alone leaves all matrices as they are.
    movers = [p for p in matrices(known) if not p.is_constant] or moving
    if not movers or _changes(movers) < LEAST_RECORDS - 1:
        return
    still = [each for each in _judged(run) if _stands_still(each.weights)]
    groups = list(_group(still, run))
    # Weights of 0 that are left out let no gradient through to the layers before them.
    alone = all(cause is Cause.ZERO_GRADIENT for _, _, cause in groups)
    for hits, own, cause in groups:
        if cause is not Cause.NO_UPDATE and all(_is_copy(p, movers) for p in own):
            continue
        later = _may_begin_later(own, run, least_steps) or _runs_seldom(hits, run)
        if cause is Cause.NO_GRADIENT and later:
            continue
        if cause is Cause.NO_UPDATE and _rates_rise(own, run):
            continue
        unused = cause is Cause.NO_GRADIENT and _may_be_unused(hits, own, run, movers)
        cancels = all(is_bias_table(hit.signals.info) for hit in hits)
        least = least_steps if _is_lone_head(hits, run) else ZERO_STEPS
        given = alone and not cancels and _are_given_zeros(own, run, least)
        zero = cause is Cause.ZERO_GRADIENT and not given
        meant = unused or zero or not run.facts.trainable
        yield StillPart(hits, own, cause, movers[0].name, own[0].records, meant)


def _may_begin_later(
    weights: Sequence[ParameterSignals], run: RunSignals, least_steps: int
) -> bool:
    """Whether another optimizer may have them, whose first step is yet to come.

    So the generator of two networks waits while the judge has a start of some steps.
    """
    return _are_left_out(weights, run) and not are_long(weights, least_steps)


def _rates_rise(weights: Sequence[ParameterSignals], run: RunSignals) -> bool:
    """Whether their learning rates are above all earlier ones of a warm-up.

    It may begin with rates whose updates are rounded away.
    """
    known = [run.sizes.get(p.name) for p in weights]
    rates = [each.facts.rates[np.isfinite(each.facts.rates)] for each in known if each is not None]
    return bool(rates) and all(len(own) > 1 and own[-1] > own[:-1].max() for own in rates)


def _runs_seldom(hits: Sequence[Hit], run: RunSignals) -> bool:
    """Whether layers did not run in most steps, so that those that are measured may be others.

    So does the head of one task out of several, of which each step has one.
    """
    longest = max(len(s.series) for s in run.outputs)
    return all(len(hit.signals.series) < SELDOM * longest for hit in hits)


def _is_lone_head(hits: Sequence[Hit], run: RunSignals) -> bool:
    """Whether it is the last layer alone, the loss of which may have a weight of 0 at first.

    Where its inputs are 0, gradients arrive at its biases.
    """
    own = run.parameters_of(hits[0].signals.info)
    last = len(hits) == 1 < len(run.learners) and hits[0].signals is run.learners[-1]
    return last and all(p.is_constant for p in own)


def _are_given_zeros(
    weights: Sequence[ParameterSignals], run: RunSignals, least_steps: int
) -> bool:
    """Whether an optimizer has them, and each of their gradients was there and 0 for so long.

    Parts that are left out on purpose get none, and a loss with a weight of 0 gets one later on.
    """
    known = [run.sizes.get(p.name) for p in weights]
    given = all(each is not None and each.optimized for each in known)
    return given and are_long(weights, least_steps)


class Judged(NamedTuple):
    """A layer, and the weights by which it is judged."""

    signals: Signals
    weights: Sequence[ParameterSignals]


def _judged(run: RunSignals) -> list[Judged]:
    """In model order: layers with matrices, and norms that are known to be in no optimizer."""
    known = [Judged(s, weights_of(s, run)) for s in run.outputs]
    found = [each for each in known if each.signals in run.learners or _is_left_out_norm(each, run)]
    return sorted([*found, *_left_out_around(run)], key=lambda each: each.signals.info.order)


def _is_left_out_norm(each: Judged, run: RunSignals) -> bool:
    ran = normalises(each.signals.info) and bool(each.signals.whole.any())
    return ran and _are_left_out(each.weights, run)


def _left_out_around(run: RunSignals) -> Iterator[Judged]:
    """Modules that have left-out weights beside modules without any, as a norm and its ReLU in one.

    Such a module is no recorded layer; the first one inside it stands for it.
    """
    recorded = {module_name(s.info) for s in run.outputs}
    around: defaultdict[str, list[ParameterSignals]] = defaultdict(list)
    for parameter in run.parameters:
        module = parameter.name.rpartition(".")[0]
        if module and module not in recorded and parameter.name not in run.facts.frozen:
            around[module].append(parameter)
    left_out = {module: own for module, own in around.items() if _are_left_out(own, run)}
    for module, own in left_out.items():
        inside = [s for s in run.outputs if s.info.layer.startswith(f"{module}.")]
        bare = not any(run.parameters_of(s.info) for s in inside)
        if inside and bare and inside[0].whole.any():
            yield Judged(inside[0], own)


def _are_left_out(weights: Sequence[ParameterSignals], run: RunSignals) -> bool:
    """Whether parameters are known to be in no optimizer."""
    own = [run.sizes.get(p.name) for p in weights]
    return bool(own) and all(each is not None and each.optimized is False for each in own)


def _may_be_unused(
    hits: Sequence[Hit],
    weights: Sequence[ParameterSignals],
    run: RunSignals,
    movers: Sequence[ParameterSignals],
) -> bool:
    """Whether layers without a gradient may be such whose outputs a healthy network does not use.

    Several heads beside each other may, as a decision transformer has for states and returns; and
    one layer alone that is not the first, nor followed in its block by one that learns. Nor the
    last, a head, unless it is a part of a numbered block of which others learn: a stack's last
    block often has outputs that nothing follows on.
    """
    if hits[0].signals is run.learners[0]:
        return False
    if len(hits) > 1:
        return _are_heads(weights)
    if hits[0].signals is not run.learners[-1]:
        return not _feeds_a_mover(hits[0].signals, run, movers)
    parts = module_name(hits[0].signals.info).split(".")
    numbered = [at for at, part in enumerate(parts) if part.isdigit()]
    block = ".".join(parts[: numbered[-1] + 1]) if numbered else ""
    return bool(block) and any(p.name.startswith(f"{block}.") for p in movers)


def _are_heads(weights: Sequence[ParameterSignals]) -> bool:
    """Whether these are linear layers none of which can take the outputs of another one of them."""
    shapes = [p.info.shape for p in weights if len(p.info.shape) > 1]
    linear = all(len(shape) == 2 for shape in shapes)
    return linear and not {shape[0] for shape in shapes} & {shape[1] for shape in shapes}


def _feeds_a_mover(signals: Signals, run: RunSignals, movers: Sequence[ParameterSignals]) -> bool:
    """Whether an activation and a layer that learns follow on a layer in a numbered block.

    Without an activation between them, they may be heads beside each other.
    """
    block, _, number = module_name(signals.info).rpartition(".")
    if not number.isdigit():
        return False
    between = False
    for later in run.outputs[run.outputs.index(signals) + 1 :]:
        name = module_name(later.info)
        parent, _, own = name.rpartition(".")
        if parent != block or not own.isdigit():
            continue
        if run.is_learner(later.info):
            taken = [p.info.shape[1] for p in movers if p.name == f"{name}.weight"]
            given = [p.info.shape[0] for p in weights_of(signals, run)]
            return between and bool(taken) and taken == given
        between = between or not normalises(later.info)
    return False


def _changes(movers: Sequence[ParameterSignals]) -> int:
    """How often the weights that change did so, at most."""
    return max(int((~p.weights.idle[1:]).sum()) for p in movers if p.weights is not None)


def weights_of(signals: Signals, run: RunSignals) -> Sequence[ParameterSignals]:
    """The matrices of a layer that should be trained; its other parameters where it has none."""
    own = [p for p in run.parameters_of(signals.info) if p.name not in run.facts.frozen]
    return matrices(own)


def _stands_still(weights: Sequence[ParameterSignals]) -> bool:
    return bool(weights) and all(p.is_constant and p.records >= LEAST_RECORDS for p in weights)


def _is_copy(parameter: ParameterSignals, movers: Sequence[ParameterSignals]) -> bool:
    """Whether a parameter began as a copy of one that is trained, as that of a target network.

    Such copies get no gradient. One that does was untied from the other by mistake.
    """
    return any(parameter.began_as(other) for other in movers)


def _group(
    still: Sequence[Judged], run: RunSignals
) -> Iterator[tuple[list[Hit], list[ParameterSignals], Cause]]:
    """Neighbours with one cause together, and all of their weights."""
    group: list[Hit] = []
    weights: list[ParameterSignals] = []
    last = Cause.UNKNOWN
    for signals, own in still:
        cause = _find_cause(signals, own, run)
        near = group and signals.info.order - group[-1].order <= NEIGHBOUR_GAP + 1
        if group and not (near and cause is last):
            yield group, weights, last
            group, weights = [], []
        group.append(whole_run_hit(signals, {}))
        weights.extend(own)
        last = cause
    if group:
        yield group, weights, last


def _find_cause(signals: Signals, own: Sequence[ParameterSignals], run: RunSignals) -> Cause:
    gradients = [p.gradients for p in own if p.gradients is not None]
    if gradients:
        if not any(bool(each.signals.series.n.any()) for each in gradients):
            return Cause.NO_GRADIENT
        zero = all(bool(each.idle.all()) for each in gradients)
        return Cause.ZERO_GRADIENT if zero else Cause.NO_UPDATE
    if not run.output_gradients:
        return Cause.UNKNOWN
    arrives = run.output_gradients.get(signals.info.layer)
    if arrives is None:
        return Cause.NO_GRADIENT
    return Cause.NO_UPDATE if bool(np.any(arrives.rms > 0)) else Cause.ZERO_GRADIENT

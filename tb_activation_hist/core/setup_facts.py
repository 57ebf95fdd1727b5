"""What is known of how a training is set up, exactly: settings, and what befalls the weights."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from typing import Any, Final, TypeAlias

from tb_activation_hist.core.stored_json import are_texts, are_wholes, is_text, is_whole

SETUP_FIELD: Final = "setup"
"""Field of the run's information with a text for each fact."""

MOST_NAMES: Final = 32
"""Names of layers that a fact keeps at most."""

DROPPED_SHARES: Final = ("p", "drop_prob", "dropout")
"""Settings of modules that are the share of values to drop; a schedule may change them."""

ADD_DECAY: Final = frozenset(
    {
        "ASGD",
        "Adadelta",
        "Adagrad",
        "Adam",
        "Adamax",
        "NAdam",
        "RAdam",
        "RMSprop",
        "Rprop",
        "SGD",
    }
)
"""Torch's optimizers that add weight decay to the gradients."""

TUPLES: Final = frozenset({"layers", "begins", "rates"})
"""Fields of facts that are tuples, and lists in JSON."""


@dataclass(frozen=True)
class OptimizerGroup:
    """A parameter group of an optimizer that has parameters of the model.

    optimizer: its class. place: its number among the optimizers, from 1. since: step from which on
    it has these settings. parameters: how many of the model's it has. settings: numbers by name;
    betas are ``beta1`` and ``beta2``, what is on or off is 1 or 0. ``lr`` is the one that it had at
    `since`. others: how many parameters of other models it has.
    """

    optimizer: str
    place: int
    since: int
    parameters: int
    settings: Mapping[str, float] = field(default_factory=dict)
    others: int = 0

    @property
    def adds_decay(self) -> bool:
        """Whether weight decay is known to be added to the gradients.

        Optimizers of other libraries, such as Lion, mostly shrink the weights themselves.
        """
        decoupled = bool(self.settings.get("decoupled_weight_decay", 0.0))
        return self.optimizer in ADD_DECAY and not decoupled


@dataclass(frozen=True)
class RateHistory:
    """The highest learning rate of an optimizer's groups, where it changed by a fifth or more.

    optimizer: its class. place: its number among the optimizers, from 1. begins: the steps from
    which on it had each of `rates`, about; the first is that of its first step.
    """

    optimizer: str
    place: int
    begins: tuple[int, ...] = ()
    rates: tuple[float, ...] = ()


@dataclass(frozen=True)
class ModuleSettings:
    """Settings that some layers of one type have in common.

    type: of the modules. since: step from which on they have them. count: how many they are.
    layers: the first `MOST_NAMES` of them. settings: numbers by name.
    """

    type: str
    since: int
    count: int
    layers: tuple[str, ...]
    settings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RestoredWeights:
    """A parameter that was set back, outside of an optimizer's step, to what it was before.

    writes: how often something else than an optimizer wrote to it between two steps, up to step
    `seen`. times: how often it then had one value, that of the start of step `value`; first, last:
    the steps before which it was set back to it. replaced: how often it got values that have next
    to nothing in common with those that its optimizer had just made, nor are earlier ones; since:
    the first step before which it did.
    """

    parameter: str
    writes: int
    seen: int
    times: int
    value: int
    first: int
    last: int
    replaced: int = 0
    since: int = 0


@dataclass(frozen=True)
class KeptGradients:
    """Whether a parameter's gradient was cleared between two steps of its optimizer.

    steps: how often that was looked at, up to step `seen`. kept: how often the new gradient was
    added to one that a step had used. later: in how many steps in a row, up to the newest and
    counted up to 12, it was although it had been cleared at first; since: the first of them.
    """

    parameter: str
    steps: int
    kept: int
    seen: int
    later: int = 0
    since: int = 0


@dataclass(frozen=True)
class DroppedGradients:
    """A parameter's gradients that were cleared before any step of an optimizer had used them.

    times: how often, from the first record on; it is counted up to 12.
    """

    parameter: str
    times: int


@dataclass(frozen=True)
class StrayParameters:
    """Tensors that get gradients through a model, whose parameters() does not have them.

    count: how many they are. layers: names of the first `MOST_NAMES`, by the attributes that lead
    to them. looks: how often each had a gradient, from step `first` to step `seen`, without having
    changed by a bit or being in an optimizer that stepped. made: 1 where these are others each
    time, that a forward pass makes and nobody keeps; layers then names what makes them.
    """

    count: int
    layers: tuple[str, ...]
    looks: int
    first: int
    seen: int
    made: int = 0


@dataclass(frozen=True)
class ForwardDropout:
    """Dropout of a model's forward pass, by a function or a module: up to `percent` of the outputs
    of `layers`, the first `MOST_NAMES`. first: step of the first look."""

    layers: tuple[str, ...]
    percent: int
    first: int


@dataclass(frozen=True)
class EqualRows:
    """How many rows of a weight matrix differ: the weights of its units.

    rows: those that are not 0, of the first 4,096. distinct: different ones of them before the
    first step. later: the same at step `seen`, 0 while it is not known.
    """

    parameter: str
    rows: int
    distinct: int
    later: int
    seen: int


@dataclass(frozen=True)
class LossGradients:
    """What the gradients of a model's output tell of the loss, of the first call of each look.

    output: as a layer is named, ``"Net"`` or ``"Net/logits"``. looks: records that were looked at,
    from step `first` to step `seen`. calls: of the model in a look, at most.
    judged: looks that tell whether each sample has a target of its own. shared: those of them in
    which all samples are pulled to one value. levels: different values of these.
    form: of the loss that was seen most, such as `CROSS_ENTROPY`, "" for none; formed: in so many
    looks. normalised: looks of them whose outputs are already what the loss makes of them.
    ascended: looks whose gradients are those of a cross entropy with the opposite sign.
    below_zero: looks that pull many outputs below the 0 that a ReLU gives, and beyond_range: beyond
    the ends of a sigmoid or tanh; since: step of the first of either; after: looks from there on.
    linear: looks in which the model was called more than once and all samples of a call had the
    same gradient, in some calls above and in others below 0. penalised: looks with a gradient of
    gradients. chosen: looks in which each sample has a gradient of one output alone, in some above
    and in others below 0, as the values of actions have in Q-learning. over_batch: looks in which
    a softmax went over the samples of the batch, in the model or in the loss. over_places: one
    went over the places of a sequence or picture in the loss, not over the classes. off_targets:
    looks with a binary cross entropy whose targets lie beyond 0 to 1. raw_overlap: looks with a
    loss of the overlap with masks, as Dice, whose values are no probabilities; lowered_overlap:
    with one that makes it smaller. sigmoids: looks whose outputs a sigmoid has computed, be it a
    module or a function. labels: looks in which the classes of samples are known, out of `classes`;
    likeness: how often two samples of a batch are of one class, and how often two of different
    batches are. start: sizes in the first look, where
    the model was called once, as `GRADIENT_NORM` and others name them.
    """

    output: str
    looks: int = 0
    calls: int = 0
    first: int = 0
    seen: int = 0
    judged: int = 0
    shared: int = 0
    levels: int = 0
    form: str = ""
    formed: int = 0
    normalised: int = 0
    ascended: int = 0
    below_zero: int = 0
    beyond_range: int = 0
    since: int = 0
    after: int = 0
    linear: int = 0
    penalised: int = 0
    chosen: int = 0
    over_batch: int = 0
    over_places: int = 0
    off_targets: int = 0
    raw_overlap: int = 0
    lowered_overlap: int = 0
    sigmoids: int = 0
    labels: int = 0
    classes: int = 0
    likeness: Mapping[str, float] = field(default_factory=dict)
    start: Mapping[str, float] = field(default_factory=dict)


GRADIENT_NORM: Final = "gradient_norm"
GRADIENTS_USED: Final = "gradients_used"
OUTPUT_SIZE: Final = "output_size"
"""Names in `LossGradients.start`: the norm of all gradients, how many of them are not 0, and the
root mean square of the outputs."""

WITHIN: Final = "within"
ACROSS: Final = "across"
"""Names of the two in `LossGradients.likeness`."""

SetupFact: TypeAlias = (
    OptimizerGroup
    | RateHistory
    | ModuleSettings
    | RestoredWeights
    | KeptGradients
    | DroppedGradients
    | StrayParameters
    | ForwardDropout
    | EqualRows
    | LossGradients
)

_FACTS: Final[Mapping[str, type[Any]]] = {
    "optimizer": OptimizerGroup,
    "rates": RateHistory,
    "modules": ModuleSettings,
    "restored": RestoredWeights,
    "kept": KeptGradients,
    "dropped": DroppedGradients,
    "stray": StrayParameters,
    "dropout": ForwardDropout,
    "rows": EqualRows,
    "loss": LossGradients,
}
_NAMES: Final = {own: name for name, own in _FACTS.items()}


def fact_to_text(fact: SetupFact) -> str:
    """As the run's information keeps it: a JSON object, whose field ``fact`` names the kind."""
    return json.dumps({"fact": _NAMES[type(fact)], **asdict(fact)}, separators=(",", ":"))


def texts_to_setup(texts: Iterable[str]) -> tuple[SetupFact, ...]:
    """Inverse of `fact_to_text` for several; what is no such text is left out."""
    return tuple(fact for fact in map(_to_fact, texts) if fact is not None)


def _to_fact(text: str) -> SetupFact | None:
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError):
        return None
    name = stored.get("fact") if isinstance(stored, dict) else None
    own = _FACTS.get(name) if isinstance(name, str) else None
    if own is None:
        return None
    # Older versions did not know each field.
    names = [each.name for each in fields(own) if each.name in stored or not _may_lack(each)]
    checks = [_CHECKS.get(name, is_whole) for name in names]
    if not all(check(stored.get(name)) for name, check in zip(names, checks, strict=True)):
        return None
    for each in TUPLES.intersection(names):
        stored[each] = tuple(stored[each])
    found: SetupFact = own(**{name: stored[name] for name in names})
    return found


def _may_lack(one: Field[Any]) -> bool:
    return one.default is not MISSING or one.default_factory is not MISSING


def _is_rates(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, int | float) for each in value)


def _is_numbers(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(each, int | float) for each in value.values())


_CHECKS: Final = {
    "optimizer": is_text,
    "type": is_text,
    "parameter": is_text,
    "layers": are_texts,
    "settings": _is_numbers,
    "output": is_text,
    "form": is_text,
    "likeness": _is_numbers,
    "start": _is_numbers,
    "begins": are_wholes,
    "rates": _is_rates,
}
"""What the fields of facts must be that are no whole numbers."""

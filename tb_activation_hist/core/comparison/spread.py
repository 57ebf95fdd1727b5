"""Where layers stand in the order in which trouble spreads through a training step."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable
from typing import Final

from tb_activation_hist.core.execution_order import ExecutionOrder
from tb_activation_hist.core.names import LayerInfo, phase_prefix

STAGES: Final = {
    "inputs": (0, 0),
    "activations": (0, 1),
    "gradients": (1, 0),
    "weight_gradients": (1, 1),
    "optimizer_state": (2, 0),
    "updates": (3, 0),
    "weights": (4, 0),
}
"""Kind -> its stage of a step, and its place among the kinds of a layer.

Weights are recorded at the end of a step, as the optimizer leaves them. Kinds that are not listed
come last.
"""

BACKWARD: Final = STAGES["gradients"][0]
BACKWARD_KINDS: Final = ("gradients", "weight_gradients")

FUNCTIONS: Final = frozenset(
    """
    AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveMaxPool2d AvgPool1d AvgPool2d CELU ELU Flatten GELU
    GELUActivation GLU Hardsigmoid Hardswish Hardtanh Identity LeakyReLU LogSigmoid LogSoftmax
    MaxPool1d MaxPool2d Mish NewGELUActivation ReLU ReLU6 SELU SiLU Sigmoid Softmax Softplus
    Softsign Tanh Tanhshrink Threshold Unflatten Upsample
    """.split()  # noqa: SIM905 - a list of strings takes 35 lines
)
"""Types of modules without parameters and without chance: equal inputs give equal outputs."""
EVALUATION: Final = 10
"""Evaluation passes belong to the step after which they run."""

SpreadKey = tuple[int, float, int]
"""Stage, place within it, place among the kinds of a layer."""


class Spread:
    """Sorts series by where in a step they come.

    infos: all series of the run. order: in which its layers ran; where it is empty, the layers'
    place in the model stands for it.
    """

    def __init__(self, infos: Iterable[LayerInfo], order: ExecutionOrder) -> None:
        self._names = {name: place for place, name in enumerate(order.names)}
        self._calls = order.calls
        self._places: dict[str, list[int]] = {}
        for place, number in enumerate(order.calls):
            self._places.setdefault(order.names[number], []).append(place)
        for name in order.names:
            # More calls than the run's information holds: after those.
            self._places.setdefault(name, [len(order.calls) + self._names[name]])
        self._order_names = order.names
        known = {info.order: self._find(info) for info in infos}
        self._known = sorted((at, places[0]) for at, places in known.items() if places)

    def _find(self, info: LayerInfo) -> list[int]:
        """Where the calls of a layer stand; of a parameter, those of the module that has it."""
        prefixes = dict.fromkeys([phase_prefix(info.phase), "", "eval/"])
        for prefix in prefixes:
            name = f"{prefix}{info.layer}"
            if name in self._places:
                return self._places[name]
        module = info.layer.partition("/")[0]
        while module:
            for prefix in prefixes:
                name = f"{prefix}{module}"
                if name in self._places:
                    return self._places[name]
                inside = [p for each, p in self._places.items() if each.startswith(f"{name}.")]
                if inside:
                    return min(inside)
            module = module.rpartition(".")[0]
        return []

    def sort_key(
        self, info: LayerInfo, differing: Collection[str] = (), equal: Collection[str] = ()
    ) -> SpreadKey:
        """Where a series comes in a step.

        differing, equal: keys without a kind of the layers of this kind that differ at this step,
        and of those that do not; they show which of several calls of one layer it was.
        """
        stage, rank = STAGES.get(info.kind, (max(STAGES.values())[0] + 1, 0))
        places = self._find(info)
        backward = stage == BACKWARD
        if len(places) > 1:
            place: float = self._first_to_spread(places, info, differing, equal)
        else:
            place = places[0] if places else self._place_by_model(info.order)
        phase = 0 if info.phase == "train" else EVALUATION
        return stage + phase, -place if backward else place, rank

    def _first_to_spread(
        self, places: list[int], info: LayerInfo, differing: Collection[str], equal: Collection[str]
    ) -> int:
        """The call in which the difference came up: all calls of a layer are counted together.

        A function of its input alone, and any gradient, comes to differ after something before it
        did. Of other layers, and where nothing did, it is the first call whose successor differs
        too: where that is equal, the call was equal as well.
        """
        backward = info.kind in BACKWARD_KINDS
        ordered = places[::-1] if backward else places
        if backward or info.type in FUNCTIONS:
            after = self._first_after_a_difference(ordered, differing)
            if after is not None:
                return after
        for place in ordered:
            if self._next(place, differing, equal, backward=backward) not in equal:
                return place
        return ordered[-1]

    def _first_after_a_difference(
        self, ordered: list[int], differing: Collection[str]
    ) -> int | None:
        """The first call before which a layer that is called once differs."""
        step = 1 if ordered[0] < ordered[-1] else -1
        begin = 0 if step > 0 else len(self._calls) - 1
        for place in ordered:
            for each in range(begin, place, step):
                name = self._order_names[self._calls[each]]
                if name in differing and len(self._places[name]) == 1:
                    return place
            begin = place
        return None

    def _next(
        self, place: int, differing: Collection[str], equal: Collection[str], *, backward: bool
    ) -> str | None:
        """The compared layer that runs next after a call; None at the end."""
        later = range(place - 1, -1, -1) if backward else range(place + 1, len(self._calls))
        names = (self._order_names[self._calls[each]] for each in later)
        return next((name for name in names if name in differing or name in equal), None)

    def _place_by_model(self, order: int) -> float:
        """Right after the layer before it in the model; its place in the model without any."""
        if not self._names:
            return order
        before = bisect_right(self._known, (order, float("inf")))
        return self._known[before - 1][1] + 0.5 if before else -0.5

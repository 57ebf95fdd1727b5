"""What optimizers keep: Adam's moments, momentum and the like, and the scale of gradients."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from typing import Any, Final

import torch
from torch import Tensor

from tb_activation_hist.capture.countable import countable_values, is_countable

FIRST_MOMENTS: Final = ("exp_avg", "grad_avg")
SECOND_MOMENTS: Final = ("exp_avg_sq", "sqr_avg")
"""What Adam's two moments are called in torch, and in fastai."""

RATIO: Final = "m_over_sqrt_v"
"""Adam's step before the learning rate: first moment over the root of the second."""

MAX_DEPTH: Final = 2
"""Containers in a parameter's state that are nested deeper are left out."""

COUNTERS: Final = frozenset({"step"})
"""Entries that count steps: they have the shape of a parameter that is a single number."""


class OptimizerStates:
    """Reads the states of the optimizers that have stepped, without keeping them alive.

    Of several that keep the same of one parameter, the one that stepped last is taken: a wrapper
    often shows the state of the optimizer that it wraps.
    """

    def __init__(self) -> None:
        self._optimizers: dict[int, weakref.ref[Any]] = {}

    def note(self, optimizer: Any) -> None:
        """This optimizer makes a step now."""
        self._optimizers.pop(id(optimizer), None)
        self._optimizers[id(optimizer)] = weakref.ref(optimizer)

    def of(self, parameter: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Names and values of all floating tensors of the parameter's shape, and `RATIO`.

        So are the factors of a second moment (Adafactor), see `is_factor`.
        """
        found: dict[str, Tensor] = {}
        for ref in reversed(list(self._optimizers.values())):
            for name, value in _entries(_state_of(ref(), parameter)):
                if _is_like(value, parameter) and name not in COUNTERS:
                    found.setdefault(name.replace("/", "_"), value)
        yield from found.items()
        first = _first_of(found, FIRST_MOMENTS)
        second = _first_of(found, SECOND_MOMENTS)
        if first is not None and second is not None and RATIO not in found:
            yield RATIO, moment_ratio(first, second)


def moment_ratio(first: Tensor, second: Tensor) -> Tensor:
    """m / sqrt(v) in at least float32; 0 where both are 0, infinite where only v is."""
    wide = torch.promote_types(first.dtype, torch.float32)
    m = first.to(wide)
    return torch.where(m == 0, m, m / second.to(wide).sqrt())


def unscale_gradient(gradient: Tensor, optimizer: Any) -> Tensor:
    """Fused optimizers unscale inside their step: only then has the gradient still the factor."""
    scale = getattr(optimizer, "grad_scale", None)
    if not isinstance(scale, Tensor):
        return gradient
    wide = torch.promote_types(gradient.dtype, torch.float32)
    return gradient.to(wide) / scale.to(gradient.device)


def _state_of(optimizer: Any, parameter: Tensor) -> Mapping[Any, Any]:
    """The state by name; {} where the optimizer is gone or has none of this parameter."""
    states = getattr(optimizer, "state", None)
    if not isinstance(states, Mapping):
        return {}
    own = states.get(parameter, {})
    return own if isinstance(own, Mapping) else {}


def _entries(state: Mapping[Any, Any], depth: int = MAX_DEPTH) -> Iterator[tuple[str, Any]]:
    """Names and values; those of entries that hold several are joined by a dot, "history.0"."""
    for name, value in state.items():
        held = dict(enumerate(value)) if isinstance(value, (list, tuple)) else value
        if not isinstance(held, Mapping):
            yield str(name), value
        elif depth > 0:
            yield from ((f"{name}.{part}", each) for part, each in _entries(held, depth - 1))


def is_factor(value: Tensor, parameter: Tensor) -> bool:
    """Whether a value has the shape of a matrix, or of several, with one dimension less.

    Adafactor keeps means over rows and columns: torch's with a dimension of size 1, that of
    transformers without it.
    """
    shape = parameter.shape
    if len(shape) < 2 or value.shape == shape:  # of a vector it would be any single number
        return False
    heads = [(shape[:dim], shape[dim + 1 :]) for dim in range(len(shape))]
    return any(value.shape in (head + tail, (*head, 1, *tail)) for head, tail in heads)


def _is_like(value: Any, parameter: Tensor) -> bool:
    return (
        isinstance(value, Tensor)
        and (value.shape == parameter.shape or is_factor(value, parameter))
        and is_countable(countable_values(value))
    )


def _first_of(found: Mapping[str, Tensor], names: tuple[str, ...]) -> Tensor | None:
    """The plain values of the first of these entries that there is."""
    return next((countable_values(found[name]) for name in names if name in found), None)

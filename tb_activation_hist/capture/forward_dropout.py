"""Dropout that a forward pass does, by a function or a module, as the graph of its output shows."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn

from tb_activation_hist.capture.output_graph import nodes_before, nodes_of, parameters_of
from tb_activation_hist.capture.torch_internals import saved_by
from tb_activation_hist.core.setup_facts import MOST_NAMES, ForwardDropout

LOOKS: Final = 2
"""Forward passes in training that are looked at: a script's dropout is there from the first on."""

LEAST_SHARE: Final = 0.8
"""Share that is dropped, from which on it is noted."""

SAMPLE: Final = 4096
"""Factors of a mask that are looked at."""

LEAST_SAMPLE: Final = 256

APART: Final = 0.05
"""How far the share of zeros in a sample may be from what the other factors say."""

NEAREST: Final = 64
"""Operations before a dropout among which a layer's weights are looked for."""


class DropoutWatch:
    """The strongest dropout of one model's forward passes, at the first looks at its outputs."""

    def __init__(self) -> None:
        self._looks = self._first = self._percent = 0
        self._names: list[str] = []

    def note(self, name: str, module: nn.Module, _args: Any, output: Any, step: int) -> None:
        """A model has given this output in training. name: of the model."""
        if self._looks >= LOOKS:
            return
        self._looks += 1
        self._first = self._first or step
        names = {id(parameter): own for own, parameter in module.named_parameters()}
        for node in nodes_of(output):
            share = _dropped_share(node)
            if share >= LEAST_SHARE:
                self._percent = max(self._percent, round(100 * share))
                before = next(parameters_of(nodes_before([node], NEAREST)), None)
                layer = names.get(id(before), name).rpartition(".")[0] or name
                if layer not in self._names:
                    self._names.append(layer)

    @property
    def fact(self) -> ForwardDropout | None:
        if not self._percent:
            return None
        return ForwardDropout(tuple(self._names[:MOST_NAMES]), self._percent, self._first)


def _dropped_share(node: Any) -> float:
    """Share of values that an operation drops; 0 for any that is no dropout."""
    try:
        match type(node).__name__:
            case "NativeDropoutBackward0":
                return float(saved_by(node, "p"))
            case "MulBackward0":
                return max(_share_of_mask(saved_by(node, own)) for own in ("other", "self"))
    except (AttributeError, RuntimeError):  # what it keeps was written to, or is called otherwise
        pass
    return 0.0


def _share_of_mask(factors: Tensor | None) -> float:
    """Factors that are 0 or, as dropout makes up for these, 1 / (1 - share); on the host alone."""
    if factors is None or type(factors) is not Tensor or not factors.is_cpu or not factors.dim():
        return 0.0
    if factors.numel() < LEAST_SAMPLE:
        return 0.0
    sample = factors.detach()[: -(-SAMPLE * len(factors) // factors.numel())].reshape(-1)
    kept = sample[sample != 0]
    if not kept.numel() or bool((kept != kept[0]).any()):
        return 0.0
    share = 1 - 1 / max(float(kept[0]), 1.0)
    near = abs(share - (1 - kept.numel() / sample.numel())) <= APART
    return share if near and torch.is_floating_point(factors) else 0.0

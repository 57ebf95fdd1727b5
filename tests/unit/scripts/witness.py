"""An independent witness: what plain PyTorch hooks see of a training, step by step.

It shares no code with the package but the keys under which the package stores its series.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tb_activation_hist.core.histogram import HistogramSeries
from tests.models import assert_counted, outputs_of, tensor_to_values

EVERY_KIND = ("activations", "gradients", "weights", "weight_gradients", "updates")

Step = dict[str, np.ndarray]


def named_leaves(model: nn.Module) -> dict[str, nn.Module]:
    """Each module without children, by its first name."""
    return {name: m for name, m in model.named_modules() if not list(m.children())}


class Witness:
    """Copies of all that the logger should count; `seen` has one entry for each ended step.

    layers: a model, whose leaves are watched, or modules by name. kinds: as the logger's.
    optimizers: torch's own, whatever wraps them.
    """

    def __init__(
        self,
        layers: nn.Module | Mapping[str, nn.Module],
        kinds: Iterable[str] = ("activations",),
        optimizers: Iterable[torch.optim.Optimizer] = (),
    ) -> None:
        self.layers = named_leaves(layers) if isinstance(layers, nn.Module) else dict(layers)
        self.kinds = set(kinds)
        self.seen: list[Step] = []
        self._values: dict[str, list[np.ndarray]] = defaultdict(list)
        self._before: dict[str, Tensor] = {}
        if self.kinds & {"activations", "gradients"}:
            for name, module in self.layers.items():
                module.register_forward_hook(self._forward_hook(name))
        for optimizer in optimizers:
            optimizer.register_step_pre_hook(self._before_step)
            optimizer.register_step_post_hook(self._after_step)

    def _parameters(self) -> dict[str, nn.Parameter]:
        found: dict[int, tuple[str, nn.Parameter]] = {}
        for name, module in self.layers.items():
            for own, parameter in module.named_parameters():
                found.setdefault(id(parameter), (f"{name}.{own}", parameter))
        return dict(found.values())

    def _forward_hook(self, name: str) -> Any:
        def see(module: nn.Module, _args: Any, output: Any) -> None:
            if not module.training:
                return
            for key, tensor in outputs_of(output, name):
                if "activations" in self.kinds:
                    self.keep(key, tensor)
                if "gradients" in self.kinds and tensor.requires_grad:
                    tensor.register_hook(lambda g, key=key: self.keep(f"gradients/{key}", g))

        return see

    def keep(self, key: str, tensor: Tensor) -> None:
        """A copy of these values belongs to the step under way."""
        self._values[key].append(tensor_to_values(tensor))

    def _owned(self, optimizer: torch.optim.Optimizer) -> dict[str, nn.Parameter]:
        ids = {id(p) for group in optimizer.param_groups for p in group["params"]}
        known = self._parameters().items()
        return {name: p for name, p in known if id(p) in ids and p.grad is not None}

    def _before_step(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        for name, parameter in self._owned(optimizer).items():
            if "weight_gradients" in self.kinds:
                self.keep(f"weight_gradients/{name}", parameter.grad)
            self._before[name] = parameter.detach().clone()

    def _after_step(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        for name, parameter in self._owned(optimizer).items():
            before = self._before.pop(name, None)
            if before is not None and "updates" in self.kinds:
                self.keep(f"updates/{name}", relative_update(before, parameter.detach()))

    def end_step(self) -> None:
        """What was seen since the last call is one step."""
        if "weights" in self.kinds:
            for name, parameter in self._parameters().items():
                self.keep(f"weights/{name}", parameter)
        self.seen.append({key: np.concatenate(parts) for key, parts in self._values.items()})
        self._values.clear()


def relative_update(before: Tensor, after: Tensor) -> Tensor:
    """A step's change as the documents define it: relative to the larger root mean square."""
    sizes = [tensor.square().mean() for tensor in (before, after)]
    return (after - before) / torch.maximum(*sizes).sqrt()


def assert_recorded(
    recorded: Mapping[str, HistogramSeries], seen: list[Step], only: Iterable[int] | None = None
) -> None:
    """The same series, the same steps, and in each the same bins, counts and tallies.

    seen: of step 1, 2, 3 ... only: the steps that were to be recorded, by default all.
    """
    asked = range(1, len(seen) + 1) if only is None else sorted(only)
    steps = {number: seen[number - 1] for number in asked}
    keys = {key for step in steps.values() for key, values in step.items() if values.size}
    assert set(recorded) == keys
    for key in sorted(keys):
        own = {number: step[key] for number, step in steps.items() if key in step}
        assert recorded[key].steps.tolist() == list(own), key
        assert_counted(recorded[key], list(own.values()))

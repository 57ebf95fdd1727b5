"""Other tools' rules on the same trainings, from the raw tensors, as their documentation says.

SageMaker Debugger's built-in rules with their default thresholds (AWS developer guide), and the
rules of TheDeepChecker (Ben Braiek and Khomh, 2023; settings.yaml). A neuron is a unit of the last
dimension, or a channel of a picture. Each rule is looked at every few steps and remembers when it
first fired.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

EVERY = 4
"""Steps between two looks."""

LOSS_STEPS = 10
DEAD_SHARE, DEAD_NEURONS = 0.01, 0.5
TANH_LIMIT, SIGMOID_LOW, SIGMOID_HIGH = 9.4999, -23.0, 16.99999

RULE_KINDS: dict[str, frozenset[str]] = {
    "sm.DeadRelu": frozenset({"collapsed", "mostly_zero"}),
    "sm.AllZero": frozenset({"collapsed"}),
    "sm.SaturatedActivation": frozenset({"saturated"}),
    "sm.VanishingGradient": frozenset({"vanishing", "low_precision", "collapsed"}),
    "sm.ExplodingTensor": frozenset({"non_finite", "exploding"}),
    "sm.PoorWeightInitialization": frozenset({"vanishing", "exploding", "collapsed"}),
    "sm.WeightUpdateRatio": frozenset({"exploding", "not_learning", "spike_and_crash"}),
    "sm.UnchangedTensor": frozenset({"not_learning", "collapsed"}),
    "sm.LossNotDecreasing": frozenset({"not_learning", "exploding", "collapsed", "vanishing"}),
    "dc.DeadActivation": frozenset({"collapsed", "mostly_zero"}),
    "dc.SaturatedActivation": frozenset({"saturated"}),
    "dc.ActivationSpread": frozenset({"vanishing", "exploding", "collapsed", "outlier_features"}),
    "dc.VanishingGradient": frozenset({"vanishing", "low_precision", "collapsed"}),
    "dc.ExplodingGradient": frozenset({"exploding", "non_finite"}),
    "dc.UnstableUpdates": frozenset({"not_learning", "exploding", "spike_and_crash"}),
    "dc.DeadWeights": frozenset({"collapsed", "vanishing"}),
    "dc.NonFinite": frozenset({"non_finite"}),
}
"""What each rule would tell, in the words of our findings; as generous as its meaning allows."""


class RivalRules:
    """Hooks into a model and evaluates every rule as the training goes."""

    def __init__(self, model: nn.Module) -> None:
        self.alarms: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self._fired: set[tuple[str, str]] = set()
        self._model = model
        self._step = 0
        self._before: dict[str, Tensor] = {}
        self._unchanged: dict[str, int] = defaultdict(int)
        self._losses: list[float] = []
        self._gradients: dict[str, float] = {}
        for name, module in model.named_modules():
            if not list(module.children()):
                module.register_forward_hook(self._hook(name))

    def _fire(self, rule: str, layer: str) -> None:
        if (rule, layer) not in self._fired:
            self._fired.add((rule, layer))
            self.alarms[rule].append((layer, self._step))

    def _hook(self, name: str) -> Callable[..., None]:
        def look(module: nn.Module, inputs: tuple[Tensor, ...], output: object) -> None:
            value = output[0] if isinstance(output, tuple) else output
            if isinstance(value, Tensor) and self._step % EVERY == 0:
                # A module may be called with keyword arguments alone.
                given = inputs[0] if inputs else value
                self._look_at_output(name, module, given.detach().float(), value.detach().float())

        return look

    def _look_at_output(self, name: str, module: nn.Module, given: Tensor, value: Tensor) -> None:
        if not torch.isfinite(value).all():
            self._fire("sm.ExplodingTensor", name)
            self._fire("dc.NonFinite", name)
            return
        if not value.any():
            self._fire("sm.AllZero", name)
        neurons = to_neurons(value)
        if isinstance(module, nn.ReLU):
            if share((neurons > 0).float().mean(0) < DEAD_SHARE) > DEAD_NEURONS:
                self._fire("sm.DeadRelu", name)
            if share(neurons.abs().quantile(0.95, 0) < 1e-5) > 0.5:
                self._fire("dc.DeadActivation", name)
        if isinstance(module, (nn.Tanh, nn.Sigmoid)):
            self._look_at_bounded(name, module, to_neurons(given), neurons)
        if isinstance(module, (nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU)):
            spread = float(neurons.std(0).mean())
            if not 0.5 <= spread <= 2.0:
                self._fire("dc.ActivationSpread", name)

    def _look_at_bounded(
        self, name: str, module: nn.Module, given: Tensor, neurons: Tensor
    ) -> None:
        tanh = isinstance(module, nn.Tanh)
        low, high = (-TANH_LIMIT, TANH_LIMIT) if tanh else (SIGMOID_LOW, SIGMOID_HIGH)
        alive = ((given > low) & (given < high)).float().mean(0)
        if share(alive < DEAD_SHARE) > DEAD_NEURONS:
            self._fire("sm.SaturatedActivation", name)
        scaled = neurons if tanh else neurons * 2 - 1
        if share(bin_saturation(scaled) > 0.85) > 0.5:
            self._fire("dc.SaturatedActivation", name)

    def before_update(self, step: int, loss: float) -> None:
        self._losses.append(loss)
        if step % EVERY == 0:
            for name, parameter in self._weights():
                self._before[name] = parameter.detach().clone()
                if parameter.grad is not None:
                    self._look_at_gradient(name, parameter.grad.to_dense())
            if step < 10:
                self._look_at_start()
        if len(self._losses) > LOSS_STEPS and not self._losses[-1] < self._losses[-1 - LOSS_STEPS]:
            self._fire("sm.LossNotDecreasing", "")

    def _look_at_gradient(self, name: str, gradient: Tensor) -> None:
        size = float(gradient.abs().mean())
        if size < 1e-7:
            self._fire("sm.VanishingGradient", name)
        if size < 1e-6:
            self._fire("dc.VanishingGradient", name)
        if size > 1e6 or size != size:
            self._fire("dc.ExplodingGradient", name)
        self._gradients[name] = size

    def _look_at_start(self) -> None:
        """Variances of the weights of different layers, which differ by more than ten times."""
        variances = [float(p.detach().var()) for _, p in self._weights()]
        if max(variances) > 10 * min(variances):
            self._fire("sm.PoorWeightInitialization", "")

    def after_update(self, step: int) -> None:
        if step % EVERY == 0:
            for name, parameter in self._weights():
                self._look_at_update(name, self._before[name], parameter.detach())
        self._step = step + 1

    def _look_at_update(self, name: str, before: Tensor, after: Tensor) -> None:
        ratio = float((after - before).norm() / (before.norm() + 1e-9))
        if ratio > 10 or ratio < 1e-8:
            self._fire("sm.WeightUpdateRatio", name)
        mean = float(
            ((after - before).abs().mean() / (before.abs().mean() + 1e-9)).clamp_min(1e-30)
        )
        if not 1e-4 <= mean <= 1e-1:
            self._fire("dc.UnstableUpdates", name)
        if float((after.abs() < 1e-5).float().mean()) > 0.95:
            self._fire("dc.DeadWeights", name)
        same = torch.allclose(after, before, rtol=1e-5, atol=1e-8)
        self._unchanged[name] = self._unchanged[name] + 1 if same else 0
        if self._unchanged[name] >= 3:
            self._fire("sm.UnchangedTensor", name)

    def _weights(self) -> Iterator[tuple[str, nn.Parameter]]:
        return ((n, p) for n, p in self._model.named_parameters() if p.dim() >= 2)


def to_neurons(value: Tensor) -> Tensor:
    """(samples, neurons)."""
    if value.dim() == 4:
        return value.transpose(1, -1).reshape(-1, value.shape[1])
    return value.reshape(-1, value.shape[-1])


def share(mask: Tensor) -> float:
    return float(mask.float().mean())


def bin_saturation(values: Tensor, bins: int = 50) -> Tensor:
    """rho_B of Rakitianskaia and Engelbrecht (2015) of each column: 0 idle, 1 at the ends."""
    index = ((values.clamp(-1, 1) + 1) / 2 * (bins - 1)).round().long()
    counts = torch.zeros(bins, values.shape[1]).scatter_add_(0, index, torch.ones_like(values))
    sums = torch.zeros(bins, values.shape[1]).scatter_add_(0, index, values)
    # The mean of the absolute bin means, weighted by how many values each bin holds.
    return sums.abs().sum(0) / counts.sum(0)

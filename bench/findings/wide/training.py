"""One training as a script would set it up: what is learnt, how, and the loop that does it."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import torch
from torch import Tensor, nn

Batch: TypeAlias = tuple[Tensor, ...]
"""What a step learns from; the first tensor is the model's input."""

Draw: TypeAlias = Callable[[int], Batch]
"""Gives the batch of a step."""

Loss: TypeAlias = Callable[[Batch], Tensor]


def keep_rate(_share: float) -> float:
    """The rate as it is."""
    return 1.0


def keep_loss(loss: Tensor) -> Tensor:
    """The loss as it is."""
    return loss


def keep_modes(_model: nn.Module) -> None:
    """Every module stays in the mode that it is in."""


@dataclass
class Phase:
    """One optimizer of a training: which modules it moves, and the loss that it minimises."""

    modules: tuple[nn.Module, ...]
    loss: Loss


@dataclass
class Task:
    """What is learnt.

    models: as a user gives them to the logger; a single model has the name "". draw: the batches.
    parts: names of modules that faults act on, by role (``embedding``, ``middle``, ``head``,
    ``branch``, ``gate`` ...). classes: the class of each sample, where there are such. sample: the
    batch of given samples, where there is a data set. after_step: what follows an optimizer step.
    """

    models: dict[str, nn.Module]
    phases: list[Phase]
    draw: Draw
    parts: dict[str, str] = field(default_factory=dict)
    classes: Tensor | None = None
    sample: Callable[[Tensor], Batch] | None = None
    after_step: Callable[[int], None] | None = None

    @property
    def recorded(self) -> nn.Module | dict[str, nn.Module]:
        """What the logger is given."""
        return self.models.get("", self.models)

    @property
    def model(self) -> nn.Module:
        """All models as one module, under the names that the logger uses."""
        return self.models[""] if "" in self.models else nn.ModuleDict(self.models)

    def part(self, role: str) -> nn.Module:
        return self.model.get_submodule(self.parts[role])


@dataclass
class Recipe:
    """How it is learnt.

    rate: of the optimizer. steps: of the whole run. clip: largest norm of all gradients.
    schedule: factor of the rate at a share of the run. accumulate: batches to a step. average:
    decay of the averaged copy of the weights.
    """

    optimizer: str = "adam"
    rate: float = 1e-3
    steps: int = 140
    weight_decay: float = 0.0
    clip: float | None = None
    schedule: Callable[[float], float] = keep_rate
    accumulate: int = 1
    autocast: torch.dtype | None = None
    average: float | None = None


class Watcher(Protocol):
    """Looks at the model around its updates, as the rivals' rules do."""

    def before_update(self, step: int, loss: float) -> None: ...

    def after_update(self, step: int) -> None: ...


@dataclass
class Training:
    """A training under way; faults change it.

    onset: step at which a fault begins, from 0. truth: modules in which it was planted; None for
    the whole network. loss_of: what becomes of the loss before its gradient is taken. trains: sets
    the modules' modes before each step.
    """

    task: Task
    recipe: Recipe
    onset: int = 0
    truth: set[str] | None = None
    optimizers: list[torch.optim.Optimizer] = field(default_factory=list)
    factor: float = 1.0
    loss_of: Callable[[Tensor], Tensor] = keep_loss
    trains: Callable[[nn.Module], None] = keep_modes
    updates: bool = True
    averaged: nn.Module | None = None
    scaler: torch.amp.GradScaler | None = None
    watcher: Watcher | None = None

    @property
    def model(self) -> nn.Module:
        return self.task.model

    def step(self, step: int) -> list[float]:
        """Loss of each phase before its update."""
        self.trains(self.model)
        self._set_rates(step / self.recipe.steps)
        losses = [
            self._run(*each, step) for each in zip(self.task.phases, self.optimizers, strict=True)
        ]
        if self.watcher:
            self.watcher.after_update(step)
        if self.task.after_step:
            self.task.after_step(step)
        self._average()
        return losses

    def _run(self, phase: Phase, optimizer: torch.optim.Optimizer, step: int) -> float:
        optimizer.zero_grad()
        total = 0.0
        for part in range(self.recipe.accumulate):
            batch = self.task.draw(step * self.recipe.accumulate + part)
            enabled = self.recipe.autocast is not None
            with torch.autocast("cpu", self.recipe.autocast or torch.bfloat16, enabled=enabled):
                loss = phase.loss(batch) / self.recipe.accumulate
            total += float(loss.detach())
            loss = self.loss_of(loss)
            (loss if self.scaler is None else self.scaler.scale(loss)).backward()
        if self.scaler is not None:
            self.scaler.unscale_(optimizer)
        if self.recipe.clip is not None:
            nn.utils.clip_grad_norm_(phase_parameters(phase), self.recipe.clip)
        if self.watcher and phase is self.task.phases[0]:
            self.watcher.before_update(step, total)
        if self.scaler is not None:
            self.scaler.step(optimizer)
            self.scaler.update()
        elif self.updates:
            optimizer.step()
        return total

    def _set_rates(self, share: float) -> None:
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group.setdefault("own_rate", group["lr"])
                group["lr"] = group["own_rate"] * self.recipe.schedule(share) * self.factor

    def _average(self) -> None:
        if self.recipe.average is None:
            return
        if self.averaged is None:
            self.averaged = copy.deepcopy(self.model)
        with torch.no_grad():
            for own, new in zip(self.averaged.parameters(), self.model.parameters(), strict=True):
                own.lerp_(new, 1 - self.recipe.average)


def phase_parameters(phase: Phase) -> list[nn.Parameter]:
    """Those of a phase that learn, each once."""
    found = {id(p): p for module in phase.modules for p in module.parameters() if p.requires_grad}
    return list(found.values())


def make_optimizers(training: Training) -> list[torch.optim.Optimizer]:
    return [
        make_optimizer(training.recipe, phase_parameters(phase)) for phase in training.task.phases
    ]


def make_optimizer(recipe: Recipe, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    rate, decay = recipe.rate, recipe.weight_decay
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(parameters, rate, momentum=0.9, weight_decay=decay)
    kinds = {
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
        "nadam": torch.optim.NAdam,
        "rmsprop": torch.optim.RMSprop,
        "radam": torch.optim.RAdam,
        "adamax": torch.optim.Adamax,
        "adagrad": torch.optim.Adagrad,
    }
    return kinds[recipe.optimizer](parameters, rate, weight_decay=decay)


def cosine(share: float) -> float:
    """A tenth of linear warm-up, then half a cosine."""
    return share / 0.1 + 0.05 if share < 0.1 else 0.5 + 0.5 * math.cos(math.pi * share)


def one_cycle(share: float) -> float:
    return 0.05 + 1.95 * (share / 0.3 if share < 0.3 else (1 - share) / 0.7)


def step_decay(share: float) -> float:
    return 1.0 if share < 0.5 else 0.2 if share < 0.8 else 0.04


def draw_samples(data: Batch, size: int = 32) -> tuple[Draw, Callable[[Tensor], Batch]]:
    """Batches of a data set in shuffled epochs, and the batch of given samples."""
    generator = torch.Generator().manual_seed(0)
    order: list[Tensor] = []

    def sample(index: Tensor) -> Batch:
        return tuple(tensor[index] for tensor in data)

    def draw(_: int) -> Batch:
        if not order:
            order.extend(torch.randperm(len(data[0]), generator=generator).split(size)[:-1])
        return sample(order.pop())

    return draw, sample


def learn(
    model: nn.Module,
    loss: Loss,
    data: Batch,
    size: int = 32,
    *,
    parts: dict[str, str],
    classes: Tensor | None = None,
) -> Task:
    """One network that minimises one loss over batches of a data set."""
    draw, sample = draw_samples(data, size)
    return Task({"": model}, [Phase((model,), loss)], draw, parts, classes, sample)


def classify(model: nn.Module, data: Batch, size: int = 32, **parts: str) -> Task:
    """Classes of a data set by cross entropy."""

    def loss(batch: Batch) -> Tensor:
        return nn.functional.cross_entropy(logits_of(model(batch[0])).float(), batch[1])

    return learn(model, loss, data, size, parts=parts, classes=data[1])


def regress(model: nn.Module, data: Batch, size: int = 32, **parts: str) -> Task:
    """Numbers of a data set by the squared error."""

    def loss(batch: Batch) -> Tensor:
        return nn.functional.mse_loss(model(batch[0]).float(), batch[1])

    return learn(model, loss, data, size, parts=parts)


def token_loss(model: nn.Module, batch: Batch) -> Tensor:
    """Cross entropy of a class for each token, such as the token that follows."""
    logits = logits_of(model(batch[0])).float()
    return nn.functional.cross_entropy(logits.flatten(0, 1), batch[1].flatten())


def classify_tokens(model: nn.Module, data: Batch, size: int = 16, **parts: str) -> Task:
    """A class for each token of a data set's texts."""
    return learn(model, lambda batch: token_loss(model, batch), data, size, parts=parts)


def logits_of(output: object) -> Tensor:
    return output if isinstance(output, Tensor) else output.logits  # type: ignore[attr-defined]


def train_before(training: Training) -> None:
    """Train the network once as its recipe says, before the training that is recorded."""
    before = Training(training.task, training.recipe)
    before.optimizers = make_optimizers(before)
    training.model.train()
    for step in range(training.recipe.steps):
        before.step(step)

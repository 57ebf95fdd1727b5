"""What other people's tools do at a training step, each attached to a `Trainer` of the benches.

Those that are not installed, or that fail on a model, raise: the bench says so under its table.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class Trainer(Protocol):
    """A model with its optimizer and batch; `finish` is called after each step."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    x: Tensor
    finish: Callable[[], None]


def fastai_stats(trainer: Trainer, _logdir: Path) -> None:
    """fastai's ActivationStats(with_hist=True) on the same modules, its own hook function."""
    from fastai.callback.hook import ActivationStats

    stats, kept = ActivationStats(with_hist=True), []

    def hook(module: nn.Module, args: Any, output: Any) -> None:
        kept.append(stats.hook(module, args, first(output)))

    for module in leaves(trainer.model).values():
        module.register_forward_hook(hook)


def add_histogram(trainer: Trainer, logdir: Path) -> None:
    """What people write with a SummaryWriter."""
    from torch.utils.tensorboard import SummaryWriter

    writer, kept, steps = SummaryWriter(logdir), {}, itertools.count()

    def make_hook(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _args: Any, output: Any) -> None:
            kept[name] = first(output).detach()

        return hook

    def finish() -> None:
        step = next(steps)
        for name, values in kept.items():
            writer.add_histogram(name, values, step)

    for name, module in leaves(trainer.model).items():
        module.register_forward_hook(make_hook(name))
    trainer.finish = finish


def histc_hooks(trainer: Trainer, _logdir: Path) -> None:
    """The blog post's hook: mean, std and a histogram of 40 bins over [0, 10]."""
    stats: list[Any] = []

    def hook(_module: nn.Module, _args: Any, output: Any) -> None:
        values = first(output).detach()
        stats.append((values.mean().item(), values.std().item(), values.histc(40, 0, 10)))

    for module in leaves(trainer.model).values():
        module.register_forward_hook(hook)


def leaves(model: nn.Module) -> dict[str, nn.Module]:
    named = model.named_modules()
    return {name: module for name, module in named if not list(module.children())}


def first(output: Any) -> Tensor:
    return output[0] if isinstance(output, tuple) else output


def parameter_histograms(trainer: Trainer, _logdir: Path) -> None:
    """Like ``wandb.watch``, at every step: each gradient in 64 bins over its own range.

    Written after what that is known to do (a hook on each parameter, a test for finite values, the
    range, histc); nothing is sent anywhere.
    """
    kept: dict[str, tuple[Tensor, float, float]] = {}

    def make_hook(name: str) -> Callable[[Tensor], None]:
        def hook(gradient: Tensor) -> None:
            flat = gradient.detach().flatten()
            if not torch.isfinite(flat).all():
                flat = flat[torch.isfinite(flat)]
            low, high = flat.min().item(), flat.max().item()
            kept[name] = (flat.histc(64, low, high).cpu(), low, high)

        return hook

    for name, parameter in trainer.model.named_parameters():
        parameter.register_hook(make_hook(name))


def torchlens_watch(trainer: Trainer, logdir: Path) -> None:
    """TorchLens: scalars and histograms of the same modules' outputs at every step, to a file."""
    from torchlens.trackers import JSONLSink, watch

    logdir.mkdir(parents=True)
    steps = itertools.count()
    watch(
        trainer.model,
        to=JSONLSink(logdir / "torchlens.jsonl"),
        signals=("activations",),
        select=list(leaves(trainer.model)),
        optimizer=trainer.optimizer,
        step=lambda: next(steps),
        every=1,
        hist_every=1,
        example_input=(trainer.x,),
    )


def torchexplorer_watch(trainer: Trainer, _logdir: Path) -> None:
    """TorchExplorer: 1,000 sampled elements of each module's inputs and outputs; needs graphviz."""
    import torchexplorer

    torchexplorer.watch(trainer.model, log=["io"], log_freq=1, backend="none", verbose=False)

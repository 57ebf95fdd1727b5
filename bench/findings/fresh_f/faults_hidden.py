"""Mistakes that histograms cannot show: all layers learn, but the wrong thing."""

from __future__ import annotations

from typing import Any, Final

from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_f.tables import both_losses
from bench.findings.wide.architecture import FRESH_F
from bench.findings.wide.data import raw_pictures
from bench.findings.wide.fault import HIDDEN, change_batches, change_inputs, kinds, plant
from bench.findings.wide.training import Batch, Training


def shift_twice(training: Training) -> None:
    """The collator shifts the labels, and the loss shifts them again."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        logits = model(batch[0]).logits.float()[:, :-1]
        return functional.cross_entropy(logits.flatten(0, 1), batch[1][:, 1:].flatten())

    training.task.phases[0].loss = loss


def wrap_bytes(training: Training) -> None:
    """The mean is subtracted from bytes, which begin again at 255 below 0."""

    def wrapped(images: Tensor) -> Tensor:
        own = (raw_pictures(images).round() - 78) % 256
        return (own - 128) / 75

    change_inputs(training, wrapped)


def weigh_without_logarithm(training: Training) -> None:
    """The term that keeps learnt variances from growing is forgotten."""
    model: Any = training.model

    def loss(batch: Batch) -> Tensor:
        return (both_losses(model, batch) * (-model.log_variances).exp()).sum()

    training.task.phases[0].loss = loss


def swap_answers(training: Training) -> None:
    """What is rejected counts as chosen."""
    change_batches(training, lambda batch: (batch[1], batch[0]))


def attend_over_batch(training: Training) -> None:
    """softmax(dim=0) of the pooling scores: samples weigh against each other."""
    pool: Any = training.model.get_submodule("pool")
    pool.softmax = nn.Softmax(0)


F_HIDDEN: Final = tuple(
    plant(FRESH_F, HIDDEN, name, on, kinds(), prepare=prepare)
    for name, on, prepare in (
        ("labels_shifted_twice", "phi", shift_twice),
        ("bytes_wrapped", "dino_v2", wrap_bytes),
        ("variance_without_logarithm", "weighed_tasks", weigh_without_logarithm),
        ("answers_swapped", "dpo", swap_answers),
        ("attention_over_the_batch", "set_transformer", attend_over_batch),
    )
)

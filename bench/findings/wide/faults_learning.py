"""Faults by which nothing learns, or a part does not."""

from __future__ import annotations

from functools import partial

import torch
from torch import nn

from bench.findings.wide.acts import map_loss, multiply_rate, set_recipe
from bench.findings.wide.architecture import HELD_OUT, WORKED
from bench.findings.wide.fault import (
    AFTERMATH,
    ANY_SEVERITY,
    DIVERGED,
    EARLY,
    NOTHING,
    PART,
    WRONGLY,
    Fault,
    detach_outputs,
    kinds,
    move_only,
    plant_in,
)
from bench.findings.wide.training import Training

STILL = kinds("not_learning")
STILL_TOO = kinds("vanishing", "low_precision")
still_fault = partial(Fault, expects=STILL, allows=STILL_TOO)
TINY = 1e-6


def learn_copies(training: Training) -> None:
    """The optimizer was made for another copy of the model."""
    for optimizer in training.optimizers:
        for group in optimizer.param_groups:
            group["params"] = [nn.Parameter(p.detach().clone()) for p in group["params"]]


def assign_weights(training: Training) -> None:
    """Loaded with ``assign=True`` after the optimizer was made: the model has new parameters."""
    for module in training.model.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            if "parametrizations" not in name:
                setattr(module, name, nn.Parameter(parameter.detach().clone()))


def never_step(training: Training) -> None:
    training.updates = False


def leave_out(role: str, training: Training) -> None:
    plant_in(training, role)
    move_only(training, role, rate=None)


def slow_down(role: str, factor: float, training: Training) -> None:
    plant_in(training, role)
    move_only(training, role, rate=factor)


def end_schedule(training: Training) -> None:
    """A schedule for fewer steps than the training has: the rate is 0 from then on."""
    end, schedule = training.onset / training.recipe.steps, training.recipe.schedule
    training.recipe.schedule = lambda share: schedule(share / end) if share < end else 0.0


def decay_per_batch(training: Training) -> None:
    """A schedule that was meant for epochs, stepped with every batch."""
    steps = training.recipe.steps
    training.recipe.schedule = lambda share: 0.75 ** (share * steps)


def keep_gradients(training: Training) -> None:
    """Nobody calls ``zero_grad``."""
    for optimizer in training.optimizers:
        optimizer.zero_grad = lambda: None  # type: ignore[method-assign]


def maximise(factor: float, training: Training) -> None:
    """The sign of the loss is wrong."""
    training.recipe.rate *= factor
    training.loss_of = torch.neg


LEARNING_FAULTS = (
    still_fault(
        "stale_optimizer",
        NOTHING,
        WORKED,
        ("vit", "gpt2", "plain_cnn", "gan"),
        rewire=learn_copies,
    ),
    still_fault(
        "clip_tiny",
        NOTHING,
        WORKED,
        ("convnext", "residual_net", "selu_net", "deep_linear"),
        prepare=set_recipe(clip=TINY),
    ),
    still_fault(
        "no_step",
        NOTHING,
        WORKED,
        ("letter_gru", "dlrm", "unet"),
        prepare=never_step,
    ),
    still_fault(
        "detached_loss",
        NOTHING,
        WORKED,
        ("gcn", "gpt2", "table_mlp"),
        # As ``torch.tensor(loss.item(), requires_grad=True)`` does.
        prepare=map_loss(lambda loss: loss.detach().requires_grad_()),
    ),
    still_fault(
        "assigned_weights",
        NOTHING,
        HELD_OUT,
        ("mixer", "letter_rnn", "gated_table"),
        rewire=assign_weights,
    ),
    still_fault(
        "rate_tiny",
        NOTHING,
        HELD_OUT,
        ("llama", "clip", "tcn", "autoencoder"),
        prepare=multiply_rate(TINY),
    ),
    still_fault(
        "graph_lost",
        NOTHING,
        HELD_OUT,
        ("distilbert", "taste", "gat"),
        # The loss goes through ``.item()`` or ``.detach()`` on its way.
        rewire=map_loss(lambda loss: loss.detach().requires_grad_()),
    ),
    still_fault(
        "middle_missing",
        PART,
        WORKED,
        ("vit", "unet", "gpt2", "wavenet", "siren"),
        rewire=partial(leave_out, "middle"),
    ),
    still_fault(
        "group_rate_zero",
        PART,
        WORKED,
        ("bert", "convnext", "deep_linear", "kan"),
        rewire=partial(slow_down, "middle", 0.0),
    ),
    still_fault(
        "detached_branch",
        PART,
        WORKED,
        ("unet", "contrastive", "convnext", "dlrm"),
        prepare=partial(detach_outputs, role="branch"),
    ),
    still_fault(
        "embedding_missing",
        PART,
        WORKED,
        ("letter_gru", "dlrm", "bert", "wavenet"),
        rewire=partial(leave_out, "embedding"),
    ),
    still_fault(
        "head_missing",
        PART,
        HELD_OUT,
        ("cait", "mobilenet", "translator", "taste"),
        rewire=partial(leave_out, "head"),
    ),
    still_fault(
        "tower_detached",
        PART,
        HELD_OUT,
        ("clip", "translator", "t5", "diffusion"),
        prepare=partial(detach_outputs, role="tower"),
    ),
    still_fault(
        "embedding_detached",
        PART,
        HELD_OUT,
        ("llama", "distilbert", "decoder", "tcn"),
        prepare=partial(detach_outputs, role="embedding"),
    ),
    still_fault(
        "group_rate_tiny",
        PART,
        HELD_OUT,
        ("mixer", "post_norm", "realnvp", "gat"),
        rewire=partial(slow_down, "middle", 1e-8),
    ),
    Fault(
        "schedule_ends",
        EARLY,
        WORKED,
        ("vit", "wavenet", "vae", "residual_net"),
        kinds("not_learning", "stopped_learning"),
        STILL_TOO,
        (0.12, 0.25),
        prepare=end_schedule,
        severities=ANY_SEVERITY,
    ),
    Fault(
        "decay_per_batch",
        EARLY,
        HELD_OUT,
        ("autoencoder", "distilbert", "post_norm", "group_norm_net"),
        kinds("not_learning", "stopped_learning"),
        STILL_TOO,
        (0.2, 0.2),
        prepare=decay_per_batch,
        severities=ANY_SEVERITY,
    ),
    Fault(
        "no_zero_grad",
        WRONGLY,
        HELD_OUT,
        ("tcn", "letter_rnn", "autoencoder", "experts"),
        DIVERGED | kinds("kept_gradients"),
        AFTERMATH,
        rewire=keep_gradients,
        needs_effect=True,
    ),
    Fault(
        "ascent",
        WRONGLY,
        WORKED,
        ("vae", "letter_gru", "dlrm"),
        kinds("exploding", "loss_rises"),
        AFTERMATH,
        prepare=partial(maximise, 1.0),
        needs_effect=True,
    ),
    Fault(
        "slow_ascent",
        WRONGLY,
        HELD_OUT,
        ("taste", "translator", "hopfield"),
        kinds("exploding", "loss_rises"),
        AFTERMATH,
        prepare=partial(maximise, 0.5),
        needs_effect=True,
    ),
)

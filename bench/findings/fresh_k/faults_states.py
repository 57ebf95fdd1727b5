"""Modes, dropout and norms that are not as they should be, and losses that do not fit."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_k.planting import harm, map_output, plant
from bench.findings.wide.acts import at_onset, keep_in_eval, norms_of, put_behind, switch_to_eval
from bench.findings.wide.fault import (
    AFTERMATH,
    ANY_SEVERITY,
    FADED,
    FOLLOWS,
    GROWTH,
    HIDDEN,
    LAST,
    MIDWAY,
    MISMATCH,
    MODES,
    STILL,
    UNSTABLE,
    WRONGLY,
    Fault,
    kinds,
    role_modules,
)
from bench.findings.wide.planting import map_targets
from bench.findings.wide.training import Batch, Training


def keep_what_is_to_be_dropped(training: Training) -> None:
    """functional.dropout(x, keep) in forward(), behind the middle."""
    for module in role_modules(training, "middle"):
        module.register_forward_hook(
            lambda own, _given, output: functional.dropout(output, 0.97, own.training)
        )


def freeze_norms_as_detectors_do(training: Training) -> None:
    """A helper that keeps the statistics of a pretrained backbone, on one that is not."""

    def evaluate(model: nn.Module) -> None:
        for own in norms_of(model):
            own.eval()

    training.trains = evaluate


def gain_over_the_best(training: Training) -> None:
    """What is minimised is how much better the best loss was; a small rate lets it creep."""
    best = [float("inf")]

    def gained(loss: Tensor) -> Tensor:
        best[0] = min(best[0], float(loss.detach()))
        return best[0] - loss

    training.recipe.rate /= 30
    training.loss_of = gained


class Reversed(torch.autograd.Function):
    """The identity, whose gradient is turned round."""

    @staticmethod
    def forward(_ctx: object, values: Tensor) -> Tensor:  # type: ignore[override]
        return values.view_as(values)

    @staticmethod
    def backward(_ctx: object, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return -0.5 * gradient


def reverse_before_the_head(training: Training) -> None:
    """A layer for adapting domains is left between features and head."""
    (head,) = role_modules(training, "head")
    head.register_forward_pre_hook(lambda _own, given: (Reversed.apply(given[0]),))


def smooth_by_the_confidence(training: Training) -> None:
    """label_smoothing=0.98, which was to be the share of the right class."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        told = model(batch[0])
        logits = told if isinstance(told, Tensor) else told.logits
        return functional.cross_entropy(logits.float(), batch[1], label_smoothing=0.98)

    training.task.phases[0].loss = loss


def sort_by_one_logit(training: Training) -> None:
    """A cross entropy of a single column, whose softmax is 1."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        logits = model(*batch[:-1]).float().reshape(len(batch[0]), 1)
        return functional.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long))

    training.task.phases[0].loss = loss


def clear_in_the_first_epoch(training: Training) -> None:
    """zero_grad() stands in the branch for a warm-up, which ends."""
    steps = iter(range(training.recipe.steps))
    for optimizer in training.optimizers:
        clear = optimizer.zero_grad
        optimizer.zero_grad = (  # type: ignore[method-assign]
            lambda *_, clear=clear: clear() if next(steps) < training.onset else None
        )


def one_noise_for_all(training: Training) -> None:
    """torch.randn(1, 12).expand(n, -1): every picture is made from one draw."""
    training.task.part("first").register_forward_pre_hook(
        lambda _own, given: (given[0][:1].expand_as(given[0]),)
    )


def sum_over_all(training: Training) -> None:
    """reduction="sum", over the batch and each pixel."""
    size = training.task.draw(0)[-1].numel()
    training.loss_of = lambda loss: loss * size


K_STATES: Final[tuple[Fault, ...]] = (
    harm(
        MODES,
        "share_to_keep_in_forward",
        "sleep_stages taxi_fares plr_table",
        kinds("strong_dropout"),
        prepare=keep_what_is_to_be_dropped,
    ),
    harm(
        MODES,
        "channels_dropped_behind_the_first",
        "cell_unet ghost_net",
        kinds("strong_dropout"),
        prepare=put_behind("first", lambda: nn.Dropout2d(0.98)),
    ),
    plant(
        MODES,
        "norms_as_in_a_pretrained_detector",
        "fashion_mlp ghost_net sprite_vae",
        kinds("eval_mode"),
        allows=FADED | kinds("exploding", "batch_statistics"),
        severities=ANY_SEVERITY,
        prepare=freeze_norms_as_detectors_do,
    ),
    plant(
        MODES,
        "mode_is_saved_behind_eval",
        "pet_breeds imdb_lstm jump_knowledge",
        kinds("eval_mode"),
        allows=AFTERMATH | kinds("batch_statistics"),
        severities=ANY_SEVERITY,
        onset=MIDWAY,
        at_step=at_onset(switch_to_eval),
    ),
    plant(
        MODES,
        "wrapper_calls_eval_before_each_batch",
        "bird_songs ssd_lite",
        kinds("eval_mode"),
        allows=AFTERMATH | kinds("batch_statistics"),
        severities=ANY_SEVERITY,
        prepare=keep_in_eval,
    ),
    harm(
        LAST,
        "logits_clamped_in_a_helper",
        "ghost_net swin_two sleep_stages",
        kinds("relu_logits"),
        allows=AFTERMATH | kinds("dead_units", "loss_mismatch"),
        prepare=map_output("head", lambda output: output.clamp(min=0)),
    ),
    harm(
        LAST,
        "probabilities_for_a_metric",
        "bird_songs ghost_net fashion_mlp",
        MISMATCH,
        allows=FADED | kinds("saturated"),
        prepare=map_output("head", lambda output: output.softmax(1)),
    ),
    harm(
        LAST,
        "sigmoid_in_the_model_and_the_loss",
        "cell_unet adult_income quora_pairs",
        MISMATCH,
        allows=FADED | kinds("saturated"),
        prepare=map_output("head", torch.sigmoid),
    ),
    harm(
        LAST,
        "shares_over_the_rows",
        "imdb_lstm names_rnn",
        MISMATCH,
        allows=FADED | UNSTABLE,
        prepare=map_output("head", lambda output: output.softmax(0)),
    ),
    harm(
        LAST,
        "sigmoid_for_standardised_frames",
        "machine_sounds",
        MISMATCH | kinds("saturated"),
        allows=FADED,
        prepare=put_behind("head", nn.Sigmoid),
    ),
    harm(
        WRONGLY,
        "squeezed_targets",
        "taxi_fares bone_age",
        MISMATCH,
        allows=FADED,
        prepare=map_targets(lambda own: own[:, 0]),
    ),
    harm(
        WRONGLY,
        "targets_in_days_and_cents",
        "taxi_fares bone_age",
        MISMATCH,
        allows=FOLLOWS,
        prepare=map_targets(lambda own: 3000 * own + 9000),
    ),
    plant(
        WRONGLY,
        "entropy_of_one_column",
        "adult_income quora_pairs",
        STILL | MISMATCH,
        allows=FADED,
        prepare=sort_by_one_logit,
    ),
    harm(
        WRONGLY,
        "confidence_as_smoothing",
        "swin_two megatron",
        STILL | MISMATCH,
        allows=FADED,
        prepare=smooth_by_the_confidence,
    ),
    harm(
        WRONGLY,
        "gain_over_the_best_is_minimised",
        "jump_knowledge chest_xray star_coder",
        kinds("loss_rises"),
        allows=FOLLOWS,
        prepare=gain_over_the_best,
    ),
    harm(
        WRONGLY,
        "reversal_left_before_the_head",
        "cifar_quick chest_xray",
        kinds("loss_rises", "not_learning"),
        allows=FOLLOWS,
        prepare=reverse_before_the_head,
    ),
    plant(
        WRONGLY,
        "cleared_only_while_warming_up",
        "res_mlp megatron quora_pairs",
        kinds("kept_gradients"),
        allows=FOLLOWS,
        onset=(0.1, 0.3),
        rewire=clear_in_the_first_epoch,
    ),
    harm(
        GROWTH,
        "summed_over_pixels_with_momentum",
        "cell_unet cover_type",
        UNSTABLE,
        allows=FOLLOWS,
        prepare=sum_over_all,
    ),
    plant(
        WRONGLY,
        "one_noise_for_a_batch",
        "sn_gan",
        kinds("collapsed", "constant_input", "redundant_units"),
        allows=FOLLOWS | kinds("batch_statistics"),
        prepare=one_noise_for_all,
    ),
    plant(
        HIDDEN,
        "dropout_behind_the_outputs",
        "session_gru",
        frozenset(),
        prepare=map_output("head", lambda output: functional.dropout(output, 0.4)),
    ),
)

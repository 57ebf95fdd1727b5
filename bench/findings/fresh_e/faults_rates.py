"""Mistakes of rates, of optimizers and of what is minimised."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.faults import DIVERGED
from bench.findings.fresh_e.games import digit_loss
from bench.findings.fresh_e.pictures import two_looks
from bench.findings.fresh_e.tables import dictionary_loss
from bench.findings.wide.acts import map_loss, multiply_rate, set_recipe
from bench.findings.wide.architecture import FRESH_E
from bench.findings.wide.fault import AFTERMATH, GROWTH, NUMBERS, WRONGLY, harm, kinds, plant
from bench.findings.wide.training import Batch, Training

DECAYED = kinds("vanishing", "collapsed", "not_learning", "mostly_zero")


def keep_gradients_of_critic(training: Training) -> None:
    """Only the generator's optimizer clears, twice."""
    training.optimizers[0].zero_grad = _nothing  # type: ignore[method-assign]


def _nothing(set_to_none: bool = True) -> None:
    """Clears nothing."""


def clear_each_epoch(training: Training) -> None:
    """zero_grad() stands in the loop over epochs, not in that over batches."""
    optimizer, count = training.optimizers[0], 0
    clear = optimizer.zero_grad

    def sometimes(set_to_none: bool = True) -> None:
        nonlocal count
        if count % 12 == 0:
            clear(set_to_none)
        count += 1

    optimizer.zero_grad = sometimes  # type: ignore[method-assign]


def add_sum_of_weights(training: Training) -> None:
    """An L1 penalty of a hundredth of each of thousands of weights, summed."""
    weights = [p for p in training.model.parameters() if p.dim() > 1]
    training.loss_of = lambda loss: (
        loss + 0.01 * torch.stack([w.abs().sum() for w in weights]).sum()
    )


def epsilon_of_one(training: Training) -> None:
    """Adam(eps=1.0), as a paper has it whose gradients are large."""
    training.optimizers[0].param_groups[0]["eps"] = 1.0


def maximize(training: Training) -> None:
    """maximize=True, from the script of a reward."""
    training.optimizers[0].param_groups[0]["maximize"] = True


def average_pixels(training: Training) -> None:
    """mse_loss and its like average by default, so the divergence outweighs the pixels."""
    model = training.model
    training.task.phases[0].loss = lambda batch: digit_loss(model, batch, averaged=True)


def forget_clipping(training: Training) -> None:
    """The critic's weights are left as they become."""
    training.task.after_step = None


def multiply_by_temperature(training: Training) -> None:
    """similarity * 0.07 in the place of similarity / 0.07."""
    del training.model.scale
    training.model.scale = torch.tensor(-2.66)


def follow_both(training: Training) -> None:
    """No stop_gradient: both sides come to meet each other."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        one, other = two_looks(batch[0])
        (z1, p1), (z2, p2) = model(one), model(other)
        first = functional.cosine_similarity(p1, z2).mean()
        return -0.5 * (first + functional.cosine_similarity(p2, z1).mean())

    training.task.phases[0].loss = loss


def pay_much_for_codes(training: Training) -> None:
    """The weight of sparseness is that of a loss that is summed, not averaged."""
    model = training.model
    training.task.phases[0].loss = lambda batch: dictionary_loss(model, batch[0], 3.0)


def broadcast_energies(training: Training) -> None:
    """(N, 1) energies from targets of (N,)."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        return functional.mse_loss(model(*batch[:2]), batch[2][:, 0])

    training.task.phases[0].loss = loss


def soften_before_nll(training: Training) -> None:
    """nll_loss(softmax(x)): the logarithm was forgotten."""
    model = training.model
    model.add_module("softmax", nn.Softmax(dim=1))

    def loss(batch: Batch) -> Tensor:
        return functional.nll_loss(model(batch[0]), batch[1])

    training.task.phases[0].loss = loss


E_RATES: Final = (
    harm(
        FRESH_E,
        GROWTH,
        "rate_of_the_finder",
        "star_sets nf_resnet",
        DIVERGED,
        # The search for a rate ended at 10, and left it.
        prepare=set_recipe(rate=10.0),
    ),
    harm(
        FRESH_E,
        GROWTH,
        "adam_at_a_tenth",
        "next_thing conv_bert",
        DIVERGED,
        # Adam at SGD's rate.
        prepare=set_recipe(rate=0.1),
    ),
    # The rate of a batch of thousands.
    harm(FRESH_E, GROWTH, "thirty_times_the_rate", "wav2vec", DIVERGED, prepare=multiply_rate(30)),
    harm(
        FRESH_E,
        GROWTH,
        "step_without_unscaling",
        "tanh_cnn arc_face",
        DIVERGED,
        # scaler.scale(loss).backward(), and then optimizer.step() itself.
        prepare=map_loss(lambda loss: loss * 65536),
    ),
    plant(
        FRESH_E,
        WRONGLY,
        "gradients_of_critic_kept",
        "clipped_gan",
        kinds("kept_gradients"),
        allows=AFTERMATH | kinds("loss_mismatch"),
        rewire=keep_gradients_of_critic,
    ),
    harm(
        FRESH_E,
        WRONGLY,
        "cleared_each_epoch",
        "ray_field",
        DIVERGED | kinds("kept_gradients"),
        rewire=clear_each_epoch,
    ),
    harm(FRESH_E, WRONGLY, "weights_penalised", "multi_label", DECAYED, prepare=add_sum_of_weights),
    harm(
        FRESH_E,
        NUMBERS,
        "epsilon_of_one",
        "marian",
        kinds("optimizer_settings", "not_learning"),
        rewire=epsilon_of_one,
    ),
    harm(
        FRESH_E,
        WRONGLY,
        "maximize_left_on",
        "sage",
        DIVERGED | kinds("loss_rises"),
        rewire=maximize,
    ),
    plant(
        FRESH_E,
        WRONGLY,
        "pixels_averaged",
        "digit_maker",
        kinds("vanishing", "collapsed"),
        allows=AFTERMATH,
        prepare=average_pixels,
    ),
    plant(
        FRESH_E,
        WRONGLY,
        "clipping_left_out",
        "clipped_gan",
        DIVERGED | kinds("loss_mismatch"),
        allows=AFTERMATH,
        prepare=forget_clipping,
    ),
    harm(
        FRESH_E,
        WRONGLY,
        "temperature_multiplied",
        "bi_encoder",
        kinds("not_learning", "vanishing"),
        prepare=multiply_by_temperature,
    ),
    harm(
        FRESH_E,
        WRONGLY,
        "decay_of_half_in_sgd",
        "nf_resnet tanh_cnn",
        DECAYED | kinds("optimizer_settings"),
        # weight_decay=0.5, as AdamW takes it, with SGD.
        prepare=set_recipe(weight_decay=0.5),
    ),
    harm(
        FRESH_E,
        WRONGLY,
        "gradient_stopped_nowhere",
        "sim_siam",
        kinds("collapsed", "vanishing"),
        prepare=follow_both,
    ),
    harm(
        FRESH_E,
        WRONGLY,
        "sparseness_outweighs",
        "dictionary",
        kinds("collapsed", "mostly_zero", "vanishing"),
        prepare=pay_much_for_codes,
    ),
    harm(
        FRESH_E,
        WRONGLY,
        "energies_broadcast",
        "sch_net",
        kinds("loss_mismatch"),
        prepare=broadcast_energies,
    ),
    plant(
        FRESH_E,
        WRONGLY,
        "logarithm_forgotten",
        "tanh_cnn",
        kinds("loss_mismatch"),
        allows=AFTERMATH,
        prepare=soften_before_nll,
    ),
)

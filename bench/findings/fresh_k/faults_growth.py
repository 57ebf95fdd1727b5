"""Trainings that come apart or fade: by starts, rates, decay, gates and latents."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn

from bench.findings.fresh_k.planting import at_rate, draw_weights, harm, plant
from bench.findings.wide.acts import (
    multiply_rate,
    set_recipe,
)
from bench.findings.wide.fault import (
    AFTERMATH,
    FADED,
    FOLLOWS,
    GROWTH,
    MIDWAY,
    SATURATION,
    SHRINKS,
    SHUT,
    START,
    STILL,
    UNSTABLE,
    Fault,
    kinds,
    plant_in,
    role_modules,
)
from bench.findings.wide.planting import replace_type
from bench.findings.wide.training import Training


def gain_of_three(training: Training) -> None:
    """gain=3, as a slope was taken for the gain: each layer gives three times what it is given."""
    draw_weights(training.model.modules(), lambda given, _units: 3 * math.sqrt(2 / given))


def root_of_inputs(training: Training) -> None:
    """std = sqrt(fan_in / 2), where sqrt(2 / fan_in) was meant."""
    draw_weights(training.model.modules(), lambda given, _units: math.sqrt(given / 2))


def bound_by_all_weights(training: Training) -> None:
    """weight.numel() in the formula of Glorot, in place of the sum of both sides."""
    draw_weights(training.model.modules(), lambda given, units: 2 / (given * units))


def constant_hidden_layers(training: Training) -> None:
    """The mean of a layer's inputs, "to begin neutrally"."""
    for module in plant_in(training, "hidden"):
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def tenfold_at_each_plateau(training: Training, step: int) -> None:
    """ReduceLROnPlateau with factor=10."""
    training.factor = 10.0 ** max(0, math.ceil((step + 1 - training.onset) / 12))


def thousandfold_once(training: Training, step: int) -> None:
    """The scheduler is made anew midway, and its first step gives the rate of a sweep's end."""
    training.factor = 1000.0 if step == training.onset else 1.0


def raise_the_judges_rate(training: Training) -> None:
    """Thirty times the generator's rate, without the norms that would bound it."""
    from torch.nn.utils import parametrize

    for module in training.task.part("judge").modules():
        if parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight")  # type: ignore[arg-type]
    training.optimizers[0] = torch.optim.Adam(training.task.part("judge").parameters(), 3e-2)


def weigh_by_step(training: Training, step: int) -> None:
    """The divergence's weight is the number of the step, which was to be divided by all steps."""
    training.model.weight_of_divergence = 0.02 * (1 + step)  # type: ignore[assignment]


def penalise_the_middle(training: Training) -> None:
    """Sparse codes, by ten times the mean of their sizes."""
    *_, codes = plant_in(training, "codes")
    seen: list[Tensor] = []
    codes.register_forward_hook(lambda _own, _given, output: seen.append(output))
    training.loss_of = lambda loss: loss + 10 * seen.pop().abs().mean()


@torch.no_grad()
def recur_above_one(training: Training) -> None:
    """What comes back is multiplied by two, as if for the two biases."""
    for module in plant_in(training, "cell"):
        if isinstance(module, nn.RNN):
            module.weight_hh_l0.mul_(2)
        elif isinstance(module, nn.Linear):
            nn.init.orthogonal_(module.weight, 8)


@torch.no_grad()
def shut_input_gates(training: Training) -> None:
    """A large bias for the forget gate, written with the wrong sign into the first quarter."""
    for module in plant_in(training, "cell"):
        for name, own in module.named_parameters():
            if name.startswith("bias"):
                own[: len(own) // 4] = -6


@torch.no_grad()
def hold_by_gru_gates(training: Training) -> None:
    """The second quarter of the biases at 5, which is a forget gate in an LSTM, not in a GRU."""
    for module in plant_in(training, "cell"):
        for name, own in module.named_parameters():
            if name.startswith("bias"):
                own[len(own) // 3 : 2 * len(own) // 3] = 5


QUERIES: Final = ("in_proj_weight", "query.weight", "key.weight", "q_proj.weight", "k_proj.weight")


@torch.no_grad()
def draw_projections_by_randn(training: Training) -> None:
    """Parameters of the attention are made by torch.randn and never scaled."""
    training.truth = set()
    for name, own in training.model.named_parameters():
        if name.endswith(QUERIES):
            own.normal_()
            training.truth.add(name.rpartition(".")[0].removesuffix(".query").removesuffix(".key"))


def score_by_hundreds(training: Training) -> None:
    """A temperature of a hundredth, meant for cosines, divides scores that are none."""
    plant_in(training, "scores")
    scores = role_modules(training, "scores")[0]
    scores.register_forward_hook(lambda _own, _given, output: 300 * output)


def bend_by_sigmoids(training: Training) -> None:
    """Sigmoids between all layers."""
    for kind in (nn.ReLU, nn.PReLU, nn.SiLU):
        replace_type(training, kind, nn.Sigmoid)


K_GROWTH: Final[tuple[Fault, ...]] = (
    harm(
        GROWTH,
        "gain_of_three_at_each_layer",
        "cifar_quick n_hits",
        kinds("exploding"),
        allows=UNSTABLE | FADED,
        prepare=gain_of_three,
    ),
    harm(
        START,
        "root_of_inputs_times",
        "bone_age names_rnn n_hits",
        kinds("exploding", "saturated"),
        allows=FOLLOWS,
        prepare=root_of_inputs,
    ),
    harm(
        START,
        "spread_by_number_of_weights",
        "bone_age cover_type plr_table",
        kinds("vanishing", "not_learning", "collapsed"),
        allows=FOLLOWS,
        prepare=bound_by_all_weights,
    ),
    harm(
        START,
        "hidden_layers_of_one_number",
        "cifar_quick cover_type",
        kinds("redundant_units"),
        allows=FADED | kinds("dead_units", "mostly_zero"),
        prepare=constant_hidden_layers,
    ),
    harm(
        GROWTH,
        "factor_of_ten_at_a_plateau",
        "scarf swin_two",
        UNSTABLE | kinds("optimizer_settings"),
        allows=FOLLOWS,
        onset=MIDWAY,
        at_step=tenfold_at_each_plateau,
    ),
    harm(
        GROWTH,
        "warm_up_turned_over",
        "cover_type ghost_net chest_xray",
        UNSTABLE,
        allows=FOLLOWS | kinds("optimizer_settings", "stopped_learning"),
        at_step=at_rate(lambda step: max(1.0, 100 / (1 + step))),
    ),
    harm(
        GROWTH,
        "one_step_at_the_end_of_a_sweep",
        "plr_table open_gpt",
        UNSTABLE | kinds("optimizer_settings"),
        allows=FOLLOWS,
        onset=MIDWAY,
        at_step=thousandfold_once,
    ),
    harm(
        GROWTH,
        "rate_that_a_sweep_left",
        "um_t5 session_gru sprite_vae",
        UNSTABLE,
        allows=FOLLOWS | kinds("optimizer_settings"),
        prepare=multiply_rate(80),
    ),
    harm(
        GROWTH,
        "judge_unbound_at_thirty_times",
        "sn_gan",
        kinds("exploding", "vanishing", "not_learning", "saturated", "loss_mismatch", "collapsed"),
        allows=FOLLOWS,
        rewire=raise_the_judges_rate,
    ),
    plant(
        GROWTH,
        "weight_of_divergence_is_the_step",
        "sprite_vae",
        SHRINKS | kinds("redundant_units"),
        allows=FOLLOWS,
        at_step=weigh_by_step,
    ),
    harm(
        GROWTH,
        "codes_penalised_tenfold",
        "machine_sounds",
        SHUT | kinds("dead_units", "redundant_units"),
        allows=FOLLOWS,
        prepare=penalise_the_middle,
    ),
    harm(
        GROWTH,
        "recurrence_begins_above_one",
        "names_rnn i_rnn",
        kinds("exploding", "saturated", "unscaled_inputs"),
        allows=FOLLOWS,
        prepare=recur_above_one,
    ),
    harm(
        SATURATION,
        "forget_bias_on_the_input_gate",
        "imdb_lstm sleep_stages",
        SHRINKS | STILL | kinds("saturated", "mostly_zero"),
        allows=FOLLOWS,
        prepare=shut_input_gates,
    ),
    harm(
        SATURATION,
        "forget_bias_in_a_gru",
        "session_gru",
        SHRINKS | STILL | kinds("saturated", "redundant_units"),
        allows=FOLLOWS,
        prepare=hold_by_gru_gates,
    ),
    harm(
        SATURATION,
        "projections_by_randn",
        "simple_vit megatron",
        kinds("saturated", "exploding"),
        allows=AFTERMATH,
        prepare=draw_projections_by_randn,
    ),
    harm(
        SATURATION,
        "scores_over_a_temperature_for_cosines",
        "bird_songs",
        kinds("saturated", "exploding"),
        allows=AFTERMATH,
        prepare=score_by_hundreds,
    ),
    harm(
        SATURATION,
        "sigmoids_between_all_layers",
        "cover_type bone_age plr_table",
        kinds("vanishing", "saturated", "not_learning"),
        allows=FADED,
        prepare=bend_by_sigmoids,
    ),
    harm(
        GROWTH,
        "decay_of_a_half_in_adam",
        "jump_knowledge imdb_lstm",
        SHRINKS | STILL | kinds("optimizer_settings"),
        allows=FOLLOWS,
        prepare=set_recipe(weight_decay=0.5),
    ),
)

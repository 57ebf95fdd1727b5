"""Faults of the fresh set's second half: planted in other networks, and other ones."""

from __future__ import annotations

from functools import partial
from typing import Final

import torch

from bench.findings.faults import DIVERGED
from bench.findings.fresh import acts_b as acts
from bench.findings.wide.acts import (
    at_onset,
    descend_second_loss,
    leave_frozen,
    leave_out,
    map_inputs,
    map_loss,
    repeat_first_batch,
    set_dropout,
    set_recipe,
    switch_to_eval,
)
from bench.findings.wide.architecture import FRESH_B
from bench.findings.wide.fault import (
    AFTERMATH,
    ANY_SEVERITY,
    EARLY,
    GROWTH,
    HIDDEN,
    INPUTS,
    LAST,
    MIDWAY,
    MODES,
    NON_FINITE,
    NOTHING,
    NUMBERS,
    PART,
    SAME,
    SATURATION,
    SHUT,
    START,
    STILL,
    STILL_TOO,
    UNSCALED,
    WRONGLY,
    detach_outputs,
    harm,
    kinds,
    plant,
    still,
)

ODD = kinds("optimizer_settings")


_plant, _still, _harm = partial(plant, FRESH_B), partial(still, FRESH_B), partial(harm, FRESH_B)

FAULTS_B: Final = (
    _still(
        NOTHING, "load_start_each_step", "perceiver audio_cnn", at_step=acts.load_start_each_step
    ),
    _still(
        # The loss is a mean that is divided by the number of all numbers once more, and
        # again.
        NOTHING,
        "divide_loss",
        "audio_cnn softmax_regression highway",
        prepare=map_loss(lambda loss: loss / 1e7),
    ),
    _still(
        NOTHING,
        "scaler_never_steps",
        "gemma pixel_cnn",
        prepare=acts.scaler_never_steps,
        allows=STILL_TOO | NON_FINITE,
    ),
    _still(
        NOTHING,
        "swap_rate_and_decay",
        "regnet barlow_twins",
        prepare=acts.swap_rate_and_decay,
        allows=STILL_TOO | ODD,
        needs_effect=True,
    ),
    _still(PART, "one_optimizer_twice", "deterministic_policy", rewire=acts.one_optimizer_twice),
    _plant(
        PART,
        "leave_frozen",
        "segmentation state_space",
        kinds("frozen", "not_learning"),
        # requires_grad_(False) of an earlier stage was not taken back.
        prepare=leave_frozen("middle"),
        severities=ANY_SEVERITY,
    ),
    _still(
        PART,
        "second_task_cut",
        "two_tasks factor_machine",
        prepare=partial(detach_outputs, role="branch"),
    ),
    _still(
        PART,
        "embedding_left_out",
        "factor_machine state_space hyper_network",
        rewire=partial(leave_out, role="embedding"),
    ),
    _still(
        PART,
        "vectors_left_out",
        "electra regnet",
        rewire=acts.leave_vectors_out,
        allows=STILL_TOO | SHUT,
    ),
    _still(PART, "detach_encoder", "barlow_twins", prepare=acts.detach_encoder),
    _still(PART, "detach_fakes", "hinge_gan", prepare=acts.detach_fakes),
    _still(
        PART, "reader_left_out", "forecaster equilibrium", rewire=partial(leave_out, role="trunk")
    ),
    _plant(
        EARLY,
        "give_up_early",
        "forecaster quantiles",
        kinds("stopped_learning"),
        allows=STILL,
        prepare=acts.give_up_early,
        severities=ANY_SEVERITY,
    ),
    _harm(
        INPUTS,
        "sixteen_bits",
        "audio_transformer audio_cnn",
        UNSCALED,
        # Sound as integers: nobody divided by 32,768.
        prepare=map_inputs(lambda x: x * 10_000),
    ),
    # Sales in euros, not in their standard deviations.
    _harm(
        INPUTS,
        "own_units",
        "perceiver forecaster",
        UNSCALED,
        prepare=map_inputs(lambda x: x * 8_000 + 45_000),
    ),
    _plant(
        INPUTS,
        "one_sample",
        "inception highway softmax_regression",
        SAME,
        allows=SHUT,
        prepare=acts.give_one_sample,
    ),
    _plant(
        INPUTS,
        "first_memory",
        "deterministic_policy quantiles",
        SAME,
        # What is drawn from the memory is drawn once.
        prepare=repeat_first_batch,
        severities=ANY_SEVERITY,
    ),
    _harm(
        INPUTS,
        "normalised_twice",
        "inception prototypes softmax_regression",
        SAME | UNSCALED | kinds("vanishing"),
        # Mean and deviation of bytes are taken off numbers from 0 to 1.
        prepare=map_inputs(lambda x: ((x * 6 + 4.9) / 16 - 78) / 75),
    ),
    _plant(
        INPUTS,
        "shards_of_a_class",
        "electra audio_cnn",
        kinds("spike_and_crash", "sudden_change", "unshuffled_input"),
        allows=AFTERMATH,
        prepare=acts.sort_by_class,
        severities=ANY_SEVERITY,
    ),
    _harm(
        INPUTS,
        "swap_bytes",
        "inception margin",
        DIVERGED | kinds("input_change"),
        # From some file on the byte order is the other one.
        at_step=at_onset(
            map_inputs(lambda x: torch.randn_like(x) * 10 ** torch.empty_like(x).uniform_(-3, 4))
        ),
        onset=MIDWAY,
    ),
    _plant(
        NUMBERS,
        "silence",
        "audio_cnn audio_transformer",
        NON_FINITE,
        at_step=acts.silence,
        onset=MIDWAY,
    ),
    _plant(NUMBERS, "root_of_nothing", "margin", NON_FINITE, prepare=acts.root_of_nothing),
    _plant(
        NUMBERS,
        "lose_a_target",
        "quantiles perceiver",
        NON_FINITE,
        at_step=acts.lose_a_target,
        onset=MIDWAY,
    ),
    _harm(
        NUMBERS,
        "half_without_scaler",
        "electra audio_transformer",
        kinds("low_precision", "not_learning", "vanishing", "non_finite"),
        prepare=acts.half_without_scaler,
    ),
    _harm(GROWTH, "swap_betas", "pixel_cnn flow_matching", DIVERGED | ODD, rewire=acts.swap_betas),
    _harm(
        GROWTH,
        "rate_60",
        "forecaster gemma regnet state_space",
        DIVERGED,
        prepare=partial(acts.raise_rate, factor=60.0),
    ),
    _harm(
        GROWTH,
        "invert_gamma",
        "xcit quantiles two_tasks",
        DIVERGED,
        # StepLR(gamma=10): the rate rises twice.
        prepare=set_recipe(
            schedule=lambda share: 1.0 if share < 0.4 else 10.0 if share < 0.7 else 100.0
        ),
        onset=(0.4, 0.4),
    ),
    _harm(
        GROWTH,
        "strong_decay",
        "quantiles highway xcit",
        SHUT | ODD | kinds("sudden_change"),
        prepare=acts.decay_strongly,
    ),
    _harm(
        "a latent shrinks",
        "decay_tables",
        "factor_machine",
        SHUT | ODD | kinds("sudden_change"),
        rewire=acts.decay_tables,
    ),
    _plant(
        WRONGLY,
        "help_the_judge",
        "hinge_gan",
        DIVERGED | kinds("vanishing", "loss_rises"),
        allows=AFTERMATH,
        # The generator's loss has the judge's sign.
        prepare=descend_second_loss,
    ),
    _harm(
        WRONGLY,
        "descend_value",
        "deterministic_policy",
        kinds("saturated", "exploding", "loss_rises"),
        # The actor looks for the lowest value.
        prepare=descend_second_loss,
    ),
    _plant(
        "collapse", "agree_alone", "barlow_twins", SHUT, allows=AFTERMATH, prepare=acts.agree_alone
    ),
    _harm(
        START,
        "large_embeddings",
        "gemma gpt_neox two_tasks",
        kinds("exploding", "saturated", "unscaled_inputs"),
        prepare=acts.large_embeddings,
    ),
    _harm(
        START,
        "large_gain",
        "pixel_cnn flow_matching highway",
        kinds("exploding", "saturated", "unscaled_inputs"),
        prepare=acts.large_gain,
    ),
    _harm(
        START,
        "norms_at_nothing",
        "equilibrium electra xcit",
        kinds("collapsed", "vanishing"),
        prepare=acts.norms_at_nothing,
    ),
    _harm(
        START,
        "copied_rows",
        "margin flow_matching hyper_network",
        kinds("redundant_units", "equal_units", "vanishing", "collapsed"),
        prepare=acts.copy_rows,
    ),
    _harm(
        SATURATION,
        "shifted_norms",
        "audio_cnn",
        kinds("saturated", "exploding", "vanishing"),
        prepare=acts.shift_norms,
    ),
    _harm(
        SATURATION,
        "sunken_biases",
        "pixel_cnn deterministic_policy",
        SHUT,
        allows=STILL,
        prepare=acts.sink_biases,
    ),
    _harm(
        SATURATION,
        "held_gates",
        "two_tasks",
        kinds("saturated") | SHUT,
        prepare=partial(acts.hold_gates, value=12.0),
    ),
    _harm(
        SATURATION,
        "shut_highways",
        "highway",
        kinds("saturated") | SHUT,
        prepare=acts.shut_highways,
    ),
    _harm(
        SATURATION,
        "sharp_reading",
        "perceiver",
        kinds("saturated", "exploding"),
        prepare=acts.sharp_reading,
    ),
    _harm(
        MODES,
        "dropout_of_090",
        "electra audio_cnn",
        kinds("strong_dropout"),
        prepare=partial(set_dropout, share=0.9),
    ),
    _plant(
        MODES,
        "eval_from_onset",
        "electra audio_cnn segmentation",
        kinds("eval_mode", "sudden_change"),
        # validate() calls eval() and nobody train() after it.
        at_step=at_onset(switch_to_eval),
        onset=MIDWAY,
    ),
    _plant(
        MODES,
        "norms_at_rest",
        "segmentation barlow_twins",
        kinds("eval_mode"),
        prepare=acts.norms_in_eval,
        severities=ANY_SEVERITY,
    ),
    _harm(LAST, "tanh_behind", "perceiver quantiles", kinds("saturated"), prepare=acts.tanh_behind),
    _plant(
        LAST,
        "softmax_over_batch",
        "inception audio_cnn",
        kinds("loss_mismatch"),
        allows=AFTERMATH,
        prepare=acts.softmax_over_batch,
    ),
    _plant(
        HIDDEN,
        "targets_not_shifted",
        "state_space gpt_neox",
        kinds(),
        prepare=acts.targets_not_shifted,
    ),
)

"""Faults of the fresh set's first half, as scripts have them."""

from __future__ import annotations

from functools import partial
from typing import Final

import torch
from torch import nn

from bench.findings.faults import DIVERGED
from bench.findings.fresh import acts_a as acts
from bench.findings.wide.acts import (
    at_onset,
    clear_before_step,
    keep_in_eval,
    leave_out,
    map_batches,
    map_inputs,
    map_loss,
    multiply_rate,
    repeat_first_batch,
    set_recipe,
    set_role_dropout,
    set_sgd_momentum,
    slow_down,
    sum_losses,
)
from bench.findings.wide.architecture import FRESH_A
from bench.findings.wide.data import raw_pictures
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
    NOTHING,
    NUMBERS,
    PART,
    SAME,
    SATURATION,
    SHUT,
    START,
    STILL,
    UNSCALED,
    WRONGLY,
    detach_outputs,
    harm,
    kinds,
    plant,
    still,
)

_plant, _still, _harm = partial(plant, FRESH_A), partial(still, FRESH_A), partial(harm, FRESH_A)

FAULTS_A: Final = (
    # zero_grad() stands between backward() and step().
    _still(NOTHING, "clear_before_step", "lenet table_resnet", rewire=clear_before_step),
    # The loss is made a tensor anew, to be logged, and then sent backward.
    _still(
        NOTHING,
        "rewrap_loss",
        "pointnet roberta",
        prepare=map_loss(lambda loss: loss.detach().requires_grad_()),
    ),
    _still(NOTHING, "skip_updates", "tagger score_matching", prepare=acts.skip_updates),
    _still(NOTHING, "rate_typo", "bart swin", prepare=multiply_rate(1e-6)),
    _still(NOTHING, "warm_up_without_end", "densenet distilled", prepare=acts.warm_up_without_end),
    _still(NOTHING, "pure_bfloat16", "lenet gmlp", prepare=acts.pure_bfloat16),
    _still(PART, "replace_head", "lenet feature_tokens", rewire=acts.replace_head),
    _still(PART, "encoder_left_out", "bart crnn", rewire=partial(leave_out, role="trunk")),
    _still(
        PART,
        "middle_without_gradient",
        "crnn pointnet",
        prepare=partial(detach_outputs, role="middle"),
    ),
    _still(
        PART, "forget_straight_through", "vector_quantised", prepare=acts.forget_straight_through
    ),
    _still(
        PART,
        "trunk_rate_tiny",
        "swin roberta opt",
        rewire=partial(slow_down, role="trunk", factor=1e-7),
    ),
    _still(PART, "forget_second_step", "least_squares_gan", rewire=acts.forget_second_step),
    _still(
        PART,
        "critic_detached",
        "advantage_actor_critic",
        prepare=partial(detach_outputs, role="head"),
    ),
    _still(PART, "predictor_left_out", "byol", rewire=acts.leave_out_predictor),
    _plant(
        EARLY,
        "decay_by_batch",
        "crnn table_resnet",
        kinds("stopped_learning"),
        allows=STILL,
        prepare=acts.decay_by_batch,
        severities=ANY_SEVERITY,
    ),
    _plant(
        EARLY,
        "end_early",
        "roberta nbeats",
        kinds("stopped_learning"),
        allows=STILL,
        # OneCycleLR was given the epochs for its total steps, and then its last rate
        # stays.
        prepare=set_recipe(schedule=lambda share: 1.0 if share < 0.1 else 1e-6),
        onset=(0.1, 0.1),
        severities=ANY_SEVERITY,
    ),
    _harm(
        INPUTS, "bytes", "lenet gmlp vector_quantised", UNSCALED, prepare=map_inputs(raw_pictures)
    ),
    _harm(
        INPUTS, "raw_columns", "table_resnet neural_ode", UNSCALED, prepare=acts.give_raw_columns
    ),
    _harm(INPUTS, "time_stamp", "neural_ode table_resnet", UNSCALED, prepare=acts.add_time_stamp),
    _plant(
        INPUTS,
        "repeat_batch",
        "crnn pointnet opt",
        SAME,
        # next(iter(loader)) at each step, of a loader that does not shuffle.
        prepare=repeat_first_batch,
        severities=ANY_SEVERITY,
    ),
    _harm(
        INPUTS,
        "blank_inputs",
        "pointnet gmlp",
        SAME,
        allows=SHUT | STILL,
        # The augmentation's mask has the wrong sign: nothing is left.
        prepare=map_inputs(torch.zeros_like),
    ),
    _plant(
        INPUTS,
        "pad_everything",
        "albert opt",
        SAME,
        allows=SHUT | STILL,
        # The tokenizer knows no word: each one is the unknown one.
        prepare=map_inputs(torch.ones_like),
    ),
    _harm(
        INPUTS,
        "blank_from_onset",
        "densenet distilled",
        kinds("sudden_change", "input_change") | SAME,
        at_step=at_onset(map_inputs(lambda x: torch.full_like(x, -0.8))),
        onset=MIDWAY,
    ),
    _plant(
        INPUTS,
        "sort_by_class",
        "lenet swin",
        kinds("spike_and_crash", "sudden_change", "unshuffled_input"),
        allows=AFTERMATH,
        prepare=acts.sort_by_class,
        severities=ANY_SEVERITY,
    ),
    _plant(
        NUMBERS,
        "lose_a_cell",
        "feature_tokens table_resnet",
        kinds("non_finite"),
        at_step=acts.lose_a_cell,
        onset=MIDWAY,
    ),
    _plant(
        NUMBERS,
        "divide_by_nothing",
        "graph_isomorphism",
        kinds("non_finite"),
        allows=kinds("sudden_change"),
        at_step=acts.divide_by_nothing,
        onset=MIDWAY,
    ),
    _harm(
        NUMBERS,
        "pure_half",
        "nbeats mixture_density",
        kinds("non_finite"),
        allows=kinds("low_precision"),
        prepare=acts.pure_half,
    ),
    _harm(
        GROWTH,
        "rate_40",
        "opt nbeats densenet gmlp",
        DIVERGED,
        prepare=multiply_rate(40.0),
    ),
    _harm(
        GROWTH,
        "momentum",
        "lenet neural_ode",
        DIVERGED | kinds("optimizer_settings"),
        rewire=set_sgd_momentum(0.998),
    ),
    # reduction="sum".
    _harm(GROWTH, "sum_the_loss", "lenet densenet", DIVERGED, prepare=sum_losses),
    _plant(
        WRONGLY,
        "turned_sign",
        "nbeats feature_tokens mixture_density",
        kinds("exploding", "non_finite", "loss_rises"),
        allows=AFTERMATH,
        prepare=map_loss(lambda loss: -loss),
    ),
    _harm(
        "a jump",
        "load_other_weights",
        "swin tagger score_matching",
        kinds("sudden_change"),
        at_step=acts.load_other_weights,
        onset=MIDWAY,
    ),
    _harm(
        START,
        "start_at_one",
        "nbeats gmlp bart",
        kinds("exploding", "saturated", "unscaled_inputs"),
        prepare=partial(acts.start_at, std=1.0),
    ),
    _plant(
        START,
        "start_at_nothing",
        "graph_isomorphism lenet",
        kinds("collapsed", "vanishing"),
        allows=STILL,
        prepare=partial(acts.start_at, std=0.0),
    ),
    _harm(
        START,
        "start_tiny",
        "lenet vector_quantised",
        kinds("vanishing", "collapsed"),
        allows=STILL,
        prepare=partial(acts.start_at, std=1e-4),
    ),
    _harm(
        START,
        "start_constant",
        "distilled nbeats",
        kinds("redundant_units", "exploding", "vanishing", "collapsed", "equal_units"),
        prepare=partial(acts.start_constant, value=0.05),
    ),
    _harm(
        START,
        "spread_codes",
        "vector_quantised",
        kinds("exploding", "collapsed", "outlier_features"),
        prepare=acts.spread_codes,
    ),
    _harm(
        SATURATION,
        "sharp_queries",
        "swin roberta",
        kinds("saturated", "exploding"),
        prepare=acts.sharpen_queries,
    ),
    _harm(
        SATURATION,
        "steep_first_layer",
        "mixture_density neural_ode lenet",
        kinds("saturated", "exploding", "unscaled_inputs"),
        prepare=acts.steep_first_layer,
    ),
    _harm(SATURATION, "dead_biases", "nbeats", SHUT, allows=STILL, prepare=acts.kill_biases),
    _harm(
        SATURATION,
        "shut_spatial_gates",
        "gmlp",
        SHUT,
        allows=STILL,
        prepare=acts.shut_spatial_gates,
    ),
    _harm(
        MODES,
        "dropout_for_keep",
        "tagger pointnet",
        kinds("strong_dropout"),
        allows=SHUT,
        prepare=partial(set_role_dropout, role="drop", share=0.96),
    ),
    _plant(
        MODES,
        "train_forgotten",
        "densenet crnn table_resnet",
        kinds("eval_mode"),
        prepare=keep_in_eval,
    ),
    _harm(
        LAST,
        "relu_behind",
        "table_resnet lenet",
        kinds("relu_logits", "mostly_zero", "collapsed", "loss_mismatch"),
        allows=kinds(),
        prepare=acts.append(nn.ReLU()),
    ),
    _harm(
        LAST,
        "sigmoid_behind",
        "table_resnet",
        kinds("saturated"),
        allows=kinds(),
        prepare=acts.append(nn.Sigmoid()),
    ),
    # A column is made of the target.
    _plant(
        HIDDEN,
        "target_leak",
        "feature_tokens table_resnet",
        kinds(),
        prepare=map_batches(
            lambda batch: (
                torch.cat([batch[1].float().reshape(-1, 1), batch[0][:, 1:]], 1),
                *batch[1:],
            )
        ),
    ),
)

"""Faults of modes, of dropout and of the way from the last layer to the loss."""

from __future__ import annotations

from functools import partial

from torch import nn

from bench.findings.wide.acts import at_onset, switch_to_eval
from bench.findings.wide.architecture import HELD_OUT, WORKED
from bench.findings.wide.fault import (
    AFTERMATH,
    ANY_SEVERITY,
    LAST,
    MODES,
    Fault,
    in_both_halves,
    kinds,
    plant_in,
    replace_module,
    role_names,
)
from bench.findings.wide.training import Training

EVAL = kinds("eval_mode")
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def drop_nearly_all(share: float, training: Training) -> None:
    for module in plant_in(training, "drop"):
        module.p = share


def norms_in_eval(training: Training) -> None:
    training.truth = {n for n, m in training.model.named_modules() if isinstance(m, NORMS)}

    def evaluate(model: nn.Module) -> None:
        for module in model.modules():
            if isinstance(module, NORMS):
                module.eval()

    training.trains = evaluate


def everything_in_eval(training: Training) -> None:
    training.trains = lambda model: model.eval()


def set_momentum(momentum: float, training: Training) -> None:
    """Of all batch norms: the share of a new batch, taken for the share that is kept."""
    training.truth = set()
    for name, module in training.model.named_modules():
        if isinstance(module, NORMS):
            module.momentum = momentum
            training.truth.add(name)


def rectify_logits(training: Training) -> None:
    (name,) = role_names(training, "head")
    training.truth = {name}
    replace_module(training, name, nn.Sequential(training.model.get_submodule(name), nn.ReLU()))


def squash_twice(training: Training) -> None:
    (name,) = role_names(training, "head")
    replace_module(
        training, name, nn.Sequential(training.model.get_submodule(name), nn.Softmax(-1))
    )


DROPPED = kinds("strong_dropout", "collapsed", "mostly_zero")

MODE_FAULTS = (
    Fault(
        "dropout_99",
        MODES,
        WORKED,
        ("plain_cnn", "letter_gru", "table_mlp", "bert"),
        DROPPED,
        AFTERMATH,
        prepare=partial(drop_nearly_all, 0.99),
        needs_effect=True,
    ),
    Fault(
        "dropout_97",
        MODES,
        HELD_OUT,
        ("group_norm_net", "distilbert", "tcn"),
        DROPPED,
        AFTERMATH,
        prepare=partial(drop_nearly_all, 0.97),
        needs_effect=True,
    ),
    *(
        Fault(
            name,
            MODES,
            WORKED,
            ("residual_net",),
            kinds("batch_statistics"),
            prepare=partial(set_momentum, momentum),
        )
        for name, momentum in (("statistics_stand_still", 0.0), ("statistics_forget", 0.99))
    ),
    *in_both_halves(
        Fault(
            "norms_in_eval",
            MODES,
            WORKED,
            ("residual_net", "unet", "contrastive"),
            EVAL,
            AFTERMATH,
            prepare=norms_in_eval,
            severities=ANY_SEVERITY,
        ),
        "norms_in_eval_other",
        ("mobilenet", "clip", "gated_table"),
    ),
    Fault(
        "all_in_eval",
        MODES,
        WORKED,
        ("vit", "unet", "plain_cnn"),
        EVAL,
        AFTERMATH,
        prepare=everything_in_eval,
        severities=ANY_SEVERITY,
    ),
    *in_both_halves(
        Fault(
            "never_back_to_train",
            MODES,
            WORKED,
            ("residual_net", "vit", "unet"),
            EVAL,
            AFTERMATH,
            (0.3, 0.5),
            # After a look at the validation data nobody calls ``train()``.
            at_step=at_onset(switch_to_eval),
            severities=ANY_SEVERITY,
        ),
        "left_in_eval",
        ("mobilenet", "distilbert", "conv_vae"),
    ),
    Fault(
        "norms_stay_in_eval",
        MODES,
        WORKED,
        ("residual_net", "unet"),
        EVAL,
        AFTERMATH,
        (0.3, 0.5),
        # From a certain step on nobody sets the norms back to train mode.
        at_step=at_onset(norms_in_eval),
        severities=ANY_SEVERITY,
    ),
    *in_both_halves(
        Fault(
            "relu_logits",
            LAST,
            WORKED,
            ("plain_cnn", "vit", "residual_net"),
            kinds("mostly_zero", "collapsed", "relu_logits", "loss_mismatch"),
            AFTERMATH,
            prepare=rectify_logits,
            needs_effect=True,
        ),
        "relu_logits_other",
        ("group_norm_net", "hopfield", "coordinate_net"),
    ),
    *in_both_halves(
        Fault(
            "double_softmax",
            LAST,
            WORKED,
            ("residual_net", "plain_cnn", "table_mlp"),
            kinds("loss_mismatch"),
            prepare=squash_twice,
        ),
        "double_softmax_other",
        ("mixer", "group_norm_net", "experts"),
    ),
)

"""The planted faults: when each begins, and which findings would tell it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.findings.models import Architecture
from bench.findings.planting import (
    Training,
    burst_rate,
    copy_unit,
    enlarge_unit,
    enlarge_weights,
    freeze_prefix,
    insert_log,
    kill_units,
    let_unit_run_away,
    lose_normalisation,
    raise_rate,
    shrink_units,
    shrink_weights,
    sink_bias,
    spoil_batches,
    spread_rates,
    underflow,
    unsafe_log,
    zero_weights,
)

DIVERGED = frozenset(
    [
        "exploding",
        "collapsed",
        "mostly_zero",
        "spike_and_crash",
        "non_finite",
        "sudden_change",
        "saturated",
    ]
)
AFTERMATH = DIVERGED | {"vanishing", "outlier_features", "not_learning"}


@dataclass(frozen=True)
class Fault:
    """A planted fault.

    expects: findings of any of these kinds tell it. allows: others that are true of it as well.
    onset: share of the run at which it begins (low, high). needs_effect: it may do no harm, so it
    counts only where the loss shows harm.
    """

    name: str
    expects: frozenset[str]
    allows: frozenset[str]
    applies: Callable[[Architecture], bool]
    onset: tuple[float, float] = (0.35, 0.6)
    prepare: Callable[[Training], None] | None = None
    at_step: Callable[[Training, int], None] | None = None
    needs_effect: bool = False


def _every(_: Architecture) -> bool:
    return True


def _has_relu(architecture: Architecture) -> bool:
    return architecture.activation == "relu" and architecture.name not in ("lstm", "post_norm")


def _has_plain_relu(architecture: Architecture) -> bool:
    return architecture.name in ("mlp", "mlp_digits")


START: dict[str, Any] = {"onset": (0.0, 0.0)}
MLPS = ("mlp", "mlp_tanh", "mlp_digits", "mlp_tanh_deep")

FAULTS = {
    f.name: f
    for f in (
        Fault(
            "lr30",
            DIVERGED,
            AFTERMATH,
            _every,
            at_step=partial(raise_rate, 30.0),
            needs_effect=True,
        ),
        Fault(
            "lr100",
            DIVERGED,
            AFTERMATH,
            _every,
            at_step=partial(raise_rate, 100.0),
            needs_effect=True,
        ),
        Fault(
            "lr100_start",
            DIVERGED,
            AFTERMATH,
            _every,
            at_step=partial(raise_rate, 100.0),
            needs_effect=True,
            **START,
        ),
        Fault("lr_bursts", DIVERGED, AFTERMATH, _every, at_step=burst_rate, needs_effect=True),
        Fault(
            "zero_init",
            frozenset({"collapsed"}),
            frozenset({"not_learning", "vanishing"}),
            _every,
            prepare=zero_weights,
            **START,
        ),
        Fault(
            "large_init",
            frozenset({"exploding", "saturated"}),
            AFTERMATH,
            lambda a: not a.normalised and a.name not in ("lstm", "gru", "stacked_lstm"),
            prepare=enlarge_weights,
            **START,
        ),
        Fault(
            "dead_bias",
            frozenset({"collapsed", "mostly_zero"}),
            frozenset({"sudden_change", "vanishing", "not_learning", "exploding"}),
            _has_relu,
            at_step=sink_bias,
        ),
        Fault(
            "dead_units",
            frozenset({"dead_units"}),
            frozenset({"sudden_change", "mostly_zero"}),
            _has_plain_relu,
            at_step=kill_units,
        ),
        Fault(
            "fading_units",
            frozenset({"unused_units"}),
            frozenset({"dead_units", "redundant_units"}),
            _has_plain_relu,
            at_step=shrink_units,
        ),
        Fault(
            "runaway_unit",
            frozenset({"runaway_units", "outlier_features"}),
            AFTERMATH,
            _has_plain_relu,
            at_step=let_unit_run_away,
        ),
        Fault(
            "copied_unit",
            frozenset({"redundant_units"}),
            frozenset(),
            _has_plain_relu,
            prepare=copy_unit,
            **START,
        ),
        Fault(
            "frozen_prefix",
            frozenset({"not_learning", "frozen"}),
            frozenset(),
            _every,
            prepare=freeze_prefix,
            **START,
        ),
        Fault(
            "discriminative",
            frozenset({"not_learning"}),
            frozenset(),
            _every,
            prepare=spread_rates,
            **START,
        ),
        Fault(
            "sigmoid_chain",
            frozenset({"vanishing", "not_learning"}),
            frozenset({"saturated"}),
            lambda a: a.name in ("mlp", "mlp_digits", "mlp_tanh_deep"),
            **START,
        ),
        Fault(
            "no_norm",
            frozenset({"vanishing"}),
            frozenset({"not_learning", "collapsed"}),
            lambda a: a.deep or a.name in MLPS,
            needs_effect=True,
            **START,
        ),
        Fault(
            "weight_decay",
            frozenset({"vanishing", "collapsed", "sudden_change"}),
            frozenset({"not_learning"}),
            _every,
            at_step=shrink_weights,
        ),
        Fault(
            "data_change",
            frozenset({"sudden_change"}),
            AFTERMATH,
            _every,
            at_step=lose_normalisation,
        ),
        Fault(
            "bad_batches", frozenset({"spike_and_crash"}), AFTERMATH, _every, at_step=spoil_batches
        ),
        Fault(
            "fp16_underflow",
            frozenset({"low_precision"}),
            frozenset({"not_learning"}),
            lambda a: (
                a.name
                not in ("lstm", "gru", "stacked_lstm", "cnn_mnist", "resnet_zero", "deep_cnn")
            ),
            prepare=underflow,
            **START,
        ),
        Fault(
            "nan_log0",
            frozenset({"non_finite"}),
            frozenset({"sudden_change"}),
            _every,
            prepare=insert_log,
            at_step=unsafe_log,
        ),
        Fault(
            "large_unit",
            frozenset({"outlier_features"}),
            AFTERMATH,
            lambda a: (
                a.name
                in (*MLPS, "deep_mlp", "transformer", "lstm", "gru", "mlp_gelu", "stacked_lstm")
            ),
            at_step=enlarge_unit,
        ),
    )
}

HEALTHY = ("healthy", "healthy_onecycle", "healthy_bf16", "healthy_steps")
"""Plain, with fastai's one-cycle schedule, in bfloat16, with a rate that drops twice."""

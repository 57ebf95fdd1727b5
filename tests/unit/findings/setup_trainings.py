"""Small runs with facts of their set-up: optimizers, parameters, losses."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tb_activation_hist.core.loss_history import LossHistory
from tb_activation_hist.core.setup_facts import (
    OptimizerGroup,
    SetupFact,
)
from tb_activation_hist.findings import Finding, RunFacts, find_run_findings
from tests.unit.findings.trainings import RECORDS, VALUES, Change, Layers, make_layer, make_run

CHANCE = math.log(10)
NAMES = ("linear0", "linear1", "linear2", "head")


def with_parameters(stream: str, change: Change, dtype: str = "float32") -> Layers:
    """A run with one kind of its matrices; change: of their values of about 1."""
    layers = {}
    for order, name in enumerate(NAMES):
        info, series = make_layer(
            f"{name}.weight", "Linear", order, change, drift=0.0, stream=stream, dtype=dtype
        )
        layers[f"{stream}/{name}"] = (replace(info, shape=(VALUES // 20, 20)), series)
    return layers


def walk(scale: float) -> Change:
    """Weights of usual size that become so many times as large in all."""
    return lambda v, index: v * np.float32(0.2 * scale ** (index / RECORDS))


def find(
    *facts: SetupFact, losses: tuple[LossHistory, ...] = (), layers: Layers | None = None
) -> list[Finding]:
    run = {**make_run(), **with_parameters("weights", walk(1.0)), **(layers or {})}
    return find_run_findings("run", run, facts=RunFacts(setup=facts, losses=losses))


def adam(**settings: float) -> OptimizerGroup:
    usual = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}
    return OptimizerGroup("Adam", 1, 1, 6, {**usual, **settings})


def rmsprop(**settings: float) -> OptimizerGroup:
    usual = {"lr": 1e-3, "alpha": 0.99, "momentum": 0.0, "centered": 0.0}
    return OptimizerGroup("RMSprop", 1, 1, 6, {**usual, **settings})


def sgd(**settings: float) -> OptimizerGroup:
    return OptimizerGroup("SGD", 1, 1, 6, {"lr": 0.1, "momentum": 0.9, **settings})


def loss(*means: float, **options: object) -> LossHistory:
    fields = {"window": 1, "non_finite": 0, **options}
    steps = tuple(range(1, len(means) + 1))
    return LossHistory("loss", steps, means, **fields)  # type: ignore[arg-type]


def classifier() -> Layers:
    """A head of ten outputs."""
    info, series = make_layer("head", "Linear", 6)
    return {"head": (replace(info, shape=(VALUES // 10, 10)), series)}

"""What is known of a network as a whole, where causes depend on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from tb_activation_hist.core.setup_facts import LossGradients, OptimizerGroup
from tb_activation_hist.findings.layer_types import normalises
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.still_weights import matrices

SQUASHING: Final = ("Sigmoid", "Tanh", "Hardsigmoid", "Hardtanh", "Softsign")


@dataclass(frozen=True)
class Network:
    """The network of a run.

    layers: how many have weights. squashing: how many are sigmoids, tanhs and the like. has_norms:
    whether any layer normalises. weights_dtype: of the weight matrices, "" if they differ or none
    is known. first_loss: the largest first value of the losses that are logged, 0 without any.
    classifies: whether each output goes into a loss that tells classes apart. decays: whether any
    weight decay is set, or no setting is known.
    """

    layers: int = 0
    squashing: int = 0
    has_norms: bool = True
    weights_dtype: str = ""
    first_loss: float = 0.0
    classifies: bool = False
    decays: bool = True


UNKNOWN_NETWORK: Final = Network()


def describe_network(run: RunSignals) -> Network:
    """The network that was recorded in a run."""
    losses = [loss.first for loss in run.facts.losses if math.isfinite(loss.first)]
    forms, groups = run.facts.of(LossGradients), run.facts.of(OptimizerGroup)
    dtypes = {parameter.info.dtype for parameter in matrices(run.parameters)}
    return Network(
        layers=len(run.learners),
        squashing=sum(signals.info.type in SQUASHING for signals in run.outputs),
        has_norms=any(normalises(signals.info) for signals in run.outputs),
        weights_dtype=dtypes.pop() if len(dtypes) == 1 else "",
        first_loss=max(losses, default=0.0),
        classifies=bool(forms) and all(2 * own.formed > own.looks for own in forms),
        decays=not groups or any(own.settings.get("weight_decay", 0.0) for own in groups),
    )

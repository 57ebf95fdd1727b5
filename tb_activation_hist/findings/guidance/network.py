"""What is known of a network as a whole, where causes depend on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

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
    """

    layers: int = 0
    squashing: int = 0
    has_norms: bool = True
    weights_dtype: str = ""
    first_loss: float = 0.0


UNKNOWN_NETWORK: Final = Network()


def describe_network(run: RunSignals) -> Network:
    """The network that was recorded in a run."""
    losses = [loss.first for loss in run.facts.losses if math.isfinite(loss.first)]
    dtypes = {parameter.info.dtype for parameter in matrices(run.parameters)}
    return Network(
        layers=len(run.learners),
        squashing=sum(signals.info.type in SQUASHING for signals in run.outputs),
        has_norms=any(normalises(signals.info) for signals in run.outputs),
        weights_dtype=dtypes.pop() if len(dtypes) == 1 else "",
        first_loss=max(losses, default=0.0),
    )

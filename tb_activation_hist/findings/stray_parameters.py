"""Parameters that a model uses but has not registered, so that no optimizer has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.setup_facts import StrayParameters
from tb_activation_hist.findings.rule import Observation
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.thresholds import Thresholds

LEAST_LOOKS: Final = 3
"""Looks at which they had a gradient and the values of the start."""

NAMED: Final = 3
"""Parameters that the title names."""


def find_stray_parameters(layers: RunSignals, _options: Thresholds) -> Iterator[Observation]:
    """Layers in a plain list or made in forward(), or tensors that are no nn.Parameter."""
    for fact in layers.facts.of(StrayParameters):
        if fact.looks < LEAST_LOOKS:
            continue
        names = ", ".join(fact.layers[:NAMED])
        hidden = len(fact.layers) if fact.made else fact.count
        more = f" and {hidden - NAMED:,} more" if hidden > NAMED else ""
        state = (
            f"not learning, each forward pass makes {fact.count:,} new parameters, which no "
            "optimizer has"
            if fact.made
            else "not learning, gradients arrive, but model.parameters() does not have them, nor "
            "does an optimizer"
        )
        yield Observation(
            hits=(),
            named=tuple(LayerInfo(name) for name in fact.layers),
            steps=(fact.first, layers.last_step),
            title=f"{names}{more}: {state}",
            threshold={"stray": 1},
            figures={"strays": fact.count},
        )

"""Inputs whose scale no layer is made for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tb_activation_hist.findings.hits import first_record_hit
from tb_activation_hist.findings.layer_types import normalises
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Begins, Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import UNIT_RMS, Thresholds, threshold


@dataclass(frozen=True, kw_only=True)
class UnscaledInputThresholds(Thresholds):
    unscaled_level: float = threshold(
        30.0,
        UNIT_RMS,
        "Scale of the first layer's outputs in the first record; in a healthy network, it is "
        "about 1.",
    )


def find_unscaled_inputs(
    layers: RunSignals, options: UnscaledInputThresholds
) -> Iterator[Observation]:
    """An embedding's inputs are numbers of rows: it has a finding of its own."""
    first = next(iter(layers.learners), None)
    if first is None or first.info.type.startswith("Embedding"):
        return
    scale = first.first_rms
    if not scale > options.unscaled_level:
        return
    yield Observation(
        hits=[first_record_hit(first, {"rms": scale})],
        title=f"{first.info.layer}: the first layer's outputs have a root mean square of "
        f"{format_factor(scale)} at the start, which suggests inputs that are not normalised",
        threshold={"unscaled_level": options.unscaled_level},
        severity="info" if _is_normalised(first, layers) else None,
    )


def _is_normalised(first: Signals, layers: RunSignals) -> bool:
    """Whether a norm comes right after the layer, and takes the scale away."""
    following = layers.outputs[layers.outputs.index(first) + 1 :]
    return bool(following) and normalises(following[0].info)


UNSCALED_INPUTS: Final = RunRule(
    kind="unscaled_inputs",
    severity="warning",
    seen=(
        "In the first record, the outputs of the first layer with weights are far larger than "
        "inputs of unit scale would make them. Info: a norm follows directly."
    ),
    source="87 healthy trainings: at most 1.03; bench/findings",
    thresholds=UnscaledInputThresholds,
    explains={"exploding": Begins.WITH, "outlier_features": Begins.WITH_OR_AFTER},
    find=(find_unscaled_inputs,),
    online=None,
)

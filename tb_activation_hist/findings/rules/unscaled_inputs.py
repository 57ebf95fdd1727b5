"""Inputs whose scale no layer is made for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.findings.hits import first_record_hit
from tb_activation_hist.findings.input_signals import column_scales, train_inputs
from tb_activation_hist.findings.layer_types import normalises
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Begins, Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, UNIT_RMS, Thresholds, threshold

USUAL_INPUT: Final = 5.0
"""Root mean square up to which inputs explain no large outputs: those of unit scale have 1."""

UNSCALED: Final = "inputs that are not normalised"
TOO_LARGE_WEIGHTS: Final = "weights that start too large"


@dataclass(frozen=True, kw_only=True)
class UnscaledInputThresholds(Thresholds):
    unscaled_level: float = threshold(
        30.0,
        UNIT_RMS,
        "Scale of the first layer's outputs in the first record; in a healthy network, it is "
        "about 1. Also that of a column, for `unscaled_columns`.",
    )
    unscaled_columns: float = threshold(
        30.0, UNIT_FACTOR, "Scale of the largest column of a table beside the median column."
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
        f"{format_factor(scale)} at the start, which suggests {_name_cause(layers)}",
        threshold={"unscaled_level": options.unscaled_level},
        severity="info" if _is_normalised(first, layers) else None,
    )


def find_unscaled_columns(
    layers: RunSignals, options: UnscaledInputThresholds
) -> Iterator[Observation]:
    """Columns of a table in very different units, which a norm behind the first layer hides.

    A batch norm that the table itself goes through gives all columns one scale.
    """
    if not layers.outputs or layers.outputs[0].info.type.startswith("BatchNorm"):
        return
    for signals in train_inputs(layers):
        scales = column_scales(signals)
        if scales is None or not np.isfinite(scales).all():
            continue
        largest, median = int(np.argmax(scales)), float(np.median(scales))
        ratio = float(scales[largest]) / max(median, np.finfo(np.float32).tiny)
        if scales[largest] > options.unscaled_level and ratio > options.unscaled_columns:
            figures = {"column": largest, "column_scale": float(scales[largest]), "ratio": ratio}
            yield Observation(
                hits=[first_record_hit(signals, figures)],
                title=f"{signals.info.layer} (inputs): column {largest} is "
                f"{format_factor(ratio)} times as large as the median column, at a root mean "
                f"square of {format_factor(float(scales[largest]))}",
                threshold={"unscaled_columns": options.unscaled_columns},
            )


def _name_cause(layers: RunSignals) -> str:
    """What is too large, with the range of the first record of the model's input if it is known."""
    main = next((s for s in train_inputs(layers) if s.whole.any()), None)
    if main is None:
        return UNSCALED
    cause = TOO_LARGE_WEIGHTS if main.first_rms <= USUAL_INPUT else UNSCALED
    low, high = (float(each[main.first_whole]) for each in (main.series.min, main.series.max))
    return f"{cause} (what goes in lies between {low:.3g} and {high:.3g})"


def _is_normalised(first: Signals, layers: RunSignals) -> bool:
    """Whether a norm comes right after the layer, and takes the scale away."""
    following = layers.outputs[layers.outputs.index(first) + 1 :]
    return bool(following) and normalises(following[0].info)


UNSCALED_INPUTS: Final = RunRule(
    kind="unscaled_inputs",
    severity="warning",
    seen="The outputs of the first layer with weights are far larger, in the first record, than "
    "inputs of about unit scale make them; info where a norm follows at once. Or one column of a "
    "table is far larger than the others.",
    source="87 healthy trainings: at most 1.03; bench/findings",
    thresholds=UnscaledInputThresholds,
    explains={"exploding": Begins.WITH, "outlier_features": Begins.WITH_OR_AFTER},
    find=(find_unscaled_inputs, find_unscaled_columns),
    online=None,
)

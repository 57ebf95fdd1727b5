"""Inputs whose scale no layer is made for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.findings.hits import first_record_hit
from tb_activation_hist.findings.input_signals import (
    column_scales,
    sized_inputs,
    train_inputs,
)
from tb_activation_hist.findings.layer_types import RECURRENT, normalises
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Begins, Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import (
    UNIT_FACTOR,
    UNIT_RMS,
    UNIT_SHARE,
    Thresholds,
    threshold,
)

LARGE_STATE: Final = {"LSTM": 0.2, "GRU": 0.35, "RNN": 0.6}
"""First part of a recurrent type -> root mean square of its first outputs: twice that of torch's
initialisation with inputs of unit scale."""

EQUAL_SPREAD: Final = 1e-5
"""Relative spread of what does not vary at all, but for rounding: that is another finding."""

USUAL_INPUT: Final = 5.0
"""Root mean square up to which inputs explain no large outputs: those of unit scale have 1."""

SPARSE: Final = 0.5
SPARSE_LEAST: Final = 0.005
"""Share of zeros from which on a smaller largest value counts as tiny: the words of a document, as
shares of all of them, have a size that is right. Pixels that were divided twice have 0.0039."""

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
    unscaled_passed_on: float = threshold(
        10.0,
        UNIT_RMS,
        "The same where what goes in is above `unscaled_input` itself: a layer whose weights start "
        "small passes on only a part of it.",
    )
    unscaled_input: float = threshold(
        15.0,
        UNIT_RMS,
        "Root mean square of what goes in from which on `unscaled_passed_on` counts.",
        "five times the 3.1 of the largest in the healthy trainings of bench/findings",
    )
    unscaled_columns: float = threshold(
        30.0, UNIT_FACTOR, "Scale of the largest column of a table beside the median column."
    )
    unscaled_spread: float = threshold(
        0.02,
        UNIT_SHARE,
        "Standard deviation of what goes in, beside its root mean square, below which it hardly "
        "varies; of a table the median column's. At least 0.2 in 60 healthy trainings.",
    )
    unscaled_least: float = threshold(
        0.02, "|x|", "Largest value of what goes in, below which all of it is tiny."
    )


def find_unscaled_inputs(
    layers: RunSignals, options: UnscaledInputThresholds
) -> Iterator[Observation]:
    """An embedding's inputs are numbers of rows: it has a finding of its own."""
    first = next(iter(layers.learners), None)
    if first is None or first.info.type.startswith("Embedding"):
        return
    scale = first.first_rms
    large = any(s.first_rms > options.unscaled_input for s in sized_inputs(layers))
    level = options.unscaled_passed_on if large else options.unscaled_level
    if not scale > level:
        return
    yield Observation(
        hits=[first_record_hit(first, {"rms": scale})],
        title=f"{first.info.label}: the first layer's outputs have a root mean square of "
        f"{format_factor(scale)} at the start, which suggests {_name_cause(layers)}",
        threshold={"unscaled_level": level},
        severity="info" if layers.batch_norm_follows(first) else None,
    )


def find_unscaled_states(
    layers: RunSignals, options: UnscaledInputThresholds
) -> Iterator[Observation]:
    """A recurrent first layer, whose outputs stay below 1 however large its inputs are."""
    first = next(iter(layers.learners), None)
    if first is None or first.info.type not in RECURRENT:
        return
    if not first.first_rms > LARGE_STATE[first.info.type.removesuffix("Cell")]:
        return
    for signals in sized_inputs(layers):
        scale = signals.first_rms
        if scale > options.unscaled_level:
            yield Observation(
                hits=[first_record_hit(signals, {"rms": scale})],
                title=f"{signals.info.label} (inputs): a root mean square of "
                f"{format_factor(scale)}, which drives {first.info.label} to the ends of its range "
                "at the start",
                threshold={"unscaled_level": options.unscaled_level},
            )


def find_flat_inputs(layers: RunSignals, options: UnscaledInputThresholds) -> Iterator[Observation]:
    """What goes in hardly varies, as after it was divided or normalised twice.

    A norm that it goes through takes it back.
    """
    if not layers.outputs or normalises(layers.outputs[0].info):
        return
    for signals in sized_inputs(layers):
        first = signals.first_whole
        low, high = (float(each[first]) for each in (signals.series.min, signals.series.max))
        spread = _relative_spread(signals)
        least = SPARSE_LEAST if signals.zero_share[first] >= SPARSE else options.unscaled_least
        tiny = max(abs(low), abs(high)) < least
        if low < high and (tiny or EQUAL_SPREAD < spread < options.unscaled_spread):
            yield Observation(
                hits=[
                    first_record_hit(signals, {"spread_share": spread, "rms": signals.first_rms})
                ],
                title=f"{signals.info.label} (inputs): hardly vary, all lie between {low:.3g} and "
                f"{high:.3g}",
                threshold={
                    "unscaled_spread": options.unscaled_spread,
                    "unscaled_least": options.unscaled_least,
                },
            )


def _relative_spread(signals: Signals) -> float:
    """Standard deviation beside the root mean square in the first record; of columns the median."""
    slices, first = signals.series.slices, signals.first_whole
    if slices is not None and len(slices) > first and slices.slices > 1:
        size, spread = slices.rms[first], slices.std[first]
    else:
        size, spread = signals.rms[first : first + 1], signals.series.std[first : first + 1]
    known = size > 0
    return float(np.median(spread[known] / size[known])) if known.any() else 1.0


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
                title=f"{signals.info.label} (inputs): column {largest} is "
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


UNSCALED_INPUTS: Final = RunRule(
    kind="unscaled_inputs",
    severity="warning",
    seen="The outputs of the first layer with weights are far larger, in the first record, than "
    "inputs of about unit scale make them; info where a batch norm follows at once. Or one column "
    "of a table is far larger than the others, large inputs drive a recurrent first layer to the "
    "ends of its range, or what goes in hardly varies.",
    source="87 healthy trainings: at most 1.03; bench/findings",
    thresholds=UnscaledInputThresholds,
    explains={"exploding": Begins.WITH, "outlier_features": Begins.WITH_OR_AFTER},
    find=(find_unscaled_inputs, find_unscaled_states, find_unscaled_columns, find_flat_inputs),
    online=None,
)

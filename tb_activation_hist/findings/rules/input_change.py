"""Inputs whose scale jumps in the middle of a training, as images that go black."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import Hit
from tb_activation_hist.findings.input_signals import is_model_input, train_inputs
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.record_stream import RecordStream
from tb_activation_hist.findings.rule import Begins, Observation, OnlineCheck, OnlineState, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import (
    UNIT_FACTOR,
    UNIT_RECORDS,
    UNIT_SHARE,
    Thresholds,
    threshold,
)

USUAL_ZEROS: Final = 0.5
"""Share of `input_blank` that zeros may make up before."""

IDS: Final = ("int16", "int32", "int64")
"""Dtypes whose numbers are names of things rather than sizes."""


@dataclass(frozen=True, kw_only=True)
class InputChangeThresholds(Thresholds):
    input_jump: float = threshold(
        4.0,
        UNIT_FACTOR,
        "The inputs' scale lies so far outside of all that it was before.",
    )
    input_settled: int = threshold(
        20, UNIT_RECORDS, "So many records must have shown how large inputs are."
    )
    input_blank: float = threshold(
        0.5,
        UNIT_SHARE,
        "Share of the inputs that is 0, at least, where it was at most half of that before.",
    )
    input_jump_records: int = threshold(
        3, UNIT_RECORDS, "Records in a row that must show the new scale."
    )


def find_input_changes(layers: RunSignals, options: InputChangeThresholds) -> Iterator[Observation]:
    """What grows bit by bit, as the observations of an agent that learns, is no jump."""
    for signals in train_inputs(layers):
        hit = _jump_hit(signals, options) if is_sized(signals.info) else None
        if hit is not None:
            yield Observation(
                hits=[hit],
                title=f"{signals.info.label} (inputs): {_name_change(hit)} at step "
                f"{hit.first_step}",
                threshold={"input_jump": options.input_jump},
            )


def find_blank_inputs(layers: RunSignals, options: InputChangeThresholds) -> Iterator[Observation]:
    """Inputs of which many are 0 from a record on, as where files are missing."""
    for signals in train_inputs(layers):
        if not is_sized(signals.info) or not signals.whole.any():
            continue
        used = np.flatnonzero(signals.whole)
        shares = signals.zero_share[used]
        at = _first_blank(shares, options)
        if at is not None:
            figures = {"zero_share": float(np.median(shares[at:])), "records": len(used) - at}
            hit = Hit(signals, int(used[at]), int(used[-1]), figures)
            yield Observation(
                hits=[hit],
                title=f"{signals.info.label} (inputs): {figures['zero_share']:.0%} of the values "
                f"are 0 from step {hit.first_step} on",
                threshold={"input_blank": options.input_blank},
            )


def _first_blank(shares: FloatArray, options: InputChangeThresholds) -> int | None:
    """First of the records, up to the last, with far more zeros than any before."""
    blank = shares >= options.input_blank
    at = int(len(shares) - np.argmin(blank[::-1])) if not blank.all() else 0
    enough = len(shares) - at >= options.input_jump_records
    if at < options.input_settled or not enough:
        return None
    return at if float(shares[:at].max()) <= USUAL_ZEROS * options.input_blank else None


def is_sized(info: LayerInfo) -> bool:
    """Whether an input's numbers are sizes: floats, or pixels."""
    return info.dtype not in IDS


def _jump_hit(signals: Signals, options: InputChangeThresholds) -> Hit | None:
    used = np.flatnonzero(signals.whole)
    rms = signals.rms[used]
    lag, settled = int(options.input_jump_records), int(options.input_settled)
    if len(used) < settled + lag:
        return None
    lowest, highest = np.minimum.accumulate(rms), np.maximum.accumulate(rms)
    for at in range(settled, len(used) - lag + 1):
        later = rms[at : at + lag]
        low, high = lowest[at - 1], highest[at - 1]
        grew, shrank = (
            later.min() > options.input_jump * high,
            later.max() * options.input_jump < low,
        )
        if grew or shrank:
            now = float(np.median(later))
            figures = {"rms_before": float(high if grew else low), "rms": now}
            return Hit(signals, int(used[at]), int(used[-1]), figures)
    return None


def _name_change(hit: Hit) -> str:
    before, now = hit.figures["rms_before"], hit.figures["rms"]
    if now == 0:
        return "nothing but zeros"
    if before == 0:
        return "no longer nothing but zeros"
    if now > before:
        return f"{format_factor(now / before)} times larger"
    return f"{format_factor(before / now)} times smaller"


def check_input(stream: RecordStream, options: InputChangeThresholds) -> OnlineState:
    """Whether the newest record lies outside of all that came before the last few."""
    info = stream.info
    if not is_model_input(info) or not stream.finite or not is_sized(info):
        return OnlineState(False, {})
    if stream.settled < options.input_settled:
        return OnlineState(False, {})
    low, high, now = stream.lowest_rms, stream.highest_rms, stream.rms
    holds = now > options.input_jump * high or now * options.input_jump < low
    return OnlineState(holds, {"rms_before": high if now > high else low, "rms": now})


def _is_jump_too(cause: Finding, effect: Finding, near: float) -> bool:
    """All that becomes 0 has jumped as well."""
    same = "input_jump" in cause.threshold and "input_blank" in effect.threshold
    return same and Begins.WITH.holds(effect.first_step - cause.first_step, near)


INPUT_CHANGE: Final = RunRule(
    kind="input_change",
    severity="warning",
    seen="The scale of what goes into the model jumps, or all or much of it becomes 0, in the "
    "middle of the training.",
    source="the inputs' own scale beside all that it was before",
    thresholds=InputChangeThresholds,
    explains={"sudden_change": Begins.WITH, "constant_input": Begins.WITH},
    find=(find_input_changes, find_blank_inputs),
    online=OnlineCheck(
        check=check_input,
        least_records=lambda options: int(options.input_jump_records),
        outputs_only=False,
        title="the inputs' scale has jumped",
    ),
    repeats=_is_jump_too,
)

"""The online rules tell while a training runs what the report tells afterwards."""

from __future__ import annotations

import numpy as np
import pytest

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.schemes.float_bits import FloatBits
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.findings import Finding, OnlineRules
from tb_activation_hist.findings.signals import bin_magnitudes, find_tiny_bins
from tests.unit.findings.trainings import RECORDS, Change, after, make_layer

ONSET = 60


def look_online(
    change: Change,
    kinds: tuple[str, ...] = ("non_finite", "collapsed", "exploding"),
    stream: str = "activations",
) -> list[tuple[int, Finding]]:
    """(step at which it is told, finding)."""
    info, series = make_layer("a", "ReLU", 0, change, stream=stream)
    own = OnlineRules(kinds, run="run")
    told = []
    for index in range(len(series)):
        found = own.add(info, series.take(slice(index, index + 1)))
        told += [(int(series.steps[index]), finding) for finding in found]
    return told


def test_healthy_layers_are_left_in_peace() -> None:
    assert look_online(lambda values, _: values) == []


def test_nan_is_reported_at_once() -> None:
    ((step, finding),) = look_online(after(ONSET, lambda v: v * np.nan))
    assert step == finding.first_step == ONSET + 1
    assert (finding.kind, finding.run, finding.tags) == ("non_finite", "run", ("activations/a",))


@pytest.mark.parametrize("remainder", [0.0, 1e-9])
def test_a_collapse_is_reported_when_it_has_lasted(remainder: float) -> None:
    ((step, finding),) = look_online(after(ONSET, lambda v: v * remainder))
    assert finding.kind == "collapsed"
    assert finding.first_step == ONSET + 1
    assert step == ONSET + 20


def test_a_collapse_that_passes_is_not_reported() -> None:
    assert look_online(lambda v, index: v * (not ONSET <= index < ONSET + 15)) == []


def test_exploding() -> None:
    ((_, finding),) = look_online(after(ONSET, lambda v: v * 1e4))
    assert (finding.kind, finding.first_step) == ("exploding", ONSET + 1)


def test_only_what_was_asked_for_is_reported() -> None:
    assert look_online(after(ONSET, lambda v: v * np.nan), ("collapsed",)) == []


def test_a_mask_is_no_alarm() -> None:
    assert look_online(lambda v, _: np.where(v == 0, -np.inf, v)) == []


def test_gradients_may_be_zero_but_not_nan() -> None:
    assert look_online(after(ONSET, lambda v: v * 0), stream="gradients") == []
    assert len(look_online(after(ONSET, lambda v: v * np.nan), stream="gradients")) == 1


def test_several_records_at_once_say_the_same() -> None:
    info, series = make_layer("a", "ReLU", 0, after(ONSET, lambda v: v * 0))
    finding = OnlineRules().add(info, series)[0]
    assert (finding.first_step, finding.last_step) == (ONSET + 1, ONSET + 20)
    assert len(series) == RECORDS


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(OptionError, match="known kinds: non_finite"):
        OnlineRules(("colapsed",))


def test_infinities_that_come_later_are_no_mask() -> None:
    ((step, finding),) = look_online(after(ONSET, lambda v: np.where(v == 0, -np.inf, v)))
    assert (finding.kind, step) == ("non_finite", ONSET + 1)


def test_what_explodes_is_reported_before_it_is_nan() -> None:
    def grow(values: np.ndarray, index: int) -> np.ndarray:
        return values * (1e4 if index >= ONSET else 1) * (np.nan if index >= ONSET + 4 else 1)

    assert [finding.kind for _, finding in look_online(grow)] == ["exploding", "non_finite"]


@pytest.mark.parametrize("scheme", [FloatBits(), LinearBins(40, -1, 1), LinearBins(39, -1, 1)])
@pytest.mark.parametrize("tiny", [0.0, 1e-42, 3e-5, 0.049, 0.05, 0.7, 1.0, 5.0])
def test_tiny_means_the_same_for_records_and_for_stored_runs(
    scheme: FloatBits | LinearBins, tiny: float
) -> None:
    lowest, highest = scheme.values_to_bins([-1e30, 1e30])
    bins = np.arange(lowest, highest + 1)
    sizes = bin_magnitudes(scheme.lower_edges(bins), scheme.upper_edges(bins))
    first, end = find_tiny_bins(scheme, tiny)
    assert np.array_equal(bins[sizes <= tiny], np.arange(first, end))

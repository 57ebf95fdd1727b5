"""How far two records lie apart."""

from __future__ import annotations

import numpy as np
import pytest

from tb_activation_hist.core.comparison.criterion import Criterion
from tb_activation_hist.core.comparison.series_difference import pair_records
from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.names import LayerInfo
from tests.series import values_to_series

VALUES = np.random.default_rng(0).standard_normal(1000).astype(np.float32)


def test_equal_records_are_equal_in_every_mode() -> None:
    series = values_to_series([VALUES])
    difference = pair_records(series, series)
    assert difference.moved.tolist() == [0.0]
    assert difference.octaves().tolist() == [0.0]
    for mode in ("exact", "mass", "octaves"):
        assert not difference.differs(Criterion(mode)).any()


def test_moved_is_the_share_of_values_in_another_bin() -> None:
    changed = VALUES.copy()
    changed[:30] += 100.0
    difference = pair_records(values_to_series([VALUES]), values_to_series([changed]))
    assert difference.moved[0] == pytest.approx(0.03)
    assert difference.differs(Criterion("mass", 0.029)).all()
    assert not difference.differs(Criterion("mass", 0.031)).any()


def test_octaves_are_those_of_a_factor() -> None:
    sizes = np.abs(VALUES) + 0.5
    difference = pair_records(values_to_series([sizes]), values_to_series([sizes * 4]))
    assert difference.octaves()[0] == pytest.approx(2.0, abs=0.01)


def test_a_change_within_a_bin_is_a_difference_only_where_exact() -> None:
    changed = VALUES.copy()
    changed[VALUES.argmax()] = np.nextafter(VALUES.max(), np.float32(9))
    difference = pair_records(values_to_series([VALUES]), values_to_series([changed]))
    assert difference.moved[0] == 0
    assert difference.differs(Criterion()).all()
    assert not difference.differs(Criterion("mass")).any()


def test_one_nan_is_a_difference_at_any_tolerance() -> None:
    changed = VALUES.copy()
    changed[0] = np.nan
    difference = pair_records(values_to_series([VALUES]), values_to_series([changed]))
    for mode in ("mass", "octaves"):
        assert difference.differs(Criterion(mode, 0.9)).all()


def test_the_default_tolerance_lets_few_values_of_a_small_tensor_pass() -> None:
    small, moved = VALUES[:10], VALUES[:10].copy()
    moved[:3] *= 2
    difference = pair_records(values_to_series([small]), values_to_series([moved]))
    assert not difference.differs(Criterion("mass")).any()
    assert difference.differs(Criterion("mass", 0.02)).all()


def test_a_larger_batch_of_the_same_values_differs_only_where_exact() -> None:
    difference = pair_records(values_to_series([VALUES]), values_to_series([np.tile(VALUES, 2)]))
    assert difference.differs(Criterion()).all()
    assert not difference.differs(Criterion("mass", 0.0)).any()


def test_the_default_tolerance_grows_with_the_steps() -> None:
    sizes = np.abs(VALUES) + 0.5
    records = [sizes * 1.002] * 4
    difference = pair_records(values_to_series([sizes] * 4), values_to_series(records))
    told = difference.differs(Criterion("octaves"))
    assert told.tolist() == [True, True, False, False]
    assert difference.differs(Criterion("octaves", 0.001)).all()


def test_a_shift_of_the_mean_is_seen_at_the_first_step_of_a_layer_only() -> None:
    records = [VALUES * np.float32(1 + 2e-5)] * 2
    difference = pair_records(values_to_series([VALUES] * 2), values_to_series(records))
    info, gradient = LayerInfo("a"), LayerInfo("a", "gradients")
    criterion = Criterion("octaves")
    limits = [criterion.shift_limit(each, each) for each in (info, gradient)]
    assert [difference.differs(criterion, 1, limit).tolist() for limit in limits] == [
        [True, False], [False, False],
    ]  # fmt: skip


def test_rounding_noise_beside_larger_values_moves_no_mass() -> None:
    noisy = np.concatenate([VALUES, np.full(500, 1e-9, np.float32)])
    clean = np.concatenate([VALUES, np.zeros(500, np.float32)])
    difference = pair_records(values_to_series([clean]), values_to_series([noisy]))
    assert difference.moved[0] > 0.3
    assert not difference.differs(Criterion("mass")).any()


def test_parameters_of_one_dimension_are_compared_exactly_only() -> None:
    bias = LayerInfo("a.bias", "updates", shape=(8,))
    assert Criterion().compares(bias)
    assert not Criterion("octaves").compares(bias)
    assert Criterion("octaves").compares(LayerInfo("a.weight", "updates", shape=(8, 8)))
    assert Criterion("octaves").compares(LayerInfo("a", shape=(8,)))


@pytest.mark.parametrize(
    ("mode", "tolerance", "says"),
    [
        ("loose", None, "mode must be one of exact, mass, octaves"),
        ("mass", -1.0, "tolerance must be a number from 0 up"),
        ("mass", float("nan"), "tolerance must be a number from 0 up"),
        ("exact", 0.1, "has no meaning in the mode 'exact'"),
    ],
)
def test_wrong_criteria_are_refused(mode: str, tolerance: float | None, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        Criterion(mode, tolerance)  # type: ignore[arg-type]

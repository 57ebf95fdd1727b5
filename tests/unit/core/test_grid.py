"""The grid against float32's own bits, torch.histc and hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest

from tb_activation_hist.core.errors import FormatError, OptionError
from tb_activation_hist.core.grid import ZERO_EDGE
from tb_activation_hist.core.schemes.explicit_bins import ExplicitBins
from tb_activation_hist.core.schemes.float_bits import OUTERMOST, FloatBits
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.core.schemes.registry import dict_to_scheme

GRID = FloatBits()
TINY = float(np.finfo(np.float32).smallest_subnormal)
HUGE = float(np.finfo(np.float32).max)


def bits_to_bins(values: np.ndarray) -> np.ndarray:
    """Independent reference: the slot straight from the bits of a float32."""
    slots = values.astype(np.float32).view(np.uint32) >> 19
    return GRID.slots_to_bins(slots.astype(np.int64))


def test_values_to_bins_equals_the_bits() -> None:
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**32, 200_000, dtype=np.uint32).view(np.float32)
    values = bits[np.isfinite(bits)]
    special = np.array([0.0, -0.0, TINY, -TINY, 2.0**-126, -(2.0**-126), HUGE, -HUGE, 1, -1])
    values = np.concatenate([values, special.astype(np.float32)])
    np.testing.assert_array_equal(GRID.values_to_bins(values), bits_to_bins(values))


def test_every_value_lies_inside_the_edges_of_its_bin() -> None:
    bins = np.arange(-OUTERMOST, OUTERMOST + 1)
    lower, upper = GRID.lower_edges(bins), GRID.upper_edges(bins)
    assert np.all(lower < upper)
    np.testing.assert_array_equal(lower[1:], upper[:-1])
    positive = bins > 0
    np.testing.assert_array_equal(GRID.values_to_bins(lower[positive]), bins[positive])
    np.testing.assert_array_equal(GRID.values_to_bins(upper[bins < 0]), bins[bins < 0])
    assert (lower[OUTERMOST], upper[OUTERMOST]) == (-ZERO_EDGE, ZERO_EDGE)
    assert upper[-1] == 2.0**128


@pytest.mark.parametrize("value", [1e300, 2.0**128, 3.5e38])
def test_float64_beyond_float32_lies_in_the_outermost_bins(value: float) -> None:
    assert GRID.values_to_bins([value, -value]).tolist() == [OUTERMOST, -OUTERMOST]


def test_float64_is_truncated_not_rounded() -> None:
    just_below = np.nextafter(4.0, 0.0)
    assert GRID.values_to_bins(just_below) == GRID.values_to_bins(4.0) - 1


def test_linear_bins_equal_torch_histc() -> None:
    torch = pytest.importorskip("torch")
    values = torch.randn(100_000, generator=torch.Generator().manual_seed(0)) * 6
    scheme = LinearBins(40, 0, 10)
    bins = scheme.values_to_bins(values.double().numpy())
    counted = np.bincount(bins[(bins >= 0) & (bins < 40)], minlength=40)
    # Values within rounding of an edge may fall on either side in float32.
    assert np.abs(counted - torch.histc(values, 40, 0, 10).numpy()).sum() <= 4
    assert (bins == -1).sum() == int((values < 0).sum())
    assert (bins == 40).sum() == int((values > 10).sum())
    assert scheme.values_to_bins(10.0) == 39


@pytest.mark.parametrize("bad", [(0, 0, 1), (9000, 0, 1), (4, 1, 1), (4, 0, np.inf)])
def test_linear_bins_refuse_what_makes_no_bins(bad: tuple[int, float, float]) -> None:
    with pytest.raises(OptionError, match="LinearBins expects"):
        LinearBins(*bad)


@pytest.mark.parametrize("scheme", [FloatBits(), LinearBins(40, -1.5, 10)])
def test_schemes_survive_their_dict(scheme: FloatBits | LinearBins) -> None:
    assert dict_to_scheme(scheme.to_dict()) == scheme


def test_unknown_scheme_is_refused() -> None:
    with pytest.raises(FormatError, match="Upgrade"):
        dict_to_scheme({"scheme": "hexagons"})


def test_explicit_bins_count_like_numpy() -> None:
    edges = (-2.0, -0.5, 0.0, 1.0, 8.0)
    scheme = ExplicitBins(edges)
    values = np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 7.9, 8.0])
    expected, _ = np.histogram(values, edges)
    np.testing.assert_array_equal(np.bincount(scheme.values_to_bins(values)), expected)
    np.testing.assert_array_equal(scheme.values_to_bins([-2.1, 8.1]), [-1, 4])
    np.testing.assert_array_equal(scheme.lower_edges([-1, 0, 3, 4]), [-np.inf, -2, 1, 8])
    np.testing.assert_array_equal(scheme.upper_edges([-1, 0, 3, 4]), [-2, -0.5, 8, np.inf])
    with pytest.raises(OptionError, match="2 or more finite ascending edges"):
        ExplicitBins((1.0, 1.0))

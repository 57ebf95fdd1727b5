"""What recorded bins tell of a cast, held against PyTorch's casts."""

import numpy as np
import pytest
import torch

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.number_formats import FORMAT_LIMITS, NUMBER_FORMATS
from tb_activation_hist.core.schemes.explicit_bins import ExplicitBins
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS, SHIFT
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.core.tallies import Tallies
from tests.series import values_to_series

DTYPES = {name: getattr(torch, limits.dtype) for name, limits in FORMAT_LIMITS.items()}
FP8 = ("e4m3", "e5m2")
WAYS = ("underflow", "subnormal", "overflow")
VALUES = 100_000


def cast(values, number_format, scale=1.0):
    """Shares of the finite values that a real cast changes."""
    scaled = values.float() * scale
    after = scaled.to(DTYPES[number_format]).float()
    zero = (after == 0) & (scaled != 0)
    small = after.abs() < FORMAT_LIMITS[number_format].smallest_normal
    over = overflows_e4m3(scaled) if number_format == "e4m3" else after.isinf()
    changed = (zero, (after != 0) & small, over)
    return [int(each.sum()) / len(scaled) for each in changed]


def overflows_e4m3(values):
    """PyTorch casts too large values to NaN before 2.12, to ±448 since; both do at a 16th alike."""
    rounded = (values / 16).to(torch.float8_e4m3fn).float().abs() * 16
    return (values.abs() >= 256) & ~(rounded <= 448)


def count(values, dtype="float32"):
    """One record of values, by the definition of the grid; much faster than `values_to_series`."""
    bits = values.float().numpy().view(np.uint32)
    counts = np.bincount(bits >> SHIFT, minlength=FLOAT_BITS.slots)
    slots = np.flatnonzero(counts)
    _, bins, own = FLOAT_BITS.order_slots(np.array([0, len(slots)]), slots, counts[slots])
    numbers = values.double().numpy()
    one = [np.array([each]) for each in (0, len(numbers), int((numbers == 0).sum()), 0, 0, 0)]
    moments = (numbers.min(), numbers.max(), numbers.sum(), (numbers**2).sum())
    tallies = Tallies(one[0], np.ones(1), *one[1:], *(np.array([each]) for each in moments))
    return HistogramSeries(tallies, bins, own[None].astype(np.uint32), dtype=dtype)


def shares(series, number_format, scale=1.0):
    loss = series.format_loss(number_format, scale=scale)
    return [float(getattr(loss, way)[0]) for way in WAYS]


def tensors(number):
    """Normal, ReLU, log-normal, heavy tailed and small cubed values at random scales."""
    generator = torch.Generator().manual_seed(5)
    for index in range(number):
        normal = torch.randn(VALUES, generator=generator)
        ratio = normal / torch.randn(VALUES, generator=generator)
        kinds = (normal, normal.relu(), (2 * normal).exp(), ratio, 1e-6 * normal**3)
        exponent = torch.rand(1, generator=generator) * 40 - 25
        yield kinds[index % len(kinds)] * 2.0**exponent


@pytest.fixture
def _one_thread():
    """Threads that wait for a core of a busy machine take longer than the casts."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("_one_thread")
def test_200_tensors_lose_what_real_casts_lose():
    worst = dict.fromkeys(NUMBER_FORMATS, 0.0)
    affected = dict.fromkeys(NUMBER_FORMATS, 0)
    for index, values in enumerate(tensors(200)):
        series, scale = count(values), 2.0 ** (index % 13 - 6)
        for name in NUMBER_FORMATS:
            told, real = shares(series, name, scale), cast(values, name, scale)
            worst[name] = max(worst[name], *np.abs(np.subtract(told, real)))
            affected[name] += any(real)
    assert (worst["e4m3"], worst["e5m2"], worst["bf16"]) == (0, 0, 0)
    assert worst["fp16"] <= 1e-4
    # The tensors do test the limits: a part of them loses something in each but bf16.
    assert affected["bf16"] < 10 < min(affected[name] for name in ("fp16", *FP8))


@pytest.mark.parametrize("number_format", NUMBER_FORMATS)
def test_limits_are_where_casts_change(number_format):
    limits = FORMAT_LIMITS[number_format]
    ends = torch.tensor([limits.zero_up_to, limits.normal_from, limits.overflow_limit])
    ends = ends.double()
    assert torch.equal(ends, ends.float().double())
    around = [torch.nextafter(ends.float(), torch.tensor(to)) for to in (0.0, torch.inf)]
    for values in (ends.float(), *around):
        for value in values:
            series = values_to_series([value.reshape(1).numpy()])
            assert shares(series, number_format) == cast(value.reshape(1), number_format)


def test_which_limits_lie_on_the_edges_of_bins():
    on_an_edge = {
        (name, limit)
        for name, limits in FORMAT_LIMITS.items()
        for limit in ("zero_up_to", "normal_from", "overflow_limit")
        if getattr(limits, limit) in FLOAT_BITS.lower_edges(np.arange(4080))
    }
    assert on_an_edge == {
        ("fp16", "zero_up_to"),
        *((name, limit) for name in FP8 for limit in ("zero_up_to", "normal_from")),
        *((name, "overflow_limit") for name in FP8),
    }


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float8_e5m2])
def test_values_of_narrow_dtypes_count_as_the_numbers_that_the_dtype_has(dtype):
    # Many of them lie on the limits themselves, where ties are decided.
    values = (torch.randn(VALUES, generator=torch.Generator().manual_seed(1)) * 2.0**-8).to(dtype)
    name = str(dtype).removeprefix("torch.")
    for number_format in NUMBER_FORMATS:
        told = shares(count(values.float(), name), number_format)
        np.testing.assert_allclose(told, cast(values, number_format), atol=2e-4)


@pytest.mark.parametrize("own", ["fp16", "bf16", "e4m3", "e5m2"])
def test_a_format_loses_nothing_of_its_own_numbers(own):
    spread = torch.randn(VALUES, generator=torch.Generator().manual_seed(1)) * 2.0**-6
    values = spread.to(DTYPES[own]).float()
    loss = count(values, FORMAT_LIMITS[own].dtype).format_loss(own)
    assert (loss.lost[0], loss.uncertain[0]) == (0, 0)


def test_gradients_that_a_loss_scale_divided_keep_their_digits():
    scaled = torch.randn(VALUES, generator=torch.Generator().manual_seed(1)).half() * 2.0**-8
    values = scaled.float() / 65536
    told = shares(count(values, "float16"), "fp16", 2.0**6)
    np.testing.assert_allclose(told, cast(values, "fp16", 2.0**6), atol=2e-4)


def test_equal_values_on_a_tie_are_decided_by_the_extremes():
    series = values_to_series([np.full(7, 2.0**-10), np.full(7, -464.0), np.full(7, 61440.0)])
    assert series.format_loss("e4m3").underflow.tolist() == [1, 0, 0]
    assert series.format_loss("e4m3").overflow.tolist() == [0, 0, 1]
    assert series.format_loss("e5m2").overflow.tolist() == [0, 0, 1]
    assert series.format_loss("e4m3").uncertain.tolist() == [0, 0, 0]


def test_zeros_and_values_that_are_not_finite_are_apart():
    values = np.array([0, -0.0, 0, 1e-9, -1e9, 1, np.nan, np.inf, -np.inf, 2], np.float32)
    loss = values_to_series([values]).format_loss("e4m3")
    assert (loss.underflow[0], loss.overflow[0], loss.lost[0]) == (1 / 7, 1 / 7, 2 / 7)
    nothing = values_to_series([np.array([np.nan])]).format_loss("e4m3")
    assert np.isnan([nothing.underflow[0], nothing.subnormal[0], nothing.overflow[0]]).all()
    assert values_to_series([np.zeros(3)]).format_loss("bf16").lost.tolist() == [0]


def test_a_loss_has_the_steps_of_its_series_and_none_for_an_empty_one():
    series = values_to_series([np.ones(3), np.full(3, 1e6)], steps=[4, 9])
    loss = series.format_loss("fp16", scale=0.5)
    assert (loss.number_format, loss.scale) == ("fp16", 0.5)
    assert (loss.steps.tolist(), loss.overflow.tolist()) == ([4, 9], [0, 1])
    empty = series.take(slice(0))
    assert empty.format_loss("fp16").lost.shape == empty.best_scale_per_step("fp16").shape == (0,)
    assert empty.best_scale("fp16") == 1


def lost_by_cast(values, number_format, exponent):
    underflow, subnormal, overflow = cast(values, number_format, 2.0**exponent)
    return (underflow + overflow, subnormal, abs(exponent), exponent)


@pytest.mark.parametrize("number_format", FP8)
def test_the_best_scale_is_the_one_that_trying_all_casts_finds(number_format):
    for values in tensors(10):
        some = values[:2000]
        tried = [lost_by_cast(some, number_format, exponent) for exponent in range(-40, 60)]
        scale = values_to_series([some.numpy()]).best_scale(number_format)
        assert np.log2(scale) == min(tried)[3]


def test_the_best_scale_stays_at_1_where_nothing_is_lost():
    assert values_to_series([np.array([0.5, -3, 0])]).best_scale("e4m3") == 1
    assert values_to_series([np.zeros(3)]).best_scale("e4m3") == 1


def test_the_best_scale_of_all_records_weighs_their_values():
    series = values_to_series([np.full(9, 2.0**-15), np.full(2, 2.0**15)])
    per_step = series.best_scale_per_step("e4m3")
    assert per_step.tolist() == [2.0**9, 2.0**-7]
    # One scale cannot hold both: the larger number of values counts.
    assert series.best_scale("e4m3") == 2.0**9


def test_linear_bins_are_estimates_with_their_bound():
    values = np.linspace(0, 10, 4001)
    loss = values_to_series([values], scheme=LinearBins(30, 0, 10)).format_loss("e4m3", scale=64.0)
    real = cast(torch.tensor(values), "e4m3", 64.0)
    for way, share in zip(WAYS, real, strict=True):
        assert getattr(loss, way)[0] == pytest.approx(share, abs=0.002)
    assert 0.01 < loss.uncertain[0] < 0.06
    assert abs(loss.lost[0] - real[0] - real[2]) < loss.uncertain[0]


def test_histograms_of_other_tools_are_refused():
    foreign = HistogramSeries(
        values_to_series([np.ones(2)]).tallies,
        np.array([0]),
        np.array([[2]], np.uint32),
        ExplicitBins((0.0, 2.0)),
        "weights/fc",
    )
    with pytest.raises(OptionError, match=r"'weights/fc' cannot tell what e4m3 .* another tool"):
        foreign.format_loss("e4m3")
    with pytest.raises(OptionError, match="another tool"):
        foreign.best_scale("e4m3")


def test_wrong_formats_and_scales_are_refused():
    series = values_to_series([np.ones(2)])
    with pytest.raises(OptionError, match=r"no number format 'e4m4'\. Nearest: 'e4m3'"):
        series.format_loss("e4m4")
    with pytest.raises(OptionError, match="Number formats: 'fp16', 'bf16', 'e4m3', 'e5m2'"):
        series.best_scale("int8")
    with pytest.raises(OptionError, match=r"power of two .* got 3\.0\. Nearest: 2, 4\."):
        series.format_loss("e4m3", scale=3.0)
    for scale in (0.0, -2.0, np.nan, np.inf, 2.0**200):
        with pytest.raises(OptionError, match=r"from 2\*\*-126 to 2\*\*127"):
            series.format_loss("e4m3", scale=scale)


def test_data_frames_have_the_columns_that_are_asked_for():
    pytest.importorskip("pandas")
    series = values_to_series([np.array([1e-9, 1.0]), np.array([1e9, 1.0])])
    frame = series.to_dataframe(number_formats=["e4m3", "fp16"], scale=2.0)
    assert list(frame.columns[-6:]) == [
        f"{name}_{way}" for name in ("e4m3", "fp16") for way in WAYS
    ]
    assert frame["e4m3_underflow"].tolist() == [0.5, 0]
    assert frame["fp16_overflow"].tolist() == [0, 0.5]
    assert "bf16_overflow" in series.to_dataframe(number_formats="bf16")
    with pytest.raises(OptionError, match="cannot be combined with counts=True"):
        series.to_dataframe(counts=True, number_formats="bf16")
    with pytest.raises(OptionError, match="no number format 'fp8'"):
        series.to_dataframe(number_formats="fp8")

"""The CPU kernels against an independent numpy reference, value by value."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from tb_activation_hist.capture import count_kernels
from tb_activation_hist.capture.count import CountBuffer, count_
from tb_activation_hist.capture.countable import is_countable
from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.core.schemes.scheme import Scheme
from tests.unit.capture.counted import check_empty, check_row, count_alone, expect

DTYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64]


def _variants() -> list[str]:
    extension = pytest.importorskip("tb_activation_hist.capture._count", reason="not compiled")
    found = ["torch"]
    for name in ("portable", "avx2", "avx512"):
        try:
            extension.variant(name)
        except ValueError:
            continue
        found.append(f"c-{name}")
    extension.variant("")
    return found


@pytest.fixture(params=_variants())
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Every kernel that runs on this processor."""
    monkeypatch.setenv(count_kernels.KERNEL_VARIABLE, request.param)
    count_kernels.c_extension.cache_clear()
    yield request.param
    monkeypatch.delenv(count_kernels.KERNEL_VARIABLE)
    count_kernels.c_extension.cache_clear()
    extension = count_kernels.c_extension()
    assert extension is not None
    extension.variant("")


def _bits(*patterns: int) -> torch.Tensor:
    return torch.tensor(np.array(patterns, np.uint32).view(np.float32))


def _cases() -> dict[str, torch.Tensor]:
    torch.manual_seed(3)
    normal = torch.randn(40_007)
    steps = torch.arange(-130, 128).float().exp2()
    scattered = torch.where(torch.rand(5_000) < 0.4, torch.nan, torch.randn(5_000))
    scattered[::7], scattered[::11] = torch.inf, -torch.inf
    return {
        "random": normal,
        "relu": normal.relu(),
        "zero": torch.zeros(5_003),
        "minus zero": -torch.zeros(2_050),
        "both zeros": torch.zeros(3_000).copysign(torch.randn(3_000)),
        "constant": torch.full((4_100,), -0.7),
        "two values": torch.where(normal > 0, 1.0, 0.5),
        "all negative": -normal.abs(),
        "edges": torch.cat([steps, -steps, steps * (1 - 2**-24), steps * 1.0625]),
        "denormal": torch.cat([torch.arange(0, 2_000) * 2.0**-149, -_bits(1, 0x7FFFFF, 0x80000)]),
        "huge": torch.tensor([3.4e38, -3.4e38, 65504.0, -65519.0, 1e30] * 300),
        "infinite": torch.tensor([torch.inf, -torch.inf, 1.0] * 500),
        "all nan": torch.full((2_100,), torch.nan),
        "nan payloads": torch.cat([_bits(0x7F800001, 0x7FC00000, 0xFFFFFFFF, 0xFF800001), normal]),
        "scattered": scattered,
        "one": torch.tensor([-2.5]),
        "empty": torch.zeros(0),
        "no dimension": torch.tensor(3.25),
    }


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: str(dtype).removeprefix("torch."))
@pytest.mark.parametrize("name", _cases())
def test_counts_every_value(kernel: str, name: str, dtype: torch.dtype) -> None:
    values = _cases()[name].to(dtype)
    host = count_alone(values)
    check_row(host, 1, expect(values))
    check_empty(host, 0)
    check_empty(host, 2)


def test_doubles_are_truncated_to_the_grid(kernel: str) -> None:
    up = np.nextafter(2.0, 0)  # would round to the next bin as a float32
    few = [up, -up, 1e300, -1e300, 5e-324, 1e-40, 2.0**128, 1.7e308]
    values = torch.tensor([*few, *[up] * 2_000], dtype=torch.float64)
    host = count_alone(values)
    check_row(host, 1, expect(values))
    assert host.counts[1, 4079] == 3
    assert host.counts[1, 4096 + 4079] == 1
    assert host.totals[1, 1] == 0  # 5e-324 lies in the zero bin but is no zero


@pytest.mark.parametrize("length", [*range(1, 20), 1023, 1024, 1025, 2047, 2049])
def test_odd_lengths_and_offsets(kernel: str, length: int) -> None:
    for dtype in DTYPES:
        values = torch.randn(length + 3).to(dtype)[3:]
        check_row(count_alone(values), 1, expect(values))


def test_misaligned_memory() -> None:
    raw = bytes(1) + np.random.default_rng(0).normal(size=3_001).astype(np.float32).tobytes()
    values = torch.frombuffer(bytearray(raw), dtype=torch.uint8)[1:]
    aligned = values.clone().view(torch.float32)
    extension = count_kernels.c_extension()
    assert extension is not None
    buffer = CountBuffer(1)
    parts = buffer.counts[0], buffer.totals[0], buffer.moments[0]
    addresses = [part.data_ptr() for part in parts]
    extension.count(*addresses, values.data_ptr(), 3_001, 0, 1, 1, 8192, 0, 0.0, 0.0)
    check_row(buffer.to_host(), 0, expect(aligned))


def _layouts() -> dict[str, torch.Tensor]:
    image = torch.randn(6, 5, 8, 7).relu()
    return {
        "transposed": torch.randn(70, 90).t(),
        "channels_last": image.to(memory_format=torch.channels_last),
        "permuted": image.permute(2, 0, 3, 1),
        "sliced": image[:, 1:4, ::2],
        "expanded": torch.randn(1, 30, 1).expand(4, 30, 9),
        "expanded and transposed": torch.randn(20, 30).t().unsqueeze(1).expand(30, 7, 20),
        "overlapping": torch.randn(400).unfold(0, 9, 2),
        "flipped": image.flip(1),
        "single rows": torch.randn(1, 7, 1).permute(2, 1, 0),
        "empty slice": image[:, :0],
        "part of a storage": torch.randn(1000)[137:811],
        "negative view": torch.randn(50, dtype=torch.complex64).conj().imag,
    }


@pytest.mark.parametrize("name", _layouts())
def test_layouts(kernel: str, name: str) -> None:
    values = _layouts()[name]
    check_row(count_alone(values), 1, expect(values))


def test_copies_only_pieces_of_memory_with_holes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tb_activation_hist.capture.count_torch.to_pieces.__defaults__", (100,))
    values = torch.randn(40, 33)[:, ::2]
    check_row(count_alone(values), 1, expect(values))


def test_counts_beyond_two_to_the_24(kernel: str) -> None:
    values = torch.zeros(1).expand(40_000_000)
    ones = torch.ones(3, 1).expand(3, 20_000_000)
    buffer = CountBuffer(1)
    buffer.switch.on = True
    count_(buffer, 0, values)
    count_(buffer, 0, ones)
    host = buffer.to_host()
    assert host.counts[0, 0] == 40_000_000
    assert host.counts[0, 127 * 16] == 60_000_000
    assert host.totals[0].tolist() == [100_000_000, 40_000_000, 0, 0, 0]
    assert host.moments[0].tolist() == [0, 1, 60_000_000, 60_000_000]


def test_dense_counts_beyond_two_to_the_24() -> None:
    values = torch.full((20_000_000,), 0.1, dtype=torch.bfloat16)
    host = count_alone(values)
    assert host.counts[1].max() == host.totals[1, 0] == 20_000_000
    exact = float(values[0])
    np.testing.assert_allclose(host.moments[1, 2:], [exact * 2e7, exact**2 * 2e7], rtol=1e-13)


def test_sums_are_as_good_as_exact_ones(kernel: str) -> None:
    values = torch.rand(300_000) ** 8 * 1e4 + 0.1
    host = count_alone(values)
    expected = expect(values)
    np.testing.assert_allclose(host.moments[1, 2:], expected.moments[2:], rtol=1e-14)


SCHEMES: list[Scheme] = [LinearBins(40, 0, 10), LinearBins(7, -1.5, 2.3), LinearBins(8190, 1, 1.5)]


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_linear_bins_are_those_of_histc(kernel: str, scheme: LinearBins) -> None:
    for dtype in (torch.float32, torch.float64):
        values = torch.randn(20_000, dtype=dtype) * 3
        edges = torch.linspace(scheme.lo, scheme.hi, scheme.count + 1, dtype=dtype)[:2_000]
        hi = torch.tensor([scheme.hi, 3e38, -3e38, 0.0, -0.0], dtype=dtype)
        values = torch.cat([values, edges, hi])
        values[[1, 2, 3]] = torch.tensor([torch.nan, torch.inf, -torch.inf], dtype=dtype)
        buffer = CountBuffer(2, scheme)
        buffer.switch.on = True
        count_(buffer, 1, values)
        host = buffer.to_host()
        finite = values[values.isfinite()]
        histc = torch.histc(finite, scheme.count, scheme.lo, scheme.hi)
        assert host.counts[1, 1:-1].tolist() == histc.long().tolist()
        assert host.counts[1, 0] == (finite < torch.tensor(scheme.lo, dtype=dtype)).sum()
        assert host.counts[1, -1] == (finite > torch.tensor(scheme.hi, dtype=dtype)).sum()
        assert host.totals[1].tolist() == [len(values), int((values == 0).sum()), 1, 1, 1]
        assert host.counts[1].sum() == len(values) - 3


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_linear_bins_of_narrow_floats_are_those_of_their_float32(
    kernel: str, dtype: torch.dtype
) -> None:
    values = (torch.randn(5_000) * 4).to(dtype)
    buffer = CountBuffer(1, LinearBins(40, 0, 10))
    buffer.switch.on = True
    count_(buffer, 0, values)
    histc = torch.histc(values.float(), 40, 0, 10)
    assert buffer.to_host().counts[0, 1:-1].tolist() == histc.long().tolist()


def test_denormals_survive_flushing(kernel: str) -> None:
    values = torch.cat([torch.full((2_000,), 1e-40), torch.zeros(7)])
    expected = expect(values)
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot flush denormals")
    try:
        host = count_alone(values)
    finally:
        torch.set_flush_denormal(False)
    assert host.totals[1].tolist() == expected.totals
    if kernel != "torch":  # whose sums are torch's own
        check_row(host, 1, expected)


def test_float8_is_counted_in_its_own_values(kernel: str) -> None:
    values = torch.randn(3_000).to(torch.float8_e4m3fn)
    check_row(count_alone(values), 1, expect(values.float()))


def test_what_is_countable() -> None:
    yes = [torch.zeros(2, dtype=dtype) for dtype in (*DTYPES, torch.float8_e5m2)]
    yes += [torch.zeros(0), torch.zeros(()), torch.nn.Parameter(torch.zeros(3))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch: deprecated, and a prototype
        quantised = torch.quantize_per_tensor(torch.zeros(2), 0.1, 0, torch.quint8)
        nested = torch.nested.nested_tensor([torch.zeros(2)])
    no = [
        torch.zeros(2, dtype=torch.int64), torch.zeros(2, dtype=torch.bool),
        torch.zeros(2, dtype=torch.complex64), torch.eye(2).to_sparse(), quantised,
        torch.zeros(2, device="meta"), nested,
        None, 1.0, [torch.zeros(2)],
    ]  # fmt: skip
    assert all(is_countable(value) for value in yes)
    assert not any(is_countable(value) for value in no)


def test_leaves_the_values_and_their_graph_alone(kernel: str) -> None:
    weight = torch.nn.Parameter(torch.randn(8, 8))
    output = torch.randn(4, 8, requires_grad=True) @ weight
    before = output.detach().clone()
    buffer = CountBuffer(1)
    buffer.switch.on = True
    with torch.autocast("cpu", dtype=torch.bfloat16):
        count_(buffer, 0, output)
        count_(buffer, 0, weight)
    expected = expect(torch.cat([before.flatten(), weight.detach().flatten()]))
    torch.relu_(output)  # an in-place successor comes too late to change the counts
    output.sum().backward()
    assert weight.grad is not None
    assert not buffer.storage.requires_grad
    check_row(buffer.to_host(), 0, expected)


def test_inside_inference_mode(kernel: str) -> None:
    with torch.inference_mode():
        buffer = CountBuffer(2)
        buffer.switch.on = True
        values = torch.randn(100)
        count_(buffer, 1, values)
    count_(buffer, 1, values)
    check_row(buffer.to_host(), 1, expect(torch.cat([values, values])))


def test_subclasses_are_counted_as_what_they_hold(kernel: str) -> None:
    class Named(torch.Tensor):
        pass

    values = torch.randn(300)
    check_row(count_alone(values.as_subclass(Named)), 1, expect(values))


def test_keeps_no_reference_to_the_values() -> None:
    values = torch.randn(3_000)[::2]
    before = sys.getrefcount(values)
    host = count_alone(values)
    assert sys.getrefcount(values) == before
    assert host.totals[1, 0] == 1_500


def test_a_closed_switch_counts_nothing(kernel: str) -> None:
    buffer = CountBuffer(1)
    count_(buffer, 0, torch.ones(3))
    check_empty(buffer.to_host(), 0)


def test_values_on_another_device_are_refused() -> None:
    buffer = CountBuffer(1)
    buffer.switch.on = True
    with pytest.raises(OptionError, match="one CountBuffer for each device"):
        count_(buffer, 0, torch.ones(3, device="meta"))


def test_extension_refuses_wrong_arguments() -> None:
    extension = count_kernels.c_extension()
    assert extension is not None
    with pytest.raises(TypeError, match="12 arguments"):
        extension.count(0)
    with pytest.raises(ValueError, match="dtype code 4"):
        extension.count(0, 0, 0, 0, 0, 4, 1, 1, 8192, 0, 0.0, 0.0)
    with pytest.raises(ValueError, match="negative"):
        extension.count(0, 0, 0, 0, -1, 0, 1, 1, 8192, 0, 0.0, 0.0)
    with pytest.raises(ValueError, match="do not fit"):
        extension.count(0, 0, 0, 0, 1, 0, 1, 1, FLOAT_BITS.slots, 40, 0.0, 10.0)
    with pytest.raises(TypeError):
        extension.count("row", 0, 0, 0, 1, 0, 1, 1, 8192, 0, 0.0, 0.0)

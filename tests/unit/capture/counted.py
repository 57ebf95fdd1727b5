"""What a row must hold, computed with numpy from the values themselves; used by the count tests."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from tb_activation_hist.capture.count import CountBuffer, HostCounts, count_


@dataclass(frozen=True)
class Expected:
    """A row: (8192,) counts without the non-finite slots, 5 totals, 4 moments."""

    counts: npt.NDArray[np.int64]
    totals: list[int]
    moments: list[float]


def expect(values: torch.Tensor) -> Expected:
    """The float-bits row of any floating tensor, element by element."""
    exact = values.detach().double().resolve_conj().resolve_neg().numpy().ravel()
    finite = exact[np.isfinite(exact)]
    counts = np.zeros(8192, np.int64)
    np.add.at(counts, to_slots(finite), 1)
    totals = [
        exact.size,
        int((exact == 0).sum()),
        int(np.isnan(exact).sum()),
        int((exact == np.inf).sum()),
        int((exact == -np.inf).sum()),
    ]
    with np.errstate(over="ignore"):
        squares = finite**2
    moments = [
        finite.min(initial=np.inf),
        finite.max(initial=-np.inf),
        math.fsum(finite),
        math.fsum(squares),
    ]
    return Expected(counts, totals, [float(m) for m in moments])


def to_slots(finite: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Sign, exponent and 4 mantissa bits of a float32, read off the float64's own fields."""
    bits = finite.view(np.uint64)
    exponent = ((bits >> np.uint64(52)) & np.uint64(0x7FF)).astype(np.int64) - 1023
    top = ((bits >> np.uint64(48)) & np.uint64(0xF)).astype(np.int64)
    normal = (exponent + 127) * 16 + top
    subnormal = np.floor(np.ldexp(np.minimum(np.abs(finite), 2.0**-126), 130)).astype(np.int64)
    magnitude = np.where(exponent < -126, subnormal, np.where(exponent > 127, 4079, normal))
    return magnitude + 4096 * np.signbit(finite)


def count_alone(values: torch.Tensor) -> HostCounts:
    """One tensor counted into the middle row of three."""
    buffer = CountBuffer(3)
    buffer.switch.on = True
    count_(buffer, 1, values)
    return buffer.to_host()


def check_row(host: HostCounts, row: int, expected: Expected) -> None:
    """Counts and totals exactly; moments to 1e-12 of the magnitudes that were added."""
    counts = host.counts[row].astype(np.int64)
    counts[4080:4096] = counts[8176:] = 0
    np.testing.assert_array_equal(np.flatnonzero(counts), np.flatnonzero(expected.counts))
    np.testing.assert_array_equal(counts, expected.counts)
    assert host.totals[row].tolist() == expected.totals
    assert host.moments[row, :2].tolist() == expected.moments[:2]
    scale = math.sqrt(expected.moments[3] * max(expected.totals[0], 1))
    assert abs(host.moments[row, 2] - expected.moments[2]) <= 1e-12 * scale
    np.testing.assert_allclose(host.moments[row, 3], expected.moments[3], rtol=1e-12)


def check_device_row(host: HostCounts, row: int, values: torch.Tensor, error: float) -> None:
    """Counts, totals, min and max exactly, wherever -0 was put; sums to `error`.

    error: in units of the sum of |x|, and of the sum of squares.
    """
    expected = expect(values)
    np.testing.assert_array_equal(_merge_zeros(host.counts[row]), _merge_zeros(expected.counts))
    assert host.totals[row].tolist() == expected.totals
    least, most, total, squares = host.moments[row]
    assert [least, most] == expected.moments[:2]
    exact = values.detach().double().numpy()
    assert abs(total - expected.moments[2]) <= error * np.abs(exact[np.isfinite(exact)]).sum()
    np.testing.assert_allclose(squares, expected.moments[3], rtol=error)


def _merge_zeros(counts: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Counts with the slots of 0 and -0 as one, and without those of non-finite values."""
    merged = counts.astype(np.int64)
    merged[0] += merged[4096]
    merged[4096] = merged[4080:4096] = merged[8176:] = 0
    return merged


def check_empty(host: HostCounts, row: int) -> None:
    """Nothing was counted in this row."""
    assert not host.counts[row].any()
    assert not host.totals[row].any()
    assert host.moments[row].tolist() == [np.inf, -np.inf, 0, 0]

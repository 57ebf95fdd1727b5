"""What a tensor gives the GPU and torch to do: launches, grids, allocations. Without a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

pytest.importorskip("triton", reason="Triton is not installed (it needs Linux)")

from tb_activation_hist.capture import count_by_device, count_kernels, count_triton, slice_count
from tb_activation_hist.capture.count import CountBuffer
from tb_activation_hist.capture.slice_buffer import SliceBuffer
from tb_activation_hist.capture.slice_count import SliceRange
from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tests.unit.capture.counted import check_row, expect

STORAGE = torch.empty(0, dtype=torch.uint8)
VIEWS = {"aten.detach.default", "aten.view.dtype", "aten.select.int"}


class Kernel:
    """Notes its launches as (grid, n) and does nothing; or fails, as a compiler does."""

    def __init__(self) -> None:
        self.launches: list[tuple[tuple[int, ...], int]] = []
        self.failure: Exception | None = None

    def __getitem__(self, grid: tuple[int, ...]) -> Any:
        def launch(_values: object, n: int, *_: object, **__: object) -> None:
            if self.failure:
                raise self.failure
            self.launches.append((grid, n))

        return launch


class Operations(TorchDispatchMode):
    """Names of torch's operations in this thread."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.names.add(str(function))
        return function(*args, **(kwargs or {}))


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    fake = Kernel()
    for name in ("count_values", "count_codes", "slice_kernel"):
        monkeypatch.setattr(count_triton, name, fake)
    monkeypatch.setattr(count_triton, "_ways", ["table", "window"])
    monkeypatch.setattr(count_triton, "_compiled", set())
    count_triton._shape.cache_clear()
    yield fake
    count_triton._shape.cache_clear()


def _count(values: torch.Tensor) -> None:
    count_triton.count(STORAGE, 0, 1, values, FLOAT_BITS.kernel, STORAGE)


FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.float8_e4m3fn)


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_tensor_in_any_layout_is_one_launch_and_no_memory(
    kernel: Kernel, dtype: torch.dtype
) -> None:
    plain = torch.zeros(6, 5, 4, 7, dtype=dtype, requires_grad=dtype is torch.float32)
    images = torch.zeros(2, 3, 4, 5, dtype=dtype).to(memory_format=torch.channels_last)
    layouts = [
        plain, images, plain[:, 1:3], plain[::2, ::2, ::2, ::2], plain.transpose(0, 2),
        torch.zeros(3, 1, dtype=dtype).expand(3, 9), torch.zeros((), dtype=dtype),
    ]  # fmt: skip
    with Operations() as operations:
        for values in layouts:
            _count(values)
    assert operations.names <= VIEWS
    assert [n for _, n in kernel.launches] == [840, 120, 336, 72, 840, 3, 1]


def test_nothing_is_launched_for_no_values(kernel: Kernel) -> None:
    _count(torch.zeros(3, 0))
    assert kernel.launches == []


@pytest.mark.parametrize("n", [1, 16_383, 16_384, 100_000, 2**31 - 1, 2**31, 2**31 + 5])
def test_the_grid_is_no_larger_than_the_device_nor_than_the_values(
    kernel: Kernel, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(count_triton, "_most_programs", lambda _device: 264)
    _count(torch.empty(n, dtype=torch.bfloat16, device="meta"))
    tiles, rest = divmod(n, 16_384)
    assert kernel.launches == [((min(tiles + (rest + 2_047) // 2_048, 264),), n)]


def test_split_rows_are_one_launch_and_no_memory(kernel: Kernel) -> None:
    buffer = SliceBuffer(8)
    values = torch.zeros(4, 8, 6, dtype=torch.bfloat16)
    with Operations() as operations:
        for dim in (0, 1, 2):
            into = SliceRange(buffer.storage, 8, 0)
            count_triton.count_slices(into, values, dim, buffer.storage)
    assert operations.names <= VIEWS
    assert [grid[0] for grid, _ in kernel.launches] == [1, 2, 1]


def test_a_way_that_does_not_compile_gives_way_to_the_next(kernel: Kernel) -> None:
    kernel.failure = RuntimeError("no such instruction")
    with pytest.raises(count_triton.KernelFailedError, match="no such instruction"):
        _count(torch.zeros(5))
    assert count_triton._ways == []


def test_slices_are_counted_by_torch_where_their_kernel_does_not_compile(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slice_count, "_failures", [])
    monkeypatch.setattr(slice_count, "triton_kernel", lambda: count_triton)
    kernel.failure = RuntimeError("no such instruction")
    into, switch = SliceRange(SliceBuffer(2).storage, 2, 0), torch.ones(1, dtype=torch.uint8)
    with pytest.warns(ActivationHistWarning, match="no such instruction.*torch operations"):
        assert not slice_count._count_with_triton(into, torch.zeros(2, 3), 0, switch)
    kernel.failure = None
    assert not slice_count._count_with_triton(into, torch.zeros(2, 3), 0, switch)
    assert kernel.launches == []


def test_a_failure_of_what_has_worked_is_no_matter_of_compiling(kernel: Kernel) -> None:
    _count(torch.zeros(5))
    kernel.failure = RuntimeError("the device was lost")
    with pytest.raises(RuntimeError, match="the device was lost"):
        _count(torch.zeros(5))
    assert count_triton.way() == "table"


def test_without_any_way_torch_counts_and_one_warning_says_so(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.failure = RuntimeError("no such instruction")
    monkeypatch.setattr(count_kernels, "_triton_failed", False)
    values = torch.randn(50)
    monkeypatch.setattr(torch.Tensor, "is_cuda", True)
    buffer = CountBuffer(1)
    buffer.switch.on = True
    into = count_by_device.StorageRow(buffer.storage, 0, 1, FLOAT_BITS)
    with pytest.warns(ActivationHistWarning, match="counted with torch operations"):
        count_by_device.count_on_device(into, values, buffer.switch.tensor)
    assert count_kernels.kernel_name("cuda") == "torch"
    monkeypatch.undo()
    count_kernels.triton_kernel.cache_clear()
    check_row(buffer.to_host(), 0, expect(values))

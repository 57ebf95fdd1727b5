"""Counting with Triton: which kernel a tensor gets, with which tile and grid, in one launch.

No synchronisation with the host, no allocation and no launch that depends on data, so a launch can
be captured in a CUDA graph; the switch is read on the device.
"""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
import torch
import triton

from tb_activation_hist.capture import count_torch
from tb_activation_hist.capture.triton_codes import CodeFormat, count_codes
from tb_activation_hist.capture.triton_kernel import count_values
from tb_activation_hist.capture.triton_slices import count_slices as slice_kernel
from tb_activation_hist.core.schemes.float_bits import NEGATIVE
from tb_activation_hist.core.schemes.scheme import FLOAT_BITS_KERNEL, CompiledKernel

if TYPE_CHECKING:
    from tb_activation_hist.capture.slice_count import SliceRange

Way = Literal["table", "window"]
"""How a tile's slots are gathered in shared memory; see `triton_kernel`."""

MOMENT_ERROR: Final = 2.0**-20
"""Bound on the error of a sum, in units of the sum of |x|, and of a sum of squares, in units of
itself: float32 additions in a thread round each value at most 15 times, by 2**-24.

So the mean is off by at most 2**-20 of the mean of |x|, and the variance by 3 * 2**-20 of the mean
square. float64 values are summed as float64; the moments of a constant are exact.
"""

LANES: Final = 256
WARPS: Final = 8
MOST_REGISTERS: Final = 128
"""For each thread: two programs of 256 threads then share a multiprocessor's 65,536."""

PROGRAMS_PER_PROCESSOR: Final = 2
LARGEST_TABLE: Final = 8192
"""Slots of a table in shared memory, 32 KiB; schemes with more are counted by windows."""

WINDOW_PLACES: Final = 256
SPECIAL_KINDS: Final = 4
"""Places of a table for zeros, NaN, inf and -inf."""


MOST_DIMENSIONS: Final = 4
"""Dimensions that the kernels step through by themselves."""


class Tile(NamedTuple):
    """`rows` * 256 * `vector` values; the second loop takes `parts` pieces of it."""

    rows: int
    parts: int
    vector: int

    @property
    def values(self) -> int:
        return self.rows * LANES * self.vector


TILES: Final = {
    torch.float32: Tile(8, 4, 4),
    torch.float16: Tile(8, 8, 8),
    torch.bfloat16: Tile(8, 8, 8),
    torch.float64: Tile(4, 4, 2),
}
"""16 bytes a load; 16,384 values of 2 bytes, 8,192 of 4, so that registers suffice."""

WINDOW_TILES: Final = {
    torch.float32: Tile(4, 1, 4),
    torch.float16: Tile(2, 1, 8),
    torch.bfloat16: Tile(2, 1, 8),
    torch.float64: Tile(4, 1, 2),
}

CODE_TILE: Final = Tile(4, 1, 16)

CODES: Final = {
    getattr(torch, name): code
    for name, code in {
        "float8_e4m3fn": CodeFormat(3, 7, 126, -1, one_nan=False),
        "float8_e5m2": CodeFormat(2, 15, 123, 124, one_nan=False),
        "float8_e4m3fnuz": CodeFormat(3, 8, 127, -1, one_nan=True),
        "float8_e5m2fnuz": CodeFormat(2, 16, 127, -1, one_nan=True),
    }.items()
    if hasattr(torch, name)
}


class KernelFailedError(Exception):
    """No way of counting compiles for this device."""


def _possible_ways() -> list[Way]:
    """The fastest way first.

    'table' needs a `tl.histogram` whose cost does not grow with the number of bins, which Triton
    has since 3.8 on CUDA, and not on ROCm.
    """
    version = tuple(int(part) for part in triton.__version__.split(".")[:2])
    return ["table", "window"] if version >= (3, 8) and torch.version.hip is None else ["window"]


_ways: list[Way] = _possible_ways()
"""Those that are left: one that does not compile here is taken out at its first use."""

_compiled: set[tuple[Way | Literal["slices"], torch.dtype]] = set()


def way() -> Way:
    """The way in which the next tensor is counted."""
    return _ways[0]


def count(
    storage: torch.Tensor,
    row: int,
    rows: int,
    values: torch.Tensor,
    kernel: CompiledKernel,
    switch: torch.Tensor,
) -> None:
    """Add `values` to a row of the storage of a `CountBuffer` where the switch is on.

    values: on the storage's device, in any layout; read in place, in one launch. Copied are only
    layouts that need more than 4 dimensions, and 8-bit floats without `CODES`. Sums of several
    programs are added in any order: they may differ in their last bits from run to run, counts and
    totals never do. Raises `KernelFailedError`, the first time, where nothing compiles.
    """
    while _ways:
        try:
            launch(storage, row, rows, values, kernel, switch, _ways[0])
        # Compilers and drivers fail in ways of their own; a training must not stop at one.
        except Exception as error:
            if (_ways[0], values.dtype) in _compiled:
                raise
            failure = error
            _ways.pop(0)
        else:
            _compiled.add((_ways[0], values.dtype))
            return
    msg = f"No Triton kernel can be used on {values.device}: {_describe(failure)}"
    raise KernelFailedError(msg) from failure


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}."


def launch(
    storage: torch.Tensor,
    row: int,
    rows: int,
    values: torch.Tensor,
    kernel: CompiledKernel,
    switch: torch.Tensor,
    way: Way,
) -> None:
    """`count` in one of the ways; raises what Triton raises."""
    if values.is_neg():
        values = values.resolve_neg()
    if values.dtype not in TILES and values.dtype not in CODES:
        values = values.float()
    layout = count_torch.to_layout(values)
    if len(layout.sizes) > MOST_DIMENSIONS:
        values = values.contiguous()
        layout = count_torch.to_layout(values)
    if layout.numel == 0:
        return
    shape = _shape(values.dtype, kernel, way)
    if values.dtype in CODES:
        values = values.view(torch.uint8)
    with _current_device(values):
        shape.function[(_programs(layout.numel, shape.tile, values.device),)](
            values, layout.numel, storage, switch, row, rows, layout.repeat,
            *_dimensions(layout), *shape.constants, **shape.options,
        )  # fmt: skip


SLICE_TILE: Final = {True: (32, 32), False: (4, 256)}
"""Slices and values of each that a program takes together, by whether slices lie side by side.

Twice as many values take 120 to 174 registers, and some of them to the stack.
"""

FUSION: Final = {"enable_fp_fusion": True}
"""Triton's default until 3.9, which warns where it is not said."""

SLICE_OPTIONS: Final = {"num_warps": 4, **FUSION}


def count_slices(into: SliceRange, values: torch.Tensor, dim: int, switch: torch.Tensor) -> None:
    """The kernel of `slice_count` for CUDA: one launch, in place up to 4 other dimensions.

    Raises `KernelFailedError`, the first time, where it does not compile.
    """
    if values.is_neg():
        values = values.resolve_neg()
    if values.dtype not in TILES:
        values = values.float()
    others = count_torch.to_layout(values.select(dim, 0))
    if len(others.sizes) > MOST_DIMENSIONS or others.repeat > 1:
        values = values.contiguous()
        others = count_torch.to_layout(values.select(dim, 0))
    slices, stride, n = values.shape[dim], values.stride(dim), others.numel
    if slices * n == 0:
        return
    adjacent = stride == 1 and bool(others.sizes)
    tile = SLICE_TILE[adjacent]
    groups = -(-slices // tile[0])
    most = max(1, 4 * _most_programs(values.device) // groups)
    try:
        with _current_device(values):
            slice_kernel[(groups, min(-(-n // tile[1]), most))](
                values, n, into.storage, switch, into.capacity, into.first, slices, stride,
                *_dimensions(others), *tile, adjacent, values.dtype is torch.float64,
                **SLICE_OPTIONS,
            )  # fmt: skip
    # Compilers and drivers fail in ways of their own; a training must not stop at one.
    except Exception as error:
        if ("slices", values.dtype) in _compiled:
            raise
        msg = f"The Triton kernel of slices fails on {values.device}: {_describe(error)}"
        raise KernelFailedError(msg) from error
    _compiled.add(("slices", values.dtype))


def _current_device(values: torch.Tensor) -> AbstractContextManager[Any]:
    """Triton launches on the current device, whatever that of the values is."""
    if not values.is_cuda or values.device.index == torch.cuda.current_device():
        return nullcontext()
    return torch.cuda.device(values.device)


class _Shape(NamedTuple):
    """A kernel, its tile, its constants in the order of its signature, its compiler options."""

    function: Any
    tile: Tile
    constants: tuple[int | float | bool, ...]
    options: dict[str, int | bool]


@functools.cache
def _shape(dtype: torch.dtype, kernel: CompiledKernel, way: Way) -> _Shape:
    is_double = dtype is torch.float64
    slots, zero_slot = 2 * NEGATIVE, 0
    if kernel != FLOAT_BITS_KERNEL:
        slots, zero_slot = kernel.bins + 2, _linear_slot_of_zero(kernel, is_double)
    scheme = (slots, *kernel, zero_slot)
    options: dict[str, int | bool] = {"num_warps": WARPS, **FUSION}
    if dtype in CODES:
        tile = CODE_TILE
        code_constants = (*scheme, *CODES[dtype], tile.rows, LANES, tile.vector)
        return _Shape(count_codes, tile, code_constants, options)
    table = max(triton.next_power_of_2(slots + SPECIAL_KINDS), WINDOW_PLACES)
    parked = table - SPECIAL_KINDS
    if kernel == FLOAT_BITS_KERNEL:
        table, parked = slots, NEGATIVE - SPECIAL_KINDS  # slots of NaN, which nothing is put in
    window = way == "window" or table > LARGEST_TABLE
    if window:
        table, parked = WINDOW_PLACES, 0
    # The least float16 but 0 is 2**-24: slot 0 of the default scheme holds its zeros alone.
    zeros_share = window or dtype is not torch.float16 or kernel != FLOAT_BITS_KERNEL
    tile = (WINDOW_TILES if window else TILES)[dtype]
    if torch.version.hip is None:
        options["maxnreg"] = MOST_REGISTERS
    constants = (
        *scheme, window, table, parked, zeros_share,
        tile.rows, tile.parts, LANES, tile.vector, is_double,
    )  # fmt: skip
    return _Shape(count_values, tile, constants, options)


def _programs(numel: int, tile: Tile, device: torch.device) -> int:
    """One program for each whole tile and each part of the rest, up to what a device runs."""
    tiles, rest = divmod(numel, tile.values)
    return min(tiles - (-rest // (tile.values // tile.parts)), _most_programs(device))


def _dimensions(layout: count_torch.Layout) -> tuple[int, ...]:
    """Three sizes, four strides and their number (0: dense), as the kernels take them."""
    if not layout.sizes:
        return (1, 1, 1, 0, 0, 0, 0, 0)
    # A single dimension with a stride is given a second one, of one value.
    dimensions = max(2, len(layout.sizes))
    return (*(*layout.sizes, 1, 1)[:3], *(*layout.strides, 0, 0, 0)[:4], dimensions)


@functools.cache
def _most_programs(device: torch.device) -> int:
    if device.type != "cuda":  # Triton's interpreter
        return 2
    processors = torch.cuda.get_device_properties(device).multi_processor_count
    return int(processors) * PROGRAMS_PER_PROCESSOR


@functools.cache
def _linear_slot_of_zero(kernel: CompiledKernel, is_double: bool) -> int:
    """The slot of 0, which the kernels count apart, with their arithmetic."""
    if not kernel.lo <= 0 <= kernel.hi:
        return 0 if kernel.lo > 0 else kernel.bins + 1
    real = np.float64 if is_double else np.float32
    lo, hi = real(kernel.lo), real(kernel.hi)
    return min(int((real(0) - lo) * real(kernel.bins) / (hi - lo)) + 1, kernel.bins)

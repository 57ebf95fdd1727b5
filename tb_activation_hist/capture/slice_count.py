"""Counting a tensor's slices along one dimension into a `SliceBuffer`, on every device.

`count_slices_` is what the recording calls. From a compiled region it becomes one op of the graph,
which reads the switch while it runs.

A kernel for a device is a function ``count_slices(into, values, dim, switch)`` with `into` a
`SliceRange`, `values` any strided tensor of float16, bfloat16, float32 or float64 on the device of
``into.storage``, 0 <= dim < values.dim(), and `switch` one uint8 there: 0 adds nothing. It adds to
rows ``first`` to ``first + values.shape[dim]`` of the storage's totals and moments; `slice_views`
has their layout. It must not wait for the device. Non-finite values are counted in `non_finite` and
left out of the moments; both zeros are zeros.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor

from tb_activation_hist.capture import torch_internals
from tb_activation_hist.capture.count import is_captured
from tb_activation_hist.capture.count_by_device import (
    DTYPE_CODES,
    StorageRow,
    count_arguments,
)
from tb_activation_hist.capture.count_kernels import c_extension, triton_kernel
from tb_activation_hist.capture.countable import plain_values
from tb_activation_hist.capture.slice_buffer import SLICE_BYTES, SliceBuffer, slice_views
from tb_activation_hist.capture.switch import Switch, measure_graph_op
from tb_activation_hist.core.slice_counts import SLICE_TOTALS
from tb_activation_hist.core.user_warnings import warn_user

PIECE: Final = 1 << 20
"""Values that torch operations add up together; bounds the temporary memory to some 40 MB."""

_failures: list[Exception] = []
"""Why Triton's kernel of slices cannot be used; that of histograms may work all the same."""


class SliceRange(NamedTuple):
    """Slices from `first` on in the storage of a `SliceBuffer` of `capacity` slices."""

    storage: Tensor
    capacity: int
    first: int


def count_slices_(
    buffer: SliceBuffer, first: int, dim: int, values: Tensor, switch: Switch
) -> None:
    """Add each slice of the values along `dim` to the buffer's slices from `first` on.

    dim: 0 to values.dim() - 1. The buffer must have room for ``values.shape[dim]`` slices. During
    `torch.export` it does nothing.
    """
    if torch.compiler.is_compiling():
        if not torch_internals.is_exporting():
            values = values.detach()
            count_slices_op(buffer.storage, switch.tensor, first, dim, values, buffer.capacity)
        return
    if not switch.on and not is_captured(values):
        return
    plain = plain_values(values)
    if plain is not None:
        into = SliceRange(buffer.storage, buffer.capacity, first)
        _count(into, plain.detach(), dim, switch.tensor)


@torch.library.custom_op(
    "tb_activation_hist::count_slices_",
    mutates_args={"storage"},
    schema="(Tensor(a!) storage, Tensor switch, int first, int dim, Tensor values, int capacity)"
    " -> ()",
)
def count_slices_op(
    storage: Tensor, switch: Tensor, first: int, dim: int, values: Tensor, capacity: int
) -> None:
    """`count_slices_` as a node of a compiled graph."""
    if not torch_internals.in_backward() and not (switch.is_cpu and not switch.item()):
        with measure_graph_op(switch, first, values):
            _count(SliceRange(storage, capacity, first), values, dim, switch)
    torch_internals.hide_change(storage)


@count_slices_op.register_fake
def _(*_: object) -> None:
    """Nothing is returned, so a graph under construction has nothing to know."""


def _count(into: SliceRange, values: Tensor, dim: int, switch: Tensor) -> None:
    """Count with the best kernel of the values' device."""
    if values.numel() == 0:
        return
    if into.storage.is_cpu:
        values = values.cpu()  # from a device without float64
    if values.is_cpu:
        _count_on_cpu(into, values, dim)
    elif not (values.is_cuda and _count_with_triton(into, values, dim, switch)):
        count_slices_with_torch(into, values, dim, switch)


def _count_with_triton(into: SliceRange, values: Tensor, dim: int, switch: Tensor) -> bool:
    """Whether Triton's kernel could count; after its first failure, reported once, no more."""
    triton = None if _failures else triton_kernel()
    if triton is None:
        return False
    try:
        triton.count_slices(into, values, dim, switch)
    except triton.KernelFailedError as failure:
        _failures.append(failure)
        warn_user(f"{failure} Slices are counted with torch operations, which is slower.")
        return False
    return True


def _count_on_cpu(into: SliceRange, values: Tensor, dim: int) -> None:
    module = c_extension()
    if module is None or values.is_neg():
        count_slices_with_torch(into, values, dim)
        return
    if values.dtype not in DTYPE_CODES:
        values = values.float()
    if values.data_ptr() == 0:
        return  # a parameter whose memory FSDP took away
    code = DTYPE_CODES[values.dtype]
    module.count_slices(*_addresses(into), values.data_ptr(), code, dim, *_layout(values))


def count_split_on_cpu(into: StorageRow, slices: SliceRange, dim: int, values: Tensor) -> bool:
    """Count values and their slices in one pass; False, and nothing is counted, where it cannot."""
    module, kernel = c_extension(), into.scheme.kernel
    plain = type(values) is Tensor or type(values) is torch.nn.Parameter
    if torch.compiler.is_compiling() or not (plain and values.is_cpu and module and kernel):
        return False
    if values.dtype not in DTYPE_CODES or values.is_neg() or not _is_dense(values):
        return False
    if values.data_ptr() != 0:
        arguments = count_arguments(kernel, into, values)
        module.count_split(*arguments, *_addresses(slices), dim, *_layout(values))
    return True


def _is_dense(values: Tensor) -> bool:
    """Whether the values fill their memory, as those of layers do."""
    if values.is_contiguous():
        return True
    return values.dim() == 4 and values.is_contiguous(memory_format=torch.channels_last)


def _addresses(into: SliceRange) -> tuple[int, int]:
    """Of the first slice's totals and moments."""
    moments, width = into.storage.data_ptr(), SLICE_BYTES - 8 * len(SLICE_TOTALS)
    totals = moments + width * into.capacity
    return totals + 8 * len(SLICE_TOTALS) * into.first, moments + width * into.first


def _layout(values: Tensor) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return values.shape, values.stride()


def count_slices_with_torch(
    into: SliceRange, values: Tensor, dim: int, switch: Tensor | None = None
) -> None:
    """Count with torch operations on any device, without waiting for it."""
    if values.numel() == 0:
        return
    before = torch_internals.version(into.storage)
    with torch.no_grad():
        rows = values.resolve_neg().movedim(dim, 0).flatten(1) if values.dim() > 1 else values
        rows = rows.reshape(values.shape[dim], -1)
        own = slice(into.first, into.first + len(rows))
        totals, moments = (each[own] for each in slice_views(into.storage, into.capacity))
        for piece in rows.split(max(PIECE // len(rows), 1), dim=1):
            _add_piece(totals, moments, piece, switch)
    torch_internals.set_version(into.storage, before)


def _add_piece(totals: Tensor, moments: Tensor, rows: Tensor, switch: Tensor | None) -> None:
    """Add (K, V) values to K totals and moments."""
    wide = rows.double()
    finite = torch.isfinite(wide)
    known = torch.where(finite, wide, 0.0)
    on = torch.ones((), dtype=torch.bool, device=rows.device) if switch is None else switch[0] > 0
    n = torch.full_like(totals[:, 0], rows.shape[1])
    counted = torch.stack([n, (wide == 0).sum(1), (~finite).sum(1)], dim=1)
    totals.add_(counted * on)
    used = finite & on
    least = torch.where(used, wide, torch.inf).amin(1)
    most = torch.where(used, wide, -torch.inf).amax(1)
    moments[:, 0].copy_(torch.minimum(moments[:, 0], least))
    moments[:, 1].copy_(torch.maximum(moments[:, 1], most))
    moments[:, 2:].add_(torch.stack([known.sum(1), (known * known).sum(1)], dim=1) * on)

"""Counting values into a row of a storage: which kernel does it, and what it is handed."""

from __future__ import annotations

import functools
import threading
from types import ModuleType
from typing import Final, NamedTuple

import torch
from torch import Tensor

from tb_activation_hist.capture import count_torch, torch_internals
from tb_activation_hist.capture.count_kernels import c_extension, forget_triton, triton_kernel
from tb_activation_hist.capture.host_counts import place_row, views
from tb_activation_hist.core.schemes.scheme import CompiledKernel, Scheme

VALUES_PER_THREAD: Final = 1 << 15
"""A tensor is shared with torch's other threads from twice this many values on: below, starting
and joining them (5 to 8 µs) takes what it saves."""

_TORCH_LOCK: Final = threading.Lock()
"""Held while torch operations count: unlike the extension, they let other threads in between."""

DTYPE_CODES: Final = {torch.float32: 0, torch.float16: 1, torch.bfloat16: 2, torch.float64: 3}
"""What the C extension calls the dtypes that it reads."""


class StorageRow(NamedTuple):
    """Row `row` of the storage of a `CountBuffer` with `rows` rows."""

    storage: Tensor
    row: int
    rows: int
    scheme: Scheme


def count_on_cpu(into: StorageRow, values: Tensor) -> None:
    """Count values on the CPU: the C extension reads dense memory in place, the rest in pieces."""
    module, kernel = c_extension(), into.scheme.kernel
    if module is None or kernel is None or values.is_neg():
        count_with_torch(into, values)
        return
    if values.dtype not in DTYPE_CODES:
        with torch.no_grad():
            values = values.detach().float()
    if values.is_contiguous():
        _count_dense(module, kernel, into, values, 1)
        return
    with torch.no_grad():
        values = values.detach()
        dense = count_torch.to_dense(values)
        if dense is not None:
            _count_dense(module, kernel, into, *dense)
            return
        for piece in count_torch.to_pieces(values):
            _count_dense(module, kernel, into, piece, 1)


def _count_dense(
    module: ModuleType, kernel: CompiledKernel, into: StorageRow, values: Tensor, repeat: int
) -> None:
    if values.data_ptr() != 0:  # else an empty tensor, or a parameter whose memory FSDP took away
        module.count(*count_arguments(kernel, into, values, repeat))


def count_arguments(
    kernel: CompiledKernel, into: StorageRow, values: Tensor, repeat: int = 1
) -> tuple[float, ...]:
    """What the C extension's `count` is handed. values: dense, of one of `DTYPE_CODES`."""
    storage, row, rows, scheme = into
    n, base, slots = values.numel(), storage.data_ptr(), scheme.slots
    threads = 1 if n < 2 * VALUES_PER_THREAD else choose_threads(n)
    counts, totals, moments = place_row(row, rows, slots)
    return (
        base + counts, base + totals, base + moments,
        values.data_ptr(), n, DTYPE_CODES[values.dtype], repeat, threads, slots, *kernel,
    )  # fmt: skip


def choose_threads(n: int) -> int:
    """How many threads count a large tensor, of `n` values."""
    return min(torch.get_num_threads(), n // VALUES_PER_THREAD) if _has_openmp() else 1


@functools.cache
def _has_openmp() -> bool:
    """Whether torch's threads on the CPU are those of OpenMP, in which the C extension counts."""
    return "parallel backend: OpenMP" in torch.__config__.parallel_info()


def count_on_device(into: StorageRow, values: Tensor, switch: Tensor) -> None:
    """Count values on a GPU, without waiting for it; the switch is read there."""
    kernel = into.scheme.kernel
    module = triton_kernel() if values.is_cuda and kernel is not None else None
    if module is None or kernel is None:
        count_with_torch(into, values, switch)
        return
    try:
        module.count(into.storage, into.row, into.rows, values, kernel, switch)
    except module.KernelFailedError as failure:
        forget_triton(failure)
        count_on_device(into, values, switch)


def count_with_torch(into: StorageRow, values: Tensor, switch: Tensor | None = None) -> None:
    """Count values on any device with torch operations."""
    before = torch_internals.version(into.storage)
    with torch.no_grad(), _TORCH_LOCK:
        counts, totals, moments = views(into.storage, into.rows, into.scheme.slots)
        parts = (counts[into.row], totals[into.row], moments[into.row])
        count_torch.count(parts, values.detach().resolve_neg(), into.scheme, switch)
    # Autograd may have saved the storage: nothing is ever differentiated by counts.
    torch_internals.set_version(into.storage, before)

"""Counting values into per-layer rows: the buffer, and its way to the host.

Kernels: a C extension on the CPU, Triton on CUDA, torch operations wherever those are missing.
All give the same counts; `count_kernels` chooses.

Memory: a buffer of R rows takes R * (4 * slots + 72) bytes (33 kB a row for the default scheme).
On the CPU one is being filled while those handed out by ``to_host`` are read; those that nobody
reads any more are used again, at most ``host_counts.MAX_FREE`` of them are kept. On CUDA one lies
on the device, and the copies are pinned host memory, pooled alike. The C extension keeps at most 8
workspaces of 267 kB, one for each thread that counts at the same time. Nothing keeps a reference
to the counted tensors.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tb_activation_hist.capture import torch_internals
from tb_activation_hist.capture.count_by_device import StorageRow, count_on_cpu, count_on_device
from tb_activation_hist.capture.count_kernels import kernel_name
from tb_activation_hist.capture.count_op import count_op, scheme_to_text
from tb_activation_hist.capture.count_torch import slot_boundaries
from tb_activation_hist.capture.countable import plain_values
from tb_activation_hist.capture.host_counts import (
    ROW_HEAD,
    FreeList,
    HostCounts,
    empty_moments_,
    views,
)
from tb_activation_hist.capture.single_counts import SingleCounts, has_float64
from tb_activation_hist.capture.stream_order import mark_stream
from tb_activation_hist.capture.switch import Switch
from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.scheme import Scheme
from tb_activation_hist.core.user_warnings import warn_user

__all__ = ["CountBuffer", "HostCounts", "Switch", "count_", "is_captured", "runs_to_be_captured"]


class CountBuffer:
    """Counts, totals and moments of `rows` layers on one device, in one piece of memory.

    `counts` (rows, slots) int32, `totals` (rows, 5) int64 and `moments` (rows, 4) float64 are
    views of `storage`; take them anew after `to_host()`, which may change the storage. A slot is
    an int32: call `to_host()` before a row's n can pass 2**31 - 1.
    """

    def __init__(
        self, rows: int, scheme: Scheme = FLOAT_BITS, device: torch.device | str = "cpu"
    ) -> None:
        if rows < 1:
            msg = f"A CountBuffer needs at least one row, but got rows={rows}."
            raise OptionError(msg)
        self.rows = rows
        self.scheme = scheme
        self.device = torch.device(device)
        kernel_name(self.device)  # a wrong choice of kernel shows here, before the training
        self.has_float64 = has_float64(self.device)
        single = not self.has_float64
        home = torch.device("cpu") if single else self.device
        self.single = SingleCounts(rows, scheme) if single and scheme.kernel is not None else None
        """Counts on a device without float64 until they are taken; None: the host counts."""
        self.switch = Switch(home)
        self.on_host = home.type == "cpu"
        if scheme.kernel is None and not self.on_host:
            slot_boundaries(scheme, home)  # a CUDA graph that is being captured could not make them
        self._size = rows * (ROW_HEAD + 4 * scheme.slots)
        self._free = FreeList(rows, pinned=home.type == "cuda")
        self.scheme_text = scheme_to_text(scheme)
        self.address = 0
        """Of the storage, on the host."""
        if self.on_host:
            self._take_storage()
        else:
            with torch.inference_mode(False):
                self.storage = torch.zeros(self._size, dtype=torch.uint8, device=home)
            empty_moments_(self.storage, rows)
        if home.type == "cuda":
            torch_internals.mark_static(self.storage)

    @property
    def counts(self) -> Tensor:
        """(rows, slots) int32."""
        return views(self.storage, self.rows, self.scheme.slots)[0]

    @property
    def totals(self) -> Tensor:
        """(rows, 5) int64: n, zeros, nans, pos_infs, neg_infs."""
        return views(self.storage, self.rows, self.scheme.slots)[1]

    @property
    def moments(self) -> Tensor:
        """(rows, 4) float64: min, max, sum, sum of squares of the finite values."""
        return views(self.storage, self.rows, self.scheme.slots)[2]

    def _take_storage(self) -> None:
        self.storage = self._free.take(self._size)
        self.address = self.storage.data_ptr()

    def reset_(self) -> None:
        """Empty all rows, without synchronisation."""
        with torch.no_grad():
            if self.single is not None:
                self.single = SingleCounts(self.rows, self.scheme)
            if self.on_host and not self.totals.any():
                return  # nothing was counted since `to_host`
            empty_moments_(self.storage.zero_(), self.rows)

    def pour(self) -> None:
        """Fetch what a device without float64 has counted; waits for it."""
        if self.single is not None:
            self.single.pour(self.counts, self.totals, self.moments)

    def to_host(self) -> HostCounts:
        """Hand over what was counted and leave the buffer empty; on CUDA without waiting for it.

        On the CPU the storage itself is handed over and a free one takes its place; elsewhere one
        copy is started on the current stream (into pinned memory on CUDA).
        """
        with torch.no_grad():
            self.pour()
            if self.on_host:
                filled = self.storage
                self._take_storage()
                return HostCounts(filled, self.rows, self.scheme, free=self._free)
            host = self._free.take(self._size)
            host.copy_(self.storage, non_blocking=self.device.type == "cuda")
            event = mark_stream(self.device) if self.device.type == "cuda" else None
            self.reset_()
            return HostCounts(host, self.rows, self.scheme, event, self._free)


def count_(buffer: CountBuffer, row: int, values: Tensor, enabled: Switch | None = None) -> None:
    """Add the values to a row of the buffer, now, if the switch is on (`buffer.switch` by default).

    values: any countable tensor (see `is_countable`) on the buffer's device; it may require
    grad, be empty, expanded or strided: each element counts once. Called from a compiled region it
    becomes one node of the graph, which reads the switch while it runs; during `torch.export` it
    does nothing, so that no exported program carries it.
    """
    switch = buffer.switch if enabled is None else enabled
    if torch.compiler.is_compiling():
        if not torch_internals.is_exporting():
            values = values.detach()
            count_op(buffer.storage, switch.tensor, row, values, buffer.rows, buffer.scheme_text)
        return
    if not switch.on and not is_captured(values):
        return
    if type(values) is not Tensor and type(values) is not torch.nn.Parameter:
        plain = plain_values(values)
        if plain is None:
            return
        values = plain
    if values.is_cpu and buffer.on_host:
        count_on_cpu(StorageRow(buffer.storage, row, buffer.rows, buffer.scheme), values)
    else:
        _count_elsewhere(buffer, switch, row, values)


def is_captured(values: Tensor) -> bool:
    """Whether a CUDA graph is being captured: it must hold the kernels, whatever is on now."""
    return values.is_cuda and torch.cuda.is_current_stream_capturing()


def runs_to_be_captured() -> bool:
    """Whether the model runs to be captured, by CUDA graphs or torch.jit.trace, not to learn."""
    in_graph = torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing()
    return torch_internals.is_tracing() or in_graph


def _count_elsewhere(buffer: CountBuffer, switch: Switch, row: int, values: Tensor) -> None:
    into = StorageRow(buffer.storage, row, buffer.rows, buffer.scheme)
    with torch.no_grad():
        values = values.detach()
        if not buffer.has_float64:
            if not _count_single(buffer, row, values):
                count_on_cpu(into, values.cpu())
        elif values.device == buffer.storage.device:
            count_on_device(into, values, switch.tensor)
        else:
            msg = (
                f"Values on {values.device} cannot be counted into a buffer on {buffer.device}; "
                "use one CountBuffer for each device."
            )
            raise OptionError(msg)


def _count_single(buffer: CountBuffer, row: int, values: Tensor) -> bool:
    """Count on a device without float64; False where it lacks an operation, with one warning."""
    if buffer.single is None:
        return False
    try:
        buffer.single.count(row, values)
    except (NotImplementedError, RuntimeError, TypeError) as err:
        buffer.pour()
        buffer.single = None
        warn_user(
            f"{buffer.device} lacks an operation ({err}): its values are copied to the host and "
            "counted there, which is slower. A newer torch may support it."
        )
        return False
    if buffer.single.full:
        buffer.pour()
    return True

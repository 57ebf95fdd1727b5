"""Counting values into per-layer rows: the buffer, its way to the host, and the counting op.

Kernels: a C extension on the CPU, Triton on CUDA, torch operations wherever those are missing.
All give the same counts; `count_kernels` chooses.

Memory: a buffer of R rows takes R * (4 * slots + 72) bytes (33 kB a row for the default scheme).
On the CPU one is being filled while those handed out by ``to_host`` are read; those that nobody
reads any more are used again, at most ``MAX_FREE`` are kept. On CUDA one lies on the device, and
the copies are pinned host memory, pooled alike. The C extension keeps at most 8 workspaces of
267 kB, one for each thread that counts at the same time. Nothing keeps a reference to the counted
tensors.
"""

from __future__ import annotations

import contextlib
import weakref
from collections import deque
from types import ModuleType
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from tb_activation_hist.capture import count_torch
from tb_activation_hist.capture.count_kernels import c_extension, kernel_name, triton_kernel
from tb_activation_hist.errors import OptionError
from tb_activation_hist.grid import FLOAT_BITS, FloatBits, LinearBins, Scheme

__all__ = ["CountBuffer", "HostCounts", "Switch", "count_", "is_countable", "kernel_name"]

MAX_FREE: Final = 4
"""Released host storages a buffer keeps for its next records."""

VALUES_PER_THREAD: Final = 1 << 21
"""A tensor gets a second thread only from twice this many values on (2 ms of counting)."""

_DTYPE_CODES: Final = {torch.float32: 0, torch.float16: 1, torch.bfloat16: 2, torch.float64: 3}
_UPCAST: Final = frozenset(
    dtype
    for name in dir(torch)
    if name.startswith("float8_") and isinstance(dtype := getattr(torch, name), torch.dtype)
)
_TALLIES: Final = 5
_MOMENTS: Final = 4
_ROW_HEAD: Final = 8 * (_TALLIES + _MOMENTS)


class Switch:
    """Whether values are counted; readable inside a compiled graph and a captured CUDA graph.

    `on` is what Python sees: an eager call returns at once when it is False. `tensor` (one uint8
    on the device) holds the same for graphs, which read it while they run, so changing it costs
    neither a recompilation nor a synchronisation.
    """

    def __init__(self, device: torch.device | str = "cpu", *, on: bool = False) -> None:
        with torch.inference_mode(False):
            self.tensor = torch.full((1,), int(on), dtype=torch.uint8, device=device)
        self._on = on
        _SWITCHES[self.tensor.data_ptr()] = self

    @property
    def on(self) -> bool:
        """Whether counting takes place."""
        return self._on

    @on.setter
    def on(self, value: bool) -> None:
        if value != self._on:
            self._on = value
            self.tensor.fill_(int(value))


_SWITCHES: weakref.WeakValueDictionary[int, Switch] = weakref.WeakValueDictionary()


class HostCounts:
    """The rows of one record on the host.

    counts (rows, slots) int32, tallies (rows, 5) int64 [n, zeros, nans, pos_infs, neg_infs],
    moments (rows, 4) float64 [min, max, sum, sum_sq]: numpy views. Their memory serves again for
    a later record once this object and every array taken from it are gone. Slots of non-finite
    values hold nothing of meaning.
    """

    def __init__(
        self,
        storage: torch.Tensor,
        rows: int,
        scheme: Scheme,
        event: torch.cuda.Event | None = None,
        free: _FreeList | None = None,
    ) -> None:
        self.rows = rows
        self.scheme = scheme
        self._event = event
        self._storage = storage.numpy()
        if free is not None:
            # All views have this one array as their base, so its end is the end of them all.
            weakref.finalize(self._storage, free.give, storage).atexit = False

    def wait(self) -> HostCounts:
        """Block until the copy from the device has arrived; returns at once on the CPU."""
        if self._event is not None:
            self._event.synchronize()
            self._event = None
        return self

    @property
    def counts(self) -> npt.NDArray[np.int32]:
        """(rows, slots) counts; waits for them."""
        flat = self.wait()._storage[_ROW_HEAD * self.rows :].view(np.int32)
        return flat.reshape(self.rows, self.scheme.slots)

    @property
    def tallies(self) -> npt.NDArray[np.int64]:
        """(rows, 5): n, zeros, nans, pos_infs, neg_infs; waits for them."""
        ends = 8 * _MOMENTS * self.rows, _ROW_HEAD * self.rows
        return self.wait()._storage[slice(*ends)].view(np.int64).reshape(self.rows, _TALLIES)

    @property
    def moments(self) -> npt.NDArray[np.float64]:
        """(rows, 4): min, max, sum, sum of squares of the finite values; waits for them."""
        end = 8 * _MOMENTS * self.rows
        return self.wait()._storage[:end].view(np.float64).reshape(self.rows, _MOMENTS)

    def occupied(
        self,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """The slots that hold a count, row after row: (offsets (rows + 1,), slots, counts).

        Row r's are ``slots[offsets[r]:offsets[r + 1]]``, ascending. Slots of non-finite values
        are left out. The GIL is free while the rows are searched.
        """
        return to_occupied(self.counts, self.scheme)


def to_occupied(
    counts: npt.NDArray[np.int32], scheme: Scheme
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """The occupied slots of a (rows, slots) array of int32 counts: see `HostCounts.occupied`."""
    float_bits = isinstance(scheme, FloatBits)
    module = c_extension()
    if module is None or counts.dtype != np.int32 or not counts.flags.c_contiguous:
        return _occupied_numpy(counts, float_bits)
    offsets = np.empty(len(counts) + 1, dtype=np.int64)
    source = (counts.ctypes.data, *counts.shape, float_bits, offsets.ctypes.data)
    total = module.occupied(*source, 0, 0)
    slots, found = np.empty(total, dtype=np.int32), np.empty(total, dtype=np.int64)
    if total:
        module.occupied(*source, slots.ctypes.data, found.ctypes.data)
    return offsets, slots, found


def _occupied_numpy(
    counts: npt.NDArray[np.int32], float_bits: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    present = counts != 0
    if float_bits:
        present[:, 4080:4096] = present[:, 8176:] = False
    rows, slots = np.nonzero(present)
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(present.sum(axis=1), out=offsets[1:])
    return offsets, slots.astype(np.int32), counts[rows, slots].astype(np.int64)


class _FreeList:
    """Host storages that nobody reads any more, emptied.

    Without a lock: `give` runs wherever the last array of a record ends, even inside `take`.
    """

    def __init__(self, rows: int, *, pinned: bool) -> None:
        self._rows = rows
        self._pinned = pinned
        self._storages: deque[torch.Tensor] = deque()

    def take(self, size: int) -> torch.Tensor:
        with contextlib.suppress(IndexError):
            return self._storages.pop()
        with torch.inference_mode(False):
            storage = torch.zeros(size, dtype=torch.uint8, device="cpu", pin_memory=self._pinned)
        return _empty_moments_(storage, self._rows)

    def give(self, storage: torch.Tensor) -> None:
        if len(self._storages) >= MAX_FREE:
            return
        if not self._pinned:  # a copy from the device overwrites all of it anyway
            _empty_moments_(storage.zero_(), self._rows)
        self._storages.append(storage)


def _views(storage: torch.Tensor, rows: int, slots: int) -> tuple[torch.Tensor, ...]:
    """counts, tallies and moments of a storage laid out as moments, tallies, counts."""
    middle, end = 8 * _MOMENTS * rows, _ROW_HEAD * rows
    return (
        storage[end:].view(torch.int32).view(rows, slots),
        storage[middle:end].view(torch.int64).view(rows, _TALLIES),
        storage[:middle].view(torch.float64).view(rows, _MOMENTS),
    )


def _empty_moments_(storage: torch.Tensor, rows: int) -> torch.Tensor:
    moments = storage[: 8 * _MOMENTS * rows].view(torch.float64).view(rows, _MOMENTS)
    moments[:, 0] = torch.inf
    moments[:, 1] = -torch.inf
    return storage


class CountBuffer:
    """Counts, tallies and moments of `rows` layers on one device, in one piece of memory.

    `counts` (rows, slots) int32, `tallies` (rows, 5) int64 and `moments` (rows, 4) float64 are
    views of `storage`; take them anew after `to_host()`, which may change the storage. A slot is
    an int32: call `to_host()` before a row's n can pass 2**31 - 1.
    """

    def __init__(
        self, rows: int, scheme: Scheme = FLOAT_BITS, device: torch.device | str = "cpu"
    ) -> None:
        if rows < 1:
            msg = f"A CountBuffer takes at least one row, but got rows={rows}."
            raise OptionError(msg)
        self.rows = rows
        self.scheme = scheme
        self.device = torch.device(device)
        kernel_name(self.device)  # a wrong choice of kernel shows here, before the training
        # MPS has no float64: its values are copied to the host and counted there.
        home = torch.device("cpu") if self.device.type == "mps" else self.device
        self.switch = Switch(home)
        self._on_host = home.type == "cpu"
        self._size = rows * (_ROW_HEAD + 4 * scheme.slots)
        self._free = _FreeList(rows, pinned=home.type == "cuda")
        # Kept as plain numbers: a compiled graph takes them as constants.
        self._bins = [] if isinstance(scheme, FloatBits) else [scheme.count, scheme.lo, scheme.hi]
        if self._on_host:
            self.storage = self._free.take(self._size)
        else:
            with torch.inference_mode(False):
                self.storage = torch.zeros(self._size, dtype=torch.uint8, device=home)
            _empty_moments_(self.storage, rows)
        if home.type == "cuda":
            # Lets torch.compile's CUDA graphs write to it in place instead of giving up.
            torch._dynamo.mark_static_address(self.storage)

    @property
    def counts(self) -> torch.Tensor:
        """(rows, slots) int32."""
        return _views(self.storage, self.rows, self.scheme.slots)[0]

    @property
    def tallies(self) -> torch.Tensor:
        """(rows, 5) int64: n, zeros, nans, pos_infs, neg_infs."""
        return _views(self.storage, self.rows, self.scheme.slots)[1]

    @property
    def moments(self) -> torch.Tensor:
        """(rows, 4) float64: min, max, sum, sum of squares of the finite values."""
        return _views(self.storage, self.rows, self.scheme.slots)[2]

    def reset_(self) -> None:
        """Empty all rows, without synchronisation."""
        with torch.no_grad():
            if self._on_host and not self.tallies.any():
                return  # nothing was counted since `to_host`
            _empty_moments_(self.storage.zero_(), self.rows)

    def to_host(self) -> HostCounts:
        """Hand over what was counted and leave the buffer empty; never waits for the device.

        On the CPU the storage itself is handed over and a free one takes its place; elsewhere one
        copy is started on the current stream (into pinned memory on CUDA).
        """
        with torch.no_grad():
            if self._on_host:
                filled, self.storage = self.storage, self._free.take(self._size)
                return HostCounts(filled, self.rows, self.scheme, free=self._free)
            host = self._free.take(self._size)
            host.copy_(self.storage, non_blocking=self.device.type == "cuda")
            event = None
            if self.device.type == "cuda":
                event = torch.cuda.Event()
                event.record(torch.cuda.current_stream(self.device))
            self.reset_()
            return HostCounts(host, self.rows, self.scheme, event, self._free)


def is_countable(tensor: object) -> bool:
    """Whether `count_` takes this: a dense tensor of real floating-point values with data.

    float32, float16, bfloat16, float64 and the float8 types. Not countable: integer, boolean,
    complex, quantised, sparse, nested, mkldnn and meta tensors, and what is no tensor.
    """
    return (
        isinstance(tensor, torch.Tensor)
        and (tensor.dtype in _DTYPE_CODES or tensor.dtype in _UPCAST)
        and tensor.layout is torch.strided
        and tensor.device.type != "meta"
        and not tensor.is_nested
    )


def count_(
    buffer: CountBuffer, row: int, values: torch.Tensor, enabled: Switch | None = None
) -> None:
    """Add the values to a row of the buffer, now, if the switch is on (`buffer.switch` by default).

    values: any countable tensor (see `is_countable`) on the buffer's device; it may require
    grad, be empty, expanded or strided: each element counts once. Called from a compiled region it
    becomes one node of the graph, which reads the switch while it runs; during `torch.export` it
    does nothing, so that no exported program carries it.
    """
    switch = buffer.switch if enabled is None else enabled
    if torch.compiler.is_compiling():
        if not _is_exporting():
            _op(buffer.storage, switch.tensor, row, values.detach(), buffer.rows, buffer._bins)
        return
    if not switch.on and not (values.is_cuda and torch.cuda.is_current_stream_capturing()):
        return
    if type(values) is not torch.Tensor and type(values) is not torch.nn.Parameter:
        values = _to_plain(values)
    if values.is_cpu and buffer._on_host:
        _count_cpu(buffer.storage, row, values, buffer.rows, buffer.scheme)
    else:
        _count_elsewhere(buffer, switch, row, values)


def _is_exporting() -> bool:
    exporting = getattr(torch.compiler, "is_exporting", None)
    return exporting is not None and exporting()


def _to_plain(values: torch.Tensor) -> torch.Tensor:
    """A subclass's own data (nn.Parameter, fastai's TensorBase) as a plain tensor."""
    with torch.no_grad():
        return values.detach().as_subclass(torch.Tensor)


def _count_elsewhere(buffer: CountBuffer, switch: Switch, row: int, values: torch.Tensor) -> None:
    with torch.no_grad():
        values = values.detach()
        if buffer.device.type == "mps":
            values = values.cpu()
        if values.device != buffer.storage.device:
            msg = (
                f"Values on {values.device} cannot be counted into a buffer on {buffer.device}; "
                "use one CountBuffer for each device."
            )
            raise OptionError(msg)
        _op(buffer.storage, switch.tensor, row, values, buffer.rows, buffer._bins)


def _count_cpu(
    storage: torch.Tensor, row: int, values: torch.Tensor, rows: int, scheme: Scheme
) -> None:
    """Count on the CPU: the extension reads dense memory in place, the rest as chunks."""
    module = c_extension()
    if module is None or values.is_neg() or torch._C._functorch.is_functorch_wrapped_tensor(values):
        _count_with_torch(storage, None, row, values, rows, scheme)
        return
    code = _DTYPE_CODES.get(values.dtype)
    if code is None:
        with torch.no_grad():
            _count_cpu(storage, row, values.detach().float(), rows, scheme)
        return
    if values.is_contiguous():
        _count_dense(module, storage, row, values, code, 1, rows, scheme)
        return
    with torch.no_grad():
        values = values.detach()
        dense = count_torch.to_dense(values)
        if dense is not None:
            _count_dense(module, storage, row, dense[0], code, dense[1], rows, scheme)
            return
        for piece in count_torch.to_pieces(values):
            _count_dense(module, storage, row, piece, code, 1, rows, scheme)


def _count_dense(
    module: ModuleType,
    storage: torch.Tensor,
    row: int,
    values: torch.Tensor,
    code: int,
    repeat: int,
    rows: int,
    scheme: Scheme,
) -> None:
    n, address, base, slots = values.numel(), values.data_ptr(), storage.data_ptr(), scheme.slots
    if address == 0:
        return  # nothing allocated: an empty tensor, or a parameter whose memory FSDP took away
    threads = 1
    if n >= 2 * VALUES_PER_THREAD:
        threads = min(torch.get_num_threads(), n // VALUES_PER_THREAD)
    bins, lo, hi = (0, 0.0, 0.0) if isinstance(scheme, FloatBits) else _bounds(scheme)
    module.count(
        base + _ROW_HEAD * rows + 4 * slots * row,
        base + 8 * (_MOMENTS * rows + _TALLIES * row),
        base + 8 * _MOMENTS * row,
        address, n, code, repeat, threads, slots, bins, lo, hi,
    )  # fmt: skip


def _bounds(scheme: LinearBins) -> tuple[int, float, float]:
    return scheme.count, float(scheme.lo), float(scheme.hi)


def _count_with_torch(
    storage: torch.Tensor,
    switch: torch.Tensor | None,
    row: int,
    values: torch.Tensor,
    rows: int,
    scheme: Scheme,
) -> None:
    with torch.no_grad():
        counts, tallies, moments = _views(storage, rows, scheme.slots)
        parts = (counts[row], tallies[row], moments[row])
        count_torch.count(parts, values.detach().resolve_neg(), scheme, switch)


@torch.library.custom_op(
    "tb_activation_hist::count_",
    mutates_args={"storage"},
    schema="(Tensor(a!) storage, Tensor switch, int row, Tensor values, int rows, float[] bins)"
    " -> ()",
)
def _op(
    storage: torch.Tensor,
    switch: torch.Tensor,
    row: int,
    values: torch.Tensor,
    rows: int,
    bins: list[float],
) -> None:
    """The counting op of compiled graphs, on any device: with torch operations."""
    _count_with_torch(storage, switch, row, values, rows, _bins_to_scheme(bins))


@_op.register_kernel("cpu")
def _(
    storage: torch.Tensor,
    switch: torch.Tensor,
    row: int,
    values: torch.Tensor,
    rows: int,
    bins: list[float],
) -> None:
    if switch.item():
        _count_cpu(storage, row, values, rows, _bins_to_scheme(bins))


@_op.register_kernel("cuda")
def _(
    storage: torch.Tensor,
    switch: torch.Tensor,
    row: int,
    values: torch.Tensor,
    rows: int,
    bins: list[float],
) -> None:
    known = _SWITCHES.get(switch.data_ptr())
    if known is not None and not known.on and not torch.cuda.is_current_stream_capturing():
        return  # saves the launch; a graph being captured must hold it all the same
    scheme = _bins_to_scheme(bins)
    triton = triton_kernel()
    if triton is None:
        _count_with_torch(storage, switch, row, values, rows, scheme)
    else:
        parts = tuple(view[row] for view in _views(storage, rows, scheme.slots))
        triton.count(parts, values, scheme, switch)


@_op.register_fake
def _(*_: object) -> None:
    """Nothing is returned, so a graph under construction has nothing to know."""


def _bins_to_scheme(bins: list[float]) -> Scheme:
    return LinearBins(int(bins[0]), bins[1], bins[2]) if bins else FLOAT_BITS

"""Counting values into per-layer rows: the buffer, its way to the host, and the counting op.

Kernels: a C extension on the CPU, Triton on CUDA, torch operations wherever those are missing.
All give the same counts; `count_kernels` chooses.

Memory: a buffer of R rows takes R * (4 * slots + 72) bytes (33 kB a row for the default scheme).
On the CPU one is being filled while those handed out by ``to_host`` are read; those that nobody
reads any more are used again, at most ``count_host.MAX_FREE`` of them are kept. On CUDA one lies on
the device, and the copies are pinned host memory, pooled alike. The C extension keeps at most 8
workspaces of 267 kB, one for each thread that counts at the same time. Nothing keeps a reference
to the counted tensors.
"""

from __future__ import annotations

import functools
import json
import threading
import weakref
from types import ModuleType
from typing import Final

import torch

from tb_activation_hist.capture import count_torch
from tb_activation_hist.capture.count_kernels import c_extension, kernel_name, triton_kernel
from tb_activation_hist.capture.host_counts import (
    MOMENTS,
    ROW_HEAD,
    TALLIES,
    FreeList,
    HostCounts,
    empty_moments_,
    views,
)
from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.registry import dict_to_scheme
from tb_activation_hist.core.schemes.scheme import CompiledKernel, Scheme

__all__ = ["CountBuffer", "HostCounts", "Switch", "count_", "is_countable", "kernel_name"]

VALUES_PER_THREAD: Final = 1 << 21
"""A tensor gets a second thread only from twice this many values on: 22 % less time on 2 busy
cores, and starting a thread is then far below what it saves."""

_TORCH_LOCK: Final = threading.Lock()
"""Held while torch operations count: unlike the extension, they let other threads in between."""

_DTYPE_CODES: Final = {torch.float32: 0, torch.float16: 1, torch.bfloat16: 2, torch.float64: 3}
_UPCAST: Final = frozenset(
    dtype
    for name in dir(torch)
    if name.startswith("float8_") and isinstance(dtype := getattr(torch, name), torch.dtype)
)


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
        self._size = rows * (ROW_HEAD + 4 * scheme.slots)
        self._free = FreeList(rows, pinned=home.type == "cuda")
        # Kept as text: a compiled graph takes it as a constant.
        self._scheme_text = json.dumps(scheme.to_dict())
        if self._on_host:
            self.storage = self._free.take(self._size)
        else:
            with torch.inference_mode(False):
                self.storage = torch.zeros(self._size, dtype=torch.uint8, device=home)
            empty_moments_(self.storage, rows)
        if home.type == "cuda":
            # Lets torch.compile's CUDA graphs write to it in place instead of giving up.
            torch._dynamo.mark_static_address(self.storage)

    @property
    def counts(self) -> torch.Tensor:
        """(rows, slots) int32."""
        return views(self.storage, self.rows, self.scheme.slots)[0]

    @property
    def tallies(self) -> torch.Tensor:
        """(rows, 5) int64: n, zeros, nans, pos_infs, neg_infs."""
        return views(self.storage, self.rows, self.scheme.slots)[1]

    @property
    def moments(self) -> torch.Tensor:
        """(rows, 4) float64: min, max, sum, sum of squares of the finite values."""
        return views(self.storage, self.rows, self.scheme.slots)[2]

    def reset_(self) -> None:
        """Empty all rows, without synchronisation."""
        with torch.no_grad():
            if self._on_host and not self.tallies.any():
                return  # nothing was counted since `to_host`
            empty_moments_(self.storage.zero_(), self.rows)

    def to_host(self) -> HostCounts:
        """Hand over what was counted and leave the buffer empty; on CUDA without waiting for it.

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
            _op(
                buffer.storage,
                switch.tensor,
                row,
                values.detach(),
                buffer.rows,
                buffer._scheme_text,
            )
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
        _op(buffer.storage, switch.tensor, row, values, buffer.rows, buffer._scheme_text)


def _count_cpu(
    storage: torch.Tensor, row: int, values: torch.Tensor, rows: int, scheme: Scheme
) -> None:
    """Count on the CPU: the extension reads dense memory in place, the rest as chunks."""
    module = c_extension()
    kernel = scheme.kernel
    if module is None or kernel is None or values.is_neg():
        _count_with_torch(storage, None, row, values, rows, scheme)
        return
    code = _DTYPE_CODES.get(values.dtype)
    if code is None:
        with torch.no_grad():
            _count_cpu(storage, row, values.detach().float(), rows, scheme)
        return
    into = module, storage, row, rows, scheme.slots, kernel
    if values.is_contiguous():
        _count_dense(into, values, code, 1)
        return
    with torch.no_grad():
        values = values.detach()
        dense = count_torch.to_dense(values)
        if dense is not None:
            _count_dense(into, dense[0], code, dense[1])
            return
        for piece in count_torch.to_pieces(values):
            _count_dense(into, piece, code, 1)


def _count_dense(
    into: tuple[ModuleType, torch.Tensor, int, int, int, CompiledKernel],
    values: torch.Tensor,
    code: int,
    repeat: int,
) -> None:
    module, storage, row, rows, slots, kernel = into
    n, address, base = values.numel(), values.data_ptr(), storage.data_ptr()
    if address == 0:
        return  # nothing allocated: an empty tensor, or a parameter whose memory FSDP took away
    threads = 1
    if n >= 2 * VALUES_PER_THREAD:
        threads = min(torch.get_num_threads(), n // VALUES_PER_THREAD)
    module.count(
        base + ROW_HEAD * rows + 4 * slots * row,
        base + 8 * (MOMENTS * rows + TALLIES * row),
        base + 8 * MOMENTS * row,
        address, n, code, repeat, threads, slots, *kernel,
    )  # fmt: skip


def _count_with_torch(
    storage: torch.Tensor,
    switch: torch.Tensor | None,
    row: int,
    values: torch.Tensor,
    rows: int,
    scheme: Scheme,
) -> None:
    with torch.no_grad(), _TORCH_LOCK:
        counts, tallies, moments = views(storage, rows, scheme.slots)
        parts = (counts[row], tallies[row], moments[row])
        count_torch.count(parts, values.detach().resolve_neg(), scheme, switch)


@torch.library.custom_op(
    "tb_activation_hist::count_",
    mutates_args={"storage"},
    schema="(Tensor(a!) storage, Tensor switch, int row, Tensor values, int rows, str scheme)"
    " -> ()",
)
def _op(
    storage: torch.Tensor,
    switch: torch.Tensor,
    row: int,
    values: torch.Tensor,
    rows: int,
    scheme: str,
) -> None:
    """The counting op of compiled graphs, on any device: with torch operations."""
    if not _is_recomputing():
        _count_with_torch(storage, switch, row, values, rows, _text_to_scheme(scheme))
    _hide_change(storage)


@_op.register_kernel("cpu")
def _(
    storage: torch.Tensor,
    switch: torch.Tensor,
    row: int,
    values: torch.Tensor,
    rows: int,
    scheme: str,
) -> None:
    if switch.item() and not _is_recomputing():
        _count_cpu(storage, row, values, rows, _text_to_scheme(scheme))
    _hide_change(storage)


@_op.register_kernel("cuda")
def _(
    storage: torch.Tensor,
    switch: torch.Tensor,
    row: int,
    values: torch.Tensor,
    rows: int,
    scheme: str,
) -> None:
    _hide_change(storage)
    known = _SWITCHES.get(switch.data_ptr())
    off = known is not None and not known.on
    if _is_recomputing() or (off and not torch.cuda.is_current_stream_capturing()):
        return  # saves the launch; a graph being captured must hold it all the same
    into = _text_to_scheme(scheme)
    triton = triton_kernel()
    if triton is None or into.kernel is None:
        _count_with_torch(storage, switch, row, values, rows, into)
    else:
        triton.count(storage, row, rows, values, into.kernel, switch)


def _is_recomputing() -> bool:
    """Whether a checkpoint runs its forward part again, inside of a backward pass."""
    return torch._C._current_graph_task_id() >= 0


def _hide_change(storage: torch.Tensor) -> None:
    """Take back the version that the op's mutation was given.

    A checkpoint inside a graph that is run as it stands (``backend="eager"``) saves its inputs, the
    storage among them, and would refuse the backward pass because it has changed. Nothing is ever
    differentiated by counts.
    """
    if storage.is_inference() or storage._version < 1:
        return
    before = storage._version - 1
    try:
        torch._C._autograd._unsafe_set_version_counter((storage,), (before,))
    except TypeError:  # torch before 2.6 takes one tensor
        torch._C._autograd._unsafe_set_version_counter(storage, before)  # type: ignore[arg-type]


@_op.register_fake
def _(*_: object) -> None:
    """Nothing is returned, so a graph under construction has nothing to know."""


@functools.cache
def _text_to_scheme(text: str) -> Scheme:
    return dict_to_scheme(json.loads(text))

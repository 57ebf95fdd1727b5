"""The shortest way to count what nearly all layers give: an ordinary dense tensor on the host.

From one layer to the next a processor forgets the code and the objects that counting needs. With
`Row.count` and all that it calls, fetching them takes 25 to 30 µs a layer; at hand they take 6 µs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tb_activation_hist.capture.count_by_device import (
    DTYPE_CODES,
    VALUES_PER_THREAD,
    choose_threads,
)
from tb_activation_hist.capture.count_kernels import c_extension
from tb_activation_hist.capture.host_counts import place_row
from tb_activation_hist.capture.torch_internals import (
    current_graph_task,
    is_functorch_wrapper,
    tracing_state,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tb_activation_hist.capture.rows import Row
    from tb_activation_hist.core.schemes.scheme import CompiledKernel

_strided = torch.strided


class DirectRow:
    """Counts tensors of one dtype into a row, with as few calls as possible."""

    __slots__ = ("_code", "_count", "_dtype", "_kernel", "_places", "_row", "_slots")

    def __init__(
        self, row: Row, count: Callable[..., None], dtype: torch.dtype, kernel: CompiledKernel
    ) -> None:
        buffer = row.segment.buffer
        self._row = row
        self._count = count
        self._dtype = dtype
        self._code = DTYPE_CODES[dtype]
        self._places = place_row(row.index, buffer.rows, buffer.scheme.slots)
        self._slots = buffer.scheme.slots
        self._kernel = kernel

    def count(self, values: object) -> bool:
        """What `Row.count` does in a forward pass that nothing traces; False, and nothing is
        counted, if this is none, or the values are no ordinary dense tensor."""
        if (
            type(values) is not Tensor
            or values.dtype is not self._dtype
            or not values.is_cpu
            or values.layout is not _strided
            or values.is_nested
            or is_functorch_wrapper(values)
            or values.is_neg()
            or not values.is_contiguous()
            or tracing_state() is not None
            or current_graph_task() >= 0
        ):
            return False
        n, address, row = values.numel(), values.data_ptr(), self._row
        # No address: an empty tensor, or one whose memory somebody took away.
        if address == 0 or not row.has_room(n):
            return False
        row.elements += n
        base, (counts, totals, moments) = row.segment.buffer.address, self._places
        bins, lo, hi = self._kernel
        self._count(
            base + counts, base + totals, base + moments, address, n, self._code, 1,
            1 if n < 2 * VALUES_PER_THREAD else choose_threads(n), self._slots, bins, lo, hi,
        )  # fmt: skip
        return True


def find_direct(row: Row, values: Tensor) -> DirectRow | None:
    """The shortest way to count tensors like this one into a row; None if there is none."""
    buffer, module = row.segment.buffer, c_extension()
    kernel = buffer.scheme.kernel
    timed = row.segment.timer is not None
    if row.split is not None or timed or not buffer.on_host or module is None or kernel is None:
        return None
    return (
        DirectRow(row, module.count, values.dtype, kernel) if values.dtype in DTYPE_CODES else None
    )

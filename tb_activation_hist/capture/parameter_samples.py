"""Samples of parameters: gathered on their device in one piece, read on the thread that stores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from tb_activation_hist.capture.device_timer import EVENT_DEVICES
from tb_activation_hist.core.grid import FloatArray

RUNS: Final = 64
RUN_LENGTH: Final = 64
SAMPLE: Final = RUNS * RUN_LENGTH
"""Values of a tensor that are looked at: all of a smaller one, else so many runs of neighbours at
equal distances, the same ones each time. The root mean square of a sample of normal values is right
to 1.1 %."""

MIX: Final = (-1640531535, -2048144777)
"""Odd factors of the checksum (those of xxHash, as int32)."""


CACHED_PIECE: Final = 1 << 14
DEVICE_PIECE: Final = 1 << 24
"""Values whose bits are mixed at a time. On the CPU so few that they stay in its caches and that
torch starts no threads, which would wait for each other; elsewhere few launches of 128 MB."""

EXACT: Final = 2**52 - 1
"""The bits of a checksum that a float holds."""


class Gathered:
    """Samples of some tensors of one device and dtype, on their way to the host.

    rows: which parameter each sample is of. lengths: values of each, from 1.
    """

    def __init__(self, rows: Sequence[int], samples: Sequence[Tensor]) -> None:
        self.rows = list(rows)
        self.lengths = [each.numel() for each in samples]
        joined = torch.cat(tuple(samples)) if len(samples) > 1 else samples[0].clone()
        self._late = joined.device.type in EVENT_DEVICES
        self._host = joined.to("cpu", non_blocking=self._late)
        if self._late:
            module: Any = getattr(torch, joined.device.type)
            self._event = module.Event()
            self._event.record(module.current_stream(joined.device))

    @property
    def arrived(self) -> bool:
        """Whether `read` need not wait."""
        return not self._late or bool(self._event.query())

    def read(self) -> FloatArray:
        """All values one after the other, as float64; waits until they have arrived."""
        if self._late:
            self._event.synchronize()
        values: FloatArray = self._host.double().numpy()
        return values


def gather(samples: Iterable[tuple[int, Tensor]]) -> list[Gathered]:
    """Copy samples, pairs of a row and what `take_sample` gave; none of an empty one."""
    groups: dict[tuple[torch.device, torch.dtype], list[tuple[int, Tensor]]] = {}
    for row, sample in samples:
        if sample.numel():
            groups.setdefault((sample.device, sample.dtype), []).append((row, sample))
    return [Gathered(*zip(*own, strict=True)) for own in groups.values()]


def copy_sample(values: Tensor) -> Tensor:
    """A copy of a tensor's sample, for when the tensor changes before it is gathered."""
    sample = take_sample(values)
    # Most samples of large tensors are copies already.
    return sample.clone() if sample.data_ptr() == values.data_ptr() else sample


def take_sample(values: Tensor) -> Tensor:
    """A view, or a small copy, of up to `SAMPLE` values, in one dimension."""
    plain = values.detach()
    n = plain.numel()
    if n <= SAMPLE:
        return flatten(plain)
    dense = plain if plain.is_contiguous() else flatten(plain)
    stride = (n - RUN_LENGTH) // (RUNS - 1)
    runs = dense.as_strided((RUNS, RUN_LENGTH), (stride, 1), dense.storage_offset())
    return runs.reshape(-1)


def sample_start(values: Tensor, length: int) -> Tensor:
    """The first `length` values of the sample, a multiple of a run, or all: where the tensor lies
    densely a view, in rows."""
    n = values.numel()
    if not values.is_contiguous() or n <= SAMPLE:
        return take_sample(values)[:length]
    shape, stride = (length // RUN_LENGTH, RUN_LENGTH), (n - RUN_LENGTH) // (RUNS - 1)
    return values.detach().as_strided(shape, (stride, 1))


def flatten(values: Tensor) -> Tensor:
    """All values in one dimension, in the order of memory where they lie densely."""
    if (
        not values.is_contiguous()
        and values.dim() == 4
        and values.is_contiguous(memory_format=torch.channels_last)
    ):
        return values.as_strided((values.numel(),), (1,), values.storage_offset())
    return values.reshape(-1)


def checksum(values: Tensor) -> Tensor:
    """A whole number, on the tensor's device, that differs wherever a bit of a value does.

    Each value's bits are mixed, so that changes do not cancel out in the sum.
    """
    flat = flatten(values.detach())
    bits = flat.view({1: torch.uint8, 2: torch.int16}.get(flat.element_size(), torch.int32))
    size = CACHED_PIECE if values.is_cpu else DEVICE_PIECE
    return torch.stack([_mix(piece) for piece in bits.split(size)]).sum() & EXACT


def _mix(bits: Tensor) -> Tensor:
    mixed = bits.to(torch.int32, copy=True)
    for factor in MIX:
        mixed.mul_(factor).bitwise_xor_(mixed >> 15)
    return mixed.sum(dtype=torch.int64)


def sample_sums(values: FloatArray, lengths: Sequence[int]) -> tuple[Any, Any]:
    """Totals (P, 3) and moments (P, 4) of samples that lie one after the other."""
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    finite = np.isfinite(values)
    kept = np.where(finite, values, 0.0)
    totals = [
        np.asarray(lengths, np.int64),
        np.add.reduceat(values == 0, starts, dtype=np.int64),
        np.add.reduceat(~finite, starts, dtype=np.int64),
    ]
    moments = [
        np.minimum.reduceat(np.where(finite, values, np.inf), starts),
        np.maximum.reduceat(np.where(finite, values, -np.inf), starts),
        np.add.reduceat(kept, starts),
        np.add.reduceat(kept * kept, starts),
    ]
    return np.stack(totals, axis=1), np.stack(moments, axis=1)

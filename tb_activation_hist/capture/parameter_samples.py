"""Samples of parameters: gathered on their device in one piece, read on the thread that stores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from tb_activation_hist.capture.device_timer import EVENT_DEVICES
from tb_activation_hist.capture.stream_order import mark_stream
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


Prepare: TypeAlias = Callable[[Tensor], Tensor]


class Gathered:
    """Samples of tensors of one device and dtype, joined, on their way to the host.

    samples: one or more, all in one dimension or all with rows of one length. lengths: values of
    each. They stay as they are when the tensors change.
    """

    def __init__(self, samples: Sequence[Tensor], prepare: Prepare | None = None) -> None:
        self.lengths = [each.numel() for each in samples]
        with torch.no_grad():
            joined = torch.cat(tuple(samples)).reshape(-1)
            if prepare is not None:
                joined = prepare(joined)
        self._late = joined.device.type in EVENT_DEVICES
        self._host = joined.to("cpu", non_blocking=self._late)
        if self._late:
            self._event = mark_stream(joined.device)

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


class NamedSamples(NamedTuple):
    """Samples of parameters, and the names of these."""

    names: Sequence[str]
    gathered: Gathered

    def read(self) -> dict[str, FloatArray]:
        """The values of each; waits until they have arrived."""
        ends = np.cumsum(self.gathered.lengths)[:-1]
        return dict(zip(self.names, np.split(self.gathered.read(), ends), strict=True))


def gather(
    tensors: Iterable[tuple[str, Tensor]], prepare: Prepare | None = None
) -> list[NamedSamples]:
    """Copy samples of named tensors; none of an empty one.

    prepare: what is done with all of a device and dtype at once before they are kept.
    """
    groups: dict[tuple[torch.device, torch.dtype, int], list[tuple[str, Tensor]]] = {}
    with torch.no_grad():
        for name, values in tensors:
            sample = view_sample(values)
            if sample.numel():
                key = (sample.device, sample.dtype, sample.dim())
                groups.setdefault(key, []).append((name, sample))
    return [
        NamedSamples(names, Gathered(samples, prepare))
        for names, samples in (zip(*own, strict=True) for own in groups.values())
    ]


def take_sample(values: Tensor) -> Tensor:
    """A view, or a small copy, of up to `SAMPLE` values, in one dimension."""
    return view_sample(values.detach()).reshape(-1)


def view_sample(values: Tensor, most: int = SAMPLE) -> Tensor:
    """Up to `most` values, a multiple of a run: a view where they lie densely, of all in one
    dimension, of runs in rows."""
    n = values.numel()
    if n <= SAMPLE:
        flat = flatten(values)
        return flat if n <= most else flat[:most]
    dense = values if values.is_contiguous() else flatten(values).contiguous()
    shape, stride = (most // RUN_LENGTH, RUN_LENGTH), (n - RUN_LENGTH) // (RUNS - 1)
    return dense.as_strided(shape, (stride, 1), dense.storage_offset())


def flatten(values: Tensor) -> Tensor:
    """All values in one dimension, in the order of memory where they lie densely."""
    if values.dim() == 1:
        return values
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


def sample_sums(samples: Sequence[FloatArray]) -> tuple[Any, Any]:
    """Totals (P, 3) and moments (P, 4) of samples, one or more."""
    lengths = [len(each) for each in samples]
    values = np.concatenate(samples)
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

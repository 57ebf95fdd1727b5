"""Whether what goes into a model is the same as at the record before, to the last bit."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from tb_activation_hist.capture.device_timer import EVENT_DEVICES
from tb_activation_hist.capture.late_scalar import LateScalar, keep_scalar
from tb_activation_hist.capture.parameter_samples import SAMPLE, checksum, take_sample
from tb_activation_hist.capture.stream_order import mark_stream
from tb_activation_hist.core.input_facts import InputFacts

LOOK_EVERY: Final = 16
"""Records from one look at all values of a batch to the next."""

FIRST_ROWS: Final = 2
"""First records in which the samples of a batch are held against each other."""

MOST_CALLS: Final = 64
"""Calls of a record that are compared; of one with more, nothing is known."""

MOST_BATCHES: Final = 1 << 16
"""Batches that are remembered to see them come again: 8 MB."""

NEWS: Final = 12
"""Records in a row that must be the same, or come again, before this is reported at once."""


class InputMemory:
    """The facts of one input.

    Of each tensor a sample is copied to the host (all of it up to `SAMPLE` values). Where samples
    stand still, a checksum of all values decides, in the first two records of such a time and then
    in each `LOOK_EVERY`-th. Nothing waits for a device: what has not arrived is read at a later
    record.
    """

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self._calls: list[_Call] = []
        self._waiting: deque[tuple[int, list[_Call]]] = deque()
        self._before: tuple[bytes, ...] = ()
        self._sums: tuple[float, ...] | None = None
        self._still = False
        self._seen: dict[int, int] = {}
        self._records = 0
        self._first = self._last = 0
        self._compared = self._same = self._since = self._run = 0
        self._rows_looked = self._rows_equal = 0
        self._period = self._repeats = 0

    def note(self, values: Tensor) -> None:
        """A call gets this tensor."""
        if len(self._calls) <= MOST_CALLS:
            rows = self._records < FIRST_ROWS or self._records % LOOK_EVERY == 0
            still = self._still and (self._run < 1 or self._run % LOOK_EVERY == 0)
            self._calls.append(_note_call(values, rows=rows, still=still))

    def end_record(self, step: int) -> None:
        """The calls since the last record make one; `step` is its number."""
        if self._calls:
            self._waiting.append((step, self._calls))
            self._calls = []
            self._records += 1
        while self._waiting and all(call.ready for call in self._waiting[0][1]):
            self._take(*self._waiting.popleft())

    def _take(self, step: int, calls: list[_Call]) -> None:
        samples = tuple(call.sample.read() for call in calls)
        sums = _read_sums(calls)
        before, self._before = self._before, samples
        sums_before = self._sums
        last, self._last = self._last, step
        self._first = self._first or step
        self._take_rows(calls)
        # The numbers of steps may begin anew, as after a checkpoint.
        if not before or len(calls) > MOST_CALLS or step <= last:
            self._since = self._run = self._repeats = 0
            self._sums = None
            self._seen = {hash(samples): step}
            return
        self._still = samples == before
        whole = all(call.whole for call in calls)
        if self._still and not whole and sums_before is None:
            self._sums = sums
            return
        self._sums = (sums or sums_before) if self._still else None
        # Between two looks that agree, samples that stand still decide.
        self._compare(self._still and (sums is None or whole or sums == sums_before), last)
        self._look_for_period(hash(samples), step)

    def _compare(self, same: bool, last: int) -> None:
        self._compared += 1
        self._same += same
        self._since = (self._since or last) if same else 0
        self._run = self._run + 1 if same else 0

    def _take_rows(self, calls: list[_Call]) -> None:
        known = [bool(float(call.one_row)) for call in calls if call.one_row is not None]
        self._rows_looked += bool(known)
        self._rows_equal += bool(known) and all(known)

    def _look_for_period(self, batch: int, step: int) -> None:
        if len(self._seen) >= MOST_BATCHES:
            self._seen.clear()
        known = self._seen.get(batch)
        self._seen[batch] = step
        if known is None or self._since:
            self._repeats = 0
        elif step - known == self._period:
            self._repeats += 1
        else:
            self._period, self._repeats = step - known, 1

    @property
    def has_news(self) -> bool:
        """Whether this record completes what is reported at once."""
        return self._repeats == NEWS or self._run == NEWS

    @property
    def facts(self) -> InputFacts | None:
        """None before the first record."""
        if not self._first:
            return None
        return InputFacts(
            self._first, self._last, self._compared, self._same, self._since, self._rows_looked,
            self._rows_equal, self._period, self._repeats, self._tag,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Call:
    """What is kept of one tensor of a call.

    whole: whether the sample has all values. total: a checksum of all, where one was wanted.
    one_row: whether all samples of the batch are the same, where that was looked at.
    """

    sample: _LateBytes
    whole: bool
    total: Any = None
    one_row: Any = None

    @property
    def ready(self) -> bool:
        late = (self.sample, self.total, self.one_row)
        return all(each.ready for each in late if isinstance(each, (_LateBytes, LateScalar)))


class _LateBytes:
    """The bytes of a small tensor on their way to the host."""

    def __init__(self, values: Tensor) -> None:
        late = values.device.type in EVENT_DEVICES
        self._host = values.to("cpu", non_blocking=True) if late else values.cpu().clone()
        self._event: Any = None
        if late:
            self._event = mark_stream(values.device)

    @property
    def ready(self) -> bool:
        return self._event is None or bool(self._event.query())

    def read(self) -> bytes:
        return self._host.view(torch.uint8).numpy().tobytes()


def _note_call(values: Tensor, *, rows: bool, still: bool) -> _Call:
    whole = values.numel() <= SAMPLE
    sample = take_sample(values)
    # A copy on the device first, so that the training may go on to change the tensor.
    kept = _LateBytes(sample.clone() if values.device.type in EVENT_DEVICES else sample)
    total = keep_scalar(checksum(values)) if still and not whole and values.numel() else None
    return _Call(kept, whole, total, _compare_rows(values.detach()) if rows else None)


def _compare_rows(values: Tensor) -> Any:
    """Whether all samples of a batch are the same; None if it has one, or one number of each."""
    if values.dim() < 2 or len(values) < 2 or values[0].numel() < 2:
        return None
    if values.is_cpu and not torch.equal(values[0], values[-1]):
        return 0.0
    return keep_scalar((values == values[:1]).all())


def _read_sums(calls: list[_Call]) -> tuple[float, ...] | None:
    if any(call.total is None and not call.whole for call in calls):
        return None
    return tuple(0.0 if call.total is None else float(call.total) for call in calls)

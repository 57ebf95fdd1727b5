"""From what the hooks have counted in a step to the records that are written."""

from __future__ import annotations

import time
from collections.abc import Mapping

from torch import Tensor

from tb_activation_hist.capture.late_scalar import keep_scalars
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.record_counts import PendingCounts
from tb_activation_hist.recording.attached_model import AttachedModel
from tb_activation_hist.recording.monitor import Monitor
from tb_activation_hist.recording.sinks import Sink
from tb_activation_hist.storage.writer import PendingSizes, Record


class StepRecords:
    """Takes counts and sizes from a model's hooks and gives them to a sink, and to the monitor.

    monitor: what watches the records for findings, if anything does. count: steps recorded.
    """

    def __init__(self, hooks: AttachedModel, sink: Sink, monitor: Monitor | None) -> None:
        self._hooks = hooks
        self._sink = sink
        self.monitor = monitor
        self.count = 0

    def end(
        self,
        before: int,
        step: int,
        recorded: bool,
        scalars: Mapping[str, float | Tensor],
        sizes: PendingSizes | None = None,
    ) -> None:
        """Evaluation passes belong to the step before them, all else to the one that ends."""
        state = self._hooks.state
        infos, counts = state.rows.take()
        evaluated = [row for row, info in enumerate(infos) if info.phase == "eval"]
        if evaluated and (state.evaluated or state.graphs_evaluate):
            self._put(before, [infos[row] for row in evaluated], counts.select(evaluated))
        state.evaluated = False
        if recorded:
            trained = [row for row, info in enumerate(infos) if info.phase != "eval"]
            rest = counts.select(trained) if evaluated else counts
            self.write_sizes(min(before, step - 1), self._hooks.take_first_sizes())
            layers = [infos[row] for row in trained]
            queued = self._put(step, layers, rest, keep_scalars(scalars), sizes)
            self.count += queued

    def _put(
        self,
        step: int,
        infos: list[LayerInfo],
        counts: PendingCounts,
        scalars: Mapping[str, float | Tensor] | None = None,
        sizes: PendingSizes | None = None,
    ) -> bool:
        """Give a record to the writer; False when it was skipped."""
        self._hooks.stored = True
        self._hooks.notes.note_order()
        watch = self.monitor
        observe, see = (None, None) if watch is None else (watch.add, watch.add_sizes)
        if sizes is not None:
            sizes.step = step
        return self._sink.write(
            Record(step, time.time(), infos, counts, scalars or {}, observe, sizes, see)
        )

    def write_sizes(self, step: int, sizes: PendingSizes | None) -> None:
        """Write sizes that belong to no other record: those before the first step, and the last."""
        if sizes is not None:
            sizes.step = step
            see = None if self.monitor is None else self.monitor.add_sizes
            self._sink.write(Record(step, time.time(), sizes=sizes, observe_sizes=see))

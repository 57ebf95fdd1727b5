"""`ActivationHistLogger`: layers, hooks, counts, cadence and writer put together."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, SupportsIndex

import torch
from torch import Tensor

from tb_activation_hist.capture.cadence import Cadence
from tb_activation_hist.capture.parameter_kinds import StepWatcher
from tb_activation_hist.capture.select import Models, name_models
from tb_activation_hist.core.call_errors import shows_example
from tb_activation_hist.core.weight_marks import info_to_marks
from tb_activation_hist.findings import Finding, FindingOptions
from tb_activation_hist.recording.active_loggers import (
    Claim,
    add_claim,
    close_competitors,
    close_namesakes,
    refuse_shared_names,
)
from tb_activation_hist.recording.alerts import Alerts, open_alerts
from tb_activation_hist.recording.attached_model import AttachedModel
from tb_activation_hist.recording.monitor import Monitor, open_monitor
from tb_activation_hist.recording.optimizer_steps import (
    OptimizerHook,
    count_steps,
    find_step_registrars,
)
from tb_activation_hist.recording.options import split_options
from tb_activation_hist.recording.overhead import Overhead
from tb_activation_hist.recording.ranks import current_ranks
from tb_activation_hist.recording.run_findings import find_writer_findings
from tb_activation_hist.recording.sinks import (
    NoSink,
    Sink,
    describe_recording,
    find_place,
    open_sink,
)
from tb_activation_hist.recording.step_numbers import (
    AFTER_CLOSE,
    ENDED_TWICE,
    check_number,
    check_order,
)
from tb_activation_hist.recording.step_records import StepRecords
from tb_activation_hist.storage.event_file import Logdir
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tb_activation_hist.storage.writer import RunWriter

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from tb_activation_hist.recording.options import LoggerOptions


class ActivationHistLogger:
    """Records histograms of a model's layers, step by step, into a TensorBoard run directory.

    model: the module that the training calls. Layers inside torch.compile, DDP and FSDP wrappers
    are found under their names in the wrapped model. For several models that are trained together,
    pass ``{"G": g, "D": d}``; their layers are named ``G.conv1``, ``D.conv1`` ....
    logdir: a path, a URL that TensorBoard can open, a ``SummaryWriter``, whose file is then shared,
    or a `RunWriter` or `MemoryWriter`. Such a writer stays open when the logger closes.
    options: ``help(LoggerOptions)`` lists them with defaults and units.

    Call `step` once after each optimizer step, or give ``optimizer=``. Use the logger as a context
    manager, or call `close`. The constructor raises `OptionError` for a wrong option,
    `LayerSelectionError` for a layer that is not in the model and `LogdirError` for a logdir that
    cannot be written. After that the logger never stops a training: it warns once and goes on.
    """

    @shows_example('ActivationHistLogger(model, "runs/lr=0.01")')
    def __init__(
        self,
        model: Models,
        logdir: Logdir | RunWriter | MemoryWriter,
        **options: Unpack[LoggerOptions],
    ) -> None:
        given = split_options(options)
        capture, recording = given.capture, given.recording
        self._options = given
        self._process = os.getpid()
        self._hooks = AttachedModel(name_models(model, recording.name), capture)
        self._state = self._hooks.state
        steppers = find_step_registrars(recording.optimizer)
        counted = None if recording.start_step is not None else count_steps(recording.optimizer)
        if counted:
            given = given._replace(recording=replace(recording, start_step=counted))
        self._claim = Claim(find_place(logdir), self._hooks, weakref.WeakMethod(self.close))
        refuse_shared_names(self._claim)
        # First, so that the last step is read from a directory that nobody writes to any more.
        close_competitors(self._claim)
        self._ranks = current_ranks()
        self._state.first_rank = self._ranks.rank == 0 or recording.per_rank
        self.writer: Sink
        self.writer, start = open_sink(logdir, self._ranks, given, self._hooks.tags)
        if isinstance(self.writer, NoSink):
            self._state.phases = ()
        self._alerts = open_alerts(recording.on_finding, recording.alert_url, self._claim.place)
        self._records = StepRecords(self._hooks, self.writer, self._new_monitor())
        self._cadence = Cadence(capture, start)
        self._state.step = start + 1
        if start:
            self._hooks.notes.earlier = info_to_marks(self.writer.run_info)
        self._ended_by_optimizer = False
        self._handles = [each(OptimizerHook(self, counted)) for each in steppers]
        owned = self.writer is not logdir
        self._finalizer = weakref.finalize(
            self, _release, self._hooks, self.writer, owned, self._handles, self._alerts
        )
        self._overhead = Overhead(self._cadence, self._state, self.writer)
        self.attach()

    def __repr__(self) -> str:
        """One line: ``ActivationHistLogger('runs/a', 3 layers, 48 steps recorded, open)``."""
        state = "closed" if self.closed else "open"
        return describe_recording(
            self, self._claim.place, len(self.layers), self._records.count, state
        )

    @property
    def layers(self) -> list[str]:
        """Names of the selected layers, in model order."""
        return [layer.name for layer in self._hooks.layers]

    @property
    def steps(self) -> int:
        """Number of the last step that ended, counted from 1; 0 before the first."""
        return self._cadence.step

    @property
    def recording(self) -> bool:
        """Whether the current step is recorded."""
        return self._state.train

    @property
    def attached(self) -> bool:
        """Whether the hooks are on the model."""
        return self._hooks.attached

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return not self._finalizer.alive

    @property
    def should_stop(self) -> bool:
        """Whether there has been a finding of ``stop_on`` since the hooks were attached.

        Reading the value costs nothing. With several ranks, only rank 0 knows it, and all ranks
        must stop at the same step.
        """
        monitor = self._records.monitor
        return monitor is not None and monitor.should_stop

    def _new_monitor(self) -> Monitor | None:
        recording = self._options.recording
        return open_monitor(recording, lambda: self.writer.run_info, self._alerts)

    def attach(self) -> None:
        """Put the hooks on the model, for example after `detach`; does nothing if they are on.

        Another open logger that records the same layers into a file is closed.
        """
        if self.closed or self.attached:
            return
        close_competitors(self._claim)
        close_namesakes(self._claim)
        self._hooks.attach(self.writer.update_info)
        if self.should_stop:
            # The training goes on in spite of it: from here it is watched anew.
            self._records.monitor = self._new_monitor()
        add_claim(self._claim)
        self._switch()

    def detach(self) -> None:
        """Remove the hooks. Later steps are counted but not recorded, until `attach`."""
        if self.attached:
            self._write_rest()
        self._hooks.detach()

    def step(self, number: SupportsIndex | None = None, /, **scalars: float | Tensor) -> None:
        """End a step: call it once after each optimizer step.

        number: the step's number, any integer (also numpy's or a tensor's); by default one more
        than the last. Anything else causes one warning and counts as one more than the last.
        scalars: numbers or one-element tensors, written under their names next to the histograms of
        a recorded step. A tensor is read later and may stay on its device.

        Causes one warning after a step that ``optimizer`` has ended already, and after `close`,
        when nothing is recorded any more.
        """
        if os.getpid() != self._process:
            return
        if self.closed:
            self._state.warn_once(AFTER_CLOSE)
            return
        if self._ended_by_optimizer:
            self._state.warn_once(ENDED_TWICE)
        self._ended_by_optimizer = False
        self._count_step(number, scalars)

    def _step_with_optimizer(self, number: int | None) -> None:
        """End a step at the end of the optimizer's own."""
        if self.closed or os.getpid() != self._process:
            return
        self._ended_by_optimizer = True
        self._count_step(number, {})

    def _count_step(self, number: SupportsIndex | None, scalars: dict[str, float | Tensor]) -> None:
        try:
            step = check_number(number, scalars, self._state.warn_once)
            check_order(step, self.steps, self._hooks.records, self._state.warn_once)
            with torch.no_grad():
                self._end_step(step, scalars)
        except Exception as err:  # noqa: BLE001 - nothing of ours may stop a training
            self._state.fail("the step", err)

    def record(self, name: str, tensor: Tensor, /) -> None:
        """Count a tensor outside any module, such as advantages or targets, as the layer `name`.

        name: name of its series, whatever ``layers`` selects. tensor: any shape, floating-point; a
        container of tensors gives ``name/0``, ``name/mask`` ... as a module's output does. Its
        gradient is recorded if ``kinds`` includes gradients. Calls within a step are added. The
        values belong to the current phase of the model. Values that cannot be counted cause one
        warning. Inside a module's forward, use `tb_activation_hist.record`.
        """
        self._hooks.record(name, tensor)

    def watch_steps(self) -> StepWatcher:
        """What counts weights, gradients and updates for an optimizer that is not torch's.

        Call its `before` and `after` around each of the optimizer's steps.
        """
        return StepWatcher(self._hooks.parameters)

    def _end_step(self, number: int | None, scalars: dict[str, float | Tensor]) -> None:
        recorded = self.attached and self._cadence.due
        with self._state.clock:
            self._take_step(number, scalars, recorded)
        self._overhead.end_step(recorded=recorded)
        if self.attached:
            self._switch()
        self._state.begin_step(self._cadence.step + 1)
        self._report_findings()

    def _take_step(
        self, number: int | None, scalars: dict[str, float | Tensor], recorded: bool
    ) -> None:
        """Give what was counted to the writer, if the step is recorded."""
        if self.attached:
            self._hooks.update()
        sizes = None
        if recorded:
            self._hooks.parameters.end_step()
            sizes = self._hooks.end_sizes()
        if recorded or (self._state.evaluated and not self._options.capture.accumulate):
            before = self._cadence.step
            self._records.end(before, self._cadence.advance(number), recorded, scalars, sizes)
        else:
            self._cadence.advance(number)
            self._state.rows.guard()
        if recorded:
            self._hooks.end_record()
            self._hooks.end_inputs(self._cadence.step)

    def _switch(self) -> None:
        due = self._cadence.due
        self._state.switch("train", self._options.capture.accumulate or due)
        self._state.switch("eval", True)
        self._hooks.begin_sizes(recorded=self._state.train and due)

    def _report_findings(self) -> None:
        """Warn about what the monitor has found since the last step."""
        monitor = self._records.monitor
        if monitor is None:
            return
        for message in monitor.take_messages():
            self._state.warn_once(message)
        if monitor.failure is not None:
            failure, monitor.failure = monitor.failure, None
            self._state.fail("the watch for findings", failure)

    def flush(self) -> None:
        """Wait until all records are on disk, at most ``close_timeout_s``."""
        if os.getpid() == self._process:
            self.writer.flush()
            self._report_findings()

    def findings(self, options: FindingOptions | None = None) -> list[Finding]:
        """What is wrong in the run so far, most severe first; [] if nothing is.

        options: thresholds other than the defaults. All records are read back, which takes about a
        second for a long run. LogdirError if the run cannot be read, and on a rank that leaves the
        writing to rank 0.
        """
        self.flush()
        return find_writer_findings(getattr(self.writer, "writer", self.writer), options)

    def close(self) -> None:
        """Remove the hooks and write what is left. Calling it again does nothing."""
        self._close(quietly=False)

    def _close(self, *, quietly: bool) -> None:
        if self.closed or os.getpid() != self._process:
            return
        self._hooks.quiet = quietly
        self.detach()
        self._overhead.note()
        self._finalizer()
        self._report_findings()

    def _write_rest(self) -> None:
        """Evaluation passes, and merged steps, since the last record; not an unfinished step."""
        try:
            merged = self._options.capture.accumulate and not self._cadence.records(
                self._cadence.step
            )
            self._records.end(self._cadence.step, self._cadence.step, merged, {})
            self._hooks.note_weights()
            with torch.no_grad():
                self._records.write_sizes(self._cadence.step, self._hooks.take_last_sizes())
        except Exception as err:  # noqa: BLE001 - nothing of ours may stop a training
            self._state.fail("the last record", err)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close(quietly=error is not None)


def _release(
    hooks: AttachedModel,
    writer: Sink,
    owned: bool,
    handles: Iterable[Any],
    alerts: Alerts | None,
) -> None:
    """Also runs when the logger is dropped, or the interpreter ends, without `close`."""
    hooks.detach()
    for handle in handles:
        handle.remove()
    if owned:
        writer.close()
    else:
        writer.flush()
    if alerts is not None:
        alerts.finish()
    hooks.tell_missing()

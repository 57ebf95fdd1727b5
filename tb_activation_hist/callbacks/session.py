"""One logger over several fits of a training library, on one step axis."""

from __future__ import annotations

import os
import time
import weakref
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsIndex

from tb_activation_hist.core.call_errors import shows_example
from tb_activation_hist.core.errors import LogdirError
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.plot_options import AxesArray, LayersPlotOptions
from tb_activation_hist.core.share_options import ShareOptions, make_choice
from tb_activation_hist.findings import Finding, FindingOptions
from tb_activation_hist.notebook.activation_stats import ActivationStatsReaders
from tb_activation_hist.recording.options import LoggerOptions, split_options
from tb_activation_hist.recording.run_findings import find_directory_findings, find_memory_findings
from tb_activation_hist.storage.interactive import NotebookCell, make_memory_cell
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tb_activation_hist.storage.run_histograms import read_run
from tb_activation_hist.storage.writer import Record

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from tb_activation_hist.storage.event_file import Logdir


class Recorded(NamedTuple):
    """How many layers the last logger of a session had, and how many steps all have recorded."""

    layers: int
    steps: int


class RecordingSession:
    """Attaches a logger when a fit begins and takes its hooks off when it ends.

    logdir: the logger's; None: records are kept in memory. options: the logger's, checked at once.
    A pickled or copied session carries neither logger nor hooks; its next fit starts a new logger.
    """

    def __init__(self, logdir: Logdir | None, options: Mapping[str, Any]) -> None:
        split_options(options)
        self.logdir = os.fspath(logdir) if isinstance(logdir, os.PathLike) else logdir
        self.options = dict(options)
        self.steps = 0
        self._start()

    def _start(self) -> None:
        self.logger: Any = None
        self._target: Any = None
        self._model: Any = None
        self._memory: MemoryWriter | None = None
        self._recorded = Recorded(0, 0)

    @property
    def recorded(self) -> Recorded:
        """What was recorded by this session's loggers so far."""
        if self.logger is None:
            return self._recorded
        steps = self._recorded.steps + self.logger._records.count
        return Recorded(len(self.logger.layers), steps)

    def begin(
        self, model: Any, target: Any = None, *, steps_done: int | None = None, **options: Any
    ) -> None:
        """Record this model from now on.

        target: a ``SummaryWriter`` to write with, for this fit only. steps_done: steps before this
        fit, where the training library resumes a training; None: go on after the last step.
        options: for the logger, where none were given at the start.
        """
        # Late, as all that needs torch: callbacks of a Learner are made without it.
        from tb_activation_hist.recording.active_loggers import is_overtaken

        if steps_done is not None and "start_step" not in self.options:
            self._resume_at(steps_done)
        own = target is None
        target = self._own_target() if own else target
        if self.logger is not None and (self._model() is not model or self._target is not target):
            self.close()
        if self.logger is not None and is_overtaken(self.logger._claim):
            # Another callback recorded to this directory in between: go on after its steps.
            self.close()
            self.steps = steps_done or 0
        if self.logger is not None and self.logger.closed:
            self.close()
        if self.logger is None:
            self._open(model, target, {**options, **self.options})
        self.logger.attach()

    def _resume_at(self, steps_done: int) -> None:
        """Go on after this step, with a new logger where the last one stands elsewhere."""
        if self.logger is not None and self.logger.steps != steps_done:
            self.close()
        self.steps = steps_done

    def _own_target(self) -> Any:
        if self.logdir is not None:
            return self.logdir
        if self._memory is None:
            self._memory = MemoryWriter()
        return self._memory

    def _open(self, model: Any, target: Any, options: dict[str, Any]) -> None:
        from tb_activation_hist.recording.logger import ActivationHistLogger

        if self.steps:
            options["start_step"] = self.steps
        self.logger = ActivationHistLogger(model, target, **options)
        self._target, self._model = target, weakref.ref(model)

    @property
    def active(self) -> bool:
        """Whether a fit is being recorded."""
        return self.logger is not None and bool(self.logger.attached)

    @property
    def should_stop(self) -> bool:
        """Whether a finding asks to end the fit; never with several ranks: none can end alone."""
        if not (self.active and self.logger.should_stop):
            return False
        from tb_activation_hist.recording.ranks import current_ranks

        return current_ranks().size == 1

    def step(self, scalars: Mapping[str, Any], number: SupportsIndex | None = None) -> None:
        """End a step of the fit that is being recorded; number: as in the logger's `step`."""
        if self.active:
            self.logger.step(number, **scalars)
            self.steps = self.logger.steps

    def write_scalars(self, scalars: Mapping[str, Any]) -> None:
        """Write scalars at the last step."""
        if self.active and scalars:
            self.logger.writer.write(Record(self.logger.steps, time.time(), scalars=scalars))

    def end(self) -> None:
        """Take the hooks off and write what there is; the next fit goes on after the last step."""
        if self.logger is None:
            return
        self.logger.detach()
        self.logger.flush()
        if self._target is not self.logdir and self._target is not self._memory:
            self.close()

    def close(self) -> None:
        """End the logger and its file; calling it again does nothing."""
        if self.logger is not None:
            self.logger.close()
            self.steps = self.logger.steps
            self._recorded = self.recorded
            self.logger = None

    @property
    def histograms(self) -> Mapping[str, HistogramSeries]:
        """What was recorded so far, by layer: from memory, or read back from the run directory."""
        if self.logdir is None:
            return {} if self._memory is None else self._memory.histograms
        if self.logger is not None:
            self.logger.flush()
        try:
            return read_run(_target_to_path(self._target or self.logdir))
        except LogdirError:
            if self.steps:
                raise
            # The first fit makes the directory.
            return {}

    def interactive(self, height_px: int, **options: Unpack[ShareOptions]) -> NotebookCell:
        """The page of what was recorded so far, in the cell of a notebook."""
        histograms = self.histograms
        if self.logdir is not None and histograms:
            return read_run(_target_to_path(self._target or self.logdir)).interactive(
                height_px=height_px, **options
            )
        memory = self._memory or MemoryWriter()
        return make_memory_cell(memory, "probe", make_choice(**options), height_px)

    def findings(self, options: FindingOptions | None = None) -> list[Finding]:
        """What is wrong in what was recorded so far; see `ActivationHistLogger.findings`."""
        if self.logger is not None:
            return list(self.logger.findings(options))
        if self.logdir is not None:
            return find_directory_findings(_target_to_path(self._target or self.logdir), options)
        return [] if self._memory is None else find_memory_findings(self._memory, options)

    def __getstate__(self) -> dict[str, Any]:
        kept = ("logdir", "options", "steps")
        state = {name: self.__dict__[name] for name in kept}
        state["logdir"] = None if self.logdir is None else _target_to_path(self.logdir)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()


class SessionReaders(ActivationStatsReaders):
    """What callbacks and probes give of their session; `_session` is set by the class itself."""

    _session: RecordingSession

    def __repr__(self) -> str:
        """One line: ``ModelProbe(in memory, 3 layers, 48 steps recorded, open)``."""
        from tb_activation_hist.recording.sinks import MEMORY, describe_recording, find_place

        logdir = self._session.logdir
        place = MEMORY if logdir is None else find_place(logdir)
        return describe_recording(self, place, *self._session.recorded, self._standing)

    @property
    @abstractmethod
    def _standing(self) -> str:
        """Whether steps to come are recorded, in words."""

    @property
    def steps(self) -> int:
        """Number of the last step, counted from 1 over all fits; 0 before the first."""
        return self._session.steps

    @property
    def histograms(self) -> Mapping[str, HistogramSeries]:
        """What was recorded so far, by layer, in model order."""
        return self._session.histograms

    def plot(self, **options: Unpack[LayersPlotOptions]) -> AxesArray:
        """Draw one panel for each layer: x the step, y the value, colour the count (logarithmic).

        Returns the axes, (layers,). OptionError when nothing was recorded yet;
        MissingDependencyError without matplotlib.
        """
        from tb_activation_hist.notebook.plot import plot_layers

        return plot_layers(self.histograms, **options)

    def findings(self, options: FindingOptions | None = None) -> list[Finding]:
        """What is wrong in what was recorded so far, most severe first; [] when nothing is.

        options: thresholds other than the defaults.
        """
        return self._session.findings(options)

    def close(self) -> None:
        """Take the hooks off and end the event file; what was recorded stays.

        A later fit begins another file in the same directory.
        """
        self._session.close()


class SessionCallback(SessionReaders):
    """A training library's callback; comes before that library's class among the bases."""

    @shows_example('ActivationHistCallback("runs/lr=0.01")')
    def __init__(self, logdir: Logdir | None, **options: Unpack[LoggerOptions]) -> None:
        super().__init__()
        self._session = RecordingSession(logdir, options)

    @property
    def _standing(self) -> str:
        return "recording" if self._session.active else "not recording"


def _target_to_path(target: Any) -> str:
    """The directory of a path, URL or ``SummaryWriter``."""
    if isinstance(target, str):
        return target
    return str(target.logdir if hasattr(target, "logdir") else target.log_dir)

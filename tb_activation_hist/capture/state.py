"""What all hooks of one logger share: whether to count, where, and what went wrong."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Final

import torch
from torch import Tensor

from tb_activation_hist.capture.call_order import CallOrder
from tb_activation_hist.capture.claimed_names import ClaimedNames
from tb_activation_hist.capture.meter import Meter
from tb_activation_hist.capture.options import CaptureOptions
from tb_activation_hist.capture.rows import Row, RowTable, Segment
from tb_activation_hist.capture.slice_rows import LayerSplit, SliceSegment
from tb_activation_hist.capture.split import SplitRules
from tb_activation_hist.capture.torch_internals import gradient_scale
from tb_activation_hist.core.names import PHASES
from tb_activation_hist.core.user_warnings import find_user_line, warn_user

BACKWARD: Final = "backward"
OPTIMIZER_STEP: Final = "optimizer step"


class CaptureState:
    """The state that hooks read. `train` and `eval` say whether that phase counts right now."""

    def __init__(self, options: CaptureOptions) -> None:
        self.meter = Meter(on=options.overhead_budget is not None, accumulate=options.accumulate)
        self.clock = self.meter.clock
        self.rows = RowTable(
            options.bins, meter=self.meter, warn=self.warn_once, split_bins=options.split_bins
        )
        self.split = SplitRules()
        self.phases = tuple(options.phases)
        self.train = False
        self.eval = False
        self.activations = "activations" in options.kinds
        self.gradients = "gradients" in options.kinds
        self.outputs = self.activations or self.gradients
        self.inputs = "inputs" in options.kinds
        self.model_inputs = options.model_inputs and (self.outputs or self.inputs)
        self.names = ClaimedNames(self.warn_once)
        self.per_call = options.per_call
        self.first_rank = True
        self.evaluated = False
        self.graphs_evaluate = False
        self.step = 0
        self.calls_since: dict[str, int] = dict.fromkeys(PHASES, 0)
        self.call_orders = itertools.count()
        self.call_order = CallOrder()
        self.depth = 0
        self.look: Callable[[], None] = _do_nothing
        """Goes on with the modules that the model has now."""
        self.unlooked = False
        """Whether nobody has looked at the model since the step began."""
        self.modules_version = "0"
        """Compiled graphs hold for one version. A text: to torch 2.4 a number is no constant."""
        self.graph_inputs = SimpleNamespace()
        """Buffers and switches that compiled graphs read, one by one: torch 2.4 cannot look into
        a `Segment`."""
        self.called = False
        """Whether the model was called in a recorded phase, or an optimizer stepped."""
        self.seen: set[str] = set()
        """What is needed for some kinds and has happened: `BACKWARD`, `OPTIMIZER_STEP`."""
        self.failures: dict[str, str] = {}
        self._warned: set[str] = set()
        self._on_error = options.on_error
        self._scaler = options.scaler
        self._inverse_scale: tuple[int, Tensor] | None = None
        self._made_at = find_user_line()
        self._lock = threading.Lock()
        self._looking = threading.Lock()

    def begin_step(self, step: int) -> None:
        """From here on everything belongs to this step."""
        self.step = step
        self.unlooked = True
        for phase in self.calls_since:
            self.calls_since[phase] += 1

    def switch(self, phase: str, on: bool) -> None:
        """Start or stop counting this phase, if it is recorded at all."""
        counts = on and phase in self.phases
        if getattr(self, phase) != counts:
            setattr(self, phase, counts)
            self.rows.switch(phase, counts)

    def look_again(self) -> None:
        """Go on with the modules that the model has now; one thread at a time."""
        if self._looking.acquire(blocking=False):
            try:
                self.unlooked = False
                self.look()
            finally:
                self._looking.release()

    def renew_graphs(self) -> None:
        """Let compiled graphs be made anew, since other modules have hooks than when they were."""
        self.modules_version = str(int(self.modules_version) + 1)

    def stop(self) -> None:
        for phase in PHASES:
            self.switch(phase, False)

    def find_in_graph(self, row: Row) -> tuple[str, int]:
        """The row that a compiled graph counts into: its buffer's name, and its index.

        `graph_inputs` has the buffer, and the switch of each phase as ``<name>_<phase>``.
        """
        row.segment.traced = True
        return self._give_to_graphs("buffer", row.segment), row.index

    def find_slices_in_graph(self, split: LayerSplit, slices: int) -> tuple[str, int]:
        """The range that a compiled graph counts slices into, as `find_in_graph` gives a row.

        The name is empty if there are too many slices.
        """
        room = split.room(slices)
        if room is None:
            return "", 0
        return self._give_to_graphs("slices", room.segment), room.first

    def _give_to_graphs(self, prefix: str, segment: Segment | SliceSegment) -> str:
        """The name by which compiled graphs read a segment's buffer from now on."""
        name = f"{prefix}{id(segment)}"
        setattr(self.graph_inputs, name, segment.buffer)
        for phase, switch in segment.switches.items():
            setattr(self.graph_inputs, f"{name}_{phase}", switch)
        return name

    def unscale(self, gradient: Tensor) -> Tensor:
        """Divide a gradient by the GradScaler's factor, without waiting for the device."""
        scale = gradient_scale(self._scaler)
        if scale is None:
            return gradient
        with torch.no_grad():
            known = self._inverse_scale
            if known is None or known[0] != self.step or known[1].device != gradient.device:
                known = (self.step, scale.to(gradient.device, non_blocking=True).reciprocal())
                self._inverse_scale = known
            wide = torch.promote_types(gradient.dtype, torch.float32)
            return gradient.detach().to(wide) * known[1]

    def fail(self, where: str, error: BaseException) -> None:
        """Warn once for each place, or raise with ``on_error="raise"``."""
        if self._on_error == "raise":
            raise error
        with self._lock:
            self.failures[where] = f"{where}, step {self.step}: {type(error).__name__}: {error}"
        self.warn_once(
            f"Recording {where} failed at step {self.step} ({type(error).__name__}: {error}). The "
            "training goes on, but this may be missing from the record. Pass on_error='raise' to "
            "see where it happened.",
            where,
        )

    def warn_compiled(self) -> None:
        self.warn_once(
            "Inside torch.compile, per_call=True has no effect: all calls of a module are counted "
            "together."
        )

    def warn_once(self, text: str, about: str = "") -> None:
        """Warn once for each `about`, which is the text itself by default."""
        with self._lock:
            if (about or text) in self._warned:
                return
            self._warned.add(about or text)
        warn_user(text, self._made_at)


def _do_nothing() -> None:
    """What `CaptureState.look` is before there is a model."""

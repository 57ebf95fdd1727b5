"""Recording's share of the step time: measured, kept under the budget, reported and noted."""

from __future__ import annotations

from typing import Final

import torch

from tb_activation_hist.capture.budget import Budget, StepCost
from tb_activation_hist.capture.cadence import Cadence
from tb_activation_hist.capture.device_timer import DeviceTimer
from tb_activation_hist.capture.schedule import has_doubled
from tb_activation_hist.capture.state import CaptureState
from tb_activation_hist.recording.ranks import RankMerger, RankSender
from tb_activation_hist.recording.sinks import Sink

NOTED_FIRST: Final = 8
"""Records after which the run's information has the measured share; then at each doubling."""


TIMED_EVERY: Final = 8
"""Of so many records one is timed, as soon as enough of them were."""

PATIENCE_S: Final = 10.0
"""Seconds of waiting for the writer that do not count: a machine is busy at times, a slow disk
always."""


class Overhead:
    """Ends each step of one logger: what recording took, and how often it goes on.

    Of ranks that are added up, rank 0 decides, and only ever for fewer records: what another rank
    records in the meantime is left out of no sum. The others follow as soon as they hear of it.
    """

    def __init__(self, cadence: Cadence, state: CaptureState, sink: Sink) -> None:
        self._cadence = cadence
        self._state = state
        self._sink = sink
        self._records = 0
        self._waited_s = 0.0
        sink.update_info(cadence=str(cadence))

    def end_step(self, *, recorded: bool) -> None:
        """Note what the host spent on recording; thin records where that is too much.

        To be called when the step has ended, whether it was recorded or not. Never waits.
        """
        budget, clock = self._cadence.budget, self._state.clock
        if budget is None:
            clock.on = False
            return
        waited_s = self._take_waiting()
        cost_s = clock.take() + waited_s if clock.on else None
        for device, timer in self._state.meter.timers.items():
            for cost in timer.end_step():
                budget.add_device(device, cost)
            if timer.wants_sample:
                self._time_sample(device, timer)
        before = str(self._cadence)
        if self._decide(cost_s, recorded):
            self._tell(before)
        if self._state.meter.accumulate and budget.beyond_thinning:
            self._tell_accumulated(budget)
        self._records += recorded
        if recorded and self._records >= NOTED_FIRST and has_doubled(self._records):
            self.note()
        known = self._cadence.due and budget.full and waited_s == 0
        clock.on = not known or self._records % TIMED_EVERY == 0
        if self._cadence.due and self._cadence.warm:
            for timer in self._state.meter.timers.values():
                timer.start_record()

    def _time_sample(self, device: torch.device, timer: DeviceTimer) -> None:
        try:
            self._state.rows.time_sample(device, timer)
        except Exception as err:  # noqa: BLE001 - such as a device whose memory is full
            timer.stop()
            self._state.fail("the time that counting takes", err)

    def _take_waiting(self) -> float:
        """Seconds of this step that the training waited for the writer, where they count."""
        total_s = getattr(self._sink, "waited_s", 0.0)
        waited_s, self._waited_s = total_s - self._waited_s, total_s
        return 0.0 if total_s <= PATIENCE_S else waited_s

    def _decide(self, cost_s: float | None, recorded: bool) -> bool:
        """Whether the thinning changed."""
        if isinstance(self._sink, RankSender):
            return self._cadence.thin(self._sink.thinning)
        thinning = self._cadence.thinning
        if not self._cadence.spend(cost_s, recorded):
            return False
        if isinstance(self._sink, RankMerger):
            # Only what all ranks record can be added up, and they hear of a change later.
            self._cadence.thinning = max(thinning, self._cadence.thinning)
            self._sink.announce_thinning(self._cadence.thinning)
        return self._cadence.thinning != thinning

    def _tell(self, before: str) -> None:
        self._sink.update_info(cadence=str(self._cadence))
        self.note()
        budget = self._cadence.budget
        cost = None if budget is None else budget.last_cost
        if budget is None or cost is None or not self._state.first_rank:
            return
        self._state.warn_once(
            f"Recording added {describe_cost(cost)} to the steps that it recorded, which is more "
            f"than overhead_budget={budget.limit} allows at the requested cadence ({before}). "
            f"From step {self._cadence.step + 1} on: {self._cadence}. Choose fewer layers or a "
            "larger every=..., or pass overhead_budget=None to record at any cost.",
            "overhead_budget",
        )

    def _tell_accumulated(self, budget: Budget) -> None:
        cost = budget.last_cost
        if cost is not None and self._state.first_rank:
            share = f"{cost.every_s / cost.rest_s:.1%}"
            self._state.warn_once(
                f"accumulate=True counts every step, which adds {share} to the step time: more "
                f"than overhead_budget={budget.limit} allows, and fewer records cannot help. "
                "Choose fewer layers, or leave accumulate out.",
                "overhead_budget, accumulate",
            )

    def note(self) -> None:
        """Put the share that recording takes now into the run's information, if it is known."""
        budget = self._cadence.budget
        cost = None if budget is None else budget.last_cost
        if budget is None or cost is None:
            return
        share = cost.share(self._cadence.distance)
        self._sink.update_info(
            overhead=f"{share:.1%} of the step time (budget {100 * budget.limit:.4g}%)",
            overhead_share=round(share, 6),
        )


def describe_cost(cost: StepCost) -> str:
    """Such as "12.0% (6.00 ms to 50.0 ms)"."""
    took_s = cost.record_s + cost.every_s
    return f"{took_s / cost.rest_s:.1%} ({took_s * 1e3:.3g} ms to {cost.rest_s * 1e3:.3g} ms)"

"""Step time of a training with each way attached, interleaved, with an A/A band."""

from __future__ import annotations

import copy
import statistics
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn

from bench.gpu.clock import Deadline, synchronize, time_host_s
from bench.gpu.models import Training
from bench.gpu.ways import Attached, Way, nothing, ways

STEPS = 10
"""Steps timed together: one of them is recorded with every=10."""

SETTLE_S = 12
"""Seconds at most until the budget has decided."""


class Trainer:
    """A model, its batch and its optimizer, in bfloat16 where autocast allows it."""

    def __init__(self, model: nn.Module, x: torch.Tensor, y: torch.Tensor, device: str) -> None:
        self.model, self.x, self.y, self.device = model, x, y, device
        self.call: nn.Module = model
        self.optimizer = torch.optim.AdamW(model.parameters(), 1e-5)

    def step(self) -> None:
        with torch.autocast(self.device, torch.bfloat16):
            output = self.call(self.x)
        nn.functional.cross_entropy(output.float(), self.y).backward()
        self.optimizer.step()
        self.optimizer.zero_grad()


class Candidate:
    """One way on a trainer, and what was measured of it."""

    def __init__(self, trainer: Trainer, attached: Attached) -> None:
        self.trainer, self.attached = trainer, attached
        self.seconds: list[float] = []
        self.syncs = 0
        self.peak_bytes = 0

    def step(self) -> None:
        self.trainer.step()
        self.attached.finish()

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.step()

    def time(self, steps: int) -> None:
        """Time so many steps together, after one that is not timed."""
        self.attached.on()
        self.step()
        cuda = self.trainer.device == "cuda"
        if cuda:
            torch.cuda.reset_peak_memory_stats()
        self.seconds.append(time_host_s(self.trainer.device, lambda: self.run(steps)) / steps)
        if cuda:
            self.peak_bytes = max(self.peak_bytes, torch.cuda.max_memory_allocated())
        self.attached.off()

    def settle(self, steps: int, deadline: Deadline) -> None:
        """Run until everything is compiled and the budget has decided."""
        self.attached.on()
        self.run(steps)
        self.syncs = count_syncs(self)
        while not (self.attached.judged or deadline.over):
            self.step()
            synchronize(self.trainer.device)
        self.attached.off()


def count_syncs(candidate: Candidate) -> int:
    """How often one step makes the host wait for the device."""
    if candidate.trainer.device != "cuda":
        return 0
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        candidate.step()
        torch.cuda.set_sync_debug_mode("default")
    return sum("synchronizing" in str(each.message) for each in told)


class Candidates:
    """Makes the ways of one training ready, one after another."""

    def __init__(self, training: Training, device: str, folder: Path, *, smoke: bool) -> None:
        self._training, self._device, self._folder = training, device, folder
        self._smoke = smoke
        self._shared: Trainer | None = None
        self._plain: Trainer | None = None

    def make(self, name: str, way: Way) -> Candidate:
        if way is nothing and self._plain is not None:
            return Candidate(self._plain, nothing(self._plain.model, self._folder))
        trainer = self._trainer()
        attached = way(trainer.model, self._folder / name.replace(" ", "-"))
        if self._training.compiled:
            # A compiled graph holds its hooks: on for good, on a model of its own.
            attached.on()
            attached.off = lambda: None  # type: ignore[method-assign]
            attached.on = lambda: None  # type: ignore[method-assign]
            backend = "eager" if self._smoke else "inductor"
            trainer.call = torch.compile(trainer.model, backend=backend)
        if way is nothing:
            self._plain = trainer
        return Candidate(trainer, attached)

    def _trainer(self) -> Trainer:
        if self._shared is None:
            torch.manual_seed(0)
            self._shared = Trainer(*self._training.make(self._device), self._device)
        if not self._training.compiled:
            return self._shared
        own = copy.deepcopy(self._shared.model)
        return Trainer(own, self._shared.x, self._shared.y, self._device)


def measure(training: Training, device: str, deadline: Deadline, *, smoke: bool) -> dict[str, Any]:
    """Figures of each way: seconds a step, ratio to no logger in the same round, syncs, memory."""
    steps, most_rounds, warm_up = (1, 1, 1) if smoke else (STEPS, 40, 3)
    missing: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        maker = Candidates(training, device, Path(folder), smoke=smoke)
        ready: dict[str, Candidate] = {}
        for name, way in ways(training.five_layers).items():
            if ready and deadline.over:
                missing[name] = "the time was over"
                continue
            try:
                ready[name] = maker.make(name, way)
                ready[name].settle(warm_up, deadline.part(0.0 if smoke else SETTLE_S))
            except Exception as err:  # noqa: BLE001 - out of memory, or a way that fails on a model
                ready.pop(name, None)
                missing[name] = f"{type(err).__name__}: {str(err).splitlines()[0][:100]}"
        rounds = 0
        while ready and rounds < most_rounds and not (rounds >= 2 and deadline.over):
            for name in list(ready) if rounds % 2 == 0 else list(ready)[::-1]:
                ready[name].time(steps)
            rounds += 1
        for candidate in ready.values():
            candidate.attached.close()
    return {
        "training": training.name,
        "rounds": rounds,
        "ways": {name: summarise(each, ready) for name, each in ready.items()},
        "missing": missing,
    }


def summarise(candidate: Candidate, ready: dict[str, Candidate]) -> dict[str, Any]:
    base = next(iter(ready.values()))
    ratios = [own / plain for own, plain in zip(candidate.seconds, base.seconds, strict=True)]
    low, _, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [ratios[0]] * 3
    return {
        "ms": 1e3 * statistics.median(candidate.seconds),
        "added": statistics.median(ratios) - 1,
        "added_mean": sum(candidate.seconds) / sum(base.seconds) - 1,
        "added_quartiles": [low - 1, high - 1],
        "syncs_a_step": candidate.syncs - base.syncs,
        "peak_mib": candidate.peak_bytes / 2**20,
        "note": candidate.attached.note,
    }


MUST = {"ours, every step": 0.05, "ours, default budget": 0.05, "ours, every=10": 0.01}
"""Share of the step time that each may add."""


def print_rows(found: dict[str, Any]) -> None:
    print(f"\n{found['training']}: median of {found['rounds']} interleaved rounds")
    head = ("ms a step", "added (middle half)", "mean", "must", "syncs", "peak MiB")
    widths = (11, 30, 10, 7, 7, 10)
    print(f"  {'':28}" + "".join(f"{h:>{w}}" for h, w in zip(head, widths, strict=True)))
    for name, row in found["ways"].items():
        low, high = row["added_quartiles"]
        added = f"{row['added']:+.1%} ({low:+.1%} ... {high:+.1%})"
        must = f"{MUST[name]:+.0%}" if name in MUST else ""
        figures = (
            f"{row['ms']:.2f}",
            added,
            f"{row['added_mean']:+.1%}",
            must,
            f"{row['syncs_a_step']}",
            f"{row['peak_mib']:.0f}",
        )
        cells = "".join(f"{f:>{w}}" for f, w in zip(figures, widths, strict=True))
        print(f"  {name:28}{cells}  {row['note']}".rstrip())
    for name, reason in found["missing"].items():
        print(f"  {name} was left out: {reason}")

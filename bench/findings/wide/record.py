"""Trains one job and records it twice at once: as users get it by default, and all kinds."""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from unittest import mock

import numpy as np
import torch

from bench.findings.rivals import RivalRules
from bench.findings.wide.architectures import ARCHITECTURES
from bench.findings.wide.conditions import CONDITIONS
from bench.findings.wide.faults import FAULTS
from bench.findings.wide.jobs import Job
from bench.findings.wide.training import Training, make_optimizers
from tb_activation_hist import ActivationHistLogger

CACHE: Final = Path(tempfile.gettempdir()) / "tb_activation_hist_bench_wide"
DEFAULT, EVERYTHING = "default", "all"
MODES: Final = {
    DEFAULT: {},
    EVERYTHING: {"kinds": ("activations", "gradients", "weights", "weight_gradients", "updates")},
}
"""By mode: the options of the logger, beside those that leave TensorBoard's own charts out."""

ALWAYS: Final = {"histogram_points": 0, "scalar_points": 0, "overhead_budget": None}
"""No charts, and no thinning, which would depend on how busy the machine is."""


@dataclass(frozen=True)
class Outcome:
    """What is known of a finished training beside its recordings, which lie in `directory`.

    onset: step of the fault, from 0. truth: modules in which it was planted, None for the whole
    network. losses: of each optimizer's loss, by step. alarms: what the rivals' rules said.
    """

    job: Job
    directory: Path
    steps: int
    onset: int
    truth: set[str] | None
    losses: list[list[float]]
    alarms: dict[str, list[tuple[str, int]]]

    def run_dir(self, mode: str) -> Path:
        return self.directory / mode


def run_job(job: Job, cache: Path, *, anew: bool = False) -> Outcome:
    """The outcome, from the cache where it is there."""
    directory = cache / job.name
    if anew or not (directory / "outcome.json").exists():
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fields = train(job, directory)
        (directory / "outcome.json").write_text(json.dumps(fields))
    return read_outcome(job, cache)


def read_outcome(job: Job, cache: Path) -> Outcome:
    fields = json.loads((cache / job.name / "outcome.json").read_text())
    truth = None if fields["truth"] is None else set(fields["truth"])
    alarms = {rule: [tuple(each) for each in fired] for rule, fired in fields["alarms"].items()}
    own = (fields["steps"], fields["onset"], truth, fields["losses"], alarms)
    return Outcome(job, cache / job.name, *own)


def is_cached(job: Job, cache: Path) -> bool:
    return (cache / job.name / "outcome.json").exists()


def train(job: Job, directory: Path) -> dict[str, object]:
    torch.manual_seed(job.seed)
    training = prepare(job)
    rivals = RivalRules(training.model)
    training.watcher = rivals
    losses = run_steps(training, job, directory, MODES)
    return {
        "job": asdict(job),
        "steps": training.recipe.steps,
        "onset": training.onset,
        "truth": None if training.truth is None else sorted(training.truth),
        "losses": losses,
        "alarms": rivals.alarms,
    }


def record_again(job: Job, cache: Path, mode: str) -> None:
    """Record one mode of a cached training anew, as when what is recorded by default changes."""
    target, unfinished = cache / job.name / mode, cache / job.name / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    torch.manual_seed(job.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        losses = run_steps(prepare(job), job, unfinished, [mode])
    known = read_outcome(job, cache).losses
    if not np.allclose(losses, known, rtol=1e-3, equal_nan=True):
        print(f"\n{job.name}: the losses differ from those of the first recording")
    shutil.rmtree(target)
    (unfinished / mode).rename(target)
    unfinished.rmdir()


def run_steps(
    training: Training, job: Job, directory: Path, modes: Iterable[str]
) -> list[list[float]]:
    """Losses of each phase by step."""
    planted = FAULTS.get(job.condition) or CONDITIONS[job.condition]
    losses = []
    with record_modes(training, directory, modes) as loggers:
        for step in range(training.recipe.steps):
            if planted.at_step:
                planted.at_step(training, step)
            losses.append(training.step(step))
            for logger in loggers:
                logger.step(loss=losses[-1][0])
    return [list(each) for each in zip(*losses, strict=True)]


def prepare(job: Job) -> Training:
    architecture, fault = ARCHITECTURES[job.architecture], FAULTS.get(job.condition)
    training = Training(architecture.build(), architecture.recipe())
    training.model.train()
    low, high = fault.onset if fault else (0.0, 0.0)
    share = np.random.default_rng(sum(map(ord, job.name))).uniform(low, high)
    training.onset = int(share * training.recipe.steps)
    before = fault.prepare if fault else CONDITIONS[job.condition].prepare
    if before:
        before(training)
    training.optimizers = make_optimizers(training)
    if fault and fault.rewire:
        fault.rewire(training)
    return training


@contextmanager
def record_modes(
    training: Training, directory: Path, modes: Iterable[str]
) -> Iterator[list[ActivationHistLogger]]:
    """A logger for each mode. Two loggers of one model would close each other; these may not."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch("tb_activation_hist.recording.logger.close_competitors"))
        yield [
            stack.enter_context(
                ActivationHistLogger(
                    training.task.recorded, str(directory / mode), **MODES[mode], **ALWAYS
                )
            )
            for mode in modes
        ]

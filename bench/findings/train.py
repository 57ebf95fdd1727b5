"""Train one small network with one planted fault, or none, and keep what was recorded."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bench.findings.data import Data, load_data
from bench.findings.faults import FAULTS
from bench.findings.models import Architecture
from bench.findings.planting import REPLACED_MODELS, Training
from bench.findings.record import Layers, record_model
from bench.findings.rivals import RivalRules
from bench.findings.unseen import ALL

BATCH = 32
CACHE = Path(tempfile.gettempdir()) / "tb_activation_hist_bench_findings"


@dataclass(frozen=True)
class Job:
    architecture: str
    condition: str
    """Name of a fault, or of a healthy variant."""
    seed: int

    @property
    def name(self) -> str:
        return f"{self.architecture}-{self.condition}-{self.seed}"


@dataclass
class Outcome:
    """A finished training. onset: step of the fault. truth_layers: where it was planted."""

    job: Job
    layers: Layers
    steps: int
    onset: int
    truth_layers: set[str] | None
    losses: list[float]
    scores: list[float]
    rival_alarms: dict[str, list[tuple[str, int]]]


def run_job(job: Job, cache: Path = CACHE) -> Outcome:
    """The outcome, from the cache where it is there."""
    file = cache / f"{job.name}.pickle"
    if not file.exists():
        outcome = train(job)
        cache.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".part")
        unfinished.write_bytes(pickle.dumps(outcome))
        unfinished.replace(file)
    return pickle.loads(file.read_bytes())


def train(job: Job) -> Outcome:
    architecture = ALL[job.architecture]
    torch.manual_seed(job.seed)
    data = load_data(architecture.data)
    training = prepare(architecture, job)
    logger, writer = record_model(training.model)
    rivals = RivalRules(training.model)
    losses, scores = [], []
    fault = FAULTS.get(job.condition)
    for step, (inputs, targets) in enumerate(batches(data, training.steps, job.seed)):
        if fault and fault.at_step:
            fault.at_step(training, step)
        elif fault is None:
            training.set_rate(healthy_factor(job.condition, step / training.steps))
        loss, score = one_step(training, inputs, targets, rivals, step)
        losses.append(loss)
        scores.append(score)
        logger.step()
    logger.close()
    layers = writer.layers()
    writer.close()
    return Outcome(
        job,
        layers,
        training.steps,
        training.onset,
        training.truth_layers,
        losses,
        scores,
        rivals.alarms,
    )


def prepare(architecture: Architecture, job: Job) -> Training:
    build = REPLACED_MODELS.get(job.condition)
    model = build(architecture) if build else architecture.build()
    fault = FAULTS.get(job.condition)
    low, high = fault.onset if fault else (0.0, 0.0)
    onset = int(np.random.default_rng(job.seed).uniform(low, high) * architecture.steps)
    optimizer = make_optimizer(architecture, model)
    training = Training(model, optimizer, architecture.steps, onset, architecture.rate)
    training.rates = [architecture.rate]
    if job.condition == "healthy_bf16":
        training.autocast = torch.bfloat16
    if fault and fault.prepare:
        fault.prepare(training)
        if not training.optimizer.param_groups[1:]:
            training.optimizer = make_optimizer(architecture, model)
    return training


def make_optimizer(architecture: Architecture, model: nn.Module) -> torch.optim.Optimizer:
    parameters = [p for p in model.parameters() if p.requires_grad]
    if architecture.optimizer == "adam":
        return torch.optim.Adam(parameters, architecture.rate)
    return torch.optim.SGD(parameters, architecture.rate, momentum=0.9)


def healthy_factor(condition: str, share: float) -> float:
    if condition == "healthy_onecycle":
        return 0.05 + 1.95 * (share / 0.3 if share < 0.3 else (1 - share) / 0.7)
    if condition == "healthy_steps":
        return 1.0 if share < 0.5 else 0.1 if share < 0.8 else 0.01
    return 1.0


def batches(data: Data, steps: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    done = 0
    while True:
        for index in torch.randperm(len(data.inputs), generator=generator).split(BATCH):
            if done == steps:
                return
            yield data.inputs[index], data.targets[index]
            done += 1


def one_step(
    training: Training, inputs: Tensor, targets: Tensor, rivals: RivalRules, step: int
) -> tuple[float, float]:
    enabled = training.autocast is not None
    training.optimizer.zero_grad()
    with torch.autocast("cpu", training.autocast or torch.bfloat16, enabled=enabled):
        outputs = training.model(training.inputs(inputs)).float()
    loss = loss_of(outputs, targets)
    (loss * training.loss_scale).backward()
    rivals.before_update(step, float(loss.detach()))
    training.optimizer.step()
    rivals.after_update(step)
    return float(loss.detach()), score_of(outputs.detach(), targets)


def loss_of(outputs: Tensor, targets: Tensor) -> Tensor:
    if targets.is_floating_point():
        bounded = outputs.clamp(1e-6, 1 - 1e-6)
        return nn.functional.binary_cross_entropy(bounded.nan_to_num(0.5), targets)
    return nn.functional.cross_entropy(outputs, targets)


def score_of(outputs: Tensor, targets: Tensor) -> float:
    if targets.is_floating_point():
        return float(((outputs > 0.5) == (targets > 0.5)).float().mean())
    return float((outputs.argmax(1) == targets).float().mean())

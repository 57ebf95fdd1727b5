"""What a step of the training takes with each way of recording, beside a step without."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from bench import rivals
from bench.overhead.trainer import MODELS, Times, Trainer, time_steps
from tb_activation_hist.recording.logger import ActivationHistLogger

STAGES = ["conv1", "layer[1-4]"]

MUST = {
    "ours, all leaf modules": 5,
    "ours, conv1 and the four stages": 1,
    "ours, all leaf modules, every=10": 1,
}
"""Per cent that a step of resnet18 may take longer."""


def ours(**options: Any) -> Callable[[Trainer, Path], None]:
    def attach(trainer: Trainer, logdir: Path) -> None:
        hist = ActivationHistLogger(trainer.model, logdir, **options)
        trainer.finish, trainer.close = hist.step, hist.close

    return attach


def nothing(_trainer: Trainer, _logdir: Path) -> None:
    """Leave the trainer as it is."""


OTHERS: dict[str, Callable[[Trainer, Path], None]] = {
    "fastai ActivationStats(with_hist)": rivals.fastai_stats,
    "SummaryWriter.add_histogram per layer": rivals.add_histogram,
    "torch.histc hooks (mean, std, 40 bins)": rivals.histc_hooks,
    "gradients' histograms, as wandb.watch": rivals.parameter_histograms,
    "TorchLens watch": rivals.torchlens_watch,
    "TorchExplorer watch": rivals.torchexplorer_watch,
}

SPLIT, UNSPLIT = "ours, all leaf modules, split by channel", "ours, all leaf modules"

MUST_SPLIT = 3
"""Per cent that a step of resnet18 may take longer when split than unsplit."""


def ways(model: str, *, ours_alone: bool) -> dict[str, Callable[[Trainer, Path], None]]:
    stages = {"ours, conv1 and the four stages": ours(layers=STAGES)} if model == "resnet18" else {}
    others = {} if ours_alone else OTHERS
    return {
        "no logger": nothing,
        UNSPLIT: ours(),
        SPLIT: ours(split={"*": 1}),
        **stages,
        "ours, all leaf modules, every=10": ours(every=10),
        **others,
        "no logger again (A/A band)": nothing,
    }


Found = dict[str, list[Times]]


def make_trainers(
    model: str, folder: Path, *, ours_alone: bool
) -> tuple[dict[str, Trainer], dict[str, str]]:
    """A trainer for each way, two steps old; and why a way is missing."""
    torch.manual_seed(0)
    source, x, y = MODELS[model]()
    trainers, missing = {}, {}
    for number, (name, attach) in enumerate(ways(model, ours_alone=ours_alone).items()):
        trainer = Trainer(source, x, y)
        try:
            attach(trainer, folder / str(number))
            time_steps(trainer, 2)
        except Exception as err:
            if attach.__module__ != rivals.__name__:
                raise
            missing[name] = f"{type(err).__name__}: {str(err).splitlines()[0][:100]}"
        else:
            trainers[name] = trainer
    return trainers, missing


def measure(
    model: str, rounds: int, steps: int, *, ours_alone: bool = False
) -> tuple[Found, dict[str, str]]:
    """Times per step of each way in each round, and why a way is missing."""
    with tempfile.TemporaryDirectory() as folder:
        trainers, missing = make_trainers(model, Path(folder), ours_alone=ours_alone)
        found: Found = {name: [] for name in trainers}
        for turn in range(rounds):
            order = list(trainers) if turn % 2 == 0 else list(trainers)[::-1]
            for name in order:
                found[name].append(time_steps(trainers[name], steps))
        for trainer in trainers.values():
            trainer.close()
    return found, missing


def report(model: str, found: Found, missing: dict[str, str]) -> None:
    base = found["no logger"]
    wall, cpu = (1e3 * min(times[field] for times in base) for field in (0, 1))
    print(
        f"\n{model}: {len(base)} rounds, no logger {wall:.1f} ms a step at best, "
        f"{cpu:.1f} ms of processor time, which other programs disturb less"
    )
    print(
        f"  {'':42} {'wall: median (middle half)':>30} {'best':>8} {'CPU: median':>13} {'best':>8}"
        f" {'added':>9} {'must':>7}"
    )
    for name, times in found.items():
        wall_shares = [100 * (t.wall / b.wall - 1) for t, b in zip(times, base, strict=True)]
        cpu_shares = [100 * (t.cpu / b.cpu - 1) for t, b in zip(times, base, strict=True)]
        low, _, high = statistics.quantiles(wall_shares, n=4)
        added = 1e3 * (min(t.cpu for t in times) - min(t.cpu for t in base))
        middle = f"{statistics.median(wall_shares):+.1f} % ({low:+.1f} ... {high:+.1f})"
        must = f"+{MUST[name]} %" if model == "resnet18" and name in MUST else ""
        print(
            f"  {name:42} {middle:>30} {_best(times, base, 0):+6.1f} % "
            f"{statistics.median(cpu_shares):+11.1f} % {_best(times, base, 1):+6.1f} % "
            f"{added:+6.2f} ms {must:>7}"
        )
    pairs = list(zip(found[SPLIT], found[UNSPLIT], strict=True))
    wall, cpu = (
        statistics.median(100 * (split[field] / unsplit[field] - 1) for split, unsplit in pairs)
        for field in (0, 1)
    )
    must = f", must: +{MUST_SPLIT} %" if model == "resnet18" else ""
    print(f"  split over unsplit: {wall:+.1f} % wall, {cpu:+.1f} % processor time{must}")
    for name, reason in missing.items():
        print(f"  {name} did not run: {reason}")


def _best(times: list[Times], base: list[Times], field: int) -> float:
    return 100 * (min(t[field] for t in times) / min(b[field] for b in base) - 1)

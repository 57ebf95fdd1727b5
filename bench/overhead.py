"""What recording costs a training step, beside what else people use.

Run: ``python -m bench.overhead [--model resnet18|gpt|lstm] [--rounds 12] [--steps 10]
[--off-step] [--sizes] [--inputs]``

All ways run interleaved in one process, A B ... B A, on models that start alike; each figure is
the median over the rounds of (time with) / (time without) of the same round. The last line is the
A/A band: no logger against no logger, measured the same way. A difference inside it is noise.
Ways of others are in `rivals`; TorchLens and TorchExplorer take part where they are installed.

Below stands what the end of a step that is not recorded takes, in turns with steps of the training:
the look whether the model has changed, and the whole call of ``step``. ``--off-step``: only that.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from bench import rivals
from bench.kernel import processor
from tb_activation_hist.recording.logger import ActivationHistLogger

Step = Callable[[], None]
STAGES = ["conv1", "layer[1-4]"]
MUST = {
    "ours, all leaf modules": 5,
    "ours, conv1 and the four stages": 1,
    "ours, all leaf modules, every=10": 1,
}
"""Per cent that a step of resnet18 may take longer."""

MUST_CHECK = 0.1
"""Per cent of a step of resnet18 that the look whether the model has changed may take."""

MUST_SIZES = 0.2
"""Per cent of a step of resnet18 that measuring the sizes of parameters may take."""

MUST_INPUTS = 0.2
"""Per cent of a step of resnet18 that recording the model's input may take."""

SIZES_EVERY = 16

CALLS = 200
"""Calls of a round that are timed together, where one takes microseconds."""


class Block(nn.Module):
    """A transformer block of the small GPT."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.act, self.down = (
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Linear(4 * width, width),
        )
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        batch, time_steps, width = x.shape
        parts = self.qkv(self.norm1(x)).view(batch, time_steps, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, time_steps, width))
        return x + self.down(self.act(self.up(self.norm2(x))))


class SmallGPT(nn.Module):
    """4 blocks, width 128, 4 heads, context 64."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(256, 128), nn.Embedding(64, 128)
        self.blocks = nn.Sequential(*(Block(128, 4) for _ in range(4)))
        self.norm, self.head = nn.LayerNorm(128), nn.Linear(128, 256)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))
        return self.head(self.norm(self.blocks(x))).flatten(0, 1)


class Tagger(nn.Module):
    """Two LSTM layers over embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(256, 128)
        self.lstm = nn.LSTM(128, 256, num_layers=2, batch_first=True)
        self.head = nn.Linear(256, 256)

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.lstm(self.embedding(ids))[0]).flatten(0, 1)


def make_resnet() -> tuple[nn.Module, Tensor, Tensor]:
    import torchvision

    model = torchvision.models.resnet18(num_classes=10)
    model.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    return model, torch.randn(64, 1, 28, 28), torch.randint(10, (64,))


def make_text(model: nn.Module) -> tuple[nn.Module, Tensor, Tensor]:
    ids = torch.randint(256, (16, 64))
    return model, ids, ids.roll(-1, 1).flatten()


MODELS = {
    "resnet18": make_resnet,
    "gpt": lambda: make_text(SmallGPT()),
    "lstm": lambda: make_text(Tagger()),
}


class Trainer:
    """One model with its optimizer; `finish` is what a way does after each step."""

    def __init__(self, source: nn.Module, x: Tensor, y: Tensor) -> None:
        self.model = copy.deepcopy(source)
        self.x, self.y = x, y
        self.optimizer = torch.optim.SGD(self.model.parameters(), 1e-3)
        self.finish: Step = lambda: None

    def step(self) -> None:
        nn.functional.cross_entropy(self.model(self.x), self.y).backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.finish()


def ours(**options: Any) -> Callable[[Trainer, Path], None]:
    def attach(trainer: Trainer, logdir: Path) -> None:
        hist = ActivationHistLogger(trainer.model, logdir, **options)
        trainer.finish = hist.step

    return attach


def nothing(_trainer: Trainer, _logdir: Path) -> None:
    """Leave the trainer as it is."""


def ways(model: str) -> dict[str, Callable[[Trainer, Path], None]]:
    stages = {"ours, conv1 and the four stages": ours(layers=STAGES)} if model == "resnet18" else {}
    return {
        "no logger": nothing,
        "ours, all leaf modules": ours(),
        "ours, all leaf modules, split by channel": ours(split={"*": 1}),
        **stages,
        "ours, all leaf modules, every=10": ours(every=10),
        "fastai ActivationStats(with_hist)": rivals.fastai_stats,
        "SummaryWriter.add_histogram per layer": rivals.add_histogram,
        "torch.histc hooks (mean, std, 40 bins)": rivals.histc_hooks,
        "gradients' histograms, as wandb.watch": rivals.parameter_histograms,
        "TorchLens watch": rivals.torchlens_watch,
        "TorchExplorer watch": rivals.torchexplorer_watch,
        "no logger again (A/A band)": nothing,
    }


class Times(NamedTuple):
    """Of one step: seconds on the wall, and seconds of CPU over all threads."""

    wall: float
    cpu: float


Found = dict[str, list[Times]]


def make_trainers(model: str, folder: Path) -> tuple[dict[str, Trainer], dict[str, str]]:
    """A trainer for each way, two steps old; and why a way is missing."""
    torch.manual_seed(0)
    source, x, y = MODELS[model]()
    trainers, missing = {}, {}
    for number, (name, attach) in enumerate(ways(model).items()):
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


def measure(model: str, rounds: int, steps: int) -> tuple[Found, dict[str, str]]:
    """Times per step of each way in each round, and why a way is missing."""
    with tempfile.TemporaryDirectory() as folder:
        trainers, missing = make_trainers(model, Path(folder))
        found: Found = {name: [] for name in trainers}
        for turn in range(rounds):
            order = list(trainers) if turn % 2 == 0 else list(trainers)[::-1]
            for name in order:
                found[name].append(time_steps(trainers[name], steps))
    return found, missing


def time_steps(trainer: Trainer, steps: int) -> Times:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(steps):
        trainer.step()
    return Times((time.perf_counter() - wall) / steps, (time.process_time() - cpu) / steps)


class OffStep(NamedTuple):
    """Seconds, medians over the rounds, and the smallest of each."""

    step: float
    check: float
    end: float
    least: tuple[float, float, float]


def measure_off_step(model: str, rounds: int, steps: int) -> OffStep:
    """A step of the training, the look at the model, and the whole end of a step off the record."""
    torch.manual_seed(0)
    trainer = Trainer(*MODELS[model]())
    with (
        tempfile.TemporaryDirectory() as folder,
        ActivationHistLogger(trainer.model, folder, every=10**9) as hist,
    ):
        trainer.step()
        hist.step()
        time_steps(trainer, 2)
        found = [
            (
                time_steps(trainer, steps).wall,
                time_calls(hist._hooks.update),
                time_calls(hist.step),
            )
            for _ in range(rounds)
        ]
    columns = list(zip(*found, strict=True))
    step, check, end = (statistics.median(column) for column in columns)
    least = tuple(min(column) for column in columns)
    return OffStep(step, check, end, (least[0], least[1], least[2]))


def measure_sizes(model: str, steps: int) -> tuple[float, float, float]:
    """Seconds of a step, of measuring the parameters' sizes in one, and of any other step."""
    torch.manual_seed(0)
    trainer = Trainer(*MODELS[model]())
    spent = [0.0]
    with (
        tempfile.TemporaryDirectory() as folder,
        ActivationHistLogger(trainer.model, folder, overhead_budget=None) as hist,
    ):
        sizes = hist._hooks.parameters.sizes
        for name in ("begin_step", "begin", "before_step", "after_step", "end_step"):
            setattr(sizes, name, add_time(getattr(sizes, name), spent))
        whole, turns, others = [], [], []
        for step in range(steps):
            spent[0] = 0.0
            began = time.perf_counter()
            trainer.step()
            hist.step()
            whole.append(time.perf_counter() - began)
            (others if step % SIZES_EVERY else turns).append(spent[0])
    # The first record reads all weights, once.
    return statistics.median(whole), statistics.median(turns[1:]), statistics.median(others)


def measure_inputs(model: str, rounds: int, steps: int) -> tuple[float, float, float]:
    """Seconds of a step, of recording an input that changes, and of one that stays the same."""
    torch.manual_seed(0)
    trainer = Trainer(*MODELS[model]())
    batches = [trainer.x, trainer.x.flip(0)]
    with (
        tempfile.TemporaryDirectory() as folder,
        ActivationHistLogger(trainer.model, folder, overhead_budget=None) as hist,
    ):
        (hook,) = hist._hooks._attachment.model_hooks.values()
        trainer.finish = hist.step
        time_steps(trainer, 2)
        records = itertools.count(1000)

        def take(batch: Tensor) -> None:
            hook(trainer.model, (batch,))
            hook.end_record(next(records))

        found = []
        for _ in range(rounds):
            step = time_steps(trainer, steps).wall
            still = time_calls(lambda: take(batches[0]))
            turns = itertools.cycle(batches)
            found.append((step, time_calls(lambda turns=turns: take(next(turns))), still))
    step, changing, still = (statistics.median(column) for column in zip(*found, strict=True))
    return step, changing, still


def report_inputs(model: str, found: tuple[float, float, float]) -> None:
    step, changing, still = found
    must = f", must: {MUST_INPUTS} %" if model == "resnet18" else ""
    print(
        f"  the model's input takes {changing * 1e6:.0f} µs in each record: "
        f"{100 * changing / step:.3f} % of a step{must}; {still * 1e6:.0f} µs, "
        f"{100 * still / step:.3f} %, where it stays the same"
    )


def add_time(call: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    """The same function, which adds its time to the first of a list."""

    def timed(*args: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return call(*args, **options)
        finally:
            spent[0] += time.perf_counter() - began

    return timed


def report_sizes(model: str, found: tuple[float, float, float]) -> None:
    step, turn, other = found
    share = 100 * (turn + (SIZES_EVERY - 1) * other) / SIZES_EVERY / step
    must = f", must: {MUST_SIZES} %" if model == "resnet18" else ""
    print(
        f"  the sizes of parameters take {turn * 1e3:.2f} ms in each {SIZES_EVERY}th record, "
        f"{other * 1e6:.1f} µs in the others: {share:.3f} % of a step{must}"
    )


def time_calls(call: Step) -> float:
    began = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - began) / CALLS


def report_off_step(model: str, found: OffStep) -> None:
    must = f", must: {MUST_CHECK} %" if model == "resnet18" else ""
    print(f"\n{model}: a step of the training takes {found.step * 1e3:.1f} ms")
    for name, at, seconds in (("the look at the model", 1, found.check), ("step()", 2, found.end)):
        share, least = 100 * seconds / found.step, 100 * found.least[at] / found.least[0]
        print(
            f"  off the record {name} takes {seconds * 1e6:.1f} µs: {share:.3f} % of a step, "
            f"{least:.3f} % at best{must if at == 1 else ''}"
        )


def report(model: str, found: Found, missing: dict[str, str]) -> None:
    base = found["no logger"]
    best = min(times.wall for times in base) * 1e3
    print(f"\n{model}: {len(base)} rounds, no logger {best:.1f} ms a step at best")
    print(
        f"  {'':42} {'wall: median (middle half)':>30} {'best':>8} {'CPU: median':>13} {'best':>8}"
        f" {'must':>7}"
    )
    for name, times in found.items():
        wall = [100 * (t.wall / b.wall - 1) for t, b in zip(times, base, strict=True)]
        cpu = [100 * (t.cpu / b.cpu - 1) for t, b in zip(times, base, strict=True)]
        low, _, high = statistics.quantiles(wall, n=4)
        middle = f"{statistics.median(wall):+.1f} % ({low:+.1f} ... {high:+.1f})"
        must = f"+{MUST[name]} %" if model == "resnet18" and name in MUST else ""
        print(
            f"  {name:42} {middle:>30} {_best(times, base, 0):+6.1f} % "
            f"{statistics.median(cpu):+11.1f} % {_best(times, base, 1):+6.1f} % {must:>7}"
        )
    for name, reason in missing.items():
        print(f"  {name} did not run: {reason}")


def _best(times: list[Times], base: list[Times], field: int) -> float:
    return 100 * (min(t[field] for t in times) / min(b[field] for b in base) - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", choices=[*MODELS, "all"], default="all")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--off-step", action="store_true")
    parser.add_argument("--sizes", action="store_true", help="only the sizes of parameters")
    parser.add_argument("--inputs", action="store_true", help="only the model's input")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    print(
        f"{now}, {processor()}, Python {platform.python_version()}, torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads"
    )
    for model in MODELS if given.model == "all" else [given.model]:
        if not (given.off_step or given.sizes or given.inputs):
            report(model, *measure(model, given.rounds, given.steps))
        if not (given.sizes or given.inputs):
            report_off_step(model, measure_off_step(model, given.rounds, given.steps))
        if given.inputs or not (given.off_step or given.sizes):
            report_inputs(model, measure_inputs(model, given.rounds, given.steps))
        if given.inputs:
            continue
        report_sizes(model, measure_sizes(model, 1 + SIZES_EVERY * given.rounds))


if __name__ == "__main__":
    main()

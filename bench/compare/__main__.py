"""Plants deviations in small models and tells how often `compare` names the right layer first.

Half of the cases, those with odd seeds, were not looked at while the code was written.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any, NamedTuple

import torch
from torch import nn

from bench.compare.deviations import DEVIATIONS, Deviation
from bench.compare.models import GPT2_NAMES, MODELS, make_gpt2_pair, make_input, make_model
from tb_activation_hist import ActivationHistLogger, MemoryWriter, RunComparison, compare_runs

KINDS = ("activations", "gradients", "weights", "weight_gradients", "updates")
MODES = ("exact", "mass", "octaves")


class Result(NamedTuple):
    """What was named for a planted deviation."""

    deviation: str
    model: str
    seed: int
    expected: str
    named: str
    step: int | None

    @property
    def right(self) -> bool:
        return (self.named, self.step) == (self.expected, 1)


def record(model: nn.Module, name: str, steps: int, optimizer_type: Any = torch.optim.Adam) -> Any:
    """Train a few steps, and record every one."""
    optimizer = optimizer_type(model.parameters(), 1e-3)
    writer = MemoryWriter()
    torch.manual_seed(0)
    with ActivationHistLogger(model, writer, kinds=KINDS, on_error="raise") as logger:
        for step in range(steps):
            output = model(make_input(name, step))
            loss = (output if isinstance(output, torch.Tensor) else output.logits).square().mean()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            logger.step()
    return writer


def try_deviation(deviation: Deviation, name: str, seed: int) -> Result:
    """Plant a deviation in a random block of a model, and compare with the model without it."""
    random = torch.Generator().manual_seed(7_000 + seed)
    options: dict[str, Any] = {}
    if name == "GPT-2":
        right, wrong = make_gpt2_pair(seed)
        # Written in another way, so it is equal but for rounding.
        options = {"mode": "octaves", "names": GPT2_NAMES}
    else:
        right, wrong = make_model(name, seed), make_model(name, seed)
    blocks: Any = wrong.blocks
    block = int(torch.randint(len(blocks), (), generator=random))
    expected = deviation.plant(wrong, block, random)
    first = compare_runs(record(right, name, 2), record(wrong, name, 2), **options).first
    named = first.other if first else "(no difference)"
    return Result(deviation.name, name, seed, expected, named, first.first_step if first else None)


def try_all(seeds: list[int]) -> list[Result]:
    return [
        try_deviation(deviation, name, seed)
        for deviation in DEVIATIONS
        for name in deviation.models
        for seed in seeds
    ]


@contextmanager
def other_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2 if before == 1 else 1)
    yield
    torch.set_num_threads(before)


@contextmanager
def other_kernels() -> Iterator[None]:
    with torch.backends.mkldnn.flags(enabled=False):
        yield


NOISES: dict[str, Callable[[], Any]] = {"threads": other_threads, "kernels": other_kernels}


def compare_noisy(
    name: str, seed: int, noise: str, steps: int, optimizer_type: Any
) -> dict[str, RunComparison]:
    """Two trainings of which only the rounding differs, compared in every mode."""
    one = record(make_model(name, seed), name, steps, optimizer_type)
    with NOISES[noise]():
        other = record(make_model(name, seed), name, steps, optimizer_type)
    return {mode: compare_runs(one, other, mode=mode) for mode in MODES}  # type: ignore[misc]


def print_deviations(results: list[Result]) -> None:
    """A row for each deviation, a column for each model."""
    models = (*MODELS, "GPT-2")
    found: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for each in results:
        found[each.deviation, each.model].append(each.right)
    print(f"| planted | {' | '.join(models)} |")
    print(f"|---|{'---|' * len(models)}")
    for name in dict.fromkeys(each.deviation for each in results):
        cells = [found.get((name, model), []) for model in models]
        texts = [f"{sum(cell)} of {len(cell)}" if cell else "" for cell in cells]
        print(f"| {name} | {' | '.join(texts)} |")
    right = sum(each.right for each in results)
    print(f"\nRight layer first: {right} of {len(results)} ({right / len(results):.1%})\n")
    for each in results:
        if not each.right:
            print(
                f"  {each.deviation}, {each.model}, seed {each.seed}: {each.named} at step "
                f"{each.step}, not {each.expected}"
            )


def print_equal_pairs(seeds: list[int], steps: int) -> None:
    """Runs with the same seed, and runs that differ in rounding alone."""
    print("| equal pairs | told apart |")
    print("|---|---|")
    apart = [
        not compare_runs(*(record(make_model(name, seed), name, steps) for _ in range(2))).same
        for name in MODELS
        for seed in seeds
    ]
    print(f"| same seed again, exact | {sum(apart)} of {len(apart)} |")
    for noise, optimizer_type in product(NOISES, (torch.optim.SGD, torch.optim.Adam)):
        pairs = {
            (name, seed): compare_noisy(name, seed, noise, steps, optimizer_type)
            for name in MODELS
            for seed in seeds
        }
        for mode in MODES:
            told = {at: pair[mode] for at, pair in pairs.items() if not pair[mode].same}
            names = ", ".join(
                f"{name} at step {each.first.first_step} in {each.first.layer}"
                for (name, _), each in told.items()
                if each.first
            )
            what = f"other {noise}, {optimizer_type.__name__}, {mode}, {steps} steps"
            print(f"| {what} | {len(told)} of {len(pairs)}{': ' * bool(names)}{names} |")


def print_time() -> None:
    """200 layers of 50 steps, as many of them different as can be."""
    layers = [nn.Linear(64, 64) for _ in range(200)]
    random = torch.Generator().manual_seed(0)
    writers = []
    for change in (1.0, 1.01):
        model = nn.Sequential(*layers)
        writer = MemoryWriter()
        with ActivationHistLogger(model, writer) as logger, torch.no_grad():
            for _ in range(50):
                model(change * torch.randn(32, 64, generator=random))
                logger.step()
        writers.append(writer)
    began = time.perf_counter()
    found = compare_runs(writers[0], writers[1])
    print(f"\n{found.records:,} records compared: {time.perf_counter() - began:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="of each deviation and half")
    parser.add_argument("--half", choices=("seen", "unseen", "both"), default="both")
    parser.add_argument("--steps", type=int, default=50, help="of equal pairs")
    given = parser.parse_args()
    torch.set_num_threads(1)
    halves = {"seen": 0, "unseen": 1}
    for half, first in halves.items():
        if given.half in (half, "both"):
            seeds = [2 * number + first for number in range(given.seeds)]
            print(f"\n{half.capitalize()} half, seeds {', '.join(map(str, seeds))}\n")
            print_deviations(try_all(seeds))
            print_equal_pairs(seeds[:1], given.steps)
    print_time()


if __name__ == "__main__":
    main()

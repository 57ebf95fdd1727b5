"""What single parts of the recorder take, as shares of a step of the training."""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bench.overhead.trainer import MODELS, Step, Trainer, time_steps
from tb_activation_hist.recording.logger import ActivationHistLogger

MUST_CHECK = 0.1
"""Per cent of a step of resnet18 that the look whether the model has changed may take."""

MUST_SIZES = 0.2
"""Per cent of a step of resnet18 that measuring the sizes of parameters may take."""

MUST_INPUTS = 0.2
"""Per cent of a step of resnet18 that recording the model's input may take."""

SIZES_EVERY = 16

CALLS = 200
"""Calls of a round that are timed together, where one takes microseconds."""


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


def report_off_step(model: str, found: OffStep) -> None:
    must = f", must: {MUST_CHECK} %" if model == "resnet18" else ""
    print(f"\n{model}: a step of the training takes {found.step * 1e3:.1f} ms")
    for name, at, seconds in (("the look at the model", 1, found.check), ("step()", 2, found.end)):
        share, least = 100 * seconds / found.step, 100 * found.least[at] / found.least[0]
        print(
            f"  off the record {name} takes {seconds * 1e6:.1f} µs: {share:.3f} % of a step, "
            f"{least:.3f} % at best{must if at == 1 else ''}"
        )


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


def report_sizes(model: str, found: tuple[float, float, float]) -> None:
    step, turn, other = found
    share = 100 * (turn + (SIZES_EVERY - 1) * other) / SIZES_EVERY / step
    must = f", must: {MUST_SIZES} %" if model == "resnet18" else ""
    print(
        f"  the sizes of parameters take {turn * 1e3:.2f} ms in each {SIZES_EVERY}th record, "
        f"{other * 1e6:.1f} µs in the others: {share:.3f} % of a step{must}"
    )


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


def time_calls(call: Step) -> float:
    began = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - began) / CALLS

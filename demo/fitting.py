"""What both demos do with a Learner: one fit, and a table of how the fits ended."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import fastai.callback.schedule  # noqa: F401 - gives Learner its fit_one_cycle
from fastai.callback.progress import ProgressCallback
from fastai.learner import Learner
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Outcome:
    """What a run ended with on the validation set: its loss and its one metric."""

    run: str
    loss: float
    metric: float


def fit_one_cycle(
    learn: Learner, run: str, epochs: int, rate: float | slice, *, samples: str
) -> Outcome:
    """Fits a Learner that has one metric; `samples` says what it trains on, such as "images"."""
    if not sys.stdout.isatty():
        # Bars redraw their line; in a log each redrawing would be one more line.
        learn.remove_cb(ProgressCallback)
    count = len(learn.dls.train_ds)
    print(f"\n{run}: {count:,} {samples}, {epochs} epochs, one-cycle", flush=True)
    learn.fit_one_cycle(epochs, rate)
    loss, metric = (float(value) for value in learn.recorder.values[-1][1:3])
    return Outcome(run, loss, metric)


def print_outcomes(
    title: str, outcomes: Sequence[Outcome], metric: str, text: Callable[[float], str]
) -> None:
    """Prints a table with one row per run; `text` says how the metric is written."""
    table = Table(title=title)
    for name in ("run", "validation loss", metric):
        table.add_column(name, justify="left" if name == "run" else "right")
    for outcome in outcomes:
        table.add_row(outcome.run, f"{outcome.loss:.3g}", text(outcome.metric))
    Console().print(table)

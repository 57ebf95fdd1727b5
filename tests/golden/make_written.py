"""Writes tests/golden/written_v1: three recordings, whose every event later versions must repeat.

Run it only when what is written changes on purpose: ``python -m tests.golden.make_written``.
All values are multiples of a power of two, so that their sums are exact on every machine.
"""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from tensorboard.compat.proto.event_pb2 import Event
from torch import nn

from tb_activation_hist.capture.record import record as record_tensors
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.core.schemes.scheme import Scheme
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.recording.options import WriterOptions
from tb_activation_hist.storage.codec import HEADER, MAGIC
from tb_activation_hist.storage.event_file_reader import find_event_files, scan_events
from tb_activation_hist.storage.writer import Record, RunWriter

FOLDER = Path(__file__).parent / "written_v1"
SCHEMES: dict[str, Scheme] = {"float_bits": FLOAT_BITS, "linear": LinearBins(40, -4, 10)}
ODD = (0.0, -0.0, 1e-44, -1e-44, float("nan"), float("inf"), float("-inf"))
STEPS = 40


class FixedWriter(RunWriter):
    """Gives records times and a session number that are the same in each run."""

    def __init__(self, target: Path) -> None:
        options = WriterOptions(histogram_points=4, scalar_points=4, flush_s=600)
        super().__init__(target, options=options)
        self.session = 7

    def write(self, record: Record) -> bool:
        return super().write(replace(record, wall_time=1.7e9 + record.step))


def values_of(step: int) -> torch.Tensor:
    """300 multiples of 1/64 between -15 and 16, and odd ones; a huge one now and then."""
    regular = [((number * 7919 + step * 1_047) % 2003 - 1000) / 64 for number in range(300)]
    huge = (3e38,) if step % 7 == 0 else ()
    return torch.tensor([*regular, *ODD, *huge])


def record(folder: Path, scheme: Scheme) -> None:
    """Train steps with gradients, and an evaluation after every tenth of them."""
    model = nn.Sequential(nn.Identity(), nn.ReLU())
    writer = FixedWriter(folder)
    kinds = ("activations", "gradients")
    phases = ("train", "eval")
    # The cost of recording, which differs from run to run, stays out of the facts.
    with ActivationHistLogger(
        model,
        writer,
        kinds=kinds,
        phases=phases,
        bins=scheme,
        model_inputs=False,
        overhead_budget=None,
    ) as logger:
        for step in range(1, STEPS + 1):
            values = values_of(step).requires_grad_()
            weights = torch.arange(len(values)) % 5 / 8
            (model(values) * weights).sum().backward()
            logger.step(rate=1 / step)
            if step % 10 == 0:
                model.eval()(values_of(step + 1).detach())
                model.train()
    writer.close()


class Records(nn.Linear):
    """Records a tensor of its own, and has weights of a power of two."""

    def __init__(self) -> None:
        super().__init__(4, 2, bias=False)
        nn.init.constant_(self.weight, 0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = super().forward(x)
        record_tensors(self, scores=scores, pair=(scores, x[:1]))
        return scores


def record_kinds(folder: Path) -> None:
    """Tensors of `record` and of the logger, inputs, and the optimizer's state."""
    model, writer = nn.Sequential(Records(), nn.ReLU()), FixedWriter(folder)
    optimizer = torch.optim.SGD(model.parameters(), lr=2**-6, momentum=0.5)
    kinds = ("activations", "gradients", "inputs", "optimizer_state", "weights")
    with ActivationHistLogger(
        model, writer, kinds=kinds, model_inputs=False, overhead_budget=None, sizes_every=None
    ) as logger:
        for step in range(1, 7):
            x = values_of(step)[:24].reshape(6, 4)
            optimizer.zero_grad()
            (model(x).sum() / 8).backward()
            logger.record("outside", x * 2)
            optimizer.step()
            logger.step()
    writer.close()


def read_written(folder: Path) -> list[Event]:
    """All events but the file's own first, without their times; blocks as they were deflated."""
    (path,) = find_event_files(str(folder))
    with path.open() as file:
        events = [Event.FromString(data) for _, data in scan_events(file)][1:]
    for event in events:
        event.ClearField("wall_time")
        for value in event.summary.value:
            text = value.tensor.string_val
            if text and text[0].startswith(MAGIC):
                text[0] = text[0][: HEADER.size] + zlib.decompress(text[0][HEADER.size :])
    return events


RECORDINGS: dict[str, Callable[[Path], None]] = {
    **{name: partial(record, scheme=scheme) for name, scheme in SCHEMES.items()},
    "kinds": record_kinds,
}
"""What writes each folder."""


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, write in RECORDINGS.items():
        write(FOLDER / name)
        (path,) = (FOLDER / name).iterdir()
        path.rename(path.with_name("events.out.tfevents.1700000000.golden"))


if __name__ == "__main__":
    main()

"""What recording costs a training step, beside what else people use.

Run: ``python -m bench.overhead [--model resnet18|gpt|lstm] [--rounds 12] [--steps 10]
[--ours] [--off-step] [--sizes] [--inputs]``

A block of slices is written each 32 records, so take ``--steps 32`` for what splitting costs.

All ways run interleaved in one process, A B ... B A, on models that start alike; each figure is
the median over the rounds of (time with) / (time without) of the same round. The last line is the
A/A band: no logger against no logger, measured the same way. A difference inside it is noise.
Ways of others are in `rivals`; TorchLens and TorchExplorer take part where they are installed.

Below stands what the end of a step that is not recorded takes, in turns with steps of the training:
the look whether the model has changed, and the whole call of ``step``. ``--off-step``: only that.
"""

from __future__ import annotations

import argparse
import platform
from datetime import datetime, timezone

import torch

from bench.kernel import processor
from bench.overhead.parts import (
    SIZES_EVERY,
    measure_inputs,
    measure_off_step,
    measure_sizes,
    report_inputs,
    report_off_step,
    report_sizes,
)
from bench.overhead.trainer import MODELS
from bench.overhead.whole_steps import measure, report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", choices=[*MODELS, "all"], default="all")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--ours", action="store_true", help="without what other people use")
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
            report(model, *measure(model, given.rounds, given.steps, ours_alone=given.ours))
        if not (given.sizes or given.inputs):
            report_off_step(model, measure_off_step(model, given.rounds, given.steps))
        if given.inputs or not (given.off_step or given.sizes):
            report_inputs(model, measure_inputs(model, given.rounds, given.steps))
        if given.inputs:
            continue
        report_sizes(model, measure_sizes(model, 1 + SIZES_EVERY * given.rounds))


if __name__ == "__main__":
    main()

"""Prove this package on the GPU at hand: one command, one table, one line of JSON.

Run: ``python -m bench.gpu [--minutes 9] [--json FILE] [--only checks kernel steps] [--smoke]``

Needs torch, Triton, numpy and tensorboard, no network, and nothing beyond the source tree. It
always ends in time and prints what it has: all CUDA tests, the kernel beside a device copy and
torch.histc, and the step time of GPT-2 124M (8 x 1,024, eager and compiled), ResNet-50 (batch 128)
and ViT-B/16 (batch 128), all in bfloat16 autocast, with each way of recording. Exit 1 when a test
failed, 2 without a CUDA device. --smoke runs all of it on the CPU in tiny sizes, whose figures mean
nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

import torch

from bench.gpu import checks, kernel, steps
from bench.gpu.clock import Deadline
from bench.gpu.models import trainings
from tb_activation_hist.capture.count_kernels import kernel_name

SECTIONS: Final = ("checks", "kernel", "steps")
KERNEL_S, TRAINING_S, COMPILED_S, CHECKS_S = 45.0, 65.0, 156.0, 130.0
"""Seconds of each section at most; TRAINING_S of one that is not compiled."""
LEFT_FOR_REPORT_S: Final = 8.0


class Report:
    """What was found so far, printed section by section."""

    def __init__(self, json_path: str | None) -> None:
        self.found: dict[str, Any] = {"machine": describe_machine(), "steps": []}
        self.failed = False
        self._json_path = json_path
        self._lock = threading.Lock()

    def finish(self, *, late: bool) -> int:
        """Print the JSON, once; the exit status."""
        with self._lock:
            self.found["ended_early"] = late
            text = json.dumps(self.found)
            if self._json_path:
                Path(self._json_path).write_text(text + "\n", encoding="utf-8")
            if late:
                print("\nThe time was over; what is above is what there is.")
            print(f"\nJSON {text}", flush=True)
            return int(self.failed)


def describe_machine() -> dict[str, str]:
    cuda = torch.cuda.is_available()
    try:
        import triton

        triton_version = triton.__version__
    except ImportError:
        triton_version = "not installed"
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "device": torch.cuda.get_device_name() if cuda else "CPU",
        "torch": torch.__version__,
        "cuda": str(torch.version.cuda or torch.version.hip),
        "triton": triton_version,
        "python": platform.python_version(),
        "counts_on_device": kernel_name("cuda") if cuda else "",
        "counts_on_host": kernel_name("cpu"),
    }


def run_sections(report: Report, only: Sequence[str], deadline: Deadline, *, smoke: bool) -> None:
    device = "cpu" if smoke else "cuda"
    sections: dict[str, Callable[[], None]] = {
        "checks": lambda: run_checks(report, device, deadline),
        "kernel": lambda: run_kernel(report, device, deadline, smoke=smoke),
        "steps": lambda: run_steps(report, device, deadline, smoke=smoke),
    }
    for name in only:
        sections[name]()


def run_checks(report: Report, device: str, deadline: Deadline) -> None:
    found = report.found["checks"] = checks.run(device, deadline.part(CHECKS_S))
    report.failed |= checks.failed(found)
    checks.print_rows(found)


def run_kernel(report: Report, device: str, deadline: Deadline, *, smoke: bool) -> None:
    values, rounds = (1 << 12, 1) if smoke else (1 << 27, 12)
    found = kernel.measure(device, values, rounds, deadline.part(KERNEL_S))
    report.found["kernel"] = found
    kernel.print_rows(found)


def run_steps(report: Report, device: str, deadline: Deadline, *, smoke: bool) -> None:
    for training in trainings(tiny=smoke):
        if deadline.left_s < 5:
            print(f"\n{training.name} was left out: the time was over")
            continue
        part = deadline.part(COMPILED_S if training.compiled else TRAINING_S)
        found = steps.measure(training, device, part, smoke=smoke)
        report.found["steps"].append(found)
        steps.print_rows(found)
        sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=9.0, help="ends by then (default 9)")
    parser.add_argument("--json", help="write the JSON to this file too")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--smoke", action="store_true", help="tiny sizes on the CPU")
    given = parser.parse_args(arguments)
    if not (given.smoke or torch.cuda.is_available()):
        print(
            "torch.cuda.is_available() is False: there is no CUDA device to measure. "
            "--smoke tries the script itself on the CPU."
        )
        return 2
    seconds = max(60 * given.minutes - LEFT_FOR_REPORT_S, 1.0)
    report = Report(given.json)
    print(", ".join(f"{name} {value}" for name, value in report.found["machine"].items() if value))

    def end_late() -> None:
        os._exit(report.finish(late=True))

    watchdog = threading.Timer(seconds + LEFT_FOR_REPORT_S / 2, end_late)
    watchdog.daemon = True
    watchdog.start()
    began = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run_sections(report, given.only, Deadline(seconds), smoke=given.smoke)
    watchdog.cancel()
    report.found["seconds"] = round(time.monotonic() - began, 1)
    return report.finish(late=False)


if __name__ == "__main__":
    sys.exit(main())

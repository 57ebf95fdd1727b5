"""The CUDA tests in a process of their own, so that one that hangs or crashes ends nothing else."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from bench.gpu.clock import Deadline

ROOT = Path(__file__).parents[2]
PYTEST_TARGETS = "tests/unit/capture/test_count_triton*.py"
"""Tests of the kernel, which need pytest; the checks of tests/gpu do not."""


def run(device: str, deadline: Deadline) -> dict[str, Any]:
    """Each check's name, result and seconds; those that the time did not allow are missing."""
    if device == "cpu":
        from tests.gpu.__main__ import main

        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            main("cpu", "narrow_types_are_exact")
        lines = [json.loads(line) for line in told.getvalue().splitlines()]
        return {
            "checks": lines,
            "complete": True,
            "kernel_tests": "not run: smoke",
            "kernel_exit": None,
        }
    lines = []
    command = [sys.executable, "-m", "tests.gpu", device]
    output, ended = run_process(command, deadline)
    for line in output.splitlines():
        with contextlib.suppress(ValueError):
            lines.append(json.loads(line))
    crashed = ended not in (0, 1)
    kernel_tests, kernel_exit = run_kernel_tests(deadline)
    return {
        "checks": lines,
        "complete": not crashed,
        "exit": ended,
        "output": output[-2000:] if crashed else "",
        "kernel_tests": kernel_tests,
        "kernel_exit": kernel_exit,
    }


def run_kernel_tests(deadline: Deadline) -> tuple[str, int | None]:
    """The last line of pytest's output, or why it did not end; and its exit status if it did."""
    if importlib.util.find_spec("pytest") is None:
        return "not run: pytest is not installed", None
    targets = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob(PYTEST_TARGETS))]
    command = [sys.executable, "-m", "pytest", "-q", "-o", "addopts=--import-mode=importlib"]
    output, ended = run_process([*command, *targets], deadline)
    if ended is None:
        return "stopped: the time was over", None
    return (output.strip().splitlines() or [f"exit {ended}"])[-1], ended


def run_process(command: list[str], deadline: Deadline) -> tuple[str, int | None]:
    """Output and exit status; None for one that was ended because the time was over."""
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(max(deadline.left_s, 1.0), end)
        timer.start()
        output = process.stdout.read() if process.stdout else ""
        process.wait()
        timer.cancel()
    return output, None if late.is_set() else process.returncode


def failed(found: dict[str, Any]) -> bool:
    """Whether a check or a test of the kernel failed, or their process crashed or ran none."""
    broken = any(not line["ok"] for line in found["checks"])
    crashed = not found["complete"] and found["exit"] is not None
    return broken or crashed or found["kernel_exit"] not in (0, None)


def print_rows(found: dict[str, Any]) -> None:
    print("\nCUDA tests")
    for line in found["checks"]:
        print(f"  {'passed' if line['ok'] else 'FAILED'}  {line['check']} ({line['seconds']} s)")
        if line["error"]:
            print("    " + line["error"].strip().replace("\n", "\n    "))
    if not found["complete"]:
        print(f"  ended before the last one (exit {found['exit']}):\n{found['output']}")
    print(f"  tests of the kernel: {found['kernel_tests']}")

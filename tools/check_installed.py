"""Checks an installed tb_activation_hist: kernel, page, an exact recording, every command.

It needs the package and its core dependencies alone, and runs on every platform: cibuildwheel runs
it for each wheel, `make release-check` in an empty environment of each Python.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib import import_module, resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tb_activation_hist import HistogramWriter, __version__, read_histograms

VALUES = 10_000
STEPS = 3


def main() -> int:
    """Prints one line for each check; an error ends it with a traceback and status 1."""
    print(f"tb_activation_hist {__version__}, {resources.files('tb_activation_hist')}")
    print(f"kernel: {import_module('tb_activation_hist.capture._count').__file__}")
    page = resources.files("tb_activation_hist") / "static" / "index.js"
    print(f"page: {len(page.read_bytes())} bytes")
    # Windows cannot remove a folder while an event file of it is still mapped.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        logdir = Path(folder) / "runs"
        arrays = record(logdir / "first")
        compare_counts(logdir, arrays)
        for command in ("report", "show", "doctor"):
            call(command, str(logdir))
        call("compare", str(logdir / "first"), str(logdir / "first"))
        call("share", str(logdir), "--output", str(Path(folder) / "page.html"))
        call("export", str(logdir), "--format", "csv", "--output", str(Path(folder) / "out.csv"))
    return 0


def record(logdir: Path) -> list[npt.NDArray[np.float32]]:
    """Writes a layer of three steps; returns what was given to it."""
    random = np.random.default_rng(0)
    arrays = [random.normal(size=VALUES).astype(np.float32) for _ in range(STEPS)]
    with HistogramWriter(logdir, on_error="raise") as hist:
        for step, array in enumerate(arrays, 1):
            hist.add(step, {"layer": array})
    return arrays


def compare_counts(logdir: Path, arrays: list[npt.NDArray[np.float32]]) -> None:
    """Every stored count equals that of numpy over the same bins."""
    series = read_histograms(logdir)["first"]["layer"]
    expected = [np.histogram(array, series.edges)[0] for array in arrays]
    if not np.array_equal(series.counts, expected):
        raise SystemExit("error: the stored counts differ from numpy's")
    print(f"counts: {series.counts.sum()} values in {series.counts.shape[1]} bins, as numpy's")


def call(*words: str) -> None:
    """Runs a command of ours; anything but exit status 0 is an error."""
    script = Path(sys.executable).with_name("tb-activation-hist")
    command = [str(script)] if script.exists() else [sys.executable, "-m", "tb_activation_hist"]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [*command, *words], capture_output=True, encoding="utf-8", env=environment, check=False
    )
    if done.returncode != 0:
        raise SystemExit(
            f"error: {' '.join(words)} gave {done.returncode}:\n{done.stdout}\n{done.stderr}"
        )
    print(f"{words[0]}: {len(done.stdout.splitlines())} lines")


if __name__ == "__main__":
    sys.exit(main())

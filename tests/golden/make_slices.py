"""Writes tests/golden/slices_v1, the slices of a split layer as format version 1 stores them.

Run it only for a new format version, into a new folder: ``python -m tests.golden.make_slices``.
What lies there is read by every later version.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.slice_counts import SLICE_STATISTICS, join_slices
from tb_activation_hist.recording.options import WriterOptions
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tb_activation_hist.storage.writer import RunWriter
from tests.records import make_record
from tests.slices import values_to_slices

FOLDER = Path(__file__).parent / "slices_v1"
RUNS = {"rounded": False, "exact": True}
STEPS = range(1, 41)


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, exact in RUNS.items():
        write_run(FOLDER / name, exact=exact)
        (path,) = (FOLDER / name).iterdir()
        path.rename(path.with_name("events.out.tfevents.1700000000.golden"))
    (FOLDER / "expected.json").write_text(json.dumps(summarise(FOLDER)) + "\n")


def write_run(folder: Path, *, exact: bool) -> None:
    """A layer whose slices are: normal, dead from step 20 on, constant, huge, and not finite."""
    random = np.random.default_rng(0)
    layers = [LayerInfo("fc", order=0, type="Linear", split=-1), LayerInfo("plain", order=1)]
    options = WriterOptions(histogram_points=0, scalar_points=0, flush_s=600, split_exact=exact)
    writer = RunWriter(folder, options=options)
    for step in STEPS:
        table = random.normal(1, 1, (16, 5)).astype(np.float32).astype(np.float64)
        table[:, 1] *= step < 20
        table[:, 2], table[:, 3] = 0.25, table[:, 3] * 1e30
        table[:2, 4] = np.nan, np.inf
        record = make_record(step, layers, [table.astype(np.float32).ravel()] * 2)
        slices = join_slices([(0, values_to_slices(table))], 2)
        writer.write(replace(record, counts=replace(record.counts, slices=slices)))
    writer.close()


def summarise(folder: Path) -> dict[str, dict[str, list[object]]]:
    """What the reader makes of it, in numbers that do not depend on the reader's layout."""
    found: dict[str, dict[str, list[object]]] = {}
    for run in RUNS:
        series = read_histograms(folder / run)["."]["fc"]
        assert series.slices is not None
        names = ("steps", "wall_times", "n", "zeros", "non_finite", *SLICE_STATISTICS)
        found[run] = {name: getattr(series.slices, name).tolist() for name in names}
        found[run]["exact"] = [series.slices.exact, series.slices.dimension]
    return found


if __name__ == "__main__":
    main()

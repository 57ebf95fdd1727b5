"""Writes tests/golden/sizes_v1, the sizes of parameters as format version 1 stores them.

Run it only for a new format version, into a new folder: ``python -m tests.golden.make_sizes``.
What lies there is read by every later version.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.parameter_sizes import ParameterInfo, SizeRecord
from tb_activation_hist.recording.options import WriterOptions
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tb_activation_hist.storage.writer import Record, RunWriter
from tests.records import make_record

FOLDER = Path(__file__).parent / "sizes_v1"
INFOS = (ParameterInfo("fc.weight", (5, 3)), ParameterInfo("fc.bias", (5,), "bfloat16"))
COLUMNS = ("steps", "n", "zeros", "non_finite", "low", "high", "sum", "sum_sq", "same")


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    write_run(FOLDER)
    (path,) = FOLDER.iterdir()
    path.rename(path.with_name("events.out.tfevents.1700000000.golden"))
    (FOLDER / "expected.json").write_text(json.dumps(summarise(FOLDER)) + "\n")


def write_run(folder: Path) -> None:
    """40 records: weights always, gradients in each second, updates never of the bias."""
    options = WriterOptions(histogram_points=0, scalar_points=0, flush_s=600)
    writer = RunWriter(folder, options=options)
    for step in range(40):
        writer.write(Record(step, 1.7e9 + step, sizes=make_sizes(step)))
        layers = [LayerInfo("fc", type="Linear")]
        writer.write(make_record(step, layers, [np.ones(3, np.float32)]))
    writer.close()


def make_sizes(step: int) -> SizeRecord:
    random = np.random.default_rng(step)
    totals = np.zeros((3, 2, 3), np.int64)
    totals[:, :, 0] = 15, 5
    totals[:, 0, 1] = step % 3
    totals[1, :, 0] = totals[1, :, 0] if step % 2 else -1
    totals[2, 1] = -1, 0, 0
    moments = np.sort(random.normal(0, 1, (3, 2, 4)), axis=-1)
    same = np.array([[step % 2, -1], [0, 0], [0, -1]], np.int8)
    rates = np.array([0.1 / (step + 1), np.nan])
    return SizeRecord(
        step, 1.7e9 + step, INFOS, totals, moments, same,
        np.array([True, False]), np.array([1, 0], np.int8), rates,
    )  # fmt: skip


def summarise(folder: Path) -> dict[str, dict[str, list[object]]]:
    """What the reader makes of it, in numbers that do not depend on the reader's layout."""
    sizes = read_histograms(folder)["."].parameter_sizes()
    found: dict[str, dict[str, list[object]]] = {}
    for name, history in sizes.items():
        own: dict[str, list[object]] = {
            f"{kind}.{column}": getattr(series, column).tolist()
            for kind, series in history.kinds.items()
            for column in COLUMNS
        }
        facts = history.facts
        own["facts"] = [facts.trainable.tolist(), facts.optimized.tolist()]
        own["rates"] = np.nan_to_num(facts.rates).tolist()
        own["info"] = [list(history.info.shape), history.info.dtype]
        found[name] = own
    return found


if __name__ == "__main__":
    main()

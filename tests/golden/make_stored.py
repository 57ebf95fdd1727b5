"""Writes tests/golden/stored_v1, a run as format version 1 stores it.

Run it only for a new format version, into a new folder: ``python -m tests.golden.make_stored``.
What lies there is read by every later version.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.recording.options import WriterOptions
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tb_activation_hist.storage.writer import RunWriter
from tests.records import make_record

FOLDER = Path(__file__).parent / "stored_v1"
STEPS = range(1, 41)


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    random = np.random.default_rng(0)
    odd = np.array([0, -0.0, 1e-44, 3e38, np.nan, np.inf, -np.inf], np.float32)
    layers = [
        [LayerInfo("layer1.conv", order=0, type="Conv2d", shape=(2, 3), scheme=FLOAT_BITS)],
        [LayerInfo("fc", "gradients", "eval", order=1, scheme=LinearBins(40, 0, 10))],
    ]
    options = WriterOptions(histogram_points=1, scalar_points=1, flush_s=600)
    writer = RunWriter(FOLDER, options=options)
    writer.update_info(cadence="every step")
    for step in STEPS:
        for infos in layers:
            values = np.append(random.normal(0, step / 10, 30), odd).astype(np.float32)
            writer.write(make_record(step, infos, [values], {"loss": 1 / step}))
    writer.close()
    (FOLDER / "expected.json").write_text(json.dumps(summarise(FOLDER)) + "\n")


def summarise(folder: Path) -> dict[str, dict[str, list[object]]]:
    """What the reader makes of it, in numbers that do not depend on the reader's layout."""
    return {
        key: {
            "steps": series.steps.tolist(),
            "n": series.n.tolist(),
            "zeros": series.zeros.tolist(),
            "nans": series.nans.tolist(),
            "sum": series.tallies.sum.tolist(),
            "occupied": [
                [[int(b), int(c)] for b, c in zip(series.bins, row, strict=True) if c]
                for row in series.bin_counts
            ],
            "scheme": [series.scheme.to_dict()],
        }
        for key, series in read_histograms(folder)["."].items()
    }


if __name__ == "__main__":
    main()

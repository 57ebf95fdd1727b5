"""What the test of a writer and its reader share: writing many records, and looking at a file."""

from __future__ import annotations

import time

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event

from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.recording.options import WriterOptions
from tb_activation_hist.storage.codec import MAGIC
from tb_activation_hist.storage.event_file_reader import find_event_files, scan_events
from tests.records import make_record, random_rows

QUIET = WriterOptions(histogram_points=0, scalar_points=0, flush_s=60)


def read_events(logdir):
    found = []
    for path in find_event_files(str(logdir)):
        with path.open() as file:
            found += [Event.FromString(data) for _, data in scan_events(file)]
    return found


def block_values(logdir):
    return [
        (event, value)
        for event in read_events(logdir)
        for value in event.summary.value
        if value.tensor.string_val and value.tensor.string_val[0].startswith(MAGIC)
    ]


def write_steps(writer, steps, layers, seed=0):
    rows = {step: random_rows(seed + step, len(layers)) for step in steps}
    for step in steps:
        assert writer.write(make_record(step, layers, rows[step]))
    return rows


def assert_stored(run, layers, rows):
    for number, info in enumerate(layers):
        series = run[info.key]
        assert series.steps.tolist() == sorted(rows)
        for place, step in enumerate(sorted(rows)):
            values = rows[step][number]
            finite = values[np.isfinite(values)]
            bins, counts = np.unique(FLOAT_BITS.values_to_bins(finite), return_counts=True)
            stored = series.bin_counts[place]
            np.testing.assert_array_equal(series.bins[stored > 0], bins)
            np.testing.assert_array_equal(stored[stored > 0], counts)
            assert series.n[place] == values.size
            assert series.zeros[place] == np.sum(values == 0)
            assert (series.nans[place], series.pos_infs[place], series.neg_infs[place]) == (1, 1, 1)
            assert (series.min[place], series.max[place]) == (finite.min(), finite.max())
            assert series.mean[place] == finite.astype(float).mean()


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)

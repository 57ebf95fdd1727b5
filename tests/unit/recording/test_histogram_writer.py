"""`HistogramWriter`: the same bytes as from torch, exact counts, and what it refuses."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from tb_activation_hist import (
    ActivationHistLogger,
    ActivationHistWarning,
    BinCounts,
    FloatBits,
    HistogramWriter,
    LinearBins,
    MemoryWriter,
    OptionError,
    RunWriter,
    read_histograms,
)
from tb_activation_hist.capture import count_arrays
from tb_activation_hist.core.names import PLUGIN_NAME, RUN_INFO_TAG
from tests.records import random_rows, totals, values_to_counts
from tests.stored import QUIET, read_events

LINEAR = LinearBins(40, 0, 10)
DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.float8_e4m3fn)


def to_array(tensor: torch.Tensor) -> np.ndarray:
    """The tensor's values as numpy has them; what numpy lacks comes from ml_dtypes, as in JAX."""
    name = str(tensor.dtype).removeprefix("torch.")
    if name in ("float16", "float32", "float64"):
        return tensor.numpy()
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="comes with jax")
    whole = torch.int16 if tensor.element_size() == 2 else torch.int8
    return tensor.view(whole).numpy().view(getattr(ml_dtypes, name))


def make_tensors(dtype: torch.dtype) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    odd = torch.tensor([0, -0.0, 1e-44, 3e38, torch.nan, torch.inf, -torch.inf])
    return {
        "wide": torch.cat([torch.randn(5000) * 3, odd]).to(dtype),
        "images": torch.randn(2, 3, 5, 7).to(dtype).to(memory_format=torch.channels_last),
        "turned": torch.randn(33, 65).to(dtype).T,
        "spread": torch.randn(300, 1).to(dtype).expand(300, 7),
        "holes": torch.randn(40, 60).to(dtype)[:, ::2],
        "alike": torch.full((1500,), 0.3).to(dtype),
        "one": torch.tensor(2.5).to(dtype),
    }


def stored(logdir) -> list[bytes]:
    """The values that were written of the arrays: blocks, histograms and charts.

    A logger also notes what recording took, and numbers layers by their place in the model.
    """
    found = []
    for event in read_events(logdir):
        for value in event.summary.value:
            if value.metadata.plugin_data.plugin_name == PLUGIN_NAME:
                fields = json.loads(value.metadata.plugin_data.content)
                fields.pop("order", None)
                value.metadata.plugin_data.content = json.dumps(fields).encode()
            if value.tag not in (RUN_INFO_TAG, "activations/0"):
                found.append(b"%d %s" % (event.step, value.SerializeToString()))
    return found


@pytest.mark.parametrize("bins", [FloatBits(), LINEAR], ids=["float_bits", "linear"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_the_same_arrays_give_the_same_bytes_as_from_torch(dtype, bins, tmp_path, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1.7e9)
    writers = [RunWriter(tmp_path / name) for name in ("torch", "numpy")]
    for writer in writers:
        writer.session = 7
    tensors = make_tensors(dtype)
    model, ones = nn.Sequential(nn.Identity()), torch.ones(2)
    with ActivationHistLogger(model, writers[0], bins=bins) as logger:
        for step in range(1, 4):
            model(ones)
            for name, tensor in tensors.items():
                logger.record(name, tensor)
            logger.step(step, loss=0.5)
    with HistogramWriter(writers[1], bins=bins) as hist:
        for step in range(1, 4):
            arrays = {name: to_array(each) for name, each in {"0": ones, **tensors}.items()}
            hist.add(step, arrays, scalars={"loss": np.float32(0.5)})
    for writer in writers:
        writer.close()
    expected = stored(tmp_path / "torch")
    assert sum(b"activations/" in value for value in expected) >= len(tensors)
    assert stored(tmp_path / "numpy") == expected


@pytest.mark.parametrize("has_c", [True, False], ids=["c", "numpy"])
@pytest.mark.parametrize("bins", [FloatBits(), LINEAR], ids=["float_bits", "linear"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_counts_are_exact(dtype, bins, has_c, monkeypatch):
    if not has_c:
        monkeypatch.setattr(count_arrays, "load_c_extension", lambda: None)
    with np.errstate(over="ignore"):
        rows = [row.astype(dtype) for row in random_rows(3, 2)]
    if dtype is np.float64:
        rows.append(np.array([1e300, -1e300, 1e-300, 0.1, 1.9999999999, -1.0, 10.0, 2.5]))
    for row in rows:
        own = row if dtype is np.float64 else row.astype(np.float32)
        found = count_arrays.count_array(row, bins)
        with np.errstate(over="ignore"):
            expected = values_to_counts([own], bins)
        assert found.bins.tolist() == expected.bins.tolist()
        assert found.counts.tolist() == expected.counts.tolist()
        assert found.totals.tolist() == [totals(own)]
        least, most, _, squares = expected.moments[0]
        assert found.moments[0, :2].tolist() == [least, most]
        finite = own[np.isfinite(own)].astype(np.float64)
        size = float(np.abs(finite).sum())
        assert found.moments[0, 2] == pytest.approx(math.fsum(finite), abs=1e-13 * size)
        assert found.moments[0, 3] == pytest.approx(squares, rel=1e-12)


def test_values_that_are_more_than_one_piece(monkeypatch):
    monkeypatch.setattr(count_arrays, "PIECE", 1000)
    values = random_rows(1, 1, size=3500)[0]
    whole = values_to_counts([values])
    found = count_arrays.count_array(values, FloatBits())
    assert found.counts.tolist() == whole.counts.tolist()
    assert found.totals.tolist() == whole.totals.tolist()


def test_a_run_of_several_kinds_is_read_back(tmp_path):
    random = np.random.default_rng(0)
    values = random.normal(size=(2, 100)).astype(np.float32)
    with HistogramWriter(tmp_path / "run", options=QUIET) as hist:
        hist.add(np.int64(5), {"b": values[0], "a": [0.5, 1.5]})
        hist.add(6, {"a": values[1], "c": {"deep": {"kernel": values[0]}}})
        hist.add(6, {"a": values[1]}, kind="gradients")
        hist.add(6, {"a": values[0]}, phase="eval", scalars={"loss": 0.25})
    run = read_histograms(tmp_path)["run"]
    assert list(run) == ["b", "a", "c.deep.kernel", "gradients/a", "eval/a"]
    assert run["a"].steps.tolist() == [5, 6]
    assert run["a"].mean[1] == pytest.approx(values[1].mean())
    assert run["b"].tallies.n.tolist() == [100]


def test_a_given_writer_stays_open_and_a_closed_one_adds_nothing():
    memory = MemoryWriter()
    for step in (1, 2):
        with HistogramWriter(memory) as hist:
            hist.add(step, {"a": np.ones(3)})
        hist.add(7, {"a": np.ones(3)})
        assert hist.closed
    assert memory.histograms["a"].steps.tolist() == [1, 2]
    memory.close()


def test_an_array_may_change_after_add():
    memory = MemoryWriter()
    values, loss = np.ones(4), np.ones(1)
    with HistogramWriter(memory) as hist:
        hist.add(1, {"a": values, "empty": values[:0]}, scalars={"loss": loss})
        values[:] = loss[:] = 9
        assert memory.histograms["a"].tallies.max.tolist() == [1.0]
    assert list(memory.histograms) == ["a"]
    assert memory.scalars == {"loss": [(1, 1.0)]}


# --- counts --------------------------------------------------------------------------------------


def test_equal_bins_are_stored_as_they_are():
    values = np.random.default_rng(0).normal(3, 1, 1000)
    values = values[(values >= 0) & (values < 10)]
    counts, edges = np.histogram(values, bins=40, range=(0, 10))
    memory = MemoryWriter()
    with HistogramWriter(memory, on_error="raise") as hist:
        hist.add(1, {"a": BinCounts(counts, edges), "values": values})
        hist.add(2, {"a": BinCounts(counts, edges.astype(np.float32), nans=3, sum=1.5)})
        series = memory.histograms["a"]
    assert series.scheme == LINEAR
    assert series.rebin(edges)[0].tolist() == counts.tolist()
    assert series.tallies.n.tolist() == [len(values), len(values) + 3]
    assert series.tallies.nans.tolist() == [0, 3]
    assert series.mean[0] == pytest.approx(values.mean(), abs=0.125)
    assert series.tallies.sum[1] == 1.5
    assert memory.histograms["values"].scheme == FloatBits()


def test_what_lies_outside_of_equal_bins_has_bins_of_its_own():
    given = BinCounts([2, 1, 0, 4], [-np.inf, 0, 5, 10, np.inf])
    memory = MemoryWriter()
    with HistogramWriter(memory, on_error="raise") as hist:
        hist.add(1, {"a": given})
        series = memory.histograms["a"]
    assert series.scheme == LinearBins(2, 0, 10)
    counts = series.counts[0]
    assert counts[counts > 0].tolist() == [2, 1, 4]
    assert series.rebin([0, 5, 10])[0].tolist() == [1, 0]


def test_counts_of_the_grid_go_on_with_those_of_values():
    values = random_rows(0, 1)[0]
    values = values[np.isfinite(values)]
    memory, again = MemoryWriter(), MemoryWriter()
    with HistogramWriter(memory) as hist:
        hist.add(1, {"a": values})
        series = memory.histograms["a"]
    bins = FloatBits()
    edges = bins.lower_edges(np.arange(-4079, 4080))
    counts = np.bincount(bins.values_to_bins(values) + 4079, minlength=8159)[:-1]
    with HistogramWriter(again, on_error="raise") as hist:
        hist.add(1, {"a": BinCounts(counts, edges, zeros=2)})
        hist.add(2, {"a": values})
        copied = again.histograms["a"]
    assert copied.scheme == FloatBits()
    assert copied.counts[0].tolist() == copied.counts[1].tolist()
    assert copied.tallies.zeros.tolist() == series.tallies.zeros.tolist() * 2


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (BinCounts([1, 2], [0, 1, 5]), "accepts at most 8190 bins"),
        (BinCounts([1, 2], [0, 1]), "edges of shape"),
        (BinCounts([1, 2], [0, 2, 1]), "ascending edges"),
        (BinCounts([0.5, 2], [0, 1, 2]), "counts, not densities"),
        (BinCounts([1, -2], [0, 1, 2]), "whole numbers from 0 up"),
        (BinCounts([1, 2], [0, 1, 2], nans=-1), "whole numbers from 0 up"),
        (BinCounts([1, 2], [0, 1, 2], zeros=4), "zeros=4"),
        (np.arange(3), "must be floating-point values of at most 64 bits, but got int"),
        (np.ones(3, bool), "but got bool"),
        (np.ones(3, complex), "but got complex128"),
        (["a"], "Convert them"),
    ],
)
def test_what_is_refused(given, sentence):
    memory = MemoryWriter()
    with HistogramWriter(memory) as hist:
        with pytest.warns(ActivationHistWarning, match=sentence):
            hist.add(1, {"bad": given, "good": np.ones(2)})
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            hist.add(2, {"bad": given, "good": np.ones(2)})
    with (
        HistogramWriter(memory, on_error="raise") as hist,
        pytest.raises(OptionError, match=sentence),
    ):
        hist.add(3, {"bad": given, "good": np.ones(2)})
    assert {key: each.steps.tolist() for key, each in memory.histograms.items()} == {
        "good": [1, 2, 3]
    }


@pytest.mark.parametrize(
    ("layers", "words", "sentence"),
    [
        ({"a": np.ones(2)}, {"kind": "activation"}, "kind must be 'activations' or"),
        ({"a": np.ones(2)}, {"phase": "test"}, "phase must be 'train' or 'eval'"),
        ([np.ones(2)], {}, "expects a dict of layers"),
        ({1: np.ones(2)}, {}, "name must be a non-empty"),
    ],
)
def test_a_wrong_call_is_reported(layers, words, sentence):
    hist = HistogramWriter(MemoryWriter())
    with pytest.warns(ActivationHistWarning, match=sentence):
        hist.add(1, layers, **words)
    with pytest.raises(OptionError, match="bins must be"):
        HistogramWriter(MemoryWriter(), bins=3)
    with pytest.raises(OptionError, match="on_error must be"):
        HistogramWriter("unused", on_error="ignore")


def test_what_is_no_step_counts_on():
    memory = MemoryWriter()
    with HistogramWriter(memory) as hist:
        hist.add(4, {"a": np.ones(2)})
        with pytest.warns(ActivationHistWarning, match="a whole number, but got 0.5"):
            hist.add(0.5, {"a": np.ones(2)})
    assert memory.histograms["a"].steps.tolist() == [4, 5]


def test_other_bins_than_those_of_the_run_are_refused(tmp_path):
    counts = BinCounts([1, 2], [0, 1, 2])
    with HistogramWriter(tmp_path, bins=LINEAR) as hist:
        hist.add(1, {"a": np.ones(3), "b": counts})
    with HistogramWriter(tmp_path, on_error="raise") as hist:
        with pytest.raises(OptionError, match=r"started with bins=LinearBins\(count=40"):
            hist.add(2, {"a": np.ones(3)})
        with pytest.raises(OptionError, match="same edges"):
            hist.add(2, {"b": BinCounts([1, 2], [0, 2, 4])})
        hist.add(2, {"b": counts})
    assert read_histograms(tmp_path)["."]["b"].steps.tolist() == [1, 2]


# --- without torch -------------------------------------------------------------------------------


def test_no_torch_is_imported(tmp_path):
    program = f"""
import sys
sys.modules["torch"] = None
import numpy as np
from tb_activation_hist import HistogramWriter, read_histograms
with HistogramWriter({str(tmp_path)!r}) as hist:
    hist.add(1, {{"a": np.ones(3)}})
print(read_histograms({str(tmp_path)!r})["."]["a"].tallies.n)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("[3]\n", "")

"""Reading run directories back."""

import numpy as np
import pytest
from tensorboard.compat.proto.event_pb2 import Event
from torch.utils.tensorboard import SummaryWriter

from tb_activation_hist.core.errors import ActivationHistWarning, FormatError, LogdirError
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.recording.options import WriterOptions
from tb_activation_hist.storage.event_file import first_event, frame
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tb_activation_hist.storage.run_histograms import read_last_step, read_run
from tb_activation_hist.storage.writer import RunWriter
from tests.records import make_layers, make_record, random_rows

QUIET = WriterOptions(histogram_points=0, scalar_points=0, flush_s=60)


def record_run(logdir, steps, layers, seed=0, options=QUIET):
    writer = RunWriter(logdir, options=options)
    for step in steps:
        writer.write(make_record(step, layers, random_rows(seed + step, len(layers))))
    writer.close()


def only_file(logdir):
    (path,) = logdir.iterdir()
    return path


def test_runs_are_named_as_in_tensorboard(tmp_path):
    layers = make_layers(1)
    for run in ("", "lr=0.1", "deep/er run"):
        record_run(tmp_path / run, [1], layers)
    assert sorted(read_histograms(tmp_path)) == [".", "deep/er run", "lr=0.1"]
    assert list(read_histograms(tmp_path / "lr=0.1")) == ["."]
    assert list(read_histograms(str(only_file(tmp_path / "lr=0.1")))) == ["."]


def test_layers_are_in_model_order_with_training_activations_first(tmp_path):
    layers = [
        LayerInfo("b", "gradients", order=0),
        LayerInfo("z", order=2),
        LayerInfo("a", order=10),
        LayerInfo("a", phase="eval", order=10),
        LayerInfo("b", order=0),
    ]
    record_run(tmp_path, [1], layers)
    assert list(read_histograms(tmp_path)["."]) == ["b", "z", "a", "gradients/b", "eval/a"]


def test_invariant_and_edges(tmp_path):
    record_run(tmp_path, range(1, 6), make_layers(3))
    for series in read_histograms(tmp_path)["."].values():
        total = series.counts.sum(1) + series.nans + series.pos_infs + series.neg_infs
        np.testing.assert_array_equal(total, series.n)
        assert series.counts.dtype == np.int64
        assert (np.diff(series.edges) > 0).all()
        assert series.counts.shape == (5, len(series.edges) - 1)


def test_a_series_knows_the_dtype_of_its_values(tmp_path):
    info = LayerInfo("fc", dtype="bfloat16")
    record_run(tmp_path, [1, 2], [info])
    assert read_histograms(tmp_path)["."]["fc"].dtype == "bfloat16"
    memory = MemoryWriter()
    memory.write(make_record(1, [info], random_rows(0, 1)))
    assert memory.histograms["fc"].dtype == "bfloat16"


def test_a_layer_is_kept_while_it_is_used(tmp_path):
    record_run(tmp_path, [1], make_layers(1))
    run = read_histograms(tmp_path)["."]
    series = run["block0.conv0"]
    assert run["block0.conv0"] is series


def test_a_resumed_run_takes_the_later_record_of_a_step(tmp_path):
    layers = make_layers(1)
    record_run(tmp_path, range(1, 51), layers)
    late = [make_record(step, layers, random_rows(900 + step, 1, size=77)) for step in (40, 41)]
    writer = RunWriter(tmp_path, options=QUIET)
    for record in late:
        object.__setattr__(record, "wall_time", 1.8e9)
        writer.write(record)
    writer.close()
    series = read_histograms(tmp_path)["."]["block0.conv0"]
    # What the first try recorded behind the resumed one's start is abandoned.
    assert series.steps.tolist() == list(range(1, 42))
    assert series.n[[38, 39, 40]].tolist() == [509, 86, 86]


def test_a_cut_file_gives_what_is_whole(tmp_path):
    layers = make_layers(1)
    record_run(tmp_path, range(1, 65), layers)
    path = only_file(tmp_path)
    data = path.read_bytes()
    for cut in (len(data) - 1, len(data) - 200):
        path.write_bytes(data[:cut])
        series = read_histograms(tmp_path)["."]["block0.conv0"]
        assert series.steps.tolist() == list(range(1, 33))


def test_a_damaged_file_gives_what_comes_before(tmp_path):
    record_run(tmp_path, [1], make_layers(1))
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes() + b"\x07" * 100)
    with pytest.warns(ActivationHistWarning, match="no event begins at byte"):
        assert read_histograms(tmp_path)["."]["block0.conv0"].steps.tolist() == [1]


def test_a_damaged_block_costs_its_layer_the_records_in_it(tmp_path):
    record_run(tmp_path, range(1, 40), make_layers(2))
    path = only_file(tmp_path)
    data = path.read_bytes()
    at = data.index(b"AHB") + 60
    path.write_bytes(data[:at] + b"\0\0\0\0" + data[at + 4 :])
    run = read_histograms(tmp_path)["."]
    assert len(run) == 2
    assert len(run["block0.conv1"]) == 39
    with pytest.warns(ActivationHistWarning, match="'block0.conv0' lacks records: .*damaged"):
        assert len(run["block0.conv0"]) == 7


def test_newer_versions_are_refused_in_words(tmp_path):
    record_run(tmp_path, [1], make_layers(1))
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'{"version":1,"layer"', b'{"version":9,"layer"'))
    run = read_histograms(tmp_path)["."]
    assert list(run) == ["block0.conv0"]
    with pytest.raises(FormatError, match=r"version 9.*Upgrade"):
        run["block0.conv0"]


@pytest.mark.parametrize("kind", ["missing", "empty", "foreign"])
def test_a_logdir_without_histograms_is_a_clear_error(tmp_path, kind):
    logdir = tmp_path / kind
    if kind != "missing":
        logdir.mkdir()
    if kind == "foreign":
        writer = SummaryWriter(str(logdir))
        writer.add_scalar("loss", 1.0, 1)
        writer.close()
    said = {
        "missing": "does not exist",
        "empty": "no TensorBoard event file",
        "foreign": "no histo",
    }
    with pytest.raises(LogdirError, match=said[kind]):
        read_histograms(logdir)


def test_unknown_names_come_with_the_nearest(tmp_path):
    record_run(tmp_path / "lr=0.1", [1], make_layers(2))
    runs = read_histograms(tmp_path)
    with pytest.raises(KeyError, match=r"no run 'lr=0.2'.*lr=0.1"):
        runs["lr=0.2"]
    with pytest.raises(KeyError, match=r"no layer 'conv0'.*block0.conv0"):
        runs["lr=0.1"]["conv0"]


def test_histograms_of_other_tools_are_read_under_their_tag(tmp_path):
    record_run(tmp_path, [1], make_layers(1), options=WriterOptions(flush_s=60))
    random = np.random.default_rng(0)
    values = [random.normal(0, 1 + step, 1000) for step in range(5)]
    writer = SummaryWriter(str(tmp_path))
    for step, each in enumerate(values):
        writer.add_histogram("weights/fc", each, step)
    writer.close()
    run = read_histograms(tmp_path)["."]
    assert list(run) == ["block0.conv0", "weights/fc"]
    series = run["weights/fc"]
    assert series.n.tolist() == [1000] * 5
    np.testing.assert_allclose(series.mean, [each.mean() for each in values])
    np.testing.assert_allclose(series.std, [each.std() for each in values])
    np.testing.assert_allclose(
        series.quantile(0.9), [np.quantile(v, 0.9) for v in values], rtol=0.1
    )


def test_another_tools_tag_does_not_take_the_place_of_a_layer(tmp_path):
    record_run(tmp_path, [1], make_layers(1))
    writer = SummaryWriter(str(tmp_path))
    writer.add_histogram("block0.conv0", np.ones(3), 5)
    writer.close()
    run = read_histograms(tmp_path)["."]
    assert run["block0.conv0"].steps.tolist() == [1]
    assert run["histograms/block0.conv0"].steps.tolist() == [5]


def test_a_block_without_its_metadata_is_read_by_its_tag(tmp_path):
    layers = [LayerInfo("a.b", "gradients", "eval", order=4)]
    record_run(tmp_path, range(1, 40), layers)
    path = only_file(tmp_path)
    data = path.read_bytes()
    second = data.rindex(b"AHB")
    start = data.rindex(b"eval/gradients/a.b", 0, second)
    event = Event.FromString(cut_out_event(data, start))
    path.write_bytes(frame(first_event()) + frame(event.SerializeToString()))
    run = read_histograms(tmp_path)["."]
    assert list(run) == ["eval/gradients/a.b"]
    assert run["eval/gradients/a.b"].steps.tolist() == list(range(33, 40))


def cut_out_event(data, inside):
    """The event that holds the byte at `inside`."""
    offset = 0
    while True:
        length = int.from_bytes(data[offset : offset + 8], "little")
        if offset + 12 <= inside < offset + 12 + length:
            return data[offset + 12 : offset + 12 + length]
        offset += length + 16


def test_last_step_of_a_run(tmp_path):
    assert read_last_step(tmp_path / "missing") == 0
    record_run(tmp_path, range(1, 40), make_layers(2))
    record_run(tmp_path / "below", [90], make_layers(1))
    assert read_last_step(tmp_path) == 39


def test_a_run_without_records_is_empty(tmp_path):
    record_run(tmp_path, [], make_layers(1))
    assert list(read_run(tmp_path)) == []

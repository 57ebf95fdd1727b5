"""What the writer stores."""

import json
import warnings

import numpy as np
import pytest
import torch
from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_TENSOR

from tb_activation_hist.capture.count import CountBuffer, count_
from tb_activation_hist.core.errors import ActivationHistWarning, LogdirError
from tb_activation_hist.core.names import PLUGIN_NAME, content_to_layer_info
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.recording.options import WriterOptions
from tb_activation_hist.storage.codec import decode_block
from tb_activation_hist.storage.event_file_reader import find_event_files
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tb_activation_hist.storage.writer import Record, RunWriter
from tests.records import make_late_record, make_layers, make_record, random_rows
from tests.stored import QUIET, assert_stored, block_values, read_events, wait_for, write_steps


def test_records_come_back_exactly(tmp_path):
    layers = make_layers(3)
    writer = RunWriter(tmp_path / "run", options=QUIET)
    rows = write_steps(writer, range(1, 71), layers)
    writer.close()
    assert_stored(read_histograms(tmp_path)["run"], layers, rows)
    assert (writer.skipped, writer.lost) == (0, 0)


def test_blocks_hold_32_records_and_carry_their_first_step(tmp_path):
    layers = make_layers(2)
    writer = RunWriter(tmp_path, options=QUIET)
    write_steps(writer, range(10, 80), layers)
    writer.close()
    for info in layers:
        found = [(e, v) for e, v in block_values(tmp_path) if v.tag == info.tag]
        assert [event.step for event, _ in found] == [10, 42, 74]
        blocks = [decode_block(v.tensor.string_val[0]) for _, v in found]
        assert [len(block.series) for block in blocks] == [32, 32, 6]
        assert [block.ordinal for block in blocks] == [0, 32, 64]
        assert {block.session for block in blocks} == {writer.session}


def test_metadata_is_on_the_first_block_of_a_tag_only(tmp_path):
    layers = make_layers(2)
    writer = RunWriter(tmp_path, options=QUIET)
    write_steps(writer, range(40), layers)
    writer.close()
    for info in layers:
        first, *rest = [v for _, v in block_values(tmp_path) if v.tag == info.tag]
        assert first.metadata.plugin_data.plugin_name == PLUGIN_NAME
        assert first.metadata.data_class == DATA_CLASS_TENSOR
        assert content_to_layer_info(first.metadata.plugin_data.content) == info
        assert not any(value.HasField("metadata") for value in rest)


def test_rows_without_values_are_left_out(tmp_path):
    layers = make_layers(2)
    writer = RunWriter(tmp_path, options=QUIET)
    rows = random_rows(0, 2)
    writer.write(make_record(1, layers, rows))
    writer.write(make_record(2, layers, [rows[0], np.zeros(0, np.float32)]))
    writer.close()
    run = read_histograms(tmp_path)["."]
    assert [run[info.key].steps.tolist() for info in layers] == [[1, 2], [1]]


def test_linear_bins(tmp_path):
    scheme = LinearBins(4, 0, 1)
    layers = make_layers(1, scheme)
    values = np.array([-5, 0, 0.3, 1, 2], np.float32)
    writer = RunWriter(tmp_path, options=QUIET)
    writer.write(make_record(1, layers, [values]))
    writer.close()
    series = read_histograms(tmp_path)["."][layers[0].key]
    assert series.scheme == scheme
    assert series.bins.tolist() == [-1, 0, 1, 3, 4]
    assert (series.edges[0], series.edges[-1]) == (-5, 2)


def test_a_buffers_memory_serves_again_once_its_record_is_stored(tmp_path):
    buffer = CountBuffer(1)
    buffer.switch.on = True
    writer = RunWriter(tmp_path, options=QUIET)
    count_(buffer, 0, torch.ones(9))
    first = buffer.counts.data_ptr()
    writer.write(Record(1, 1.7e9, make_layers(1), buffer.to_host()))
    writer.flush()
    # Its one record waits in an unfinished block; the next hand-over takes the memory back.
    buffer.to_host()
    assert buffer.counts.data_ptr() == first
    writer.close()
    assert read_histograms(tmp_path)["."]["block0.conv0"].n.tolist() == [9]


def test_scalars_may_be_tensors_and_do_not_keep_the_graph(tmp_path):
    writer = RunWriter(tmp_path, options=QUIET)
    weight = torch.ones(1, requires_grad=True)
    loss = (weight * 2.5).sum()
    late, arrived = make_late_record(1)
    writer.write(late)
    writer.write(Record(2, 1.7e9, scalars={"loss": loss, "rate": 0.5}))
    kept = [item for item in list_queue(writer) if isinstance(item, Record) and item.scalars]
    arrived.set()
    writer.close()
    assert not any(item.scalars["loss"].requires_grad for item in kept)
    values = {v.tag: v.simple_value for e in read_events(tmp_path) for v in e.summary.value}
    assert (values["loss"], values["rate"]) == (2.5, 0.5)


def list_queue(writer):
    """What waits in the queue; put back in order."""
    items = []
    while not writer._items.empty():
        items.append(writer._items.get())
    for item in items:
        writer._items.put(item)
    return items


def test_stock_points_and_layout_are_read_by_tensorboard(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    layers = make_layers(2)
    writer = RunWriter(tmp_path, options=WriterOptions(flush_s=60))
    rows = write_steps(writer, range(1, 18), layers)
    writer.close()
    accumulator = EventAccumulator(str(tmp_path))
    accumulator.Reload()
    scalars = accumulator.Tags()["scalars"] + accumulator.Tags()["tensors"]
    for info in layers:
        assert f"~activation_hist/mean/{info.key}" in scalars
        assert f"~activation_hist/histogram/{info.key}" in scalars
    assert "custom_scalars__config__" in scalars
    points = accumulator.Tensors(f"~activation_hist/histogram/{layers[0].key}")
    assert [point.step for point in points] == [1, 17]
    buckets = np.frombuffer(points[0].tensor_proto.tensor_content, "<f8").reshape(-1, 3)
    assert buckets[:, 2].sum() == pytest.approx(np.isfinite(rows[1][0]).sum())


def test_a_layer_that_is_rarely_recorded_has_its_own_points(tmp_path):
    often, rare = make_layers(2)
    writer = RunWriter(tmp_path, options=WriterOptions(flush_s=60))
    empty = np.zeros(0, np.float32)
    for step in range(1, 21):
        values = random_rows(step, 2)
        rows = values if step in (6, 15) else [values[0], empty]
        writer.write(make_record(step, [often, rare], rows))
    writer.close()
    points = {
        info: [
            event.step
            for event in read_events(tmp_path)
            for value in event.summary.value
            if value.tag == f"~activation_hist/mean/{info.key}"
        ]
        for info in (often, rare)
    }
    assert points == {often: [1, 9, 17], rare: [6]}


def test_the_layout_is_written_again_only_for_new_layers(tmp_path):
    layers = make_layers(3)
    writer = RunWriter(tmp_path, options=WriterOptions(flush_s=60))
    for group in (layers[:1], layers[:1], layers):
        write_steps(writer, [writer._last_step + 1], group)
        writer.flush()
    writer.close()
    tags = [value.tag for event in read_events(tmp_path) for value in event.summary.value]
    assert tags.count("custom_scalars__config__") == 2


def test_run_information(tmp_path):
    writer = RunWriter(tmp_path, options=QUIET)
    writer.update_info(cadence="every step")
    write_steps(writer, [1], make_layers(1))
    writer.flush()
    writer.flush()
    writer.update_info(silent=["a"])
    writer.close()
    texts = [
        json.loads(value.tensor.string_val[0])
        for event in read_events(tmp_path)
        for value in event.summary.value
        if value.tag == "__run__"
    ]
    assert texts == [
        {"version": 1, "cadence": "every step"},
        {"version": 1, "cadence": "every step", "silent": ["a"]},
    ]
    assert read_histograms(tmp_path)["."].info == texts[-1]


def test_a_step_that_goes_back_starts_a_block(tmp_path):
    layers = make_layers(1)
    writer = RunWriter(tmp_path, options=QUIET)
    write_steps(writer, [1, 2, 3], layers)
    rows = write_steps(writer, [2, 3, 4], layers, seed=100)
    writer.close()
    assert [event.step for event, _ in block_values(tmp_path)] == [1, 2]
    rows[1] = random_rows(1, 1)
    assert read_histograms(tmp_path)["."][layers[0].key].steps.tolist() == [1, 2, 3, 4]


def test_flush_s_brings_records_to_disk_without_being_asked(tmp_path):
    layers = make_layers(1)
    options = WriterOptions(flush_s=0.1)
    writer = RunWriter(tmp_path, options=options)
    write_steps(writer, [1], layers)
    wait_for(lambda: block_values(tmp_path))
    writer.close()


def summary_writers():
    from tensorboardX import SummaryWriter as TensorboardX
    from torch.utils.tensorboard import SummaryWriter as Torch

    return [Torch, TensorboardX]


@pytest.mark.parametrize("kind", [0, 1], ids=["torch", "tensorboardX"])
def test_a_summary_writers_file_is_shared(tmp_path, kind):
    pytest.importorskip("tensorboardX")
    shared = summary_writers()[kind](str(tmp_path))
    layers = make_layers(2)
    writer = RunWriter(shared, options=QUIET)
    rows = write_steps(writer, range(1, 40), layers)
    shared.add_scalar("theirs", 1.5, 3)
    writer.close()
    shared.add_scalar("after", 2.5, 4)
    shared.close()
    assert len(find_event_files(str(tmp_path))) == 1
    assert writer.logdir == str(tmp_path)
    assert_stored(read_histograms(tmp_path)["."], layers, rows)
    tags = {value.tag for event in read_events(tmp_path) for value in event.summary.value}
    assert {"theirs", "after"} <= tags


def test_a_scalar_that_is_no_number_is_left_out_alone():
    writer = MemoryWriter()

    def write_and_close():
        writer.write(Record(1, 1.0, scalars={"loss": torch.ones(3), "name": "x", "rate": 1}))
        writer.close()

    with pytest.warns(ActivationHistWarning, match="is not one number"):
        write_and_close()
    assert writer.scalars == {"rate": [(1, 1.0)]}
    assert len(writer.errors) == 2


def test_memory_writer_keeps_series_and_scalars():
    layers = make_layers(2)
    writer = MemoryWriter()
    rows = write_steps(writer, range(1, 41), layers)
    writer.write(Record(41, 1.0, scalars={"loss": torch.tensor(2.0)}))
    assert_stored(writer.histograms, layers, rows)
    assert list(writer.histograms) == [info.key for info in layers]
    assert writer.scalars == {"loss": [(41, 2.0)]}
    writer.close()
    assert_stored(writer.histograms, layers, rows)


def test_nothing_warns_in_a_plain_run(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writer = RunWriter(tmp_path)
        write_steps(writer, range(1, 20), make_layers(4))
        writer.close()


def test_a_url_that_tensorboard_can_open():
    pytest.importorskip("fsspec", reason="TensorBoard opens such URLs through fsspec")
    layers = make_layers(2)
    writer = RunWriter("memory://logs/run a", options=QUIET)
    rows = write_steps(writer, range(1, 41), layers)
    writer.close()
    runs = read_histograms("memory://logs")
    assert list(runs) == ["run a"]
    assert_stored(runs["run a"], layers, rows)
    with pytest.raises(LogdirError, match=r"nowhere"):
        read_histograms("memory://nowhere")


def test_a_url_of_an_unknown_kind_is_an_error_at_once():
    with pytest.raises(LogdirError, match=r"cannot be written"):
        RunWriter("nonsense://logs/run")

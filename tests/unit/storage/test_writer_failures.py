"""What the writer does when it cannot write."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tb_activation_hist.core.errors import ActivationHistWarning, LogdirError, OptionError
from tb_activation_hist.core.record_counts import RecordCounts
from tb_activation_hist.recording.options import WriterOptions
from tb_activation_hist.storage.event_file_reader import find_event_files
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tb_activation_hist.storage.writer import Record, RunWriter
from tests.records import LostCounts, make_late_record, make_layers, make_record, random_rows
from tests.stored import QUIET, assert_stored, block_values, read_events, wait_for, write_steps


def summary_writers():
    from tensorboardX import SummaryWriter as TensorboardX
    from torch.utils.tensorboard import SummaryWriter as Torch

    return [Torch, TensorboardX]


def test_a_full_queue_skips_and_counts(tmp_path):
    layers = make_layers(1)
    options = WriterOptions(queue_records=2, on_backlog="skip", flush_s=60)
    writer = RunWriter(tmp_path, options=options)
    late, arrived = make_late_record(1)
    others = [make_record(step, layers, random_rows(step, 1)) for step in range(2, 6)]
    assert [writer.write(record) for record in (late, *others)] == [True, True, False, False, False]
    arrived.set()
    writer.close()
    assert writer.skipped == 3
    run = read_histograms(tmp_path)["."]
    assert run[layers[0].key].steps.tolist() == [1, 2]
    assert run.info["skipped"] == 3


def test_a_full_queue_waits(tmp_path):
    layers = make_layers(1)
    writer = RunWriter(tmp_path, options=WriterOptions(queue_records=1, flush_s=60))
    late, arrived = make_late_record(1)
    writer.write(late)
    began = time.monotonic()
    threading.Timer(0.3, arrived.set).start()
    assert writer.write(make_record(2, layers, random_rows(2, 1)))
    assert time.monotonic() - began > 0.2
    writer.close()
    assert read_histograms(tmp_path)["."][layers[0].key].steps.tolist() == [1, 2]


def test_an_unwritable_logdir_is_an_error_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LogdirError, match=r"file/run.*cannot be created: .*is a file"):
        RunWriter(tmp_path / "file" / "run")


@pytest.mark.parametrize("target", [None, "", 3])
def test_what_is_no_logdir_is_refused(target):
    with pytest.raises(OptionError, match="a path, a URL or a SummaryWriter"):
        RunWriter(target)


def test_a_full_disk_warns_once_and_loses_nothing_once_there_is_room(tmp_path, monkeypatch):
    layers = make_layers(1)
    writer = RunWriter(tmp_path, options=QUIET)
    real_write, room = os.write, [40]

    def write(descriptor, data):
        if room[0] < len(data):
            if room[0] == 0:
                raise OSError(28, "No space left on device")
            data = data[: room[0]]
        room[0] -= len(data)
        return real_write(descriptor, data)

    monkeypatch.setattr("tb_activation_hist.storage.event_file.os.write", write)
    rows = write_steps(writer, [1, 2], layers)
    with pytest.warns(ActivationHistWarning, match="No space left on device") as caught:  # noqa: PT031
        writer.flush()
        rows |= write_steps(writer, [3], layers)
        writer.flush()
    assert len(caught) == 1
    assert not block_values(tmp_path)
    room[0] = 1 << 30
    writer.close()
    assert_stored(read_histograms(tmp_path)["."], layers, rows)
    assert writer.lost == 0


def test_a_removed_directory_warns_once_and_never_raises(tmp_path):
    layers = make_layers(1)
    run = tmp_path / "run"
    writer = RunWriter(run, options=QUIET)
    for path in run.iterdir():
        path.unlink()
    run.rmdir()
    with pytest.warns(ActivationHistWarning, match="cannot be written") as caught:  # noqa: PT031
        for step in (1, 2):
            write_steps(writer, [step], layers)
            writer.flush()
        writer.close()
    assert len(caught) == 1
    assert writer.lost == 2
    assert not run.exists()


def test_a_broken_record_warns_and_the_next_ones_are_stored(tmp_path):
    layers = make_layers(1)
    writer = RunWriter(tmp_path, options=QUIET)

    def write_and_close():
        writer.write(Record(1, 0.0, layers, LostCounts()))
        write_steps(writer, [2], layers)
        writer.close()

    # Whichever call comes after the failure tells of it.
    with pytest.warns(ActivationHistWarning, match="OSError: the device is gone.*training goes on"):
        write_and_close()
    run = read_histograms(tmp_path)["."]
    assert run[layers[0].key].steps.tolist() == [2]
    assert "OSError" in run.info["errors"][0]


def test_on_error_raise(tmp_path):
    writer = RunWriter(tmp_path, options=WriterOptions(on_error="raise"))
    writer.write(Record(1, 0.0, make_layers(1), LostCounts()))
    with pytest.raises(OSError, match="the device is gone"):
        writer.flush()
    writer._unwarned.clear()
    writer.close()


def test_close_is_idempotent_and_later_records_are_not_taken(tmp_path):
    writer = RunWriter(tmp_path, options=QUIET)
    writer.close()
    writer.close()
    writer.flush()
    assert not writer.write(make_record(1, make_layers(1), random_rows(0, 1)))
    assert not writer._thread.is_alive()


def test_close_is_bounded(tmp_path):
    writer = RunWriter(tmp_path, options=WriterOptions(close_timeout_s=0.3))
    late, arrived = make_late_record(1)
    writer.write(late)
    with pytest.warns(ActivationHistWarning, match="close_timeout_s"):
        writer.close()
    arrived.set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_neither_hangs_nor_writes(tmp_path):
    layers = make_layers(1)
    writer = RunWriter(tmp_path, options=QUIET)
    write_steps(writer, [1], layers)
    record = make_record(2, layers, random_rows(0, 1))
    child = os.fork()
    if child == 0:
        taken = writer.write(record)
        writer.flush()
        writer.close()
        os._exit(int(taken))
    assert os.waitpid(child, 0)[1] == 0
    writer.close()
    assert read_histograms(tmp_path)["."][layers[0].key].steps.tolist() == [1]


SCRIPT = """
    import sys, time
    from tb_activation_hist.recording.options import WriterOptions
    from tb_activation_hist.storage.writer import RunWriter
    from tests.records import make_layers, make_record, random_rows

    writer = RunWriter(sys.argv[1], options=WriterOptions(flush_s=float(sys.argv[2])))
    for step in (1, 2, 3):
        writer.write(make_record(step, make_layers(1), random_rows(step, 1)))
    print("written", flush=True)
    if sys.argv[3] == "wait":
        time.sleep(120)
"""


def start_script(*arguments):
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), *map(str, arguments)]
    root = Path(__file__).parents[3]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE)


def test_the_interpreters_end_without_close_stores_everything(tmp_path):
    process = start_script(tmp_path, 60, "end")
    assert process.wait(60) == 0
    process.stdout.close()
    assert read_histograms(tmp_path)["."]["block0.conv0"].steps.tolist() == [1, 2, 3]


def test_kill_loses_at_most_what_came_after_the_last_flush(tmp_path):
    process = start_script(tmp_path, 0.2, "wait")
    assert process.stdout.readline() == b"written\n"
    wait_for(lambda: block_values(tmp_path))
    layer = "block0.conv0"
    wait_for(lambda: read_histograms(tmp_path)["."][layer].steps.tolist() == [1, 2, 3])
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    process.stdout.close()
    assert read_histograms(tmp_path)["."][layer].steps.tolist() == [1, 2, 3]


@pytest.mark.parametrize("kind", [0, 1], ids=["torch", "tensorboardX"])
def test_a_summary_writer_closed_by_its_owner_gives_one_warning(tmp_path, kind):
    pytest.importorskip("tensorboardX")
    shared = summary_writers()[kind](str(tmp_path))
    writer = RunWriter(shared, options=QUIET)
    shared.close()
    with pytest.warns(ActivationHistWarning, match="closed") as caught:  # noqa: PT031
        write_steps(writer, range(1, 70), make_layers(2))
        writer.close()
    assert len(caught) == 1
    assert len(find_event_files(str(tmp_path))) == 1


@pytest.mark.parametrize("step", [2.5, "3", 2**63, None])
@pytest.mark.parametrize("memory", [False, True])
def test_a_record_that_cannot_be_stored_leaves_its_block_alone(step, memory, tmp_path):
    layers = make_layers(2)
    writer = MemoryWriter() if memory else RunWriter(tmp_path, options=QUIET)
    write_steps(writer, [1, 2], layers)
    bad = replace(make_record(3, layers, random_rows(3, 2), {"loss": 1.0}), step=step)
    writer.write(bad)
    with pytest.warns(ActivationHistWarning, match="affected records are not stored"):
        writer.flush()
    write_steps(writer, [4, 5], layers)
    writer.close()
    run = writer.histograms if memory else read_histograms(tmp_path)["."]
    assert [run[layer.key].steps.tolist() for layer in layers] == [[1, 2, 4, 5]] * 2


class OddCounts(RecordCounts):
    memory = None

    def bins_of(self, row):
        bins, counts = super().bins_of(row)
        return (bins[:3], counts[:2]) if row == 1 else (bins, counts)


def test_a_layer_that_cannot_be_stored_leaves_the_others_alone(tmp_path):
    layers = make_layers(3)
    writer = RunWriter(tmp_path, options=QUIET)
    write_steps(writer, [1, 2], layers)
    bad = make_record(3, layers, random_rows(3, 3), {"loss": 0.5})
    counts = OddCounts(*(getattr(bad.counts, field.name) for field in fields(RecordCounts)))
    writer.write(replace(bad, counts=counts))
    with pytest.warns(ActivationHistWarning, match="3 bins and 2 counts"):
        writer.close()
    run = read_histograms(tmp_path)["."]
    stored = [run[layer.key].steps.tolist() for layer in layers]
    assert stored == [[1, 2, 3], [1, 2], [1, 2, 3]]


def test_a_scalar_beyond_any_float_is_left_out(tmp_path):
    writer = RunWriter(tmp_path, options=QUIET)
    writer.write(Record(1, 1.7e9, scalars={"loss": 10**400, "lr": 0.5}))
    with pytest.warns(ActivationHistWarning, match="'loss' is not one number"):
        writer.close()
    values = [value for event in read_events(tmp_path) for value in event.summary.value]
    assert [value.tag for value in values if value.simple_value] == ["lr"]

"""What is wrong with one file, tag or block of a run leaves the others as they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.compat.proto import event_pb2, summary_pb2, types_pb2
from tensorboard.compat.proto.tensor_pb2 import TensorProto

from tb_activation_hist.cli.logdir import read_runs
from tb_activation_hist.core.errors import ActivationHistWarning, FormatError
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.storage.codec import encode_block
from tb_activation_hist.storage.event_file import frame
from tb_activation_hist.storage.event_file_reader import find_event_files
from tb_activation_hist.storage.logdir_histograms import read_histograms, read_last_step
from tests.plugin.logdirs import RunFile, write_run
from tests.series import values_to_series

VALUES = [np.linspace(-1, 1, 50) * (1 + step) for step in range(100)]
SERIES = values_to_series(VALUES)
CONV = LayerInfo("conv1")


def write_one_damaged(logdir: Path, damaged: int) -> None:
    file = RunFile(logdir, ".")
    for start in range(0, 100, 32):
        part = SERIES.take(slice(start, start + 32))
        data = encode_block(part, 1, start)
        file.add_block(CONV, part, data[:-20] if start == damaged else data)
    file.close()


def test_a_damaged_block_costs_its_own_records_in_the_command_line(tmp_path: Path) -> None:
    write_one_damaged(tmp_path, 32)
    (run,) = read_runs(str(tmp_path))
    assert run.layers["conv1"][1].steps.tolist() == [*range(32), *range(64, 100)]
    assert len(run.problems) == 1
    assert "lacks records: A block of" in run.problems[0]
    with pytest.raises(FormatError, match="damaged"):
        read_histograms(tmp_path)["."]["conv1"]


def test_a_damaged_last_block_does_not_hide_the_last_step(tmp_path: Path) -> None:
    write_one_damaged(tmp_path, 96)
    assert read_last_step(tmp_path) == 95


def test_a_file_that_cannot_be_opened_is_told_beside_the_others(tmp_path: Path) -> None:
    write_run(tmp_path, "good", {"conv1": VALUES[:2]})
    write_run(tmp_path, "half", {"conv1": VALUES[:2]})
    (tmp_path / "half" / "events.out.tfevents.9").symlink_to(tmp_path / "nowhere")
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "events.out.tfevents.9").symlink_to(tmp_path / "nowhere")
    good, half = read_runs(str(tmp_path))
    assert good.name == "good"
    assert "run 'gone': " in good.problems[0]
    assert list(half.layers) == ["conv1"]
    assert "cannot be read: No such file" in half.problems[0]
    with (
        pytest.warns(ActivationHistWarning, match="Run 'half': .*cannot be read"),
        pytest.warns(ActivationHistWarning, match="Run 'gone': .*cannot be read"),
    ):
        assert set(read_histograms(tmp_path)) == {"good", "half"}


def add_value(file: RunFile, **fields: Any) -> None:
    value = summary_pb2.Summary.Value(**fields)
    event = event_pb2.Event(summary=summary_pb2.Summary(value=[value]), step=3, wall_time=5.0)
    file._file.write(frame(event.SerializeToString()))


@pytest.mark.parametrize("first", ["ours", "theirs"])
@pytest.mark.parametrize(
    "fields",
    [
        {"simple_value": 1.0},
        {"histo": summary_pb2.HistogramProto(min=0, max=1, bucket_limit=[1], bucket=[3])},
        {"tensor": TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[1.0])},
        {"image": summary_pb2.Summary.Image(height=1)},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_value_of_the_user_under_a_tag_of_ours_is_told(
    first: str, fields: dict[str, Any], tmp_path: Path
) -> None:
    file = RunFile(tmp_path, ".")
    if first == "theirs":
        add_value(file, tag=CONV.tag, **fields)
    file.add_series(CONV, SERIES)
    add_value(file, tag=CONV.tag, **fields)
    file.close()
    (run,) = read_runs(str(tmp_path))
    assert len(run.layers["conv1"][1]) == 100
    assert "'activations/conv1' of a layer is also used for something else" in run.problems[0]


def test_a_tag_of_a_histogram_and_a_scalar_is_read_as_a_histogram(tmp_path: Path) -> None:
    file = RunFile(tmp_path, ".")
    file.add_histogram("w", np.array([[0.0, 1.0, 4.0]]), 1)
    file.add_scalar("w", [1.0, 2.0])
    add_value(file, tag="h", histo=summary_pb2.HistogramProto(bucket_limit=[1], bucket=[3], max=1))
    add_value(file, tag="h", simple_value=1.0)
    file.close()
    run = read_histograms(tmp_path)["."]
    assert [run[key].n.tolist() for key in ("w", "h")] == [[4], [3]]


def test_histograms_that_hold_nothing_or_no_numbers(tmp_path: Path) -> None:
    file = RunFile(tmp_path, ".")
    add_value(file, tag="empty", histo=summary_pb2.HistogramProto())
    file.add_histogram("text", np.array([[b"a", b"b", b"c"]]), 1)
    file.add_histogram("mixed", np.array([[0.0, 1.0, 4.0]]), 1)
    file.add_histogram("mixed", np.array([[b"a", b"b", b"c"]]), 2)
    file.add_histogram("huge", np.array([[0.0, 1.0, 1e300]]), 2)
    file.close()
    (run,) = read_runs(str(tmp_path))
    assert {key: own.n.tolist() for key, (_, own) in run.layers.items()} == {
        "empty": [0],
        "mixed": [4],
    }
    assert len(run.problems) == 3


@pytest.mark.parametrize("target", [".", "..", "../other"])
def test_a_link_that_leads_round_in_circles_adds_no_run(target: str, tmp_path: Path) -> None:
    write_run(tmp_path, "run", {"conv1": VALUES[:2]})
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "back").symlink_to("../run")
    (tmp_path / "run" / "latest").symlink_to(target)
    runs = {file.run for file in find_event_files(str(tmp_path))}
    assert runs == {"run", "other/back"} if target == "." else len(runs) <= 4
    assert not any(os.fspath(run).count("latest") > 1 for run in runs)


def test_an_event_that_claims_more_bytes_than_there_are_ends_the_file(tmp_path: Path) -> None:
    write_run(tmp_path, "run", {"conv1": VALUES[:2]})
    (path,) = (tmp_path / "run").iterdir()
    from tb_activation_hist.storage.crc32c import masked_crc32c

    length = (2**62).to_bytes(8, "little")
    with path.open("ab") as file:
        file.write(length + masked_crc32c(length).to_bytes(4, "little") + b"x" * 50)
    assert len(read_histograms(tmp_path)["run"]["conv1"]) == 2

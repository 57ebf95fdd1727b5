"""What is wrong with one file, tag or block of a run leaves the others as they are."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from tensorboard.compat.proto import event_pb2, summary_pb2, types_pb2
from tensorboard.compat.proto.tensor_pb2 import TensorProto

from tb_activation_hist.cli.logdir import read_runs
from tb_activation_hist.core.errors import ActivationHistWarning, FormatError
from tb_activation_hist.core.names import PLUGIN_NAME, LayerInfo
from tb_activation_hist.plugin.sharing.held_runs import read_event_files
from tb_activation_hist.storage.codec import encode_block
from tb_activation_hist.storage.event_file import frame
from tb_activation_hist.storage.event_file_reader import find_event_files, scan_events, skip_events
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tb_activation_hist.storage.run_histograms import RunHistograms, read_last_step
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


def test_a_damaged_block_costs_its_own_records_in_the_reader(tmp_path: Path) -> None:
    write_one_damaged(tmp_path, 32)
    run = read_histograms(tmp_path)["."]
    with pytest.warns(ActivationHistWarning) as said:
        series = run["conv1"]
    assert len(said) == 1
    assert re.fullmatch(
        r"Run '\.': 'conv1' lacks records: A block of \d+ bytes is damaged \(cut off\?\); "
        "the records in it are lost.",
        str(said[0].message),
    )
    assert said[0].filename == __file__
    assert series.steps.tolist() == [*range(32), *range(64, 100)]
    expected = SERIES.take([*range(32), *range(64, 100)])
    np.testing.assert_array_equal(series.counts, expected.counts)
    # It is told once, however often the layer is decoded.
    del series
    assert len(run["conv1"]) == 68


def write_beside_unreadable(logdir: Path) -> None:
    file = RunFile(logdir, ".")
    file.add_series(CONV, SERIES)
    for name in ("bad", "worse"):
        info = LayerInfo(name, order=1)
        file.add_block(info, SERIES.take(slice(0, 32)), b"AHB and nothing else")
    file.close()


READ: dict[str, Callable[[RunHistograms], Any]] = {
    "items": lambda run: list(dict(run.items())),
    "values": lambda run: [series.layer for series in run.values()],
    "get": lambda run: [key for key in run if run.get(key) is not None],
    "to_dataframe": lambda run: run.to_dataframe()["layer"].unique().tolist(),
    "plot": lambda run: [ax.get_title(loc="left") for ax in run.plot()],
}


@pytest.mark.parametrize("way", READ)
def test_a_layer_that_cannot_be_read_is_left_out_beside_the_others(
    way: str, tmp_path: Path
) -> None:
    write_beside_unreadable(tmp_path)
    run = read_histograms(tmp_path)["."]
    with (
        pytest.warns(ActivationHistWarning, match="'bad' is left out: A block of 20 bytes"),
        pytest.warns(ActivationHistWarning, match="'worse' is left out: "),
    ):
        assert READ[way](run) == ["conv1"]
    plt.close("all")
    assert READ["items"](run) == ["conv1"]
    assert list(run) == ["conv1", "bad", "worse"]
    with pytest.raises(FormatError, match="damaged"):
        run["bad"]


def test_a_run_of_which_nothing_can_be_read_leaves_the_other_runs_their_table(
    tmp_path: Path,
) -> None:
    write_run(tmp_path, "good", {"conv1": VALUES[:2]})
    file = RunFile(tmp_path, "bad")
    file.add_block(CONV, SERIES.take(slice(0, 32)), b"AHB")
    file.close()
    runs = read_histograms(tmp_path)
    with pytest.warns(ActivationHistWarning, match="Run 'bad': 'conv1' is left out"):
        table = runs.to_dataframe()
    assert table["run"].tolist() == ["good", "good"]
    assert {len(line) for line in runs.plot()} == {2}
    plt.close("all")


def test_damage_in_the_middle_of_a_file_is_reported(tmp_path: Path) -> None:
    write_run(tmp_path, "run", {"conv1": VALUES})
    (path,) = (tmp_path / "run").iterdir()
    data = path.read_bytes()
    at = data.rindex(b"AHB")
    start = max(offset for offset, _ in scan_events(io.BytesIO(data)) if offset < at)
    path.write_bytes(data[:start] + b"\xff" * 8 + data[start + 8 :])
    (run,) = read_runs(str(tmp_path))
    assert f"is damaged: no event begins at byte {start:,} of {len(data):,}" in run.problems[0]
    with pytest.warns(ActivationHistWarning, match="no event begins at byte"):
        series = read_histograms(tmp_path)["run"]["conv1"]
    assert len(series) == 96


@pytest.mark.parametrize("damage", ["length", "zeros", "cut", "cut before much"])
def test_what_follows_damage_is_read(damage: str, tmp_path: Path) -> None:
    """Of four blocks the second is spoilt, or cut off by a writer that another one follows."""
    write_run(tmp_path, "run", {"conv1": VALUES})
    (path,) = (tmp_path / "run").iterdir()
    data = path.read_bytes()
    blocks = [at for at, event in scan_events(io.BytesIO(data)) if b"AHB" in event]
    start, end = blocks[1], blocks[2]
    spoilt = {
        "length": b"\x01\x02" + data[start + 2 : end],
        "zeros": bytes(end - start),
        "cut": data[start : end - 300],
        "cut before much": data[start : start + 20],
    }[damage]
    path.write_bytes(data[:start] + spoilt + data[end:])
    with path.open("rb") as file:
        stops_at, damaged = skip_events(file, 0)
    assert damaged
    # The length of an event that was cut off is as it was, so the place behind it is wrong.
    assert stops_at == (start if damage in ("length", "zeros") else end)
    (run,) = read_runs(str(tmp_path))
    told = f"no event begins at byte {start:,} of {path.stat().st_size:,}, so {len(spoilt):,} bytes"
    assert told in run.problems[0]
    assert run.layers["conv1"][1].steps.tolist() == [*range(32), *range(64, 100)]
    held = read_event_files(find_event_files(str(tmp_path)))
    assert told in held.problems[0]
    assert len(held.plugins[PLUGIN_NAME]["run"][CONV.tag].datums) == 3


@pytest.mark.parametrize("tail", [b"", b"\0" * 5, b"\0" * 5000, b"\x07" * 11])
def test_a_file_that_is_still_written_is_not_damaged(tail: bytes, tmp_path: Path) -> None:
    write_run(tmp_path, "run", {"conv1": VALUES[:2]})
    (path,) = (tmp_path / "run").iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    with path.open("rb") as file:
        assert skip_events(file, 0) == (len(whole), False)
    assert len(read_histograms(tmp_path)["run"]["conv1"]) == 2


def test_an_event_that_is_no_event_is_reported(tmp_path: Path) -> None:
    path = write_run(tmp_path, "run", {"conv1": VALUES[:2]})
    with path.joinpath(next(path.iterdir()).name).open("ab") as file:
        file.write(frame(b"\xff" * 20) * 3)
    write_run(tmp_path, "run", {"conv2": VALUES[:2]}, suffix=".later")
    with pytest.warns(ActivationHistWarning, match=r"event at byte .* \(2 more like it\)"):
        assert list(read_histograms(tmp_path)["run"]) == ["conv1", "conv2"]


def test_a_file_that_went_away_meanwhile_costs_its_own_records(tmp_path: Path) -> None:
    write_run(tmp_path, "run", {"conv1": VALUES[:5]}, steps=[0, 1, 2, 3, 4])
    before = set((tmp_path / "run").iterdir())
    later_values = VALUES[:3]
    write_run(tmp_path, "run", {"conv1": later_values}, steps=[5, 6, 7], session=2, suffix=".later")
    (second,) = set((tmp_path / "run").iterdir()) - before
    run = read_histograms(tmp_path)["run"]
    assert list(run) == ["conv1"]
    second.write_bytes(second.read_bytes()[:40] + b"\xff" * 400)
    with pytest.warns(
        ActivationHistWarning, match="has changed or disappeared since it was opened"
    ):
        assert run["conv1"].steps.tolist() == [0, 1, 2, 3, 4]


def test_a_damaged_last_block_does_not_hide_the_last_step(tmp_path: Path) -> None:
    write_one_damaged(tmp_path, 96)
    assert read_last_step(tmp_path) == 95


def test_a_file_that_cannot_be_opened_is_reported_beside_the_others(tmp_path: Path) -> None:
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
def test_a_value_of_the_user_under_a_tag_of_ours_is_reported(
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
    assert "'activations/conv1' of a layer is also used for other values" in run.problems[0]


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

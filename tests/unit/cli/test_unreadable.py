"""Log directories and layers that are missing, damaged or of a newer version, and wrong usage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tb_activation_hist.cli import main
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.storage.options import WriterOptions
from tb_activation_hist.storage.writer import RunWriter
from tests.records import make_layers, make_record, random_rows
from tests.unit.cli.runs import (
    RECORDS,
    healthy_layers,
    write_run,
)


@pytest.mark.parametrize("command", ["report", "show"])
def test_a_missing_logdir_is_a_sentence(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main([command, str(tmp_path / "none")]) == 2
    assert "does not exist." in capsys.readouterr().err


def test_an_empty_logdir_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert "no TensorBoard event file" in capsys.readouterr().err


def test_a_foreign_logdir_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_run(tmp_path, {})
    assert main(["report", str(tmp_path)]) == 2
    assert "hold no histograms" in capsys.readouterr().err


def test_of_a_truncated_file_the_beginning_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = write_run(tmp_path, healthy_layers())
    data = path.read_bytes()
    path.write_bytes(data[:-50])
    assert main(["report", str(tmp_path), "--json"]) == 0
    layers = json.loads(capsys.readouterr().out)["runs"][0]["layers"]
    assert [layer["records"] for layer in layers] == [RECORDS, 32]


def test_a_newer_format_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tb_activation_hist.core.names.METADATA_VERSION", 99)
    write_run(tmp_path, healthy_layers())
    monkeypatch.undo()
    assert main(["report", str(tmp_path)]) == 2
    assert "pip install -U tb_activation_hist" in capsys.readouterr().err


def test_one_newer_layer_leaves_the_others_readable(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = healthy_layers()
    content = LayerInfo.to_content

    def newer(info: LayerInfo) -> bytes:
        own = content(info)
        return own.replace(b'"version":1', b'"version":9') if info.order else own

    monkeypatch.setattr(LayerInfo, "to_content", newer)
    write_run(tmp_path, layers)
    assert main(["report", str(tmp_path), "--json"]) == 0
    run = json.loads(capsys.readouterr().out)["runs"][0]
    assert [layer["layer"] for layer in run["layers"]] == ["block.linear"]
    assert "block.relu in run '.' is left out" in run["problems"][0]


def test_two_processes_on_one_run_are_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    options = WriterOptions(histogram_points=0, scalar_points=0, flush_s=60)
    writers = [RunWriter(tmp_path, options=options) for _ in range(2)]
    for step in range(1, 9):
        writers[step % 2].write(make_record(step, make_layers(1), random_rows(step, 1)))
    for writer in writers:
        writer.close()
    assert main(["report", str(tmp_path), "--json"]) == 0
    (note,) = json.loads(capsys.readouterr().out)["runs"][0]["notes"]
    assert note.startswith("run '.': Two loggers wrote this run at the same time")
    assert main(["report", str(tmp_path)]) == 0
    assert note in capsys.readouterr().err
    main(["doctor", str(tmp_path)])
    assert f"note     {note}" in capsys.readouterr().out


def test_an_unknown_layer_names_the_nearest(logdir: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["show", logdir, "--layer", "block.rely"]) == 2
    assert "Nearest: 'block.relu'" in capsys.readouterr().err


def test_wrong_usage_ends_with_2(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["export", "x"])
    assert ended.value.code == 2
    assert "--format" in capsys.readouterr().err

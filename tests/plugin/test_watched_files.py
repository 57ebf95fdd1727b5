"""Files that TensorBoard stops reading: found by their heads, and looked at no more than needed."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from tb_activation_hist.plugin import watched_files
from tb_activation_hist.plugin.watched_files import WatchedFiles
from tb_activation_hist.storage.event_file import frame
from tests.plugin.logdirs import write_run

VALUES = [np.linspace(-1, 1, 50)] * 10


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An event file of the run `a/b` that is not damaged."""
    (path,) = write_run(tmp_path, "a/b", {"conv1": VALUES}).iterdir()
    return path


def look(files: WatchedFiles) -> list[str]:
    files.look()
    return list(files.warnings())


def test_a_damaged_file_is_named_with_the_byte_at_which_it_ends(file: Path, tmp_path: Path) -> None:
    # Never due by itself: a look on a thread of its own could end between the two that count.
    files = WatchedFiles(str(tmp_path), clock=lambda: -1.0)
    assert look(files) == []
    end = file.stat().st_size
    with file.open("ab") as more:
        more.write(b"\xff" * 20 + frame(b"an event"))
    expected = (
        f"Run 'a/b': TensorBoard stops reading {file.name} at byte {end:,} of {end + 44:,}, since "
        "it is damaged there. `tb-activation-hist share` also reads what follows."
    )
    assert look(files) == [expected]
    with patch.object(watched_files, "skip_events") as again:
        assert look(files) == [expected]
    assert not again.called
    file.unlink()
    assert look(files) == []


def test_only_what_is_new_is_looked_at(file: Path, tmp_path: Path) -> None:
    files = WatchedFiles(str(tmp_path))
    files.look()
    end = file.stat().st_size
    with file.open("ab") as more:
        more.write(frame(b"an event"))
    with patch.object(watched_files, "skip_events", return_value=(end, False)) as skipped:
        files.look()
    assert skipped.call_args.args[1] == end
    # A shorter file is another one.
    file.write_bytes(frame(b"an event"))
    with patch.object(watched_files, "skip_events", return_value=(0, False)) as skipped:
        files.look()
    assert skipped.call_args.args[1] == 0


def test_a_run_whose_file_went_away_is_replaced_now_and_at_the_next_look(
    file: Path, tmp_path: Path
) -> None:
    files = WatchedFiles(str(tmp_path))
    times = []
    content = file.read_bytes()

    def count() -> None:
        files.look()
        times.append(files.times_replaced("a/b"))

    count()
    with file.open("ab") as more:
        more.write(frame(b"an event"))
    (file.parent / f"{file.name}.resumed").write_bytes(content)
    count()
    # The very same bytes, in another file of another name.
    file.rename(tmp_path / "kept")
    (file.parent / f"{file.name}.2").write_bytes(content)
    for _ in range(3):
        count()
    assert times == [0, 0, 1, 2, 2]
    assert files.times_replaced("other") == 0


def test_a_look_is_due_after_a_while_and_waits_for_others(file: Path, tmp_path: Path) -> None:
    file.write_bytes(b"\xff" * 100)
    now, paused = [0.0], []
    files = WatchedFiles(str(tmp_path), lambda: paused.append(now[0]), lambda: now[0])
    for now[0] in (0.0, 1.0, 31.0):
        files.warnings()
        with files._looking:
            pass
    assert paused == [0.0, 31.0]
    assert len(files.warnings()) == 1


@pytest.mark.parametrize("logdir", ["", "gs://bucket/logs", "/no/such/directory"])
def test_where_there_is_no_local_directory_nothing_is_said(logdir: str) -> None:
    assert look(WatchedFiles(logdir)) == []

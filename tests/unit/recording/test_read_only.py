"""A log directory that may be read but not written, as on a share or after an archive."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.runs import collapsed_layers, write_run

ROOT = Path(__file__).resolve().parents[3]

READ = """
import sys
from tb_activation_hist import read_histograms
from tb_activation_hist.cli import main
print([*read_histograms(sys.argv[1])])
sys.exit(main(["report", sys.argv[1]]) or main(["show", sys.argv[1]]))
"""

RECORD = """
import sys, torch
from tb_activation_hist import ActivationHistLogger, LogdirError
model = torch.nn.Linear(2, 2)
for logdir in (sys.argv[1], sys.argv[1] + "/new"):
    try:
        ActivationHistLogger(model, logdir)
    except LogdirError as error:
        print(error)
print(len(model._forward_hooks), "hooks are left")
"""


@pytest.fixture
def logdir(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "runs"
    write_run(folder, collapsed_layers())
    for path in (folder, *folder.iterdir()):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield folder
    folder.chmod(0o755)


def run(code: str, logdir: Path) -> str:
    """Output of a Python that permissions bind; root's are taken away first."""
    command = [sys.executable, "-c", code, str(logdir)]
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("root may write everywhere, and setpriv (util-linux) is missing")
        command = [setpriv, "--bounding-set=-dac_override", *command]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_read_only_logdir_is_read(logdir: Path) -> None:
    before = sorted(logdir.rglob("*"))
    words = run(READ, logdir)
    assert words.startswith("['.']\n")
    assert "block.relu: collapsed to zero at step 21" in words
    assert sorted(logdir.rglob("*")) == before


def test_recording_into_it_says_what_is_wrong(logdir: Path) -> None:
    *told, hooks = run(RECORD, logdir).splitlines()
    assert len(told) == 2
    for line, place in zip(told, (logdir, logdir / "new"), strict=True):
        assert f"{str(place)!r} cannot be written (Permission denied)." in line
    assert hooks == "0 hooks are left"

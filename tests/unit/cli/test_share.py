"""`share`: one HTML file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tb_activation_hist.cli import main
from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.plugin.sharing.shared_runs import check_target


def test_share_writes_one_file_and_says_what_is_in_it(
    logdir: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    page = tmp_path / "page.html"
    options = ["--run", "go*", "--layer", "block.*", "--columns", "16", "--size", "0.5"]
    assert main(["share", logdir, "-o", str(page), *options]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{page}: 0.")
    assert "1 of 2 runs" in said and "pooled in each column" in said
    assert page.stat().st_size < 500_000
    assert main(["share", logdir, "-o", str(page), "--exact", "--kind", "activations"]) == 0


def test_share_refuses_what_it_cannot_do_with_a_sentence(
    logdir: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    page = tmp_path / "page.html"
    for arguments, sentence in (
        ([str(tmp_path / "none")], "does not exist"),
        ([logdir, "--run", "goood"], "No run matches 'goood'. Nearest: 'good'."),
        ([logdir, "--layer", "blok*"], "No layer matches 'blok*'."),
        ([logdir, "--columns", "2"], "columns must be a whole number from 8 to 8,192"),
        ([logdir, "--size", "0.1"], "do not fit into 0.1 MB"),
    ):
        assert main(["share", *arguments, "-o", str(page)]) == 2
        assert sentence in capsys.readouterr().err
        assert not page.exists()
    (tmp_path / "empty").mkdir()
    assert main(["share", str(tmp_path / "empty"), "-o", str(page)]) == 2
    assert "There is no TensorBoard event file" in capsys.readouterr().err


def test_sharing_needs_no_torch(logdir: str, tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "from tb_activation_hist import read_histograms\n"
        "read_histograms(sys.argv[1]).share(sys.argv[2])\n"
    )
    page = tmp_path / "page.html"
    done = subprocess.run([sys.executable, "-c", program, logdir, str(page)], capture_output=True)
    assert done.returncode == 0, done.stderr
    assert page.stat().st_size > 100_000


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"there is no directory .*missing.* Make it first"):
        check_target(tmp_path / "missing" / "page.html")

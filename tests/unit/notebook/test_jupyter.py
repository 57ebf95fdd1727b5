"""A notebook that a kernel executes: TensorBoard inside of it, and pictures of what was read."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.unit.cli.runs import collapsed_layers, write_run

ROOT = Path(__file__).resolve().parents[3]

SHOW = "%load_ext tensorboard\n%tensorboard --logdir {logdir} --port 0 --host 127.0.0.1"

ASK = """
import json, os, signal, time, urllib.request
from tensorboard import manager
(board,) = manager.get_all()
address = f"http://127.0.0.1:{board.port}/data/plugin/activation_hist/index?known=none"
try:
    for _ in range(1200):
        with urllib.request.urlopen(address) as answer:
            tags = str(json.load(answer))
        if "activations/block.relu" in tags:
            break
        time.sleep(0.1)
finally:
    os.kill(board.pid, signal.SIGTERM)
print("activations/block.relu" in tags)
"""

READ = """
%matplotlib inline
from tb_activation_hist import read_histograms
run = read_histograms({logdir!r})["."]
figure = run.plot()
run["block.relu"]
"""


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel and its TensorBoard are this Python's, and leave their files in a folder."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("TENSORBOARD_BINARY", str(Path(sys.executable).with_name("tensorboard")))


@pytest.mark.usefixtures("environment")
def test_a_notebook_shows_tensorboard_and_pictures(tmp_path: Path) -> None:
    logdir = str(tmp_path / "runs")
    write_run(Path(logdir), collapsed_layers())
    cells = [SHOW.format(logdir=logdir), ASK, READ.format(logdir=logdir)]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute(cwd=str(tmp_path))
    shown, asked, read = (cell.outputs for cell in notebook.cells)
    assert "<iframe" in str(shown)
    assert asked[0]["text"] == "True\n"
    assert any("image/png" in output.get("data", {}) for output in read)
    value = next(output for output in read if output.output_type == "execute_result")
    assert "\n" not in value["data"]["text/plain"]

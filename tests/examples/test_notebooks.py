"""The notebooks of examples/ hold the outputs of a run, and still run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tools.run_notebooks import EXAMPLES, is_parameters, run_notebook

# Pictures of digits that scikit-learn ships, as large as MNIST's, where MNIST is not there yet.
SMALL_MNIST = """
import demo.mnist

if not demo.mnist.cache_is_intact(demo.mnist.cache_folder("mnist")):
    import numpy as np
    from sklearn.datasets import load_digits

    digits = load_digits()
    large = np.pad(np.kron(digits.images * 15, np.ones((3, 3))), ((0, 0), (2, 2), (2, 2)))
    images, labels = large.astype(np.uint8), digits.target.astype(np.uint8)
    mnist = demo.mnist.Mnist(images, labels, images, labels)
    demo.mnist.load_mnist = lambda: mnist
"""
NOTEBOOKS = {
    "fastai_mnist": (["fastai", "torchvision"], f"IMAGES, EPOCHS = 1200, 1\n{SMALL_MNIST}"),
    "pytorch_loop": (["sklearn", "pandas"], "EPOCHS = 5"),
    "lightning_digits": (["lightning", "sklearn"], "EPOCHS = 2"),
    "transformers_gpt": (["transformers", "accelerate"], "STEPS = 12"),
}


def read(name: str) -> Any:
    return nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)


def outputs(notebook: Any) -> Iterator[Any]:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield from cell.outputs


def pictures(notebook: Any) -> int:
    return sum("image/png" in output.get("data", {}) for output in outputs(notebook))


def test_each_notebook_is_tested() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.ipynb")} == set(NOTEBOOKS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_first_cell_installs_in_colab(name: str) -> None:
    source = read(name).cells[0].source
    assert 'if "google.colab" in sys.modules:\n    %pip install -q "tb-activation-hist[' in source


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_stored_outputs_are_of_one_run(name: str) -> None:
    """Cells that were run in order, to the end, with nothing of the machine in them."""
    notebook = read(name)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert sum(map(is_parameters, code)) == 1
    assert pictures(notebook) >= 1
    text = (EXAMPLES / f"{name}.ipynb").read_text(encoding="utf-8")
    assert not any(word in text for word in ("/tmp/", str(Path.home()) + "/", "Traceback"))
    assert len(text) < 700_000


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    libraries, parameters = NOTEBOOKS[name]
    for library in libraries:
        pytest.importorskip(library, reason=f"{library} is an extra")
    # All import the same large libraries, which are compiled once.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.getbasetemp() / "bytecode"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    ran = run_notebook(EXAMPLES / f"{name}.ipynb", tmp_path, parameters)
    assert pictures(ran) == pictures(read(name))
    assert (tmp_path / "runs").is_dir()

"""Runs the notebooks of examples/ and stores their outputs: `make notebooks`.

Each runs in an empty folder, with the checkout on the path. A cell tagged `parameters` has the
sizes of the training; a test runs the same notebooks with smaller ones.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
TIMEOUT_S = 600
CELL_PLACE = re.compile(r"/\S*/ipykernel_\d+/\d+\.py:\d+: ")
KEPT_METADATA = ("kernelspec", "language_info")


def main() -> int:
    """Runs all notebooks, or those whose names contain one of the words, and saves them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="words in the names of notebooks")
    given = parser.parse_args()
    for path in sorted(EXAMPLES.glob("*.ipynb")):
        if given.names and not any(word in path.name for word in given.names):
            continue
        begin = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            notebook = run_notebook(path, Path(folder))
        nbformat.write(without_traces(notebook), path)
        print(f"{path.relative_to(ROOT)}: {time.monotonic() - begin:.0f} s", flush=True)
    return 0


def run_notebook(path: Path, folder: Path, parameters: str = "") -> Any:
    """The notebook with the outputs of a fresh run in the folder.

    parameters: code that runs after the cell tagged `parameters`, and so overrides it.
    CellExecutionError of nbclient, with the traceback, when a cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    if parameters:
        place = next(i for i, cell in enumerate(notebook.cells) if is_parameters(cell))
        notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(parameters))
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    # Jupyter's own, which puts pictures into the notebook, whatever this process draws with.
    environment.pop("MPLBACKEND", None)
    client = NotebookClient(
        notebook, timeout=TIMEOUT_S, kernel_name="python3", resources={"metadata": {"path": folder}}
    )
    client.execute(env=environment)
    return notebook


def is_parameters(cell: Any) -> bool:
    return "parameters" in cell.metadata.get("tags", [])


def without_traces(notebook: Any) -> Any:
    """The notebook without times, paths of this machine, and what other libraries warn of."""
    notebook.metadata = {key: notebook.metadata[key] for key in KEPT_METADATA}
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = joined([each for each in cell.outputs if is_kept(each)])
            for output in cell.outputs:
                output.update({key: clean(output[key]) for key in ("text",) if key in output})
    return notebook


def is_kept(output: Any) -> bool:
    return output.get("name") != "stderr" or "ActivationHistWarning" in output.text


def joined(outputs: list[Any]) -> list[Any]:
    """Lines that were printed one after the other as one output, however they arrived."""
    kept: list[Any] = []
    for output in outputs:
        stream = output.get("name")
        if kept and stream and kept[-1].get("name") == stream:
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def clean(text: str) -> str:
    return CELL_PLACE.sub("", text.replace(str(Path.home()), "~"))


if __name__ == "__main__":
    sys.exit(main())

"""Every Python block of the documents runs as it stands, in the order of its document."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
RUN_BY_OTHER_TESTS = {
    "README.md": "tests/test_readme.py",
    "docs/comparing_runs.md": "tests/unit/storage/test_comparing_example.py",
}
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for path in {*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/*.md")}
    if BLOCK.search(path.read_text(encoding="utf-8"))
)
LIBRARIES = {
    "docs/tutorials/fastai.md": ["fastai", "sklearn", "matplotlib"],
    "docs/tutorials/lightning.md": ["lightning"],
    "docs/tutorials/transformers.md": ["transformers", "accelerate"],
    "docs/other_frameworks.md": ["jax"],
}
"""Extras that a document's reader has; without one of them its test is left out."""


def reader_names() -> dict[str, Any]:
    """What a document takes for granted: a reader's model, data, loss and optimizer."""
    import math

    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(1, 2, 3)
            self.layer1 = nn.Sequential()
            self.layer1.conv = nn.Conv2d(2, 2, 3)
            self.layer1.relu = nn.ReLU()
            self.head = nn.Linear(2 * 4 * 4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.layer1(self.conv1(x)).flatten(1))

    torch.manual_seed(0)
    model = Net()
    data = [(torch.randn(1, 8, 8), torch.tensor(i % 2)) for i in range(12)]
    return {
        "__name__": "document",
        "math": math,
        "torch": torch,
        "nn": nn,
        "model": model,
        "loader": torch.utils.data.DataLoader(data, batch_size=4),
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.1),
        "logdir": "runs/split",
        "array": torch.randn(4, 3).numpy(),
        "other": torch.randn(4, 3).numpy(),
    }


def record_optimizer_recipe() -> None:
    """The run that docs/recipes.md reads: its own recipe."""
    import runpy

    runpy.run_path(str(ROOT / "docs/recipes/optimizer.py"))["main"]("runs/optimizer", 3)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("document", DOCUMENTS)
def test_code_runs(document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if document in RUN_BY_OTHER_TESTS:
        assert (ROOT / RUN_BY_OTHER_TESTS[document]).is_file()
        return
    for library in LIBRARIES.get(document, []):
        pytest.importorskip(library, reason=f"{library} is an extra")
    monkeypatch.chdir(tmp_path)
    if document == "docs/recipes.md":
        record_optimizer_recipe()
    names = reader_names() | {"__file__": str(tmp_path / "document.py")}
    text = (ROOT / document).read_text(encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        for found in BLOCK.finditer(text):
            # As many line ends as stand before it, so that an error names the document's line.
            before = "\n" * (text.count("\n", 0, found.start()) + 1)
            exec(compile(before + found[1], document, "exec"), names)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    for test in [value for name, value in names.items() if name.startswith("test_")]:
        # Not those of a library that the document imports with a star.
        if test.__code__.co_filename == document:
            test()

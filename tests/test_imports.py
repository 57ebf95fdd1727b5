"""Who may import whom: the layers of ARCHITECTURE.md, held by an allow-list.

Every import statement counts, also those inside functions and under TYPE_CHECKING: a lazy import is
a dependency too. What may be imported *when* is tested apart, in child processes.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "tb_activation_hist"
NAME = PACKAGE.name

BASE = {"names", "errors", "grid", "histogram", "joining"}
STORED = BASE | {"codec"}
WRITING = {"background", "blocks", "event_file", "sparse", "stock"}
EVERYTHING = {"*"}

# part -> (parts of this package it may import, other distributions it may import)
ALLOWED: dict[str, tuple[set[str], set[str]]] = {
    "errors": (set(), set()),
    "grid": ({"errors"}, {"numpy"}),
    "names": ({"errors", "grid"}, set()),
    # A notebook's picture of a series is drawn on demand.
    "histogram": ({"errors", "grid", "plot"}, {"numpy", "pandas"}),
    "joining": ({"grid", "histogram"}, {"numpy"}),
    "codec": (BASE, {"numpy"}),
    "findings": (BASE, {"numpy"}),
    # The kinds of finding that may be watched for are the findings' to name.
    "config": ({"errors", "findings", "grid", "names"}, set()),
    # Ranks' records are joined before they are written, so that end of capture knows the writer.
    "capture": (
        BASE | {"background", "config", "reader", "writer"},
        {"numpy", "torch", "triton", "typing_extensions"},
    ),
    # What the writer is made of; none of them knows it.
    "background": ({"config", "errors"}, set()),
    "blocks": (STORED, {"numpy"}),
    "crc32c": (set(), {"numpy"}),
    "event_file": ({"crc32c", "errors"}, {"tensorboard"}),
    "sparse": ({"grid"}, {"numpy"}),
    "stock": ({"grid", "names", "sparse"}, {"numpy", "tensorboard"}),
    "writer": (STORED | WRITING | {"config"}, {"numpy", "tensorboard", "torch"}),
    "alarm": (BASE | {"findings", "stock"}, {"numpy"}),
    # Findings of what a run holds so far, in the process that trains.
    "recorded": (BASE | {"findings", "reader", "writer"}, set()),
    "logger": (
        BASE | {"alarm", "capture", "config", "findings", "recorded", "writer"},
        {"numpy", "torch", "typing_extensions"},
    ),
    # Histograms that others wrote, read by the notebook's reader and by the plugin alike.
    "foreign": ({"grid", "histogram"}, {"numpy"}),
    "event_records": ({"crc32c", "errors"}, {"tensorboard"}),
    "run_index": (STORED | {"event_records", "foreign"}, {"google", "numpy", "tensorboard"}),
    # Pictures and tables of what was read are made on demand.
    "reader": (BASE | {"event_records", "plot", "run_index"}, {"pandas"}),
    "picture": (BASE, {"numpy"}),
    "plot": (BASE | {"picture"}, {"matplotlib", "numpy"}),
    "probe": (
        BASE
        | {"activation_stats", "callbacks", "capture", "config"}
        | {"findings", "logger", "plot", "writer"},
        {"fastai", "numpy", "torch", "typing_extensions"},
    ),
    "callbacks": (
        BASE
        | {
            "activation_stats",
            "capture",
            "config",
            "findings",
            "logger",
            "plot",
            "reader",
            "recorded",
            "writer",
        },
        {"fastai", "fastcore", "lightning", "numpy", "pytorch_lightning", "torch", "transformers"},
    ),
    # ActivationStats' habits over a recorded series.
    "activation_stats": (BASE | {"picture", "plot"}, {"matplotlib", "numpy"}),
    "plugin": (STORED | {"findings", "foreign"}, {"numpy", "tensorboard", "werkzeug"}),
    "cli": (EVERYTHING, EVERYTHING),
    "__main__": ({"cli"}, set()),
    "__init__": (EVERYTHING, set()),
}


def part_of(path: Path) -> str:
    """`capture` for capture/hooks.py, `grid` for grid.py, `__init__` for the package's own."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_modules(source: str, package: str) -> set[str]:
    """Full names of everything a source text imports; relative imports resolved in `package`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            stem = ".".join([*above, node.module] if node.module else above)
            module = stem if node.level else (node.module or "")
            # `from tb_activation_hist import grid` names the module only in its alias.
            names = {f"{module}.{alias.name}" for alias in node.names}
            found |= names if module == NAME else {module}
    return found


def violations(source: str, part: str, package: str) -> list[str]:
    """The imports of a source text that its part's row of the allow-list does not hold."""
    own, others = ALLOWED[part]
    wrong = []
    for module in sorted(imported_modules(source, package)):
        head, _, rest = module.partition(".")
        if head == NAME:
            name = rest.partition(".")[0]
            known = name in ALLOWED or name == ""
            if known and name and name != part and "*" not in own and name not in own:
                wrong.append(module)
        elif head not in sys.stdlib_module_names and "*" not in others and head not in others:
            wrong.append(module)
    return wrong


SOURCES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_what_its_part_may(path: Path) -> None:
    part = part_of(path)
    assert part in ALLOWED, f"{part} is a new part: give it a row in ALLOWED"
    package = ".".join([NAME, *path.relative_to(PACKAGE).parts[:-1]])
    assert violations(path.read_text(encoding="utf-8"), part, package) == []


@pytest.mark.parametrize(
    ("source", "part", "wrong"),
    [
        ("import torch", "plugin", ["torch"]),
        (
            "def f():\n    from tb_activation_hist.capture import hooks",
            "plugin",
            [f"{NAME}.capture"],
        ),
        ("from tb_activation_hist import plugin", "capture", [f"{NAME}.plugin"]),
        ("from ..plugin import store", "capture", [f"{NAME}.plugin"]),
        ("from .hooks import attach", "capture", []),
        ("import numpy as np, json", "grid", []),
    ],
)
def test_the_check_can_fail(source: str, part: str, wrong: list[str]) -> None:
    assert violations(source, part, f"{NAME}.{part}") == wrong


def test_nobody_starts_a_cycle_through_the_front_door() -> None:
    for path in SOURCES:
        if part_of(path) not in ("__init__", "__main__", "cli"):
            found = imported_modules(path.read_text(encoding="utf-8"), NAME)
            assert NAME not in found, f"{path} imports the package itself"


# --- what is imported when ------------------------------------------------------------------------

HEAVY = ("torch", "tensorboard", "fastai", "matplotlib", "pandas", "lightning", "transformers")


def loaded_after(statement: str, suspects: tuple[str, ...]) -> list[str]:
    """Which of `suspects` a fresh interpreter has loaded after `statement`."""
    program = f"""
        import sys
        {statement}
        print(*[name for name in {suspects!r} if name in sys.modules])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_importing_the_package_is_light() -> None:
    assert loaded_after("import tb_activation_hist", HEAVY) == []


def test_importing_the_plugin_loader_is_light() -> None:
    # TensorBoard imports every plugin's loader before it starts; it has loaded itself by then.
    suspects = tuple(name for name in HEAVY if name != "tensorboard")
    assert loaded_after("import tb_activation_hist.plugin.loader", suspects) == []


def test_the_plugin_itself_needs_no_training_library() -> None:
    statement = "import tb_activation_hist.plugin.routes, tb_activation_hist.plugin.store"
    suspects = tuple(name for name in HEAVY if name != "tensorboard")
    assert loaded_after(statement, suspects) == []


@pytest.mark.parametrize("suspect", ["torch", "tensorboard"])
def test_the_light_checks_can_fail(suspect: str) -> None:
    assert loaded_after(f"import {suspect}", HEAVY)[0] == suspect


def test_public_names_are_listed_without_loading_anything() -> None:
    assert loaded_after("import tb_activation_hist; dir(tb_activation_hist)", HEAVY) == []

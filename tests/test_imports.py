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

EVERYTHING = {"*"}

# package -> (packages of ours it may import, other distributions it may import)
ALLOWED: dict[str, tuple[set[str], set[str]]] = {
    "core": (set(), {"matplotlib", "numpy", "pandas", "typing_extensions"}),
    "findings": ({"core"}, {"numpy"}),
    "storage": (
        {"core", "findings"},
        # matplotlib and pandas: types of what its readers give.
        {
            "google",
            "matplotlib",
            "numpy",
            "pandas",
            "tensorboard",
            "typing_extensions",
            "zlib_ng",
        },
    ),
    "capture": ({"core"}, {"numpy", "torch", "triton", "typing_extensions"}),
    "recording": (
        {"capture", "core", "findings", "storage"},
        {"numpy", "torch", "typing_extensions"},
    ),
    "notebook": ({"core", "findings", "storage"}, {"matplotlib", "numpy", "pandas"}),
    # The only files that import the training libraries.
    "callbacks": (
        {"capture", "core", "findings", "notebook", "recording", "storage"},
        {
            "fastai",
            "fastcore",
            "lightning",
            "numpy",
            "pytorch_lightning",
            "torch",
            "transformers",
            "typing_extensions",
        },
    ),
    "plugin": ({"core", "findings", "storage"}, {"google", "numpy", "tensorboard", "werkzeug"}),
    "cli": (EVERYTHING, EVERYTHING),
    # Public: the three callbacks under their libraries' names.
    "fastai": ({"callbacks", "core"}, set()),
    "lightning": ({"callbacks"}, set()),
    "transformers": ({"callbacks"}, set()),
    "__main__": ({"cli"}, set()),
    "__init__": (EVERYTHING, set()),
}


def part_of(path: Path) -> str:
    """`capture` for capture/hooks.py, `__init__` for the package's own."""
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
            # `from tb_activation_hist import core` names the module only in its alias.
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
        ("import numpy as np, json", "core", []),
    ],
)
def test_the_check_can_fail(source: str, part: str, wrong: list[str]) -> None:
    assert violations(source, part, f"{NAME}.{part}") == wrong


# What is there for annotations alone: (package, distribution). Nobody has to install it for us.
TYPES_ONLY = {(part, "typing_extensions") for part in ALLOWED} | {
    (part, "matplotlib") for part in ALLOWED if part not in ("notebook", "cli")
}


def imported_at_run_time(source: str) -> set[str]:
    """Distributions that a source text imports outside of ``if TYPE_CHECKING:``."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return {module.partition(".")[0] for module in imported_modules(ast.unparse(tree), NAME)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_types_alone_need_is_imported_for_types_alone(path: Path) -> None:
    imported = imported_at_run_time(path.read_text(encoding="utf-8"))
    assert {(part_of(path), other) for other in imported} & TYPES_ONLY == set()


def test_an_import_at_run_time_is_distinguished_from_one_for_types() -> None:
    types = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import matplotlib\n"
    assert imported_at_run_time(types) == {"typing"}
    late = f"{types}def f():\n    from matplotlib import pyplot"
    assert imported_at_run_time(late) == {"matplotlib", "typing"}


def test_nobody_starts_a_cycle_through_the_front_door() -> None:
    for path in SOURCES:
        if part_of(path) not in ("__init__", "__main__", "cli"):
            found = imported_modules(path.read_text(encoding="utf-8"), NAME)
            assert NAME not in found, f"{path} imports the package itself"


# --- no circles -----------------------------------------------------------------------------------


def module_name(path: Path) -> str:
    """`core.grid` for core/grid.py, `core` for core/__init__.py."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def import_graph() -> dict[str, set[str]]:
    """Module of ours -> the modules of ours that it imports, the front door left out."""
    modules = {module_name(path): path for path in SOURCES}
    graph = {}
    for name, path in modules.items():
        package = ".".join([NAME, *path.relative_to(PACKAGE).parts[:-1]])
        found = imported_modules(path.read_text(encoding="utf-8"), package)
        own = {module.removeprefix(f"{NAME}.") for module in found if module.startswith(NAME)}
        graph[name] = (own & set(modules)) - {name}
    del graph[""]
    return graph


def find_circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules of one circle; [] when every arrow points one way."""
    done: set[str] = set()

    def visit(module: str, way: list[str]) -> list[str]:
        if module in way:
            return way[way.index(module) :]
        if module in done:
            return []
        for wanted in sorted(graph.get(module, ())):
            circle = visit(wanted, [*way, module])
            if circle:
                return circle
        done.add(module)
        return []

    return next((circle for module in sorted(graph) if (circle := visit(module, []))), [])


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = import_graph()
    assert "core.grid" in graph["core.histogram"]
    assert find_circle(graph) == []


def test_a_circle_is_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}
    assert find_circle(graph) == ["b", "c"]


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
    assert loaded_after("import tb_activation_hist", (*HEAVY, "numpy")) == []


@pytest.mark.parametrize("library", ["fastai", "lightning", "transformers"])
def test_a_callback_says_what_to_install_for_it(library: str) -> None:
    """In an interpreter that can import neither that library nor torch."""
    program = f"""
        import sys
        sys.modules |= dict.fromkeys({(library, "pytorch_lightning", "torch")!r})
        from tb_activation_hist import MissingDependencyError
        try:
            import tb_activation_hist.{library}
        except MissingDependencyError as error:
            print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert f"pip install 'tb-activation-hist[{library}]'" in done.stdout, done.stderr


def test_importing_the_plugin_loader_is_light() -> None:
    # TensorBoard imports every plugin's loader before it starts; it has loaded itself by then.
    suspects = tuple(name for name in HEAVY if name != "tensorboard")
    assert loaded_after("import tb_activation_hist.plugin.loader", suspects) == []


def test_the_plugin_itself_needs_no_training_library() -> None:
    statement = "import tb_activation_hist.plugin.routes, tb_activation_hist.plugin.series_cache"
    suspects = tuple(name for name in HEAVY if name != "tensorboard")
    assert loaded_after(statement, suspects) == []


@pytest.mark.parametrize("suspect", ["torch", "tensorboard"])
def test_the_light_checks_can_fail(suspect: str) -> None:
    assert loaded_after(f"import {suspect}", HEAVY)[0] == suspect


def test_public_names_are_listed_without_loading_anything() -> None:
    assert loaded_after("import tb_activation_hist; dir(tb_activation_hist)", HEAVY) == []

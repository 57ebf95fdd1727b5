"""Who may import whom in the page: the folders of ARCHITECTURE.md, held by an allow-list."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath
from posixpath import normpath

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "frontend" / "src"
IMPORT = re.compile(r"""^(?:import|export)\s+[^;]*?from\s+["']([^"']+)["']""", re.M)
EXPORT = re.compile(
    r"^export (?:abstract |async )?(?:const|let|function\*?|class|interface|type|enum) (\w+)", re.M
)

SIGNALS = {"@preact/signals"}
PREACT = {"@preact/signals", "preact", "preact/hooks"}
# What settings, data and layout are made of, from the bottom up: a part may import those before it.
VIEW = [
    *("view/settings", "view/reactive", "view/catalog", "view/selection", "view/layout"),
    *("view/panel", "view/screen", "view/findings", "view/board", "view/exports"),
    "view/profile",
]
BELOW_VIEW = {"math", "series", "paint"}
BELOW_UI = {"math", "series", "paint", *VIEW}

# folder -> (folders it may import, packages it may import)
ALLOWED: dict[str, tuple[set[str], set[str]]] = {
    "math": (set(), set()),
    "host": (set(), set()),
    # Signals of its own only, such as "a tile has come".
    "series": ({"math"}, SIGNALS),
    "paint": ({"math"}, set()),
    **{part: (BELOW_VIEW | set(VIEW[:at]), SIGNALS) for at, part in enumerate(VIEW)},
    "view/settings": (BELOW_VIEW | {"host"}, SIGNALS),
    "view/catalog": (BELOW_VIEW | {"host"}, SIGNALS),
    "ui/widgets": (set(), PREACT),
    "ui/settings": (BELOW_UI | {"ui/widgets"}, PREACT),
    "ui/input": (BELOW_UI | {"ui/widgets", "ui/settings"}, PREACT),
    "ui/overlays": (BELOW_UI | {"ui/widgets", "ui/settings", "ui/input"}, PREACT),
    "ui/toolbar": (BELOW_UI | {"ui/widgets", "ui/settings", "ui/input", "ui/overlays"}, PREACT),
    "ui/depth": (BELOW_UI | {"ui/widgets", "ui/input"}, PREACT),
    "ui/timeline": (
        BELOW_UI | {"ui/widgets", "ui/settings", "ui/input", "ui/overlays"},
        PREACT,
    ),
    "ui/incident": (
        BELOW_UI | {"ui/widgets", "ui/settings", "ui/input", "ui/overlays"},
        PREACT,
    ),
    "ui/runs": (BELOW_UI | {"ui/widgets", "ui/settings", "ui/input"}, PREACT),
    "ui/board": (
        BELOW_UI | {"ui/widgets", "ui/settings", "ui/input"},
        PREACT,
    ),
    "ui/panel": (BELOW_UI | {"ui/widgets", "ui/input", "ui/overlays"}, PREACT),
    "ui/rows": (
        BELOW_UI | {"ui/widgets", "ui/settings", "ui/input", "ui/overlays", "ui/panel"},
        PREACT,
    ),
    "ui": (
        BELOW_UI
        | {
            f"ui/{part}"
            for part in (
                "widgets",
                "settings",
                "input",
                "overlays",
                "toolbar",
                "runs",
                "panel",
                "rows",
                "board",
                "incident",
                "timeline",
                "depth",
            )
        }
        | {"styles"},
        PREACT,
    ),
    ".": ({"host", "styles", "ui", *VIEW}, PREACT),
    # The page of a shared file, around the page itself.
    "shared": ({".", "math", "series"}, set()),
}


def sources(folder: str) -> list[Path]:
    """The folder's modules, without tests and benchmarks."""
    found = [path for path in (SOURCE / folder).glob("*.ts*") if path.stem.count(".") == 0]
    assert found, f"{SOURCE / folder} is empty"
    return sorted(found)


def imports(path: Path) -> list[str]:
    """What a module imports: names of packages and relative paths."""
    return IMPORT.findall(path.read_text())


def imported_folder(folder: str, where: str) -> str | None:
    """Folder, below the sources, of a relative import; None for a package."""
    if not where.startswith("."):
        return None
    return str(PurePosixPath(normpath(f"{folder}/{where}")).parent)


@pytest.mark.parametrize("folder", ALLOWED)
def test_folders_import_only_what_is_allowed(folder: str) -> None:
    folders, packages = ALLOWED[folder]
    for path in sources(folder):
        for where in imports(path):
            found = imported_folder(folder, where)
            allowed = where in packages if found is None else found in {folder, *folders}
            assert allowed, f"{folder}/{path.name} imports {where}"


def test_every_folder_is_listed() -> None:
    folders = {path.parent.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.ts*")}
    assert folders == set(ALLOWED)


def test_no_folder_imports_one_that_imports_it() -> None:
    graph = {folder: folders for folder, (folders, _) in ALLOWED.items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(graph) + len({"styles"})


def modules(source: Path) -> list[Path]:
    """All modules below a folder, without tests and benchmarks."""
    return sorted(path for path in source.rglob("*.ts*") if path.stem.count(".") == 0)


def import_graph(source: Path) -> dict[str, set[str]]:
    """Modules below a folder, without suffix, with those that each imports, types included."""
    graph = {}
    for path in modules(source):
        name = path.relative_to(source).with_suffix("")
        wheres = (where for where in imports(path) if where.startswith("."))
        graph[name.as_posix()] = {normpath(f"{name.parent.as_posix()}/{where}") for where in wheres}
    return graph


def repeated_exports(source: Path) -> dict[str, list[str]]:
    """Names that more than one module below a folder exports, with the modules."""
    found: dict[str, list[str]] = {}
    for path in modules(source):
        # A function has a line for each of its overloads.
        for name in set(EXPORT.findall(path.read_text())):
            found.setdefault(name, []).append(path.relative_to(source).as_posix())
    return {name: paths for name, paths in found.items() if len(paths) > 1}


def test_no_module_imports_one_that_imports_it() -> None:
    graph = import_graph(SOURCE)
    assert graph["view/panel/panel_view"] >= {"view/panel/layer_axes", "math/tile"}
    TopologicalSorter(graph).prepare()


def test_a_circle_of_type_imports_is_found(tmp_path: Path) -> None:
    (tmp_path / "view").mkdir()
    (tmp_path / "layer.ts").write_text('import { Panel } from "./view/panel";\n')
    (tmp_path / "view" / "panel.ts").write_text('import type { Layer } from "../layer";\n')
    with pytest.raises(CycleError, match="layer"):
        TopologicalSorter(import_graph(tmp_path)).prepare()


def test_an_exported_name_has_one_meaning() -> None:
    # The build of a shared file puts one of the two in the place of the other.
    both = ["series/page_client.ts", "shared/page_client.ts"]
    stand_in = {"canShare": both, "client": both}
    assert repeated_exports(SOURCE) == stand_in


def test_a_name_that_two_modules_export_is_found(tmp_path: Path) -> None:
    (tmp_path / "strip.ts").write_text("export interface Strip {}\nconst THIN = 1;\n")
    (tmp_path / "scene.tsx").write_text("export class Strip {}\nexport const THIN = 1;\n")
    assert repeated_exports(tmp_path) == {"Strip": ["scene.tsx", "strip.ts"]}


@pytest.mark.parametrize("name", ["document", "window", "HTMLElement", "OffscreenCanvas"])
def test_math_has_no_dom(name: str) -> None:
    for path in sources("math"):
        code = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.S)
        assert not re.search(rf"\b{name}\b", code), f"math/{path.name} uses {name}"


def test_the_test_can_fail(tmp_path: Path) -> None:
    module = tmp_path / "bad.ts"
    module.write_text('import { h } from "preact";\nimport type { A } from "../ui/input/keys";\n')
    assert imports(module) == ["preact", "../ui/input/keys"]
    assert imported_folder("math", "../ui/input/keys") == "ui/input"
    assert imported_folder("view/panel", "./notes") == "view/panel"
    assert imported_folder("math", "preact") is None

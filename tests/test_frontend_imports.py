"""Who may import whom in the page: the folders of ARCHITECTURE.md, held by an allow-list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "frontend" / "src"
IMPORT = re.compile(r"""^(?:import|export)\s+(type\s)?[^;]*?from\s+["']([^"']+)["']""", re.M)

# folder -> (folders it may import, packages it may import)
ALLOWED = {
    "math": ({"data"}, set()),
    "data": ({"math"}, set()),
    "draw": ({"data", "math"}, set()),
    "host": (set(), set()),
    "state": ({"data", "draw", "host", "math"}, {"@preact/signals"}),
    "ui": ({"data", "draw", "math", "state"}, {"@preact/signals", "preact", "preact/hooks"}),
    ".": ({"host", "state", "styles", "ui"}, {"@preact/signals", "preact"}),
}


def sources(folder: str) -> list[Path]:
    """The folder's modules, without tests and benchmarks."""
    found = [path for path in (SOURCE / folder).glob("*.ts*") if path.stem.count(".") == 0]
    assert found, f"{SOURCE / folder} is empty"
    return sorted(found)


def imports(path: Path) -> list[tuple[bool, str]]:
    """(only types, where from) of each import."""
    return [(bool(types), where) for types, where in IMPORT.findall(path.read_text())]


def foreign_folder(where: str) -> str | None:
    """Folder of a relative import from outside the importing folder; None for a package."""
    parts = [part for part in where.split("/") if part != ".."]
    return parts[0] if where.startswith("../") else None


@pytest.mark.parametrize("folder", ALLOWED)
def test_folders_import_only_what_is_allowed(folder: str) -> None:
    folders, packages = ALLOWED[folder]
    for path in sources(folder):
        for _, where in imports(path):
            if folder == "." and where.startswith("./"):
                assert where.split("/")[1] in folders, f"{path.name} imports {where}"
            elif where.startswith("."):
                assert where.startswith("./") or foreign_folder(where) in folders, (
                    f"{folder}/{path.name} imports {where}"
                )
            else:
                assert where in packages, f"{folder}/{path.name} imports {where}"


def test_math_takes_nothing_but_types_from_data() -> None:
    for path in sources("math"):
        for types, where in imports(path):
            assert types or foreign_folder(where) is None, f"math/{path.name} imports {where}"


@pytest.mark.parametrize("name", ["document", "window", "HTMLElement", "OffscreenCanvas"])
def test_math_has_no_dom(name: str) -> None:
    for path in sources("math"):
        code = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.S)
        assert not re.search(rf"\b{name}\b", code), f"math/{path.name} uses {name}"


def test_the_test_can_fail(tmp_path: Path) -> None:
    module = tmp_path / "bad.ts"
    module.write_text('import { h } from "preact";\nimport type { A } from "../ui/app";\n')
    assert imports(module) == [(False, "preact"), (True, "../ui/app")]
    assert foreign_folder("../ui/app") == "ui"

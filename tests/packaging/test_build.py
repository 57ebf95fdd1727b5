"""What the sdist and the wheel hold, and what building them needs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.packaging.conftest import PACKAGE, ROOT, Distributions, build_wheel, run


def page_files(checkout: Path) -> set[str]:
    static = checkout / PACKAGE / "static"
    return {
        path.relative_to(checkout).as_posix()
        for path in static.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def test_sdist_holds_the_page_and_its_sources(checkout: Path, distributions: Distributions) -> None:
    with tarfile.open(distributions.sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert page_files(checkout)
    assert page_files(checkout) <= names
    sources = {path.name for path in (checkout / PACKAGE / "capture").glob("_count*.[ch]")}
    assert {"_count.c", "_count_kernel.c", "_count.h"} <= sources
    assert {f"{PACKAGE}/capture/{name}" for name in sources} <= names
    assert {"frontend/package-lock.json", "LICENSE"} <= names
    assert not any("node_modules" in name or name.endswith(".so") for name in names)


def test_wheel_holds_the_page_and_no_sources(checkout: Path, wheel_names: set[str]) -> None:
    assert page_files(checkout) <= wheel_names
    assert f"{PACKAGE}/py.typed" in wheel_names
    top = {name.partition("/")[0] for name in wheel_names}
    assert {name for name in top if not name.endswith(".dist-info")} == {PACKAGE}
    assert not any(name.endswith((".c", ".h", ".ts", ".tsx")) for name in wheel_names)


def test_building_from_the_sdist_calls_no_node(distributions: Distributions) -> None:
    assert not distributions.node_was_called


def test_wheel_serves_every_python_from_3_10(
    distributions: Distributions, wheel_names: set[str]
) -> None:
    if not any(name.endswith(".so") for name in wheel_names):
        pytest.skip("no C compiler or no Python.h here: the wheel carries no extension")
    assert "-cp310-abi3-" in distributions.wheel.name
    assert f"{PACKAGE}/capture/_count.abi3.so" in wheel_names
    assert f"{PACKAGE}/storage/_block.abi3.so" in wheel_names


def test_build_succeeds_without_a_compiler(distributions: Distributions, tmp_path: Path) -> None:
    wheel = build_wheel(distributions.sdist, tmp_path, CC="/bin/false")
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
    assert f"{PACKAGE}/capture/count.py" in names
    assert not any(name.endswith(".so") for name in names)


def build_page(checkout: Path, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "tools/build_frontend.py"],
        cwd=checkout,
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_missing_node_is_said_in_words(checkout: Path, tmp_path: Path) -> None:
    (checkout / "frontend" / "src" / "touched.ts").write_text("export {};\n")
    try:
        done = build_page(checkout, str(tmp_path))
    finally:
        (checkout / "frontend" / "src" / "touched.ts").unlink()
    assert done.returncode == 1
    assert "node and npm: not found" in done.stderr
    assert "Install Node 20.19 or newer" in done.stderr
    assert "Traceback" not in done.stderr


def test_old_node_is_said_in_words(checkout: Path, tmp_path: Path) -> None:
    for name, answer in (("node", "v18.19.0"), ("npm", "9.2.0")):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {answer}\n")
        (tmp_path / name).chmod(0o755)
    (checkout / "frontend" / "src" / "touched.ts").write_text("export {};\n")
    try:
        done = build_page(checkout, f"{tmp_path}:/bin")
    finally:
        (checkout / "frontend" / "src" / "touched.ts").unlink()
    assert done.returncode == 1
    assert "needs Node 20.19, found v18.19.0" in done.stderr


def test_fresh_page_is_not_built_again(checkout: Path, tmp_path: Path) -> None:
    done = build_page(checkout, str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture(scope="module")
def portable_wheel(checkout: Path) -> Path:
    """The wheel as `make wheel` leaves it in dist/."""
    return make_wheel(checkout)


def make_wheel(checkout: Path) -> Path:
    run(sys.executable, "tools/make_wheel.py", cwd=checkout, SOURCE_DATE_EPOCH="1700000000")
    (wheel,) = (checkout / "dist").glob("*.whl")
    return wheel


def test_portable_wheel_passes_the_index_checks(portable_wheel: Path) -> None:
    run(sys.executable, "-m", "twine", "check", "--strict", portable_wheel, cwd=ROOT)
    run(sys.executable, "-m", "check_wheel_contents", portable_wheel, cwd=ROOT)


def test_portable_wheel_names_its_platform(portable_wheel: Path, wheel_names: set[str]) -> None:
    if sys.platform != "linux" or not any(name.endswith(".so") for name in wheel_names):
        pytest.skip("manylinux tags are for Linux wheels with a compiled kernel")
    assert re.search(r"-cp310-abi3-manylinux_\d+_\d+_\w+\.whl$", portable_wheel.name)


def test_portable_wheel_holds_nothing_of_the_builder(portable_wheel: Path, checkout: Path) -> None:
    with zipfile.ZipFile(portable_wheel) as wheel:
        names = wheel.namelist()
        libraries = {name: wheel.read(name) for name in names if name.endswith(".so")}
    assert not any(name.endswith("/.inputs") for name in names)
    for name, content in libraries.items():
        assert b".debug_info" not in content, name
        for path in (str(checkout), sys.base_prefix, str(Path.home())):
            assert path.encode() not in content, f"{name} names {path}"


def test_the_same_sources_give_the_same_wheel(portable_wheel: Path, checkout: Path) -> None:
    before = portable_wheel.read_bytes()
    portable_wheel.unlink()
    shutil.rmtree(checkout / "build", ignore_errors=True)
    assert make_wheel(checkout).read_bytes() == before


def test_licences_of_bundled_javascript_are_inside(portable_wheel: Path) -> None:
    with zipfile.ZipFile(portable_wheel) as wheel:
        text = wheel.read(f"{PACKAGE}/static/THIRD_PARTY_LICENSES.txt").decode()
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())
    for name in lock["packages"][""]["dependencies"]:
        assert re.search(rf"^{re.escape(name)} \d", text, re.MULTILINE), name
    assert text.count("Permission is hereby granted") >= 2

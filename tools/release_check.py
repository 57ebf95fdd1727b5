"""`make release-check`: builds what a release publishes, and tries it as its users will.

Builds the sdist, and from it alone (npm and node answer with an error) the wheel. Checks both
(twine, check-wheel-contents, auditwheel, abi3audit, contents), installs the wheel in an empty
environment of each Python found here, runs tools/check_installed.py there, and in the newest one
the README's code. What is to be published lies in dist/ afterwards.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import build_frontend
import make_wheel

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "tb_activation_hist"
WORK = ROOT / "build" / "release"
DIST = ROOT / "dist"
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
README_TESTS = "tests/test_readme.py"
README_NEEDS = ("pytest", "pytest-timeout")
README_EXTRAS = "torch,plot,pandas"


class ReleaseError(Exception):
    """A check of the release failed; the message says which."""


def main() -> int:
    """0 when everything passed, else 1 after one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pythons", nargs="*", default=PYTHONS, help="versions to install under")
    given = parser.parse_args()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    try:
        sdist = build_sdist()
        wheel = build_wheel(sdist)
        check_files(sdist, wheel)
        pythons = found_pythons(given.pythons)
        for version, python in pythons.items():
            check_installed(version, python, wheel)
        check_readme(pythons, wheel, sdist)
    except (ReleaseError, build_frontend.BuildError, subprocess.CalledProcessError) as error:
        print(f"release-check: failed: {error}", file=sys.stderr)
        return 1
    print(f"release-check: passed. To publish: {sdist.relative_to(ROOT)} {wheel.relative_to(ROOT)}")
    return 0


def say(text: str) -> None:
    print(f"== {text}", flush=True)


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> None:
    """Runs a command with its output in sight."""
    words = [str(word) for word in command]
    subprocess.run(words, cwd=cwd, env={**os.environ, **environment}, check=True)


def build_sdist() -> Path:
    """The sdist, with the page that npm builds before where it is stale."""
    say("sdist")
    build_frontend.build_if_stale()
    epoch = make_wheel.source_date_epoch()
    out = WORK / "sdist"
    build = (sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", out)
    run(*build, ROOT, SOURCE_DATE_EPOCH=epoch)
    DIST.mkdir(exist_ok=True)
    return Path(shutil.copy(next(out.glob("*.tar.gz")), DIST))


def build_wheel(sdist: Path) -> Path:
    """The wheel that pip builds of the sdist where npm and node do not work."""
    say("wheel from the sdist, without npm")
    trap = WORK / "no-node"
    trap.mkdir()
    for name in ("node", "npm", "npx"):
        (trap / name).write_text(f"#!/bin/sh\ntouch '{trap}/called'\nexit 127\n")
        (trap / name).chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{trap}{os.pathsep}{os.environ['PATH']}",
        "SOURCE_DATE_EPOCH": make_wheel.source_date_epoch(),
    }
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    options = ["--no-cache-dir", "--wheel-dir", str(WORK / "wheel"), str(sdist)]
    subprocess.run([*build, *options], env=environment, cwd=WORK, check=True)
    expect(not (trap / "called").exists(), "building from the sdist called npm")
    return make_wheel.finish(next((WORK / "wheel").glob("*.whl")), DIST, environment)


def check_files(sdist: Path, wheel: Path) -> None:
    """Names, tags, metadata and contents of what is published."""
    say("files")
    version = re.escape(package_version())
    expect(bool(re.fullmatch(rf"{PACKAGE}-{version}\.tar\.gz", sdist.name)), sdist.name)
    tags = r"cp310-abi3-(manylinux_\d+_\d+|macosx|win).*"
    expect(bool(re.fullmatch(rf"{PACKAGE}-{version}-{tags}\.whl", wheel.name)), wheel.name)
    run(sys.executable, "-m", "twine", "check", "--strict", sdist, wheel)
    run(sys.executable, "-m", "check_wheel_contents", wheel)
    run(sys.executable, "-m", "abi3audit", "--strict", "--summary", wheel)
    if sys.platform == "linux":
        run(sys.executable, "-m", "auditwheel", "show", wheel)
    check_page(sdist, wheel)


def check_page(sdist: Path, wheel: Path) -> None:
    """Both hold every file of the page."""
    static = ROOT / PACKAGE / "static"
    page = {
        path.relative_to(ROOT).as_posix()
        for path in static.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as archive:
        installed = set(archive.namelist())
    expect(f"{PACKAGE}/static/index.js" in page, "the page has no index.js")
    expect(page <= packed, f"the sdist lacks {sorted(page - packed)}")
    expect(page <= installed, f"the wheel lacks {sorted(page - installed)}")


def package_version() -> str:
    text = (ROOT / PACKAGE / "__init__.py").read_text(encoding="utf-8")
    (version,) = re.findall(r'^__version__ = "(.*)"$', text, re.MULTILINE)
    return str(version)


def found_pythons(versions: list[str]) -> dict[str, str]:
    """The interpreters of these versions; those that are not installed here are named."""
    sys.path.insert(0, str(ROOT))
    from bench.matrix.__main__ import find_python

    found = {version: find_python(version) for version in versions}
    missing = [version for version, python in found.items() if python is None]
    if missing:
        say(f"not installed here, left out: Python {', '.join(missing)}")
    pythons = {version: python for version, python in found.items() if python is not None}
    expect(bool(pythons), "none of these Pythons is installed here")
    return pythons


def check_installed(version: str, python: str, wheel: Path) -> None:
    """The wheel and its core dependencies in an empty environment; npm, compiler, torch unused."""
    say(f"installed under Python {version}")
    inner = make_environment(version, python)
    run(inner, "-m", "pip", "install", "--quiet", "--no-compile", wheel, cwd=WORK)
    run(inner, ROOT / "tools" / "check_installed.py", cwd=WORK)
    shutil.rmtree(WORK / version)


def make_environment(version: str, python: str) -> Path:
    run(python, "-m", "venv", WORK / version, cwd=WORK)
    return WORK / version / ("Scripts" if sys.platform == "win32" else "bin") / "python"


def check_readme(pythons: dict[str, str], wheel: Path, sdist: Path) -> None:
    """The README's code, run against the wheel; the tests come from the sdist."""
    version = max(pythons, key=lambda text: [int(part) for part in text.split(".")])
    say(f"README's code under Python {version}")
    inner = make_environment(version, pythons[version])
    install = (inner, "-m", "pip", "install", "--quiet", "--no-compile")
    run(*install, f"{PACKAGE}[{README_EXTRAS}] @ {wheel.as_uri()}", *README_NEEDS, cwd=WORK)
    with tarfile.open(sdist) as archive:
        archive.extractall(WORK / "unpacked", filter="data")
    (folder,) = (WORK / "unpacked").iterdir()
    # What is tried is the installed package, not the sources beside the tests.
    shutil.rmtree(folder / PACKAGE)
    run(inner, "-m", "pytest", "-q", "-p", "no:cacheprovider", README_TESTS, cwd=folder)
    shutil.rmtree(WORK / version)


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ReleaseError(otherwise)


if __name__ == "__main__":
    sys.exit(main())

"""Builds the distributions once, from a copy of the checkout, and installs them without torch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "tb_activation_hist"


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Runs a command to its end; its output is returned, or quoted when it fails."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


@dataclass(frozen=True)
class Distributions:
    """The sdist of the checkout, and the wheel built from that sdist where Node does not work."""

    sdist: Path
    wheel: Path
    node_was_called: bool


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the files git would put into a clone, with the page, built before."""
    run(sys.executable, "tools/build_frontend.py", cwd=ROOT)
    copy = tmp_path_factory.mktemp("checkout")
    listing = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    shutil.copytree(ROOT / PACKAGE / "static", copy / PACKAGE / "static")
    return copy


@pytest.fixture(scope="session")
def no_node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the front of PATH whose node and npm fail and leave a trace."""
    folder = tmp_path_factory.mktemp("no-node")
    for name in ("node", "npm", "npx"):
        script = folder / name
        script.write_text(f"#!/bin/sh\ntouch {folder}/called\nexit 127\n")
        script.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def distributions(
    checkout: Path, no_node: Path, tmp_path_factory: pytest.TempPathFactory
) -> Distributions:
    folder = tmp_path_factory.mktemp("dist")
    build_sdist = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", folder]
    run(*build_sdist, cwd=checkout)
    (sdist,) = folder.glob("*.tar.gz")
    wheel = build_wheel(sdist, folder, PATH=f"{no_node}{os.pathsep}{os.environ['PATH']}")
    return Distributions(sdist, wheel, (no_node / "called").exists())


def build_wheel(sdist: Path, folder: Path, **environment: str) -> Path:
    """Builds a wheel from the sdist alone, as `pip install` of it does."""
    options = ["--no-deps", "--no-build-isolation", "--no-cache-dir", "--wheel-dir", str(folder)]
    run(sys.executable, "-m", "pip", "wheel", *options, sdist, cwd=folder, **environment)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def bare_python(
    distributions: Distributions, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The Python of a new environment that holds the wheel and its core dependencies only."""
    folder = tmp_path_factory.mktemp("bare")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    options = ["--no-compile", "--progress-bar=off", "--quiet"]
    pip = [sys.executable, "-m", "pip", "--python", python, "install"]
    run(*pip, *options, distributions.wheel, cwd=folder)
    yield python
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def wheel_names(distributions: Distributions) -> set[str]:
    with zipfile.ZipFile(distributions.wheel) as wheel:
        return set(wheel.namelist())

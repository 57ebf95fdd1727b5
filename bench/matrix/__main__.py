"""Builds each environment, runs the check in it, and prints and keeps the table.

``python -m bench.matrix [NAME …] [--keep]``: only the environments whose name contains one of the
words; ``--keep`` leaves them in build/matrix. Results are kept in docs/supported_versions.json,
from which the table of docs/supported_versions.md is made.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.matrix.environments import ENVIRONMENTS, Environment
from bench.matrix.table import RESULTS, to_table, write_table

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "matrix"
TIMEOUT_S = 900


def find_python(version: str) -> str | None:
    """An interpreter of this version: on PATH, or one that pyenv holds."""
    found = shutil.which(f"python{version}")
    if found and is_version(found, version):
        return found
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    held = sorted(pyenv.glob(f"{version}.*/bin/python"))
    return str(held[-1]) if held else None


def is_version(python: str, version: str) -> bool:
    """Whether it runs: pyenv puts stand-ins on PATH for versions that are not chosen."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() == version


def build_wheel() -> Path:
    """The wheel of this checkout, as users install it."""
    subprocess.run([sys.executable, "tools/make_wheel.py"], cwd=ROOT, check=True)
    return max((ROOT / "dist").glob("*.whl"), key=lambda path: path.stat().st_mtime)


def try_environment(environment: Environment, wheel: Path, *, keep: bool) -> dict[str, Any]:
    """Versions and results; an environment that cannot be had has ``error`` instead."""
    python = find_python(environment.python)
    if python is None:
        return {"error": f"Python {environment.python} is not installed here"}
    folder = FOLDER / environment.name
    try:
        inner = folder / "bin" / "python"
        if not inner.exists():
            subprocess.run([python, "-m", "venv", str(folder)], check=True)
        install = [str(inner), "-m", "pip", "install", "--quiet", "--no-cache-dir"]
        # torch, TensorBoard and the wheel in one go, so that pip weighs all their needs.
        subprocess.run([*install, *environment.requirements, str(wheel)], check=True)
        # A kept environment has a wheel of the same version, which pip would leave in place.
        subprocess.run([*install, "--force-reinstall", "--no-deps", str(wheel)], check=True)
        return run_check(inner, folder)
    except subprocess.CalledProcessError as error:
        return {"error": f"installing failed with exit status {error.returncode}"}
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def run_check(python: Path, folder: Path) -> dict[str, Any]:
    """What check.py prints, run outside of the checkout."""
    check = Path(__file__).with_name("check.py")
    done = subprocess.run(
        [str(python), str(check)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    sys.stderr.write(done.stderr[-3000:])
    try:
        answer: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    except json.JSONDecodeError:
        return {"error": f"check.py ended with {done.returncode}: {done.stderr[-500:]}"}
    return answer


def main() -> int:
    """0 when every environment that was tried passed every check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="words in the names of environments")
    parser.add_argument("--keep", action="store_true", help="leave the environments in build/")
    arguments = parser.parse_args()
    wheel = build_wheel()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    failed = False
    for environment in ENVIRONMENTS:
        if arguments.names and not any(word in environment.name for word in arguments.names):
            continue
        print(f"== {environment.name}", flush=True)
        result = try_environment(environment, wheel, keep=arguments.keep)
        result["date"] = dt.datetime.now(tz=dt.timezone.utc).date().isoformat()
        results[environment.name] = result
        print(json.dumps(result, indent=1), flush=True)
        checks = result.get("checks", {"": "failed"})
        failed |= any(answer.startswith("failed") for answer in checks.values())
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        write_table(results)
    print(to_table(results))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

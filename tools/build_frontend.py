"""Builds the page (frontend/ with npm) into tb_activation_hist/static, only when it is not fresh.

The digest of everything the build reads is kept beside its output. Time stamps would not do: git
gives every file of a new clone the time of the clone, and an sdist carries the builder's.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / "frontend"
STATIC = ROOT / "tb_activation_hist" / "static"
STAMP = STATIC / ".inputs"
LICENSES = STATIC / "THIRD_PARTY_LICENSES.txt"
PACKAGES_STAMP = FRONTEND / "node_modules" / ".inputs"
NODE_MINIMUM = (20, 19)


class BuildError(Exception):
    """The page cannot be built here; the message says what to do."""


def build_if_stale() -> bool:
    """Builds the page where a checkout's static/ is missing or older than its sources.

    Returns:
        True when npm built something, False when static/ was fresh already.

    Raises:
        BuildError: npm or Node is missing or too old, or npm failed.
    """
    if not (FRONTEND / "package.json").is_file():
        if not has_page():
            raise BuildError(f"{STATIC} is missing and there is no frontend/ to build it from.")
        return False
    wanted = digest(frontend_inputs())
    if has_page() and STAMP.is_file() and STAMP.read_text(encoding="ascii") == wanted:
        return False
    install_packages()
    run_npm("run", "build")
    if not has_page():
        raise BuildError(f"`npm run build` ended without a script in {STATIC.relative_to(ROOT)}.")
    LICENSES.write_text(bundled_licenses(), encoding="utf-8")
    STAMP.write_text(wanted, encoding="ascii")
    return True


def bundled_licenses() -> str:
    """Name, version and licence text of each npm package whose code is in the bundle."""
    lock = json.loads((FRONTEND / "package-lock.json").read_text(encoding="utf-8"))
    bundled = {
        path: entry for path, entry in lock["packages"].items() if path and not entry.get("dev")
    }
    if not bundled:
        raise BuildError("frontend/package-lock.json names no package that the bundle is made of.")
    return "\n\n".join(license_of(path, entry["version"]) for path, entry in bundled.items())


def license_of(package_path: str, version: str) -> str:
    """The licence of a package under its name and version; BuildError where it ships none."""
    found = sorted((FRONTEND / package_path).glob("LICEN[SC]E*"))
    if not found:
        raise BuildError(f"{package_path} ships no licence text to pass on with the page.")
    name = package_path.rpartition("node_modules/")[2]
    return f"{name} {version}\n\n{found[0].read_text(encoding='utf-8').strip()}\n"


def has_page() -> bool:
    """Whether static/ holds a bundle at all, fresh or not."""
    return any(STATIC.glob("*.js"))


def install_packages() -> bool:
    """Runs `npm ci` unless node_modules already holds what package-lock.json asks for."""
    wanted = digest([FRONTEND / "package.json", FRONTEND / "package-lock.json"])
    if PACKAGES_STAMP.is_file() and PACKAGES_STAMP.read_text(encoding="ascii") == wanted:
        return False
    require_node()
    run_npm("ci", "--no-audit", "--no-fund")
    PACKAGES_STAMP.write_text(wanted, encoding="ascii")
    return True


def frontend_inputs() -> list[Path]:
    """Every file that can change the bundle: sources and configuration, no tests, no output."""
    configuration = [
        path
        for path in FRONTEND.iterdir()
        if path.is_file() and path.suffix in {".json", ".ts", ".js", ".mjs", ".html"}
    ]
    sources = [
        path
        for folder in ("src", "public", "scripts")
        for path in (FRONTEND / folder).rglob("*")
        if path.is_file() and ".test." not in path.name
    ]
    return sorted(configuration + sources)


def digest(files: list[Path]) -> str:
    """SHA-256 over names and contents."""
    state = hashlib.sha256()
    for path in files:
        content = path.read_bytes() if path.is_file() else b""
        state.update(f"{path.relative_to(ROOT).as_posix()}\0{len(content)}\0".encode())
        state.update(content)
    return state.hexdigest()


def require_node() -> None:
    """Raises BuildError unless a new enough Node and npm are on PATH."""
    wanted = ".".join(map(str, NODE_MINIMUM))
    advice = f"Install Node {wanted} or newer with npm (https://nodejs.org), then try again."
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        raise BuildError(f"Building the page needs {' and '.join(missing)}: not found. {advice}")
    version = subprocess.run(
        ["node", "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if numbers < NODE_MINIMUM:
        raise BuildError(f"Building the page needs Node {wanted}, found {version}. {advice}")


def run_npm(*arguments: str) -> None:
    """Runs npm in frontend/ with its output visible."""
    require_node()
    command = [shutil.which("npm") or "npm", *arguments]
    print(f"+ npm {' '.join(arguments)}   (in frontend/)", flush=True)
    # npm asks nothing when CI is set, and prints no update notice.
    environment = {**os.environ, "CI": os.environ.get("CI", "1")}
    done = subprocess.run(command, cwd=FRONTEND, env=environment, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise BuildError(f"`npm {' '.join(arguments)}` failed with exit code {done.returncode}.")


def main(arguments: list[str]) -> int:
    """Builds the page where stale; `--with-packages` fetches node_modules even where it is fresh.

    Returns:
        The exit status: 0, or 1 after a sentence on standard error.
    """
    try:
        if "--with-packages" in arguments:
            install_packages()
        build_if_stale()
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The wheel without torch and fastai around: TensorBoard shows the tab, come what may."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.conftest import PACKAGE, ROOT, run
from tests.unit.cli.runs import collapsed_layers, write_run

NAME = "activation_hist"
START_S = 180.0
MIME_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".txt": "text/plain",
}


def get(address: str) -> tuple[int, str, str]:
    """Status, mime type and text of one request."""
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            text = answer.read().decode(errors="replace")
            return answer.status, answer.headers.get_content_type(), text
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get_content_type(), error.read().decode(errors="replace")


@contextlib.contextmanager
def tensorboard(python: Path, logdir: Path) -> Iterator[str]:
    """Starts TensorBoard with this Python and yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = logdir / "tensorboard.txt"
    command = [python, "-m", "tensorboard.main", "--logdir", logdir, "--port", str(port)]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*map(str, command), "--host=127.0.0.1"],
            # `-m` puts the working directory first on the path: the checkout would win.
            cwd=logdir,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=output,
            stderr=output,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_S
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            with contextlib.suppress(OSError):
                get(f"{address}/data/logdir")
                break
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(60)


@contextlib.contextmanager
def moved_away(path: Path) -> Iterator[None]:
    """The file or folder is gone for as long as the block lasts."""
    aside = path.with_name(path.name + ".aside")
    path.rename(aside)
    try:
        yield
    finally:
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()
        aside.rename(path)


def listed_plugins(address: str) -> dict[str, dict[str, object]]:
    status, _, text = get(f"{address}/data/plugins_listing")
    assert status == 200, text
    listing: dict[str, dict[str, object]] = json.loads(text)
    return listing


def module_address(address: str) -> str:
    mechanism = listed_plugins(address)[NAME]["loading_mechanism"]
    assert isinstance(mechanism, dict)
    assert mechanism["type"] == "CUSTOM_ELEMENT" or mechanism["module_path"]
    return address + str(mechanism["module_path"])


def assert_others_work(address: str) -> None:
    assert {"scalars", "histograms"} <= set(listed_plugins(address))
    for route in ("/", "/data/environment", "/data/plugin/scalars/tags"):
        assert get(address + route)[0] == 200, route


@pytest.fixture(scope="module")
def installed(bare_python: Path) -> Path:
    """The installed package's folder."""
    place = f"import {PACKAGE} as p; print(p.__path__[0])"
    folder = Path(run(bare_python, "-c", place, cwd=bare_python.parent).strip())
    assert folder.is_relative_to(bare_python.parents[1])
    return folder


@pytest.mark.parametrize("library", ["torch", "fastai", "matplotlib", "pandas", "rich"])
def test_the_environment_is_bare(bare_python: Path, library: str) -> None:
    search = f"import importlib.util as u; print(u.find_spec({library!r}))"
    assert run(bare_python, "-c", search, cwd=bare_python.parent).strip() == "None"


def test_tab_and_assets_are_served(bare_python: Path, installed: Path, tmp_path: Path) -> None:
    with tensorboard(bare_python, tmp_path) as address:
        assert_others_work(address)
        assert listed_plugins(address)[NAME]["tab_name"] == "Activations"
        status, mime, script = get(module_address(address))
        assert (status, mime) == (200, "text/javascript")
        assert "render" in script
        folder = module_address(address).rpartition("/")[0]
        files = [path for path in (installed / "static").rglob("*") if path.suffix in MIME_TYPES]
        assert files
        for path in files:
            asset = f"{folder}/{path.relative_to(installed / 'static').as_posix()}"
            status, mime, _ = get(asset)
            assert (status, mime) == (200, MIME_TYPES[path.suffix]), asset


def test_missing_static_leaves_tensorboard_up(
    bare_python: Path, installed: Path, tmp_path: Path
) -> None:
    with moved_away(installed / "static"), tensorboard(bare_python, tmp_path) as address:
        assert_others_work(address)
        status, mime, text = get(module_address(address))
        assert (status, mime) == (200, "text/javascript"), text
        assert "static" in text, "the tab is to say what is missing"


@pytest.mark.parametrize("module", ["routes", "series_cache"])
def test_import_error_leaves_tensorboard_up(
    bare_python: Path, installed: Path, tmp_path: Path, module: str
) -> None:
    source = installed / "plugin" / f"{module}.py"
    with moved_away(source):
        source.write_text('raise ImportError("broken on purpose")\n')
        with tensorboard(bare_python, tmp_path) as address:
            assert_others_work(address)
            status, mime, text = get(module_address(address))
    assert (status, mime) == (200, "text/javascript"), text
    assert "broken on purpose" in text, "the tab is to say what is wrong"


def test_training_names_say_which_library_is_missing(bare_python: Path) -> None:
    attempt = f"""
import {PACKAGE}
for name in ("ActivationHistLogger", "ActivationHistCallback"):
    try:
        getattr({PACKAGE}, name)
    except ImportError as error:
        print(name, error)
"""
    words = run(bare_python, "-c", attempt, cwd=bare_python.parent)
    assert words.count("needs torch: pip install 'tb-activation-hist[torch]'") == 2


def documented_commands() -> list[str]:
    """Every command line of ours in the README and in the document of the command line."""
    texts = [(ROOT / name).read_text() for name in ("README.md", "docs/command_line.md")]
    found = re.findall(
        r"tb-activation-hist ((?:report|compare|show|export|share|doctor)\b[^`\n]*)", "".join(texts)
    )
    # Of each command there is at least one, also where the documents name it without arguments.
    more = [
        "report runs --json",
        "compare runs/good runs/bad",
        "show runs",
        "export runs --format csv --output -",
        "share runs -o page.html",
        "doctor runs",
    ]
    return sorted({*found, *more})


def test_the_documents_name_commands() -> None:
    assert "report runs" in documented_commands()


@pytest.mark.parametrize("command", documented_commands())
def test_commands_work_in_plain_text(command: str, bare_python: Path, tmp_path: Path) -> None:
    """Without torch, rich, matplotlib, pandas. 1 is a finding: the run collapses."""
    for name in ("runs", "runs/nightly", "runs/good", "runs/bad"):
        write_run(tmp_path / name, collapsed_layers())
    script = bare_python.with_name("tb-activation-hist")
    done = subprocess.run(
        [script, *shlex.split(command)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == int("--fail-on" in command), done.stdout + done.stderr
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) > 1


def test_console_script_answers(bare_python: Path) -> None:
    words = run(bare_python.with_name("tb-activation-hist"), "--help", cwd=bare_python.parent)
    assert "usage" in words.lower()

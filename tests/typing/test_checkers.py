"""What mypy and pyright say of scripts that use the public face rightly and wrongly.

pyright comes from PyPI with its JavaScript inside and runs on the Node that builds the page. mypy
has the options and the cache of `make lint`, which has read all of torch by then; how much stricter
a strict user is, each script says in its first line.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

import tb_activation_hist

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCRIPTS = ("right.py", "revealed.py", "wrong.py", "misspelt.py")
COMMANDS = {
    "mypy": ["-m", "mypy", "--output=json", *(str(HERE / script) for script in SCRIPTS)],
    "pyright": ["-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(HERE)],
}

# Both run once, on one worker; without a cache mypy reads all of torch.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def reports() -> dict[str, str]:
    """What each checker prints; they run side by side."""
    quiet = {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    running = {
        name: subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=quiet, stdout=subprocess.PIPE, text=True
        )
        for name, command in COMMANDS.items()
    }
    return {name: process.communicate()[0] for name, process in running.items()}


def mypy_errors(report: str) -> list[tuple[str, int, str]]:
    found = [json.loads(line) for line in report.splitlines()]
    return [
        (Path(each["file"]).name, each["line"], each["message"])
        for each in found
        if each["severity"] == "error"
    ]


def pyright_errors(report: str) -> list[tuple[str, int, str]]:
    answer = json.loads(report)
    assert answer["summary"]["filesAnalyzed"] == len(SCRIPTS)
    return [
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1, each["message"])
        for each in answer["generalDiagnostics"]
    ]


ERRORS = {"mypy": mypy_errors, "pyright": pyright_errors}


def errors_in(script: str, checker: str, reports: dict[str, str]) -> list[tuple[int, str]]:
    found = ERRORS[checker](reports[checker])
    return [(line, message) for file, line, message in found if file == script]


@pytest.mark.parametrize("script", SCRIPTS)
def test_mypy_is_as_strict_as_its_option(script: str) -> None:
    first = (HERE / script).read_text(encoding="utf-8").splitlines()[0]
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert config["strict"]
    looser = [name for name, value in config.items() if value is False]
    assert first == f"# mypy: {', '.join(looser).replace('_', '-')}"


@pytest.mark.parametrize("checker", COMMANDS)
@pytest.mark.parametrize("script", ["right.py", "revealed.py"])
def test_right_use_passes(checker: str, script: str, reports: dict[str, str]) -> None:
    assert errors_in(script, checker, reports) == []


@pytest.mark.parametrize("checker", COMMANDS)
def test_each_of_six_mistakes_is_found(checker: str, reports: dict[str, str]) -> None:
    found = errors_in("wrong.py", checker, reports)
    lines = (HERE / "wrong.py").read_text(encoding="utf-8").splitlines()
    mistakes = [number for number, line in enumerate(lines, 1) if line.endswith(")")][1:]
    assert [line for line, _ in found] == mistakes
    for (_, message), word in zip(
        found, ("float", "evrey", "kinds", "flush_s", "Module", "probe_module"), strict=True
    ):
        assert word in message


@pytest.mark.parametrize("checker", COMMANDS)
def test_a_name_that_does_not_exist_is_found(checker: str, reports: dict[str, str]) -> None:
    # What pyright says after it is that the name's type is unknown.
    line, message = errors_in("misspelt.py", checker, reports)[0]
    assert line == 4
    assert "ActivationHistLoger" in message


def test_the_right_script_uses_every_public_name() -> None:
    script = (HERE / "right.py").read_text(encoding="utf-8")
    used = re.sub(r"(?ms)^from tb_activation_hist import \(.*?^\)", "", script)
    assert [
        name for name in tb_activation_hist.__all__ if not re.search(rf"\b{name}\b", used)
    ] == []

"""What the documents promise: fresh tables, links that lead somewhere, code that parses."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from tb_activation_hist.recording.options import option_rows

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("demo/*.md"), *ROOT.glob("docs/**/*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_options_table_is_fresh() -> None:
    check = [sys.executable, "tools/options_table.py", "--check"]
    done = subprocess.run(check, cwd=ROOT, check=False)
    assert done.returncode == 0, "run: .venv/bin/python tools/options_table.py"


def test_options_table_has_every_option_once() -> None:
    for row in option_rows():
        assert README.count(f"\n| `{row.name}` |") == 1, row.name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    missing = [target for target in local if not (document.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_readme_code_is_python(code: str) -> None:
    ast.parse(code)


def test_readme_code_is_as_short_as_it_says() -> None:
    pytorch, fastai = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[:2]
    assert len([line for line in pytorch.splitlines() if line]) <= 7
    assert len([line for line in fastai.splitlines() if line]) <= 3


@pytest.mark.parametrize("target", re.findall(r"`make ([a-z-]+)", README))
def test_make_targets_of_the_readme_exist(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_every_extra_is_documented() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    table = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    for extra in set(project["optional-dependencies"]) - {"demo", "dev"}:
        assert f"\n| `{extra}` |" in table, extra


def test_every_decision_is_dated_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = (folder / "README.md").read_text(encoding="utf-8")
    decisions = [path for path in folder.glob("*.md") if path.name != "README.md"]
    assert decisions
    for path in decisions:
        title, _, date = path.read_text(encoding="utf-8").splitlines()[:3]
        assert re.fullmatch(r"\*\d{4}-\d\d-\d\d\*", date), path
        assert f"| [{title[2:]}]({path.name}) | {date.strip('*')} |" in listed, path

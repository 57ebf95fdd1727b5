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
from tools import command_examples, findings_table, http_schema

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("demo/*.md"),
        *ROOT.glob("examples/*.md"),
        *ROOT.glob("docs/**/*.md"),
    ]
)
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_options_table_is_fresh() -> None:
    check = [sys.executable, "-m", "tools.options_table", "--check"]
    done = subprocess.run(check, cwd=ROOT, check=False)
    assert done.returncode == 0, "run: make generated"


def test_tables_of_the_findings_are_fresh() -> None:
    assert findings_table.main(["--check"]) == 0, "run: make generated"


def test_page_types_and_http_tables_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert http_schema.main(["--check"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("stale", ["TYPES", "DOCUMENT"])
def test_stale_page_types_and_http_tables_are_found_and_renewed(
    stale: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("TYPES", "DOCUMENT"):
        copy = tmp_path / name
        copy.write_bytes(getattr(http_schema, name).read_bytes())
        monkeypatch.setattr(http_schema, name, copy)
    fresh = (tmp_path / stale).read_text("utf-8")
    (tmp_path / stale).write_text(fresh.replace("Newest step known", "Oldest step"), "utf-8")
    assert http_schema.main(["--check"]) == 1
    assert http_schema.main([]) == 0
    assert (tmp_path / stale).read_text("utf-8") == fresh
    assert http_schema.main(["--check"]) == 0


def test_every_answer_and_request_has_a_table() -> None:
    document = http_schema.DOCUMENT.read_text(encoding="utf-8")
    tables = [name for _, name, _ in http_schema.TABLE.findall(document)]
    assert sorted(tables) == sorted({*http_schema.CLASSES, "arrays"} - http_schema.BASES)


def test_columns_of_tables_are_fresh() -> None:
    check = [sys.executable, "-m", "tools.table_columns", "--check"]
    done = subprocess.run(check, cwd=ROOT, check=False)
    assert done.returncode == 0, "run: make generated"


def test_outputs_of_the_commands_are_fresh() -> None:
    assert command_examples.main(["--check"]) == 0, "run: make generated"


def test_options_table_has_every_option_once() -> None:
    for row in option_rows():
        assert README.count(f"\n| `{row.name}` |") == 1, row.name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    # GitHub resolves this one beside the repository's files.
    actions = {f"../../actions/workflows/{path.name}": path for path in WORKFLOWS}
    local = [t for t in targets if "://" not in t and t.removesuffix("/badge.svg") not in actions]
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


def test_no_fault_beside_tensorflow_is_laid_on_others() -> None:
    """That TensorFlow and torch end a process was seen with this package, and not isolated."""
    assert not [
        path.name
        for path in DOCUMENTS
        if "also without this package" in path.read_text(encoding="utf-8")
    ]


def test_every_extra_is_documented() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    table = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    for extra in set(project["optional-dependencies"]) - {"demo", "dev", "docs"}:
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

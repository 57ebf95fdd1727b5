"""What GitHub, PyPI and pre-commit read is valid, and agrees with the project's own files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

import tb_activation_hist
from bench.matrix.environments import ENVIRONMENTS
from tools.publish_links import with_absolute_links, with_urls

ROOT = Path(__file__).resolve().parent.parent
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
SCHEMAS = {
    "vendor.github-workflows": WORKFLOWS,
    "custom.github-workflows-require-timeout": WORKFLOWS,
    "vendor.dependabot": [GITHUB / "dependabot.yml"],
    "vendor.github-issue-forms": sorted((GITHUB / "ISSUE_TEMPLATE").glob("[!c]*.yml")),
    "vendor.github-issue-config": [GITHUB / "ISSUE_TEMPLATE" / "config.yml"],
    "vendor.citation-file-format": [ROOT / "CITATION.cff"],
}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_files_are_valid(schema: str) -> None:
    options = ["--builtin-schema", schema, "--default-filetype", "yaml"]
    command = [sys.executable, "-m", "check_jsonschema", *options, *map(str, SCHEMAS[schema])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert SCHEMAS[schema]
    assert done.returncode == 0, done.stdout


def test_pre_commit_accepts_its_configuration() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-config", ".pre-commit-config.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_one_version_everywhere() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.findall(r"^## (\d+\.\d+\.\d+)", changelog, re.MULTILINE)[0]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert newest == citation["version"] == tb_activation_hist.__version__


def test_a_bug_report_asks_for_doctor() -> None:
    form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "bug.yml").read_text(encoding="utf-8"))
    (field,) = [each for each in form["body"] if each.get("id") == "doctor"]
    assert "tb-activation-hist doctor" in field["attributes"]["label"]
    assert field["validations"]["required"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_files_that_workflows_name_exist(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    named = re.findall(r"(?<![\w/.-])((?:tools|tests|frontend|bench)/[\w/.-]+)", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_matrix_of_the_workflow_is_that_of_the_document() -> None:
    document = (ROOT / "docs" / "supported_versions.md").read_text(encoding="utf-8")
    for environment in ENVIRONMENTS:
        torch = environment.torch.partition("==")[2]
        assert re.search(rf"^\| {environment.python}\.\d+ \| {torch} \|", document, re.MULTILINE)


def test_writing_to_a_repository_is_asked_for_by_no_workflow() -> None:
    for workflow in WORKFLOWS:
        content = yaml.safe_load(workflow.read_text(encoding="utf-8"))
        assert content["permissions"] == {"contents": "read"}, workflow


def test_links_on_pypi_are_absolute() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    text = with_absolute_links(readme, "https://example.org/a/b", "v1")
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    assert len(targets) > 50
    assert [target for target in targets if not target.startswith("https://")] == []
    assert "](https://example.org/a/b/blob/v1/docs/supported_versions.md)" in text
    assert "(https://example.org/a/b/raw/v1/docs/images/mnist.png)" in text
    assert "](https://example.org/a/b/blob/v1/docs/page.md)" in text


def test_pypi_gets_the_address_of_the_repository() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    urls = tomllib.loads(with_urls(project, "https://example.org/a/b"))["project"]["urls"]
    assert urls["Repository"] == "https://example.org/a/b"

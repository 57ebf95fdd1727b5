"""Every rule is whole: no part that the product or its documents need can be forgotten."""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from bench.findings.faults import FAULTS
from bench.findings.wide.faults import FAULTS as WIDE_FAULTS
from tb_activation_hist.findings import FINDING_KINDS, SEVERITIES, FindingOptions
from tb_activation_hist.findings import rules as rules_package
from tb_activation_hist.findings.registry import RULES, RUN_RULES
from tb_activation_hist.findings.rule import Observation, Rule, RunRule
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import Thresholds, list_thresholds

ROOT = Path(__file__).resolve().parents[3]
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)


def find_nothing(_layers: Sequence[Signals], _options: Thresholds) -> Iterator[Observation]:
    return iter(())


WHOLE: dict[str, Any] = {
    "kind": "tilted",
    "severity": "warning",
    "seen": "The histogram is tilted.",
    "source": "our own",
    "thresholds": Thresholds,
    "explains": {},
    "find": (find_nothing,),
    "online": None,
}


@pytest.mark.parametrize("part", WHOLE)
def test_a_rule_without_one_of_its_parts_cannot_be_made(part: str) -> None:
    assert RunRule(**WHOLE).kind == "tilted"
    with pytest.raises(TypeError, match=f"missing 1 required keyword-only argument: '{part}'"):
        RunRule(**{name: value for name, value in WHOLE.items() if name != part})


def test_the_type_checker_names_the_missing_part_and_foreign_thresholds(tmp_path: Path) -> None:
    program = """
        from collections.abc import Iterator, Sequence
        from dataclasses import dataclass
        from tb_activation_hist.findings.registry import RunRules
        from tb_activation_hist.findings.rule import Observation, RunRule
        from tb_activation_hist.findings.signals import Signals
        from tb_activation_hist.findings.thresholds import Thresholds, threshold

        @dataclass(frozen=True, kw_only=True)
        class TiltedThresholds(Thresholds):
            tilted_share: float = threshold(0.5, "share", "How tilted.")

        def find(layers: Sequence[Signals], options: TiltedThresholds) -> Iterator[Observation]:
            return iter(())

        unsourced = RunRule(
            kind="tilted", severity="info", seen="s",
            thresholds=TiltedThresholds, explains={}, find=(find,), online=None,
        )
        whole = RunRule(
            kind="tilted", severity="info", seen="s", source="s",
            thresholds=TiltedThresholds, explains={}, find=(find,), online=None,
        )
        unlisted: RunRules = (whole,)
    """
    file = tmp_path / "tilted.py"
    file.write_text(textwrap.dedent(program))
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert len(errors) == 2, done.stdout
    assert 'Missing named argument "source" for "RunRule"' in errors[0]
    assert "RunRule[TiltedThresholds]" in errors[1]
    assert "RunRule[FindingOptions]" in errors[1]


@each_rule
def test_every_rule_is_reported_in_whole_sentences(rule: Rule[Any]) -> None:
    assert rule.severity in SEVERITIES
    assert rule.seen[0].isupper()
    assert rule.seen.endswith(".")
    assert rule.source


@each_rule
def test_every_threshold_has_unit_meaning_and_source(rule: Rule[Any]) -> None:
    for each in list_thresholds(rule.thresholds):
        assert each.unit, each.name
        assert each.meaning.endswith("."), each.name
        assert each.source, each.name
        assert not each.source.endswith("."), each.name


@each_rule
def test_what_a_rule_explains_are_other_known_kinds(rule: Rule[Any]) -> None:
    assert set(rule.explains) <= set(FINDING_KINDS) - {rule.kind}


def test_kinds_are_unique_and_each_module_holds_one() -> None:
    assert len(set(FINDING_KINDS)) == len(FINDING_KINDS)
    modules = Path(rules_package.__path__[0]).glob("[!_]*.py")
    assert {module.stem for module in modules} == set(FINDING_KINDS)


def test_every_option_belongs_to_a_rule_and_is_described() -> None:
    of_rules = {each.name for rule in RULES for each in fields(rule.thresholds)}
    assert {each.name for each in fields(FindingOptions)} == of_rules
    for each in list_thresholds(FindingOptions):
        assert f"\n    {each.name}: {each.meaning}" in (FindingOptions.__doc__ or "")


@pytest.mark.parametrize("rule", RUN_RULES, ids=lambda rule: rule.kind)
def test_the_bench_plants_a_fault_that_expects_the_rule(rule: RunRule[Any]) -> None:
    planted = (*FAULTS.values(), *WIDE_FAULTS.values())
    assert any(rule.kind in fault.expects for fault in planted)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
def test_the_unit_tests_plant_the_rule(rule: Rule[Any]) -> None:
    files = Path(__file__).parent.glob("test_*findings.py")
    source = "\n".join(file.read_text(encoding="utf-8") for file in files)
    strings = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    assert rule.kind in strings


def test_the_bench_names_known_kinds_only() -> None:
    named = {kind for fault in FAULTS.values() for kind in fault.expects | fault.allows}
    assert named <= set(FINDING_KINDS)

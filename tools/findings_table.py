"""Writes the tables of docs/findings.md from the rules in tb_activation_hist/findings/registry.py.

`--check` writes nothing and fails when a table is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tb_activation_hist.findings.evidence import FIGURES
from tb_activation_hist.findings.guidance.choose import PATTERNS
from tb_activation_hist.findings.registry import INSTANT_KINDS, RULES, WATCHED_KINDS
from tb_activation_hist.findings.rule import Rule
from tb_activation_hist.findings.thresholds import Threshold, Thresholds, list_thresholds

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "findings.md"
BEGIN = "<!-- rules: made by tools/findings_table.py -->\n"
END = "<!-- end of rules -->"


def to_markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def quote(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def when_told(kind: str) -> str:
    if kind in INSTANT_KINDS:
        return "within 20 records"
    return "as the run grows" if kind in WATCHED_KINDS else "afterwards only"


def kinds_table() -> str:
    rows = [
        (f"`{rule.kind}`", rule.severity, rule.seen, when_told(rule.kind), quote(rule.explains))
        for rule in RULES
    ]
    head = ("kind", "severity", "what is seen", "while training", "leaves out what follows from it")
    return to_markdown(head, rows)


def format_threshold(each: Threshold) -> str:
    return f"`{each.name}` {each.default:g}"


def advice_table() -> str:
    rows = [
        (
            f"`{rule.kind}`",
            ", ".join(map(format_threshold, own_thresholds(rule))) or "any such value",
            rule.source,
            usual_advice(rule.kind),
        )
        for rule in RULES
    ]
    return to_markdown(("kind", "thresholds", "source of the method", "causes and advice"), rows)


def usual_advice(kind: str) -> str:
    """What is said where no more special pattern holds."""
    told = PATTERNS[kind][-1][1].advice
    return told.replace("step <step>", "that step").replace("<layer>", "the layer")


def own_thresholds(rule: Rule[Any]) -> list[Threshold]:
    """All but those that every rule has; some come from classes that rules share."""
    of_all = list_thresholds(Thresholds)
    return [each for each in list_thresholds(rule.thresholds) if each not in of_all]


def thresholds_table() -> str:
    every = [
        *list_thresholds(Thresholds),
        *(each for rule in RULES for each in own_thresholds(rule)),
    ]
    rows = [
        (f"`{each.name}`", f"{each.default:g}", each.unit, each.meaning, each.source)
        for each in dict.fromkeys(every)
    ]
    return to_markdown(("threshold", "default", "unit", "meaning", "source"), rows)


def figures_table() -> str:
    rows = [(f"`{name}`", figure.label, figure.unit) for name, figure in FIGURES.items()]
    return to_markdown(("figure", "what was measured", "unit"), rows)


def with_tables(text: str) -> str:
    """The document with fresh tables between the two marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"error: {DOCUMENT.name} has lost the marks {BEGIN.strip()} and {END}")
    tables = (
        ("What is found", kinds_table()),
        ("Why it happens and what to do", advice_table()),
        ("Figures", figures_table()),
        ("Thresholds", thresholds_table()),
    )
    made = "".join(f"\n## {title}\n\n{table}" for title, table in tables)
    return before + begin + made + "\n" + end + after


def main(arguments: list[str]) -> int:
    """Renews the tables, or with `--check` reports whether they are fresh."""
    text = DOCUMENT.read_text(encoding="utf-8")
    fresh = with_tables(text)
    if "--check" in arguments:
        return int(text != fresh)
    DOCUMENT.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

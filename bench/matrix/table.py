"""The table of docs/supported_versions.md, made from the last results of each environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from bench.matrix.environments import ENVIRONMENTS

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
RESULTS: Final = DOCS / "supported_versions.json"
DOCUMENT: Final = DOCS / "supported_versions.md"
BEGIN, END = "<!-- versions: made by make matrix -->\n", "<!-- end of versions -->\n"
VERSIONS: Final = ("python", "torch", "tensorboard", "numpy", "protobuf", "fastai", "setuptools")
CHECKS: Final = (
    "plain",
    "server",
    "fastai",
    "torch.compile(model)",
    "fullgraph",
    "model.compile()",
    "block.compile()",
    "export",
)


def to_table(results: dict[str, dict[str, Any]]) -> str:
    """Markdown: a row for each environment that was tried, in the order of ENVIRONMENTS."""
    heads = [*VERSIONS, *(f"`{name}`" if "(" in name else name for name in CHECKS), "tried"]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    tried = [each.name for each in ENVIRONMENTS if each.name in results]
    lines += [f"| {' | '.join(to_cells(name, results))} |" for name in tried]
    return "\n".join(lines) + "\n"


def to_cells(name: str, results: dict[str, dict[str, Any]]) -> list[str]:
    """One environment's row."""
    result = results[name]
    if "error" in result:
        blank = [""] * (len(VERSIONS) + len(CHECKS) - 2)
        return [name, result["error"], *blank, result["date"]]
    versions = [result["versions"].get(each) or "–" for each in VERSIONS]
    checks = [to_word(result["checks"].get(each, "")) for each in CHECKS]
    return [*versions, *checks, result["date"]]


def to_word(answer: str) -> str:
    """``exact``, ``warned``, ``failed`` or a dash."""
    word = answer.partition(":")[0]
    return word if word in ("exact", "warned", "failed") else "–"


def write_table(results: dict[str, dict[str, Any]]) -> None:
    """Put the table between the document's markers."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    DOCUMENT.write_text(f"{before}{BEGIN}{to_table(results)}{END}{after}", encoding="utf-8")

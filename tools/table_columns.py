"""Writes the columns of exported tables from core/table.py into the documents and the page.

`--check` writes nothing and fails when one of them is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tb_activation_hist.core import table

ROOT = Path(__file__).resolve().parent.parent
COMMAND_LINE = ROOT / "docs" / "command_line.md"
HTTP_API = ROOT / "tb_activation_hist" / "plugin" / "http_api.md"
PAGE = ROOT / "frontend" / "src" / "view" / "exports" / "table_columns.ts"

BEGIN = "<!-- columns: made by tools/table_columns.py -->\n"
END = "<!-- end of columns -->"

LINE_LENGTH = 110
"""Of the page's sources, as their formatter has it."""

TABLES = {
    "data frame": ("run", "layer", *table.RECORD_COLUMNS),
    "bins": ("run", "layer", *table.BIN_COLUMNS),
    "page: statistics": table.PICTURE_STATISTICS,
    "page: cells": table.PICTURE_CELLS,
}


def all_tables() -> str:
    """Every column in Markdown, with the tables that have it."""
    lines = [
        f"| column | type | meaning | {' | '.join(TABLES)} |",
        f"|{'---|' * (3 + len(TABLES))}",
    ]
    for column in table.ALL_COLUMNS:
        marks = " | ".join("•" if column.name in names else "" for names in TABLES.values())
        lines.append(f"| `{column.name}` | {column.dtype} | {column.meaning} | {marks} |")
    return "\n".join(lines) + "\n"


def one_table(names: Sequence[str]) -> str:
    """The columns of one table in Markdown."""
    columns = {column.name: column for column in table.ALL_COLUMNS}
    lines = ["| column | type | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | {columns[name].dtype} | {columns[name].meaning} |" for name in names]
    return "\n".join(lines) + "\n"


def page_source() -> str:
    """The page's columns as TypeScript."""

    def constant(name: str, doc: str, values: Sequence[str]) -> str:
        quoted = [f'"{value}"' for value in values]
        line = f"export const {name} = [{', '.join(quoted)}] as const;\n"
        if len(line) > LINE_LENGTH:
            items = "".join(f"  {value},\n" for value in quoted)
            line = f"export const {name} = [\n{items}] as const;\n"
        return f"\n/** {doc} */\n{line}"

    return (
        "/** Columns of the page's exports: made by tools/table_columns.py. */\n"
        + constant(
            "STATISTICS_COLUMNS",
            "One row for each column of a heatmap.",
            table.PICTURE_STATISTICS,
        )
        + constant(
            "CELL_COLUMNS", "One row for each occupied cell of a heatmap.", table.PICTURE_CELLS
        )
        + constant(
            "WORDS",
            "Words that stand in `lower` and `upper` of the rows for what lies in no cell.",
            (*table.WORDS, *table.RANGE_WORDS),
        )
    )


def with_table(document: Path, text: str) -> str:
    """A document's text with a fresh table between the two marks."""
    before, begin, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"error: {document.name} has lost the marks {BEGIN.strip()} and {END}")
    return before + begin + text + end + after


def fresh_files() -> dict[Path, str]:
    """Every file that holds columns, with the text that it ought to have."""
    return {
        COMMAND_LINE: with_table(COMMAND_LINE, all_tables()),
        HTTP_API: with_table(HTTP_API, one_table(table.BIN_COLUMNS)),
        PAGE: page_source(),
    }


def main(arguments: list[str]) -> int:
    """Renews the files, or with `--check` reports whether they are fresh."""
    files = fresh_files()
    if "--check" not in arguments:
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [path for path, text in files.items() if path.read_text(encoding="utf-8") != text]
    for path in stale:
        print(f"stale: {path.relative_to(ROOT)}")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Writes the README's options table from tb_activation_hist/recording/options.py.

`--check` writes nothing and fails when the table is stale.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tb_activation_hist.recording.options import option_rows

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN = "<!-- options: made by tools/options_table.py -->\n"
END = "<!-- end of options -->"


def options_table() -> str:
    """The table in Markdown: option, default with unit, meaning."""
    lines = ["| option | default | meaning |", "|---|---|---|"]
    for row in option_rows():
        default = f"`{row.default}`" + (
            f" {row.unit}" if row.unit and row.default != "None" else ""
        )
        lines.append(f"| `{row.name}` | {default} | {row.doc.replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n"


def with_table(readme: str) -> str:
    """The README's text with a fresh table between the two marks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"error: {README.name} has lost the marks {BEGIN.strip()} and {END}")
    return before + begin + options_table() + end + after


def main(arguments: list[str]) -> int:
    """Renews the table, or with `--check` reports whether it is fresh."""
    readme = README.read_text(encoding="utf-8")
    fresh = with_table(readme)
    if "--check" in arguments:
        return int(readme != fresh)
    README.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

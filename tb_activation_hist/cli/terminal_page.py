"""What a report is written on: a width, colours, and a margin."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from typing import Final, NamedTuple

from tb_activation_hist.cli.show import colour_mode

STYLES: Final = {
    "dim": "2",
    "good": "32",
    "title": "1",
    "run": "1;4",
    "error": "1;31",
    "warning": "33",
    "info": "36",
}
"""Style -> parameters of a terminal's escape sequence."""

INDENT: Final = 9


class Page(NamedTuple):
    """What the report is written on: its width in characters, and whether it takes colours."""

    width: int
    colours: bool

    def paint(self, text: str, style: str) -> str:
        """The text between escape sequences; style: a key of `STYLES`, or empty."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.colours and style else text

    def print_beside_margin(self, text: str, style: str = "", margin: str = "") -> None:
        """Print text beside a margin as wide as `INDENT`; `margin` stands in its first line."""
        lines = textwrap.wrap(text, max(self.width - INDENT, 20), break_on_hyphens=False)
        for line in lines:
            print(self.paint(f"{margin:<{INDENT}}", margin) + self.paint(line, style))
            margin = ""


def terminal_page() -> Page:
    """The terminal; colours only where the output is one."""
    return Page(
        width=shutil.get_terminal_size().columns,
        colours=colour_mode(os.environ, sys.stdout.isatty()) != "plain",
    )

"""Griffe's extension for the site: lists the parameters of our docstrings.

In a docstring, a line such as ``logdir: a path.`` begins the description of a parameter, a field or
a column. Markdown would run these lines together.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

FIELD = re.compile(r"(?P<names>[a-z_]\w*(?:, [a-z_]\w*)*): (?=\S)")


class ListParameters(griffe.Extension):
    """Makes such lines items of a list."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Griffe calls this for everything that it has read."""
        if obj.docstring is not None:
            obj.docstring.value = list_fields(obj.docstring.value)


def list_fields(text: str) -> str:
    """The text with an item of a list for each field; lines that follow belong to its item."""
    return "\n\n".join(map(_list_paragraph, text.split("\n\n")))


def _list_paragraph(paragraph: str) -> str:
    lines = paragraph.split("\n")
    begin = next((at for at, line in enumerate(lines) if FIELD.match(line)), None)
    if begin is None:
        return paragraph
    items = [
        f"- **{found['names']}**: {line[found.end() :]}" if found else f"    {line.strip()}"
        for line in lines[begin:]
        for found in [FIELD.match(line)]
    ]
    return "\n".join([*lines[:begin], *([""] if begin else []), *items])

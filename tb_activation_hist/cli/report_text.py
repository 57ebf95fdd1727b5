"""The report as text: findings with their evidence, and a table of the layers."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tb_activation_hist.cli.identity import Identity
from tb_activation_hist.cli.logdir import Run
from tb_activation_hist.cli.show import colour_mode
from tb_activation_hist.findings import Finding

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
GAP: Final = 2
LISTED_LAYERS: Final = 12
NARROWEST_NAME: Final = 8

Row = Mapping[str, Any]


class Column(NamedTuple):
    """A column of the layers' table: head, field of the row, how a value is written."""

    head: str
    field: str
    write: Callable[[Any], str]


def _short(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


COLUMNS: Final = (
    Column("layer", "layer", str),
    Column("type", "type", str),
    Column("records", "records", str),
    Column("mean", "mean", _short),
    Column("std", "std", _short),
    Column("min", "min", _short),
    Column("max", "max", _short),
    Column("p99 |x|", "p99_size", _short),
    Column("zeros", "zero_share", _percent),
    Column("non-finite", "non_finite", _short),
)
LEFT: Final = ("layer", "type", "advice")
DISPENSABLE: Final = ("records", "type", "p99 |x|", "min", "max")
"""Columns that a narrow terminal leaves out, in this order."""


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


def print_run(
    page: Page,
    run: Run,
    rows: Sequence[Row],
    findings: Sequence[Finding],
    identity: Identity | None,
) -> None:
    """Print a run's own findings, how it compares (None: not at all), and a table of its layers."""
    _print_run(page, run, [finding for finding in findings if finding.run == run.name])
    if identity is not None:
        for line in textwrap.wrap(str(identity), page.width):
            print(page.paint(line, "dim"))
    print()
    _print_layers(page, rows)
    print()


def _print_run(page: Page, run: Run, findings: Sequence[Finding]) -> None:
    print(page.paint(f"run {run.name}", "run"))
    page.print_beside_margin(_describe_recording(run), "dim")
    for finding in findings:
        page.print_beside_margin(finding.title, "title", margin=finding.severity)
        for line in (*_evidence(finding), *_apart(finding)):
            page.print_beside_margin(line)
        page.print_beside_margin(finding.advice, "dim")
    if not any(finding.severity != "info" for finding in findings):
        print(page.paint("No findings." if not findings else "No errors or warnings.", "good"))


def _describe_recording(run: Run) -> str:
    """How often was recorded, and what that adds to the steps, as far as the run tells."""
    cadence, overhead = (run.info.get(field) for field in ("cadence", "overhead"))
    texts = [f"recorded {cadence}" if cadence else "", f"adding {overhead}" if overhead else ""]
    return ", ".join(text for text in texts if text)


def _evidence(finding: Finding) -> list[str]:
    """One line with steps, figures and thresholds."""
    single = {k: v for k, v in finding.figures.items() if not isinstance(v, (list, tuple))}
    figures = ", ".join(f"{name} {_short(value)}" for name, value in single.items())
    limits = ", ".join(f"{name} {_short(value)}" for name, value in finding.threshold.items())
    steps = f"steps {finding.first_step} to {finding.last_step}"
    return [f"{finding.kind}, {steps}: {figures} (threshold: {limits})"]


def _apart(finding: Finding) -> list[str]:
    """A line per layer with step and distance, when the finding compares two runs."""
    parts = [finding.figures.get(name, ()) for name in ("first_steps", "distances")]
    lines = [
        f"{layer}: from step {step}, distance {distance:.3g}"
        for layer, step, distance in zip(finding.layers, *parts, strict=False)
    ]
    more = len(lines) - LISTED_LAYERS
    return lines if more <= 1 else [*lines[:LISTED_LAYERS], f"and {more} more layers"]


def _print_layers(page: Page, rows: Sequence[Row]) -> None:
    columns, left_out = fit_columns(rows, page.width)
    head, *body = to_lines(rows, columns, page.width)
    print(page.paint(head, "dim"))
    for line in body:
        print(line)
    if left_out:
        print(page.paint(f"left out, as the terminal is narrow: {', '.join(left_out)}", "dim"))


def to_lines(rows: Sequence[Row], columns: Sequence[Column], width: int) -> list[str]:
    """The table: its head, then each row. A name that is too long goes on in the next line."""
    cells = [[column.write(row[column.field]) for column in columns] for row in rows]
    table = [[column.head for column in columns], *cells]
    sizes = [max(map(len, column)) for column in zip(*table, strict=True)]
    room = width - sum(sizes[1:]) - GAP * (len(sizes) - 1)
    sizes[0] = min(sizes[0], max(room, NARROWEST_NAME))
    lefts = [column.head in LEFT for column in columns]
    return [line for row in table for line in _to_row_lines(row, sizes, lefts)]


def _to_row_lines(row: Sequence[str], sizes: Sequence[int], lefts: Sequence[bool]) -> list[str]:
    first, *more = [row[0][i : i + sizes[0]] for i in range(0, len(row[0]), sizes[0])] or [""]
    cells = [
        cell.ljust(size) if left else cell.rjust(size)
        for cell, size, left in zip((first, *row[1:]), sizes, lefts, strict=True)
    ]
    return [(" " * GAP).join(cells).rstrip(), *more]


def fit_columns(rows: Sequence[Row], width: int) -> tuple[list[Column], list[str]]:
    """The columns that fit into `width` characters, and the heads of those left out."""
    sizes = {
        column.head: max(len(column.head), *(len(column.write(row[column.field])) for row in rows))
        for column in COLUMNS
    }
    left_out: list[str] = []
    if not any(row["type"] for row in rows):
        # Another tool's histograms have none.
        del sizes["type"]
    for head in DISPENSABLE:
        if sum(sizes.values()) + GAP * (len(sizes) - 1) <= width:
            break
        if sizes.pop(head, 0):
            left_out.append(head)
    return [column for column in COLUMNS if column.head in sizes], left_out

"""The report as text: findings with their evidence, and a table of the layers."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tb_activation_hist.cli.identity import Identity
from tb_activation_hist.cli.incident_text import (
    describe_coverage,
    print_details,
    print_incident,
    to_groups,
)
from tb_activation_hist.cli.logdir import Run
from tb_activation_hist.cli.terminal_page import Page
from tb_activation_hist.findings import Finding

GAP: Final = 2
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
    Column("update ratio", "update_ratio", _short),
)
OPTIONAL: Final = ("type", "update_ratio")
"""Fields that only some rows have: another tool's histograms no type, only updates the ratio."""
LEFT: Final = ("layer", "type", "advice")
DISPENSABLE: Final = ("records", "type", "p99 |x|", "min", "max")
"""Columns that a narrow terminal leaves out, in this order."""


def print_run(
    page: Page,
    run: Run,
    rows: Sequence[Row],
    findings: Sequence[Finding],
    identity: Identity | None,
    *,
    details: bool = False,
) -> None:
    """Print a run's own incidents, how it compares (None: not at all), and a table of its layers.

    details: whether all findings are listed, with their figures and thresholds.
    """
    own = [finding for finding in findings if finding.run == run.name]
    _print_run(page, run, own, details=details)
    if identity is not None:
        for line in textwrap.wrap(str(identity), page.width):
            print(page.paint(line, "dim"))
    print()
    if rows:
        _print_layers(page, rows)
        print()


def _print_run(page: Page, run: Run, findings: Sequence[Finding], *, details: bool) -> None:
    print(page.paint(f"run {run.name}", "run"))
    page.print_beside_margin(_describe_recording(run), "dim")
    for incident in to_groups(findings):
        print_incident(page, incident)
        for finding in incident if details else ():
            print_details(page, finding)
    if not any(finding.severity != "info" for finding in findings):
        print(page.paint("No findings." if not findings else "No errors or warnings.", "good"))
    for line in describe_coverage(run):
        page.print_beside_margin(line, "dim")


def _describe_recording(run: Run) -> str:
    """How often steps were recorded and what that adds to them, as far as the run says."""
    cadence, overhead = (run.info.get(field) for field in ("cadence", "overhead"))
    texts = [f"recorded {cadence}" if cadence else "", f"adding {overhead}" if overhead else ""]
    return ", ".join(text for text in texts if text)


def _print_layers(page: Page, rows: Sequence[Row]) -> None:
    columns, left_out = fit_columns(rows, page.width)
    head, *body = to_lines(rows, columns, page.width)
    print(page.paint(head, "dim"))
    for line in body:
        print(line)
    if left_out:
        print(page.paint(f"left out because the terminal is narrow: {', '.join(left_out)}", "dim"))


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
        if column.field not in OPTIONAL or any(row[column.field] for row in rows)
    }
    left_out: list[str] = []
    for head in DISPENSABLE:
        if sum(sizes.values()) + GAP * (len(sizes) - 1) <= width:
            break
        if sizes.pop(head, 0):
            left_out.append(head)
    return [column for column in COLUMNS if column.head in sizes], left_out

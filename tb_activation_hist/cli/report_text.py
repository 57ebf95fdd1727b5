"""The report as text: findings with their evidence, and a table of the layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tb_activation_hist.cli.logdir import Run
from tb_activation_hist.core.errors import MissingDependencyError
from tb_activation_hist.findings import Finding

STYLES: Final = {"error": "bold red", "warning": "yellow", "info": "cyan"}
INDENT: Final = 9
GAP: Final = 2
LISTED_LAYERS: Final = 12

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
LEFT: Final = ("layer", "type")
DISPENSABLE: Final = ("records", "type", "p99 |x|", "min", "max")
"""Columns that a narrow terminal leaves out, in this order."""


def print_report(runs: Sequence[tuple[Run, Sequence[Row]]], findings: Sequence[Finding]) -> None:
    """Print findings and table of each run; colours only where the output is a terminal."""
    try:
        from rich.console import Console
    except ImportError as err:
        msg = (
            "The report's tables need rich: pip install 'tb-activation-hist[cli]'. "
            "Or say --json, which needs nothing."
        )
        raise MissingDependencyError(msg) from err
    console = Console(highlight=False)
    for run, rows in runs:
        own = [finding for finding in findings if finding.run == run.name]
        _print_run(console, run.name, own)
        _print_layers(console, rows)
        console.print()


def _print_run(console: Any, name: str, findings: Sequence[Finding]) -> None:
    from rich.text import Text

    console.print(Text(f"run {name}", style="bold underline"))
    for finding in findings:
        head = Text(f"{finding.severity:<{INDENT}}", style=STYLES[finding.severity])
        head.append(finding.title, style="bold default not dim")
        _print_wrapped(console, head[INDENT:], head[:INDENT])
        for line in (*_evidence(finding), *_apart(finding)):
            _print_wrapped(console, Text(line))
        _print_wrapped(console, Text(finding.advice, style="dim"))
    if not any(finding.severity != "info" for finding in findings):
        console.print(Text("No findings." if not findings else "Nothing wrong.", style="green"))
    console.print()


def _print_wrapped(console: Any, text: Any, first: Any = " " * INDENT) -> None:
    """Print text beside a margin; `first` is what stands in the margin of the first line."""
    for place, line in enumerate(text.wrap(console, console.width - INDENT)):
        line.rstrip()
        console.print(first if place == 0 else " " * INDENT, line, sep="", soft_wrap=True)


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


def _print_layers(console: Any, rows: Sequence[Row]) -> None:
    from rich.table import Table
    from rich.text import Text

    columns, left_out = fit_columns(rows, console.width)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
    for column in columns:
        name = column.head == "layer"
        justify: Any = "left" if column.head in LEFT else "right"
        table.add_column(
            column.head, justify=justify, no_wrap=not name, overflow="fold" if name else "ellipsis"
        )
    for row in rows:
        table.add_row(*(Text(column.write(row[column.field])) for column in columns))
    console.print(table)
    if left_out:
        words = f"left out, as the terminal is narrow: {', '.join(left_out)}"
        console.print(Text(words, style="dim"))


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

"""`report`: what is wrong in each run, and a line for each layer."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from typing import Any, Final

from tb_activation_hist.cli.logdir import Run, print_problems, read_runs
from tb_activation_hist.errors import MissingDependencyError
from tb_activation_hist.findings import (
    SEVERITIES,
    Finding,
    find_difference_findings,
    find_run_findings,
)
from tb_activation_hist.histogram import HistogramSeries
from tb_activation_hist.names import LayerInfo

REPORT_VERSION: Final = 1
STYLES: Final = {"error": "bold red", "warning": "yellow", "info": "cyan"}
NUMBERS: Final = ("mean", "std", "min", "max", "p99_size", "zero_share", "non_finite")


def run_report(given: argparse.Namespace) -> int:
    """The `report` command: 1 when a finding is as grave as --fail-on, else 0."""
    runs = read_runs(given.logdir, given.run)
    findings = [finding for run in runs for finding in find_run_findings(run.name, run.layers)]
    findings += find_difference_findings({run.name: run.layers for run in runs})
    if given.json:
        print(json.dumps(_to_json(given.logdir, runs, findings), indent=1, allow_nan=False))
    else:
        _print_tables(runs, findings)
        print_problems(runs)
    grave = SEVERITIES[: SEVERITIES.index(given.fail_on) + 1] if given.fail_on else ()
    return int(any(finding.severity in grave for finding in findings))


def _to_json(logdir: str, runs: Sequence[Run], findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "version": REPORT_VERSION,
        "logdir": logdir,
        "findings": [finding.to_dict() for finding in findings],
        "runs": [
            {
                "run": run.name,
                "info": run.info,
                "problems": run.problems,
                "layers": [_layer_row(key, *own) for key, own in run.layers.items()],
            }
            for run in runs
        ],
    }


def _layer_row(key: str, info: LayerInfo, series: HistogramSeries) -> dict[str, Any]:
    """The last record of a layer in numbers."""
    last = series.take(slice(-1, None))
    finite = int(last.finite[0])
    sizes = last.quantile([0.005, 0.995])[0]
    row = {
        "layer": key,
        "type": info.type,
        "dtype": info.dtype,
        "records": len(series),
        "last_step": int(series.steps[-1]),
        "mean": float(last.mean[0]),
        "std": float(last.std[0]),
        "min": float(last.min[0]),
        "max": float(last.max[0]),
        "p99_size": float(abs(sizes).max()),
        "zero_share": int(last.zeros[0]) / finite if finite else math.nan,
        "non_finite": int(last.n[0]) - finite,
    }
    # JSON knows neither NaN nor infinity.
    return {k: v if not isinstance(v, float) or math.isfinite(v) else None for k, v in row.items()}


def _print_tables(runs: Sequence[Run], findings: Sequence[Finding]) -> None:
    try:
        from rich.console import Console
        from rich.markup import escape
    except ImportError as err:
        msg = (
            "The report's tables need rich: pip install 'tb-activation-hist[cli]'. "
            "Or say --json, which needs nothing."
        )
        raise MissingDependencyError(msg) from err
    console = Console(highlight=False)
    for run in runs:
        console.rule(f"run {escape(run.name)}", align="left")
        own = [finding for finding in findings if finding.run == run.name]
        for finding in own:
            style = STYLES[finding.severity]
            console.print(f"[{style}]{finding.severity:<8}[/] [bold]{escape(finding.title)}[/]")
            console.print(f"         {escape(finding.kind)}, {escape(_evidence(finding))}")
            console.print(f"         {escape(finding.advice)}", style="dim")
        if not own:
            console.print("No findings.", style="green")
        console.print(_layer_table(run))


def _evidence(finding: Finding) -> str:
    figures = ", ".join(f"{name} {_short(value)}" for name, value in finding.figures.items())
    limits = ", ".join(f"{name} {_short(value)}" for name, value in finding.threshold.items())
    steps = f"steps {finding.first_step} to {finding.last_step}"
    return f"{steps}: {figures} (threshold: {limits})"


def _layer_table(run: Run) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("layer", "type", "records"):
        table.add_column(name, overflow="fold")
    for name in NUMBERS:
        table.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for key, (info, series) in run.layers.items():
        row = _layer_row(key, info, series)
        numbers = [_short(row[name]) for name in NUMBERS]
        table.add_row(row["layer"], row["type"], str(row["records"]), *numbers)
    return table


def _short(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)

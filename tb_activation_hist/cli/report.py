"""The `report` command: findings of each run, and a line for each layer."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tb_activation_hist.cli.identity import Identity, find_identity
from tb_activation_hist.cli.logdir import Run, print_problems, read_runs
from tb_activation_hist.cli.report_text import RunReport, print_report
from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.execution_order import info_to_execution_order
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings import (
    SEVERITIES,
    Finding,
    find_difference_findings,
    find_run_findings,
)

REPORT_VERSION: Final = 1
"""Version of the JSON in docs/command_line.md; it rises when a field goes or changes."""


def run_report(given: argparse.Namespace) -> int:
    """Print the report; returns 1 when a finding is as grave as --fail-on, else 0."""
    baseline = [given.baseline] if given.baseline else []
    asked = [*given.run, *baseline] if given.run else None
    known = {run.name: run for run in read_runs(given.logdir, asked)}
    runs = [known[name] for name in given.run or known]
    findings = [finding for run in runs for finding in find_run_findings(run.name, run.layers)]
    first = _find_baseline(given.baseline, known) if baseline else _first_sound(runs, findings)
    findings += find_difference_findings({run.name: run.layers for run in (first, *runs)})
    reports = [_to_report(run, first) for run in runs]
    if given.json:
        print(json.dumps(_to_json(given.logdir, reports, findings), indent=1, allow_nan=False))
    else:
        print_report(reports, findings)
        print_problems(runs)
    grave = SEVERITIES[: SEVERITIES.index(given.fail_on) + 1] if given.fail_on else ()
    return int(any(finding.severity in grave for finding in findings))


def _find_baseline(name: str, known: Mapping[str, Run]) -> Run:
    if name not in known:
        msg = f"--baseline must be a run, but got {name!r}. Runs: {', '.join(map(repr, known))}."
        raise OptionError(msg)
    return known[name]


def _first_sound(runs: Sequence[Run], findings: Sequence[Finding]) -> Run:
    """The first run without errors and warnings; where all have some, the first."""
    broken = {finding.run for finding in findings if finding.severity != "info"}
    return next((run for run in runs if run.name not in broken), runs[0])


def _to_report(run: Run, baseline: Run) -> RunReport:
    if run is baseline:
        return RunReport(run, _layer_rows(run), None)
    order = info_to_execution_order(baseline.info)
    identity = find_identity(baseline.name, baseline.layers, run.layers, order)
    return RunReport(run, _layer_rows(run), identity)


def _to_json(
    logdir: str, reports: Sequence[RunReport], findings: Sequence[Finding]
) -> dict[str, Any]:
    return {
        "version": REPORT_VERSION,
        "logdir": logdir,
        "findings": [finding.to_dict() for finding in findings],
        "runs": [
            {
                "run": run.name,
                "info": run.info,
                "problems": run.problems,
                "notes": run.notes,
                **_identity_to_json(identity),
                "layers": rows,
            }
            for run, rows, identity in reports
        ],
    }


def _identity_to_json(identity: Identity | None) -> dict[str, Any]:
    if identity is None:
        return {"baseline": None, "common_layers": None, "unequal_layers": None}
    unequal = [(each.info.key, each.step) for each in identity.unequal]
    return {
        "baseline": identity.baseline,
        "common_layers": identity.common,
        "unequal_layers": unequal,
    }


def _layer_rows(run: Run) -> list[dict[str, Any]]:
    return [_layer_row(key, *own) for key, own in run.layers.items()]


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

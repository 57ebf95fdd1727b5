"""The `report` command: findings of each run, and a line for each layer."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from tb_activation_hist.cli.early_end import may_end_early
from tb_activation_hist.cli.format_report import format_rows, print_format
from tb_activation_hist.cli.identity import Identity, find_identity
from tb_activation_hist.cli.incident_text import to_groups
from tb_activation_hist.cli.logdir import Run, print_problems, read_runs
from tb_activation_hist.cli.report_text import print_run
from tb_activation_hist.cli.terminal_page import terminal_page
from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.execution_order import info_to_execution_order
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.number_formats import NUMBER_FORMATS, NumberFormat, check_scale
from tb_activation_hist.core.update_ratio import UPDATES
from tb_activation_hist.findings import (
    SEVERITIES,
    Finding,
    find_difference_findings,
    find_run_findings,
    info_to_run_facts,
)

Identities: TypeAlias = Mapping[str, Identity | None]
"""Run -> how it compares with the baseline."""

REPORT_VERSION: Final = 1
"""Version of the JSON in docs/command_line.md; it rises when a field goes or changes."""


def run_report(given: argparse.Namespace) -> int:
    """Print the report; returns 1 when a finding is as grave as --fail-on, else 0."""
    baseline = [given.baseline] if given.baseline else []
    check_formats(given.format, given.scale)
    asked = [*given.run, *baseline] if given.run else None
    known = {run.name: run for run in read_runs(given.logdir, asked, silent=True)}
    runs = [known[name] for name in given.run or known]
    findings = [finding for run in runs for finding in _find_findings(run)]
    first = _find_baseline(given.baseline, known) if baseline else _first_sound(runs, findings)
    findings += find_difference_findings({run.name: run.layers for run in (first, *runs)})
    identities = {run.name: _compare(run, first) for run in runs}
    with may_end_early():
        if given.json:
            report = _to_json(given, runs, findings, identities)
            print(json.dumps(report, indent=1, allow_nan=False))
        else:
            _print_text(given, runs, findings, identities)
            print_problems(runs)
    grave = SEVERITIES[: SEVERITIES.index(given.fail_on) + 1] if given.fail_on else ()
    return int(any(finding.severity in grave for finding in findings))


def _find_findings(run: Run) -> list[Finding]:
    facts = info_to_run_facts(run.info)
    return find_run_findings(run.name, run.layers, facts=facts, sizes=run.sizes)


def check_formats(formats: Sequence[NumberFormat] | None, scale: float | None) -> None:
    """OptionError for a scale that is no power of two, or that is given without a format."""
    if scale is None:
        return
    check_scale(scale)
    if not formats:
        msg = f"--scale {scale:g} needs --format: one of {', '.join(NUMBER_FORMATS)}."
        raise OptionError(msg)


def _print_text(
    given: argparse.Namespace,
    runs: Sequence[Run],
    findings: Sequence[Finding],
    identities: Identities,
) -> None:
    page = terminal_page()
    for run in runs:
        rows, identity = _layer_rows(run), identities[run.name]
        print_run(page, run, rows, findings, identity, details=given.details)
        for number_format in given.format or ():
            scale = given.scale or 1.0
            print_format(page, number_format, scale, format_rows(run, number_format, scale))


def _find_baseline(name: str, known: Mapping[str, Run]) -> Run:
    if name not in known:
        msg = f"--baseline must be a run, but got {name!r}. Runs: {', '.join(map(repr, known))}."
        raise OptionError(msg)
    return known[name]


def _first_sound(runs: Sequence[Run], findings: Sequence[Finding]) -> Run:
    """The first run without errors and warnings; where all have some, the first."""
    broken = {finding.run for finding in findings if finding.severity != "info"}
    return next((run for run in runs if run.name not in broken), runs[0])


def _compare(run: Run, baseline: Run) -> Identity | None:
    """Whether a run is identical with the baseline; None for the baseline itself."""
    if run is baseline:
        return None
    order = info_to_execution_order(baseline.info)
    return find_identity(baseline.name, baseline.layers, run.layers, order)


def _to_json(
    given: argparse.Namespace,
    runs: Sequence[Run],
    findings: Sequence[Finding],
    identities: Identities,
) -> dict[str, Any]:
    return {
        "version": REPORT_VERSION,
        "logdir": given.logdir,
        "incidents": _incidents_to_json(runs, findings),
        "findings": [finding.to_dict() for finding in findings],
        "runs": [
            {
                "run": run.name,
                "info": run.info,
                "problems": run.problems,
                "notes": run.notes,
                **_identity_to_json(identities[run.name]),
                "layers": _layer_rows(run),
                **_formats_to_json(given, run),
            }
            for run in runs
        ],
    }


def _incidents_to_json(runs: Sequence[Run], findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """A line for each incident: its cause, its steps, and how many findings it has."""
    groups = [
        group
        for run in runs
        for group in to_groups([finding for finding in findings if finding.run == run.name])
        if group[0].incident
    ]
    return [
        {
            "run": group[0].run,
            "incident": group[0].incident,
            "severity": min((f.severity for f in group), key=SEVERITIES.index),
            "title": group[0].title,
            "first_step": min(f.first_step for f in group),
            "last_step": max(f.last_step for f in group),
            "findings": len(group),
        }
        for group in groups
    ]


def _identity_to_json(identity: Identity | None) -> dict[str, Any]:
    if identity is None:
        return {"baseline": None, "common_layers": None, "unequal_layers": None}
    unequal = [(each.info.key, each.step) for each in identity.unequal]
    return {
        "baseline": identity.baseline,
        "common_layers": identity.common,
        "unequal_layers": unequal,
    }


def _formats_to_json(given: argparse.Namespace, run: Run) -> dict[str, Any]:
    """What each format of --format would lose; nothing without any."""
    if not given.format:
        return {}
    scale = given.scale or 1.0
    formats = [
        {"format": each, "scale": scale, "layers": format_rows(run, each, scale)}
        for each in given.format
    ]
    return {"formats": formats}


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
        "update_ratio": float(last.update_ratio[0]) if key.startswith(UPDATES) else math.nan,
    }
    # JSON knows neither NaN nor infinity.
    return {k: v if not isinstance(v, float) or math.isfinite(v) else None for k, v in row.items()}

"""Train a half of the wide set, or take it from the cache, and print how the findings do on it."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.findings.wide.jobs import Job, half_jobs
from bench.findings.wide.judge import find_twin, judge, judge_rival
from bench.findings.wide.live import watch
from bench.findings.wide.print_tables import (
    print_confidences,
    print_faults,
    print_kinds,
    print_kins,
    print_live,
    print_names,
    print_scores,
    print_warnings,
)
from bench.findings.wide.record import DEFAULT, MODES, Outcome, is_cached, record_again, run_job

TITLES = {"default": "tb_activation_hist, default options", "all": "tb_activation_hist, all kinds"}


def record_half_again(half: str, cache: Path, mode: str) -> None:
    """Record one mode of all cached trainings anew."""
    for job in half_jobs(half):
        if is_cached(job, cache):
            record_again(job, cache, mode)
            print(f"\r{job.name}   ", end="", file=sys.stderr)


def run_half(half: str, cache: Path, *, cached: bool, live: bool, names: bool) -> None:
    outcomes = run_all(half_jobs(half), cache, cached=cached)
    known = {outcome.job.name: outcome for outcome in outcomes}
    pairs = [(each, known[find_twin(each.job).name]) for each in outcomes]
    verdicts = {mode: [judge(*pair, mode) for pair in pairs] for mode in MODES}
    print_scores(
        {
            **{TITLES[mode]: own for mode, own in verdicts.items()},
            "SageMaker Debugger's rules": [judge_rival(*pair, "sm") for pair in pairs],
            "TheDeepChecker's rules": [judge_rival(*pair, "dc") for pair in pairs],
        }
    )
    print_kins(verdicts)
    for mode, own in verdicts.items():
        print(f"{TITLES[mode]}:\n")
        print_kinds(own)
        print_confidences(own)
        print_faults(own)
        if names:
            print_names(own)
    if live:
        lives = {each.job.name: watch(each, DEFAULT) for each in outcomes}
        print_live(verdicts[DEFAULT], lives)
        if names:
            print_warnings(lives, verdicts[DEFAULT])


def run_all(jobs: Sequence[Job], cache: Path, *, cached: bool) -> list[Outcome]:
    outcomes = []
    for number, job in enumerate(jobs, 1):
        if cached and not is_cached(job, cache):
            continue
        began = time.perf_counter()
        outcomes.append(run_job(job, cache))
        print(
            f"\r{number}/{len(jobs)} {job.name} {time.perf_counter() - began:.0f} s   ",
            end="",
            file=sys.stderr,
        )
    print(f"{len(outcomes)} of {len(jobs)} trainings, cache {cache}\n")
    return outcomes

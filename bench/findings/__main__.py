"""Train everything (or take it from the cache) and print the tables of README.md.

Without --half: the small networks that the thresholds were set on, and their test. With --half: the
wide set of architectures and faults that people have.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from bench.findings.faults import FAULTS
from bench.findings.jobs import calibration_jobs, test_jobs
from bench.findings.score import Verdict, by_fault, by_kind, judge, judge_rival, score_all
from bench.findings.train import CACHE, Job, Outcome, run_job
from bench.findings.wide.architecture import HALVES
from bench.findings.wide.record import CACHE as WIDE_CACHE
from bench.findings.wide.record import MODES
from bench.findings.wide.run import record_half_again, run_half


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calibration", action="store_true", help="judge those, not the test")
    parser.add_argument("--cached", action="store_true", help="only trainings done before")
    parser.add_argument("--names", action="store_true", help="list what went wrong, by training")
    parser.add_argument("--half", choices=HALVES, help="judge this half of the wide set")
    parser.add_argument("--cache", type=Path, help="folder of the wide set's recordings")
    parser.add_argument("--live", action="store_true", help="--half: also play warn_on again")
    parser.add_argument("--again", choices=MODES, help="--half: first record this mode anew")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.half:
        cache = given.cache or WIDE_CACHE
        if given.again:
            record_half_again(given.half, cache, given.again)
        run_half(given.half, cache, cached=given.cached, live=given.live, names=given.names)
        return
    jobs = calibration_jobs() if given.calibration else test_jobs()
    outcomes = run_all(jobs, cached=given.cached)
    ours = [judge(outcome) for outcome in outcomes]
    print_scores(outcomes, ours)
    print_kinds(ours)
    print_faults(ours)
    if given.names:
        print_names(ours)


def run_all(jobs: Sequence[Job], *, cached: bool) -> list[Outcome]:
    outcomes = []
    for number, job in enumerate(jobs, 1):
        if cached and not (CACHE / f"{job.name}.pickle").exists():
            continue
        began = time.perf_counter()
        outcomes.append(run_job(job))
        print(f"\r{number}/{len(jobs)} {job.name} {time.perf_counter() - began:.0f} s", end="   ")
    print(f"\r{len(outcomes)} of {len(jobs)} trainings, cache {CACHE}{' ' * 30}\n")
    return outcomes


def print_scores(outcomes: Sequence[Outcome], ours: Sequence[Verdict]) -> None:
    sagemaker = [judge_rival(outcome, "sm") for outcome in outcomes]
    deep = [judge_rival(outcome, "dc") for outcome in outcomes]
    print("| findings of | precision | recall | healthy runs with a finding | step within 5 % |")
    print("|---|---|---|---|---|")
    rows = (
        ("tb_activation_hist", ours),
        ("SageMaker Debugger's rules", sagemaker),
        ("TheDeepChecker's rules", deep),
    )
    for name, verdicts in rows:
        score = score_all(verdicts)
        healthy = f"{score.false_healthy} of {score.healthy}"
        print(
            f"| {name} | {score.precision:.3f} | {score.recall:.3f} | {healthy} "
            f"| {score.near_step:.0%} |"
        )
    score = score_all(ours)
    print(
        f"\n{score.faulty} faulty trainings that did harm; "
        f"healthy ones with an error of ours: {score.errors_healthy}\n"
    )


def print_kinds(ours: Sequence[Verdict]) -> None:
    print("| kind | right | wrong | precision |\n|---|---|---|---|")
    for kind, (right, wrong) in by_kind(ours).items():
        print(f"| {kind} | {right} | {wrong} | {right / (right + wrong):.2f} |")
    print()


def print_faults(ours: Sequence[Verdict]) -> None:
    print("| planted | expected | trainings | harmless | caught | worst step error |")
    print("|---|---|---|---|---|---|")
    for name, verdicts in by_fault(ours).items():
        if name in FAULTS:
            harmed = [v for v in verdicts if v.effective]
            caught = [v for v in harmed if v.caught]
            worst = max((v.step_error for v in caught), default=math.nan)
            expected = ", ".join(sorted(FAULTS[name].expects))
            print(
                f"| {name} | {expected} | {len(verdicts)} | {len(verdicts) - len(harmed)} "
                f"| {len(caught)} of {len(harmed)} | {worst:.1%} |"
            )
    print()


def print_names(ours: Sequence[Verdict]) -> None:
    for verdict in ours:
        missed = verdict.effective and not verdict.caught
        late = verdict.step_error > 0.05
        if verdict.wrong or missed or late:
            print(
                f"{verdict.outcome.job.name}: wrong {verdict.wrong} right {verdict.right}"
                f"{' MISSED' if missed else ''} step error {verdict.step_error:.2f}"
            )


if __name__ == "__main__":
    main()

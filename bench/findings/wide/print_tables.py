"""The tables of README.md about the wide set."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence

from bench.findings.wide.judge import STEP_TOLERANCE, Verdict
from bench.findings.wide.live import Live
from bench.findings.wide.score import by_confidence, by_fault, by_kind, score_all


def print_scores(rows: Mapping[str, Sequence[Verdict]]) -> None:
    """rows: whose findings -> the verdicts on them."""
    print(
        "| findings of | precision | recall | step within 5 % "
        "| healthy runs with a warning or error "
        "| frozen on purpose: warned, reported as info | not visible, yet warned |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, verdicts in rows.items():
        score = score_all(verdicts)
        print(
            f"| {name} | {score.precision:.3f} ({score.right} of {score.right + score.wrong}) "
            f"| {score.recall:.3f} ({score.caught} of {score.faulty}) | {score.near_step:.0%} "
            f"| {score.alarmed} of {score.healthy} "
            f"| {score.frozen_alarmed}, {score.frozen_told} of {score.frozen} "
            f"| {score.hidden_alarmed} of {score.hidden} |"
        )
    print()


def print_kinds(verdicts: Sequence[Verdict]) -> None:
    print("| kind | right | wrong |\n|---|---|---|")
    for kind, (right, wrong) in by_kind(verdicts).items():
        print(f"| {kind} | {right} | {wrong} |")
    print()


def print_confidences(verdicts: Sequence[Verdict]) -> None:
    print("| stated confidence | mean | right |\n|---|---|---|")
    for low, high, mean, right, told in by_confidence(verdicts):
        share = f"{right / told:.0%} ({right} of {told})"
        print(f"| {low:.0%} to {min(high, 1):.0%} | {mean:.0%} | {share} |")
    print()


def print_kins(modes: Mapping[str, Sequence[Verdict]]) -> None:
    """What is reported of each kin of faults, by mode."""
    print(f"| planted | {' | '.join(modes)} |\n|---|{'---|' * len(modes)}")
    kins = {v.fault.kin: None for own in modes.values() for v in own if v.fault}
    for kin in kins:
        cells = [_told(v for v in own if v.fault and v.fault.kin == kin) for own in modes.values()]
        print(f"| {kin} | {' | '.join(cells)} |")
    print()


def _told(verdicts: Iterable[Verdict]) -> str:
    """``3 of 4``; for what cannot be seen, how often a warning came all the same."""
    own = list(verdicts)
    harmed = [v for v in own if v.effective]
    if not harmed:
        return f"warned in {sum(bool(v.wrong) for v in own)} of {len(own)}"
    return f"{sum(v.caught for v in harmed)} of {len(harmed)}"


def print_faults(verdicts: Sequence[Verdict]) -> None:
    print("| planted | kin | trainings | harmless | caught | step off by at most |")
    print("|---|---|---|---|---|---|")
    for name, own in by_fault(verdicts).items():
        harmed = [v for v in own if v.effective]
        caught = [v for v in harmed if v.caught]
        worst = f"{max(v.step_error for v in caught):.0%}" if caught else ""
        fault = own[0].fault
        assert fault is not None
        told = f"{len(caught)} of {len(harmed)}" if fault.expects else "nothing to say"
        harmless = sum(v.harmless for v in own)
        print(f"| {name} | {fault.kin} | {len(own)} | {harmless} | {told} | {worst} |")
    print()


def print_live(verdicts: Sequence[Verdict], lives: Mapping[str, Live]) -> None:
    healthy = [lives[v.job.name] for v in verdicts if v.job.healthy]
    harmed = [lives[v.job.name] for v in verdicts if v.effective]
    told = [live for live in harmed if live.delay is not None]
    delays = [live.delay for live in told if live.delay is not None]
    print("| watched while training | |\n|---|---|")
    disturbed = sum(bool(live.warnings) for live in healthy)
    print(f"| healthy runs that `warn_on` disturbs | {disturbed} of {len(healthy)} |")
    print(
        f"| healthy runs that `stop_on` ends | {sum(x.stops for x in healthy)} of {len(healthy)} |"
    )
    print(f"| faults reported during the training | {len(told)} of {len(harmed)} |")
    timely = f"{sum(live.timely for live in told)} of {len(harmed)}"
    print(f"| within 5 % of the run or 20 records | {timely} |")
    if delays:
        print(
            f"| delay in records, median (largest) | {statistics.median(delays)} ({max(delays)}) |"
        )
    print()


def print_names(verdicts: Sequence[Verdict]) -> None:
    """What went wrong, by training."""
    for verdict in verdicts:
        missed = verdict.effective and not verdict.caught
        late = verdict.step_error > STEP_TOLERANCE
        if verdict.wrong or missed or late:
            wrong = [f"{f.kind} ({f.severity}): {f.title}" for f in verdict.wrong]
            right = [f.kind for f in verdict.right]
            print(
                f"{verdict.job.name}:{' MISSED' if missed else ''}"
                f"{f' step off by {verdict.step_error:.0%}' if late else ''}"
                f"{f' right {right}' if right else ''}{f' WRONG {wrong}' if wrong else ''}"
            )


def print_warnings(lives: Mapping[str, Live], verdicts: Sequence[Verdict]) -> None:
    """What disturbs healthy trainings."""
    for verdict in verdicts:
        if verdict.job.healthy:
            for step, finding in lives[verdict.job.name].warnings:
                print(f"{verdict.job.name}: live at {step}: {finding.kind} {finding.title}")

"""Which trainings are run: those that thresholds are set on, and those that test them."""

from __future__ import annotations

from bench.findings.faults import FAULTS, HEALTHY
from bench.findings.models import CALIBRATION, LATER_CALIBRATION
from bench.findings.train import Job
from bench.findings.unseen import ALL, UNSEEN

CALIBRATION_SEED, TEST_SEED = 0, 10

FEW_CASES = (
    "data_change",
    "dead_bias",
    "fp16_underflow",
    "large_init",
    "large_unit",
    "lr100",
    "no_norm",
    "sigmoid_chain",
)
"""Faults that would come seldom by turns: tested on every architecture that they apply to."""

FEWEST, MORE_SEEDS = ("no_norm", "sigmoid_chain"), (30, 40)
"""Those that even so come seldom, with more seeds."""


def calibration_jobs() -> list[Job]:
    """Every condition once on four architectures, and half of the faults on three more."""
    jobs = []
    for place, name in enumerate(ALL):
        if name in CALIBRATION:
            jobs += jobs_of(name, CALIBRATION_SEED)
        elif name in LATER_CALIBRATION:
            jobs += chosen_jobs(name, place, turns=2)
    return jobs


def test_jobs() -> list[Job]:
    """All other architectures with half of the faults each, the first four with other seeds."""
    jobs = []
    for place, name in enumerate(ALL):
        if name not in LATER_CALIBRATION:
            jobs += chosen_jobs(name, place, turns=3 if name in CALIBRATION else 2)
            jobs += [job for job in jobs_of(name, TEST_SEED + place) if job.condition in FEW_CASES]
            jobs += [
                job
                for seed in MORE_SEEDS
                for job in jobs_of(name, seed + place)
                if job.condition in FEWEST
            ]
            if name in UNSEEN:
                jobs += [Job(name, condition, TEST_SEED + place) for condition in HEALTHY]
    return list(dict.fromkeys(jobs))


def chosen_jobs(name: str, place: int, turns: int) -> list[Job]:
    """Two healthy trainings and each `turns`-th fault, by turns: each comes several times."""
    own = jobs_of(name, TEST_SEED + place)
    healthy, faulty = own[: len(HEALTHY)], own[len(HEALTHY) :]
    return [healthy[0], healthy[1 + place % 3], *faulty[place % turns :: turns]]


def jobs_of(name: str, seed: int) -> list[Job]:
    architecture = ALL[name]
    conditions = [*HEALTHY, *(f.name for f in FAULTS.values() if f.applies(architecture))]
    return [Job(name, condition, seed) for condition in conditions]

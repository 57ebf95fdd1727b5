"""Which trainings are run: those that thresholds are set on, and those that test them."""

from __future__ import annotations

from bench.findings.faults import FAULTS, HEALTHY
from bench.findings.models import ARCHITECTURES, CALIBRATION, LATER_CALIBRATION
from bench.findings.train import Job

CALIBRATION_SEED, TEST_SEED = 0, 10


def calibration_jobs() -> list[Job]:
    """Every condition once on four architectures, and half of the faults on three more."""
    jobs = []
    for place, name in enumerate(ARCHITECTURES):
        if name in CALIBRATION:
            jobs += jobs_of(name, CALIBRATION_SEED)
        elif name in LATER_CALIBRATION:
            jobs += chosen_jobs(name, place, turns=2)
    return jobs


def test_jobs() -> list[Job]:
    """All other architectures with half of the faults each, the first four with other seeds."""
    jobs = []
    for place, name in enumerate(ARCHITECTURES):
        if name not in LATER_CALIBRATION:
            jobs += chosen_jobs(name, place, turns=3 if name in CALIBRATION else 2)
    return jobs


def chosen_jobs(name: str, place: int, turns: int) -> list[Job]:
    """Two healthy trainings and each `turns`-th fault, by turns: each comes several times."""
    own = jobs_of(name, TEST_SEED + place)
    healthy, faulty = own[: len(HEALTHY)], own[len(HEALTHY) :]
    return [healthy[0], healthy[1 + place % 3], *faulty[place % turns :: turns]]


def jobs_of(name: str, seed: int) -> list[Job]:
    architecture = ARCHITECTURES[name]
    conditions = [*HEALTHY, *(f.name for f in FAULTS.values() if f.applies(architecture))]
    return [Job(name, condition, seed) for condition in conditions]

"""Which trainings are run: those that thresholds are set on, and those that test them."""

from __future__ import annotations

from bench.findings.faults import FAULTS, HEALTHY
from bench.findings.models import ARCHITECTURES, CALIBRATION
from bench.findings.train import Job

CALIBRATION_SEED, TEST_SEED = 0, 10


def calibration_jobs() -> list[Job]:
    """Every condition once on the calibration architectures."""
    return [job for name in CALIBRATION for job in jobs_of(name, CALIBRATION_SEED)]


def test_jobs() -> list[Job]:
    """Other architectures with half of the faults each, known ones with other seeds and a third.

    Which faults an architecture gets goes by turns, so that every fault is planted several times.
    """
    jobs = []
    for place, name in enumerate(ARCHITECTURES):
        own = jobs_of(name, TEST_SEED + place)
        healthy, faulty = own[: len(HEALTHY)], own[len(HEALTHY) :]
        turns = 3 if name in CALIBRATION else 2
        jobs += [healthy[0], healthy[1 + place % 3], *faulty[place % turns :: turns]]
    return jobs


def jobs_of(name: str, seed: int) -> list[Job]:
    architecture = ARCHITECTURES[name]
    conditions = [*HEALTHY, *(f.name for f in FAULTS.values() if f.applies(architecture))]
    return [Job(name, condition, seed) for condition in conditions]

"""All planted faults by name."""

from __future__ import annotations

from typing import Final

from bench.findings.wide.fault import Fault
from bench.findings.wide.faults_inputs import INPUT_FAULTS
from bench.findings.wide.faults_learning import LEARNING_FAULTS
from bench.findings.wide.faults_modes import MODE_FAULTS
from bench.findings.wide.faults_scale import SCALE_FAULTS

FAULTS: Final[dict[str, Fault]] = {
    each.name: each for each in (*LEARNING_FAULTS, *INPUT_FAULTS, *SCALE_FAULTS, *MODE_FAULTS)
}

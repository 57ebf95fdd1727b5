"""All planted faults by name."""

from __future__ import annotations

from typing import Final

from bench.findings.fresh.faults_a import FAULTS_A
from bench.findings.fresh.faults_b import FAULTS_B
from bench.findings.fresh_c.faults import FAULTS_C
from bench.findings.fresh_d.faults import FAULTS_D
from bench.findings.fresh_e.faults import FAULTS_E
from bench.findings.fresh_f.faults import FAULTS_F
from bench.findings.fresh_g.faults import FAULTS_G
from bench.findings.fresh_h.faults import FAULTS_H
from bench.findings.fresh_i.faults import FAULTS_I
from bench.findings.fresh_j.faults import FAULTS_J
from bench.findings.fresh_k.faults import FAULTS_K
from bench.findings.wide.fault import Fault
from bench.findings.wide.faults_growth import GROWTH_FAULTS
from bench.findings.wide.faults_inputs import INPUT_FAULTS
from bench.findings.wide.faults_learning import LEARNING_FAULTS
from bench.findings.wide.faults_modes import MODE_FAULTS
from bench.findings.wide.faults_numbers import NUMBER_FAULTS
from bench.findings.wide.faults_saturation import SATURATION_FAULTS
from bench.findings.wide.faults_start import START_FAULTS

PLANTED: Final[tuple[Fault, ...]] = (
    *LEARNING_FAULTS,
    *INPUT_FAULTS,
    *GROWTH_FAULTS,
    *START_FAULTS,
    *SATURATION_FAULTS,
    *NUMBER_FAULTS,
    *MODE_FAULTS,
    *FAULTS_A,
    *FAULTS_B,
    *FAULTS_C,
    *FAULTS_D,
    *FAULTS_E,
    *FAULTS_F,
    *FAULTS_G,
    *FAULTS_H,
    *FAULTS_I,
    *FAULTS_J,
    *FAULTS_K,
)

FAULTS: Final[dict[str, Fault]] = {each.name: each for each in PLANTED}

"""The mistakes of this set: chosen by how often people make them, not by what is easy to see."""

from __future__ import annotations

from typing import Final

from bench.findings.fresh_c.faults_inputs import C_INPUTS
from bench.findings.fresh_c.faults_modes import C_MODES
from bench.findings.fresh_c.faults_rates import C_RATES
from bench.findings.fresh_c.faults_still import C_STILL

FAULTS_C: Final = (*C_STILL, *C_INPUTS, *C_RATES, *C_MODES)

"""The mistakes of this set: those of reviews and of questions that people ask."""

from __future__ import annotations

from typing import Final

from bench.findings.fresh_e.faults_hidden import E_HIDDEN
from bench.findings.fresh_e.faults_inputs import E_INPUTS
from bench.findings.fresh_e.faults_rates import E_RATES
from bench.findings.fresh_e.faults_start import E_START
from bench.findings.fresh_e.faults_still import E_STILL

FAULTS_E: Final = (*E_STILL, *E_RATES, *E_INPUTS, *E_START, *E_HIDDEN)

"""The mistakes of this set: those that people ask about most, many of them in mid-run."""

from __future__ import annotations

from typing import Final

from bench.findings.fresh_d.faults_inputs import D_INPUTS
from bench.findings.fresh_d.faults_rates import D_RATES
from bench.findings.fresh_d.faults_start import D_HIDDEN, D_START
from bench.findings.fresh_d.faults_still import D_STILL

FAULTS_D: Final = (*D_STILL, *D_RATES, *D_START, *D_INPUTS, *D_HIDDEN)

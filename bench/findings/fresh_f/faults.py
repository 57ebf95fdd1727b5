"""The mistakes of this set: those of forums, questions and code reviews."""

from __future__ import annotations

from typing import Final

from bench.findings.fresh_f.faults_hidden import F_HIDDEN
from bench.findings.fresh_f.faults_inputs import F_INPUTS
from bench.findings.fresh_f.faults_rates import F_RATES
from bench.findings.fresh_f.faults_start import F_START
from bench.findings.fresh_f.faults_still import F_STILL

FAULTS_F: Final = (*F_STILL, *F_RATES, *F_INPUTS, *F_START, *F_HIDDEN)

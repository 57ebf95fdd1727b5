"""The mistakes of this set: those of forums, questions and code reviews."""

from __future__ import annotations

from typing import Final

from bench.findings.fresh_g.faults_hidden import G_HIDDEN
from bench.findings.fresh_g.faults_inputs import G_INPUTS
from bench.findings.fresh_g.faults_rates import G_RATES
from bench.findings.fresh_g.faults_start import G_START
from bench.findings.fresh_g.faults_still import G_STILL

FAULTS_G: Final = (*G_STILL, *G_RATES, *G_INPUTS, *G_START, *G_HIDDEN)

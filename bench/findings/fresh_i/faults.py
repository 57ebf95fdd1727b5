"""The mistakes of this set: those that the project is to find, and those of forums and reviews."""

from __future__ import annotations

from typing import Final

from bench.findings.fresh_i.faults_hidden import I_HIDDEN
from bench.findings.fresh_i.faults_inputs import I_INPUTS
from bench.findings.fresh_i.faults_losses import I_LOSSES
from bench.findings.fresh_i.faults_rates import I_RATES
from bench.findings.fresh_i.faults_still import I_STILL

FAULTS_I: Final = (*I_STILL, *I_LOSSES, *I_INPUTS, *I_RATES, *I_HIDDEN)
"""The seventh examiner's set: networks and mistakes that no rule was worked on."""

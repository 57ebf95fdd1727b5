"""The mistakes of this set: those that the project is to find, and those of forums and reviews."""

from __future__ import annotations

from typing import Final

from bench.findings.fresh_j.faults_inputs import J_INPUTS
from bench.findings.fresh_j.faults_losses import J_LOSSES
from bench.findings.fresh_j.faults_states import J_STATES
from bench.findings.fresh_j.faults_still import J_STILL

FAULTS_J: Final = (*J_STILL, *J_INPUTS, *J_LOSSES, *J_STATES)
"""The eighth examiner's set: networks and mistakes that no rule was worked on."""

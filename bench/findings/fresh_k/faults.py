"""The mistakes of this set: those that the project is to find, and those of forums and reviews."""

from __future__ import annotations

from typing import Final

from bench.findings.fresh_k.faults_growth import K_GROWTH
from bench.findings.fresh_k.faults_inputs import K_INPUTS
from bench.findings.fresh_k.faults_numbers import K_NUMBERS
from bench.findings.fresh_k.faults_states import K_STATES
from bench.findings.fresh_k.faults_still import K_STILL

FAULTS_K: Final = (*K_STILL, *K_INPUTS, *K_GROWTH, *K_NUMBERS, *K_STATES)
"""The ninth examiner's set: networks and mistakes that no rule was worked on."""

"""The mistakes of this set: those of forums, questions and code reviews."""

from __future__ import annotations

from typing import Final

from bench.findings.fresh_h.faults_hidden import H_HIDDEN
from bench.findings.fresh_h.faults_inputs import H_INPUTS
from bench.findings.fresh_h.faults_losses import H_LOSSES
from bench.findings.fresh_h.faults_rates import H_RATES
from bench.findings.fresh_h.faults_still import H_STILL

FAULTS_H: Final = (*H_STILL, *H_LOSSES, *H_INPUTS, *H_RATES, *H_HIDDEN)

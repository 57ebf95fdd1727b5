"""What makes the faults of this set's half."""

from __future__ import annotations

from functools import partial

from bench.findings.wide import fault
from bench.findings.wide.architecture import FRESH_I

plant = partial(fault.plant, FRESH_I)
still = partial(fault.still, FRESH_I)
harm = partial(fault.harm, FRESH_I)

"""How this set's faults are planted: in its own half."""

from __future__ import annotations

from functools import partial

from bench.findings.fresh import plant as shared
from bench.findings.wide.architecture import FRESH_I

plant = partial(shared.plant, FRESH_I)
still = partial(shared.still, FRESH_I)
harm = partial(shared.harm, FRESH_I)

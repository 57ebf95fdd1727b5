"""How this set's faults are planted: in its own half."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.findings.wide.architecture import FRESH_J
from bench.findings.wide.planting import Planter

_J = Planter(FRESH_J)
plant, still, harm = _J.plant, _J.still, _J.harm


@torch.no_grad()
def scale_columns(values: Tensor, factors: Tensor, means: Tensor) -> Tensor:
    return values * factors + means

"""Reads the few weights by which a later training tells whether it goes on with these."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from torch import Tensor

from tb_activation_hist.capture.count import runs_to_be_captured
from tb_activation_hist.capture.countable import countable_values
from tb_activation_hist.capture.parameter_refs import ParameterRef
from tb_activation_hist.capture.parameter_samples import flatten, gather
from tb_activation_hist.capture.torch_internals import is_exporting
from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.weight_marks import MARKED

PARAMETERS: Final = 3
"""Matrices that are looked at, the largest."""

LEAST_VALUES: Final = 32
"""Values of a matrix from which on their correlation says something."""


def read_weight_marks(parameters: Iterable[ParameterRef]) -> dict[str, FloatArray]:
    """Up to `MARKED` values, as float32 has them, of the largest matrices, by name.

    Empty where there are none, as in a lazy model before its first forward pass, and where values
    cannot be read now, since the pass is traced or a CUDA graph is captured. Waits for the device.
    """
    if runs_to_be_captured() or is_exporting():
        return {}
    known = [(ref.name, values) for ref in parameters if (values := _readable(ref)) is not None]
    largest = sorted(known, key=lambda each: -each[1].numel())[:PARAMETERS]
    samples = gather((name, _spread(values)) for name, values in largest)
    found = {name: values for each in samples for name, values in each.read().items()}
    return {name: values.astype(np.float32).astype(np.float64) for name, values in found.items()}


def _spread(values: Tensor) -> Tensor:
    """Up to `MARKED` values at equal distances: those of border pixels alone may never change."""
    flat = flatten(values)
    return flat[:: max(flat.numel() // MARKED, 1)][:MARKED]


def _readable(ref: ParameterRef) -> Tensor | None:
    parameter = ref.parameter
    values = None if parameter is None else countable_values(parameter.detach())
    matrix = values is not None and values.dim() > 1 and values.numel() >= LEAST_VALUES
    return values if matrix else None

"""Arrays of numbers along the value axis, and half the width of the zero bin. numpy only."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]

ZERO_EDGE: Final = 2.0**-130
"""Half the width of the zero bin."""

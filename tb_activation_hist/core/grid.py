"""Arrays of numbers along the value axis, the width of the zero bin, and what is near zero."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]

ZERO_EDGE: Final = 2.0**-130
"""Half the width of the zero bin."""

NEAR_ZERO: Final = 0.05
"""Values with |x| up to here count as near zero, as in fastai."""

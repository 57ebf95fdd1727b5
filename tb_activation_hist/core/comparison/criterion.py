"""When two records count as different. numpy only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from tb_activation_hist.core.errors import OptionError

CompareMode: TypeAlias = Literal["exact", "mass", "octaves"]
"""exact: any count, minimum or maximum differs. mass: more than a share of the values must move to
another bin. octaves: values must move farther than a distance on average."""

COMPARE_MODES: Final[tuple[CompareMode, ...]] = get_args(CompareMode)

DEFAULT_TOLERANCES: Final[dict[str, float]] = {"exact": 0.0, "mass": 0.02, "octaves": 0.01}
"""Largest difference that counts as none; measured, see docs/decisions/comparing-runs.md."""

FEW_VALUES: Final = 3
"""With the default tolerance of the mode "mass", up to this many values may move in any record.

Rounding moves single values over the edge of a bin, which is a large share of a small tensor."""


@dataclass(frozen=True)
class Criterion:
    """When two records count as different.

    mode: see `CompareMode`. tolerance: largest share of moved values (0 to 1), or distance in
    octaves; None: `DEFAULT_TOLERANCES`. In every mode a NaN or an infinity is a difference where
    the other record has none. OptionError for an unknown mode, or a tolerance that it cannot have.
    """

    mode: CompareMode = "exact"
    tolerance: float | None = None

    def __post_init__(self) -> None:
        if self.mode not in COMPARE_MODES:
            msg = f"mode must be one of {', '.join(COMPARE_MODES)}, but got {self.mode!r}."
            raise OptionError(msg)
        if self.tolerance is None:
            return
        number = isinstance(self.tolerance, int | float) and not isinstance(self.tolerance, bool)
        if not number or not 0 <= self.tolerance < math.inf:
            msg = f"tolerance must be a number from 0 on, but got {self.tolerance!r}."
            raise OptionError(msg)
        if self.mode == "exact" and self.tolerance != 0:
            msg = (
                f"tolerance={self.tolerance} has no meaning in the mode 'exact': choose the mode "
                "'mass' (share of the values that must move) or 'octaves' (how far)."
            )
            raise OptionError(msg)

    @property
    def limit(self) -> float:
        """The tolerance in use."""
        return DEFAULT_TOLERANCES[self.mode] if self.tolerance is None else self.tolerance

    @property
    def free_values(self) -> int:
        """Values that may move in any record, in the mode "mass"."""
        return FEW_VALUES if self.tolerance is None else 0

"""When two records count as different. numpy only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.names import LayerInfo

CompareMode: TypeAlias = Literal["exact", "mass", "octaves"]
"""exact: any count, minimum or maximum differs. mass: more than a share of the values must move to
another bin. octaves: values must move farther than a distance on average."""

COMPARE_MODES: Final[tuple[CompareMode, ...]] = get_args(CompareMode)

DEFAULT_TOLERANCES: Final[dict[str, float]] = {"exact": 0.0, "mass": 0.005, "octaves": 0.001}
"""Largest difference that counts as none at the first step compared; it grows by as much with each
step after it, since training amplifies rounding. See docs/decisions/comparing-runs.md."""

SHIFT: Final = 5e-6
"""With the default tolerance of "octaves": largest shift of mean or size of an activation at the
first step. Rounding shifts them by a hundredth of that, another epsilon by ten times as much."""

FEW_VALUES: Final = 3
"""With the default tolerance of "mass", up to this many values may move in any record.

Rounding moves single values over the edge of a bin, which is a large share of a small tensor."""

FORWARD: Final = ("inputs", "activations")
PARAMETERS: Final = ("weights", "weight_gradients", "updates", "optimizer_state")

LESS_EXACT: Final = 100.0
"""Default tolerances of what is not computed forward, in those of the activations: a backward pass
through a normalisation is a difference of nearly equal numbers."""

HALF_PRECISION: Final = 50.0
"""Default tolerances of tensors of 16 bits or fewer, in those of float32."""

WIDE: Final = ("float32", "float64")


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
            msg = f"tolerance must be a number from 0 up, but got {self.tolerance!r}."
            raise OptionError(msg)
        if self.mode == "mass" and self.tolerance > 1:
            msg = f"tolerance in mode 'mass' must be a share from 0 to 1, but got {self.tolerance}."
            raise OptionError(msg)
        if self.mode == "exact" and self.tolerance != 0:
            msg = (
                f"tolerance={self.tolerance} has no meaning in the mode 'exact': choose the mode "
                "'mass' (share of the values that must move) or 'octaves' (how far)."
            )
            raise OptionError(msg)

    @property
    def limit(self) -> float:
        """The tolerance in use, of activations at the first step."""
        return DEFAULT_TOLERANCES[self.mode] if self.tolerance is None else self.tolerance

    def compares(self, info: LayerInfo) -> bool:
        """Whether a series is compared at all.

        The gradient of a bias before a normalisation, or of an attention's keys, is nothing but
        rounding, which optimizers blow up. So no tolerance holds for parameters of one dimension.
        """
        return self.mode == "exact" or info.kind not in PARAMETERS or len(info.shape) > 1

    def shift_limit(self, info: LayerInfo, other: LayerInfo) -> float:
        """Largest shift of mean or size at the first step; inf where it is not looked at."""
        return SHIFT * self.leniency(info, other) if info.kind in FORWARD else math.inf

    def leniency(self, info: LayerInfo, other: LayerInfo) -> float:
        """By how much a default tolerance is multiplied for a series."""
        wide = info.dtype in WIDE and other.dtype in WIDE
        return (1.0 if info.kind in FORWARD else LESS_EXACT) * (1.0 if wide else HALF_PRECISION)

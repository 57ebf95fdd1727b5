"""Every threshold of the findings in one place, with its unit and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tb_activation_hist.errors import OptionError


@dataclass(frozen=True, kw_only=True)
class FindingOptions:
    """Thresholds; the defaults were set with ``bench/findings`` (see its README).

    sustained_share, sustained_min, sustained_max: share of a run's records that a state must
        last to count, and the least and most records that makes.
    collapsed_share: share of values that are zero, or tiny beside the layer's own early scale.
        SageMaker's AllZero asks for 1.0, which one stray value hides.
    collapsed_scale: what "tiny" is, relative to the layer's early root mean square.
    exploding_growth: root mean square relative to the layer's early one.
    exploding_level: root mean square under which nothing has exploded, however much it grew.
    difference_distance: distance of two runs' histograms, Wasserstein-1 on the asinh axis.
    """

    sustained_share: float = 0.05
    sustained_min: int = 3
    sustained_max: int = 20
    collapsed_share: float = 0.99
    collapsed_scale: float = 1e-5
    exploding_growth: float = 100.0
    exploding_level: float = 1e3
    difference_distance: float = 0.5

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                msg = f"{each.name} must be a number above 0, but got {value!r}."
                raise OptionError(msg)

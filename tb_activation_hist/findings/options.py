"""Every threshold of the findings in one place, with its unit and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tb_activation_hist.core.errors import OptionError


@dataclass(frozen=True, kw_only=True)
class FindingOptions:
    """Thresholds; the defaults were set with ``bench/findings`` (see its README).

    Shares are from 0 to 1, scales are root mean squares of a layer's finite values.

    sustained_share, sustained_min, sustained_max: share of a run's records that a state must
        last to count, and the least and most records that makes.
    collapsed_share: share of values that are zero, or tiny beside the layer's own early scale.
        SageMaker's AllZero asks for 1.0, which one stray value hides.
    collapsed_scale: what "tiny" is, relative to the layer's early scale.
    mostly_zero_share: share of exact zeros after a ReLU; half of them is normal, NeuroScope
        speaks of dead at 0.9.
    saturated_share: share of a bounded nonlinearity's values in the outermost 1/32 of its range
        at either end; a first layer on pictures with a plain background reaches 0.8 in health.
        TheDeepChecker: 0.85.
    saturated_start_share: the same, from the first record on.
    exploding_growth, exploding_level: scale beside the layer's own earlier one, and the scale
        under which nothing has exploded, however much it grew.
    exploding_depth: growth of the scale from the first layer with weights on, at the start.
    vanishing_decay: fall of the scale beside the layer's own earlier one, as a factor.
    vanishing_depth: fall over the layers, as a factor, of how much a layer's distribution varies
        with the batch.
    vanishing_gradient: fall of the gradients' scale from the last layer on, as a factor.
    spike_octaves: octaves that the scale must rise, and fall again, to make a cycle.
    spike_cycles: such cycles in a run (fastai book: repeated waves).
    still_ratio, moving_ratio: distance between a run's begin and end, in units of what batches
        alone make: under the first a layer stands still, over the second it moves.
    slow_ratio, slow_share: a layer also stands still under this ratio, where that is under this
        share of what the layer that moves most reaches.
    sudden_ratio, sudden_distance: distance of neighbouring windows of records, in units of its
        own median over the run, and on the asinh axis.
    low_precision_share: share of the values other than 0 that lie under the dtype's smallest
        normal number, or over half its largest. TorchLens and NaNsense: 0.1.
    outlier_ratio, outlier_level: largest |x| in medians of |x|, and at least so large
        (Sun et al. 2024, massive activations: 1000 and 100).
    difference_distance: distance of two runs' histograms, Wasserstein-1 on the asinh axis; other
        seeds alone make up to 0.4.
    difference_zeros: difference of two runs' shares of exact zeros.
    """

    sustained_share: float = 0.05
    sustained_min: int = 3
    sustained_max: int = 20
    collapsed_share: float = 0.99
    collapsed_scale: float = 1e-5
    mostly_zero_share: float = 0.93
    saturated_share: float = 0.85
    saturated_start_share: float = 0.6
    exploding_growth: float = 50.0
    exploding_level: float = 100.0
    exploding_depth: float = 30.0
    vanishing_decay: float = 30.0
    vanishing_depth: float = 100.0
    vanishing_gradient: float = 1e4
    spike_octaves: float = 2.0
    spike_cycles: int = 3
    still_ratio: float = 1.5
    slow_ratio: float = 4.0
    slow_share: float = 0.03
    moving_ratio: float = 12.0
    sudden_ratio: float = 10.0
    sudden_distance: float = 0.5
    low_precision_share: float = 0.1
    outlier_ratio: float = 1000.0
    outlier_level: float = 100.0
    difference_distance: float = 0.5
    difference_zeros: float = 0.3

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                msg = f"{each.name} must be a number above 0, but got {value!r}."
                raise OptionError(msg)

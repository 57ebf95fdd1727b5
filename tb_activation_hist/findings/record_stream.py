"""One layer's records as they arrive while a training runs: the newest, and what the first were."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings.signals import EARLY_RECORDS, find_tiny_bins
from tb_activation_hist.findings.thresholds import CollapsedThresholds

NEWEST: Final = 3
"""Records that are not yet part of what a scale is compared with."""


class RecordStream:
    """The newest record of one series; of the earlier ones only some numbers are kept.

    info: what is known of the layer. inner: whether a layer with weights is known to come after it.
    finite: number of finite values.
    early_rms: median root mean square of the first `EARLY_RECORDS` records with finite values, NaN
    before the first one.
    starts_masked: whether the first record held -inf and nothing else that is not finite, as the
    values of an attention mask do.
    lowest_rms, highest_rms: the range of root mean squares up to `NEWEST` records ago, of which
    there were `settled`.
    """

    def __init__(self, info: LayerInfo) -> None:
        self.info = info
        self.inner = False
        self.finite = 0
        self.early_rms = math.nan
        self.starts_masked: bool | None = None
        self.lowest_rms, self.highest_rms, self.settled = math.inf, 0.0, 0
        self._newest: deque[float] = deque()
        self._early: list[float] = []
        self._tiny_bins: tuple[int, int] | None = None
        self._series: HistogramSeries
        self._index = 0

    def take(self, series: HistogramSeries, index: int) -> None:
        """Make record `index` of a series the newest one."""
        self._series, self._index = series, index
        self.finite = int(series.finite[index])
        if self.starts_masked is None:
            self.starts_masked = self.only_neg_infs
        if len(self._early) < EARLY_RECORDS and self.finite:
            self._early.append(self.rms)
            self.early_rms = sorted(self._early)[len(self._early) // 2]
        if self.finite:
            self._follow_scale()

    def _follow_scale(self) -> None:
        self._newest.append(self.rms)
        if len(self._newest) > NEWEST:
            rms = self._newest.popleft()
            self.lowest_rms, self.highest_rms = (
                min(self.lowest_rms, rms),
                max(self.highest_rms, rms),
            )
            self.settled += 1

    @property
    def has_non_finite(self) -> bool:
        return self.finite < int(self._series.n[self._index])

    @property
    def non_finite(self) -> dict[str, int]:
        """Numbers of NaN, inf and -inf."""
        tallies, index = self._series.tallies, self._index
        return {
            "nans": int(tallies.nans[index]),
            "pos_infs": int(tallies.pos_infs[index]),
            "neg_infs": int(tallies.neg_infs[index]),
        }

    @property
    def only_neg_infs(self) -> bool:
        """Whether there are values that are not finite, and all of them are -inf."""
        bad = self.non_finite
        return bad["neg_infs"] > 0 and not bad["nans"] and not bad["pos_infs"]

    @property
    def rms(self) -> float:
        """Root mean square of the finite values, of which there must be one."""
        return math.sqrt(float(self._series.tallies.sum_sq[self._index]) / self.finite)

    def idle_share(self, options: CollapsedThresholds) -> float:
        """Share of the finite values that are zero, or tiny beside the early scale once known."""
        zeros = int(self._series.zeros[self._index])
        if zeros >= options.collapsed_share * self.finite or len(self._early) < EARLY_RECORDS:
            return zeros / self.finite
        if self._tiny_bins is None:
            tiny = options.collapsed_scale * self.early_rms
            self._tiny_bins = find_tiny_bins(self._series.scheme, tiny)
        first, end = self._series.bins.searchsorted(self._tiny_bins)
        return max(int(self._series.bin_counts[self._index, first:end].sum()), zeros) / self.finite

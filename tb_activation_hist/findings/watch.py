"""The findings that can be told while a training runs, record by record, at next to no cost."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.options import FindingOptions
from tb_activation_hist.findings.signals import EARLY_RECORDS
from tb_activation_hist.findings.texts import ADVICE, SOURCES

INSTANT_KINDS: Final = ("non_finite", "collapsed", "exploding")
"""What `Watch` can tell from a few records."""


class _State(NamedTuple):
    """What one record says about one kind."""

    holds: bool
    figures: dict[str, Any]


@dataclass
class _Layer:
    """What is remembered of one series: its early scale, and since when each state holds."""

    early: list[float] = field(default_factory=list)
    tiny_bins: tuple[int, int] | None = None
    """The bins from the first up to the second hold what is tiny beside the early scale."""
    since: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Kind -> (step at which the state began, records it has lasted)."""

    masked: bool | None = None
    """Whether the first record held -inf and nothing else that is not finite: a mask's values."""

    scale: float = float("nan")
    """Early root mean square: the median of `early`; NaN before the first finite record."""

    def take_early(self, rms: float) -> None:
        """Take in a record's root mean square while the run is young."""
        if len(self.early) < EARLY_RECORDS:
            self.early.append(rms)
            self.scale = sorted(self.early)[len(self.early) // 2]


class Watch:
    """Looks at records as they come; some 20 µs a layer and record, nothing is kept of them.

    kinds: any of `INSTANT_KINDS`. Each kind is told once for activations, once for gradients ...,
    as soon as it has lasted long enough (non-finite values: at once). Not thread-safe: feed it
    from one thread.
    """

    def __init__(
        self,
        kinds: tuple[str, ...] = INSTANT_KINDS,
        run: str = "",
        options: FindingOptions | None = None,
    ) -> None:
        unknown = [kind for kind in kinds if kind not in INSTANT_KINDS]
        if unknown:
            msg = f"Cannot watch for {unknown}; known kinds: {', '.join(INSTANT_KINDS)}."
            raise OptionError(msg)
        self._kinds = kinds
        self._run = run
        self._options = options or FindingOptions()
        self._layers: dict[str, _Layer] = {}
        self._told: set[tuple[str, str, str]] = set()

    def add(self, info: LayerInfo, series: HistogramSeries) -> list[Finding]:
        """Take in the next record or records of one layer; what they newly show."""
        layer = self._layers.setdefault(info.tag, _Layer())
        findings = []
        for index in range(len(series)):
            for kind, state in self._states(info, layer, series, index).items():
                finding = self._tell(kind, info, layer, state, int(series.steps[index]))
                findings += [finding] if finding else []
        return findings

    def _states(
        self, info: LayerInfo, layer: _Layer, series: HistogramSeries, index: int
    ) -> dict[str, _State]:
        tallies = series.tallies
        finite = int(series.finite[index])
        bad = int(tallies.n[index]) - finite
        figures = {
            "nans": int(tallies.nans[index]),
            "pos_infs": int(tallies.pos_infs[index]),
            "neg_infs": int(tallies.neg_infs[index]),
        }
        only_neg_infs = bad == figures["neg_infs"]
        if layer.masked is None:
            layer.masked = bad > 0 and only_neg_infs
        # -inf alone, from the first record on, is how a mask looks before its softmax.
        wrong = bad > 0 and not (layer.masked and only_neg_infs)
        states = {"non_finite": _State(wrong, figures)}
        if finite and info.kind == "activations" and info.phase == "train":
            states |= self._scale_states(layer, series, index, finite)
        return {kind: state for kind, state in states.items() if kind in self._kinds}

    def _scale_states(
        self, layer: _Layer, series: HistogramSeries, index: int, finite: int
    ) -> dict[str, _State]:
        options = self._options
        rms = math.sqrt(series.tallies.sum_sq[index] / finite)
        layer.take_early(rms)
        idle = int(series.tallies.zeros[index]) / finite
        if idle < options.collapsed_share:
            idle = self._tiny_count(layer, series, index) / finite
        limit = max(options.exploding_growth * layer.scale, options.exploding_level)
        return {
            "collapsed": _State(idle >= options.collapsed_share, {"idle_share": idle}),
            "exploding": _State(rms > limit, {"rms": rms, "early_rms": layer.scale}),
        }

    def _tiny_count(self, layer: _Layer, series: HistogramSeries, index: int) -> int:
        """Values that are tiny beside the layer's early scale, by bins that lie inside whole."""
        if len(layer.early) < EARLY_RECORDS:
            return int(series.tallies.zeros[index])
        if layer.tiny_bins is None:
            tiny = self._options.collapsed_scale * layer.scale
            low, high = series.scheme.values_to_bins([-tiny, tiny])
            layer.tiny_bins = (int(low) + 1, int(high))
        first, last = series.bins.searchsorted(layer.tiny_bins)
        inside = int(series.bin_counts[index, first:last].sum())
        return max(inside, int(series.tallies.zeros[index]))

    def _needed_records(self, kind: str) -> int:
        """How long a state must last: what explodes may be NaN before long, zeros stay."""
        needed = {"non_finite": 1, "exploding": self._options.sustained_min}
        return needed.get(kind, self._options.sustained_max)

    def _tell(
        self, kind: str, info: LayerInfo, layer: _Layer, state: _State, step: int
    ) -> Finding | None:
        if not state.holds:
            layer.since.pop(kind, None)
            return None
        first_step, records = layer.since.get(kind, (step, 0))
        layer.since[kind] = (first_step, records + 1)
        needed = self._needed_records(kind)
        told = (kind, info.kind, info.phase)
        if records + 1 < needed or told in self._told:
            return None
        self._told.add(told)
        return Finding(
            kind=kind,
            run=self._run,
            layers=(info.layer,),
            tags=(info.tag,),
            first_step=first_step,
            last_step=step,
            severity="error",
            title=f"{info.layer}: {TITLES[kind]} since step {first_step}",
            advice=ADVICE[kind],
            figures=state.figures,
            source=SOURCES[kind],
        )


TITLES: Final = {
    "non_finite": "NaN or infinite values",
    "collapsed": "collapsed to zero",
    "exploding": "its values explode,",
}

"""The comparison route: where a run differs from another, computed when somebody asks for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Final

from tb_activation_hist.core.comparison.compare import ComparisonPlan, compare_recordings
from tb_activation_hist.core.comparison.criterion import COMPARE_MODES, CompareMode, Criterion
from tb_activation_hist.core.comparison.recording import Recording
from tb_activation_hist.core.comparison.run_comparison import LayerComparison, RunComparison
from tb_activation_hist.core.errors import ComparisonError, FormatError
from tb_activation_hist.core.execution_order import info_to_execution_order
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import RUN_INFO_TAG, LayerInfo, content_to_layer_info
from tb_activation_hist.plugin import schema
from tb_activation_hist.plugin.data_provider import BLOCKS, DataProvider, Listing, SeriesKey, Stamp
from tb_activation_hist.plugin.query import RequestError
from tb_activation_hist.plugin.reading_turns import Urgency
from tb_activation_hist.plugin.run_notes import read_run_info
from tb_activation_hist.plugin.series_cache import UNREADABLE, SeriesCache

KEPT: Final = 16
"""Comparisons that are kept until one of their runs grows."""

Asked = tuple[str, str, str, CompareMode]
"""Experiment, both runs, mode."""


class ComparisonAnswers:
    """Compares runs, one request at a time, and keeps what was found."""

    def __init__(self, cache: SeriesCache) -> None:
        self._series_cache = cache
        self._done: dict[Asked, tuple[dict[SeriesKey, Stamp], schema.Comparison]] = {}
        self._lock = threading.Lock()

    def answer(self, provider: DataProvider, a: str, b: str, mode: str) -> schema.Comparison:
        """Where run `b` differs from run `a`.

        RequestError: 400 for an unknown mode and for runs that cannot be compared, 404 for a run
        that TensorBoard does not list.
        """
        if mode not in COMPARE_MODES:
            raise RequestError(f"mode must be one of {', '.join(COMPARE_MODES)}, not {mode!r}.")
        listings = provider.list_series(BLOCKS, [a, b])
        _require_layers(listings, a, b)
        stamps = {key: listing.stamp for key, listing in listings.items()}
        asked: Asked = (provider.experiment, a, b, mode)
        with self._lock:
            known = self._done.pop(asked, None)
            if known is None or known[0] != stamps:
                known = stamps, self._compare(provider, listings, asked)
            self._done[asked] = known
            while len(self._done) > KEPT:
                del self._done[next(iter(self._done))]
        return known[1]

    def _compare(
        self, provider: DataProvider, listings: Mapping[SeriesKey, Listing], asked: Asked
    ) -> schema.Comparison:
        _, a, b, mode = asked
        plan = ComparisonPlan(Criterion(mode))
        try:
            found = compare_recordings(
                self._open(provider, listings, a), self._open(provider, listings, b), plan
            )
        except ComparisonError as err:
            raise RequestError(str(err)) from err
        return _to_answer(found)

    def _open(
        self, provider: DataProvider, listings: Mapping[SeriesKey, Listing], run: str
    ) -> Recording:
        """A run by tag; what cannot be described is left out."""
        own = {key.tag: key for key in listings if key.run == run and key.tag != RUN_INFO_TAG}
        infos: dict[str, LayerInfo] = {}
        for tag, key in own.items():
            try:
                infos[tag] = content_to_layer_info(listings[key].content)
            except FormatError:
                continue
        ordered = dict(sorted(infos.items(), key=lambda item: item[1].sort_key))
        series = _RunSeries(self._series_cache, provider, listings, own)
        order = info_to_execution_order(read_run_info(provider, run))
        return Recording(run, series, ordered, order)


class _RunSeries(Mapping[str, HistogramSeries]):
    """The series of a run by tag, each read when it is taken."""

    def __init__(
        self,
        cache: SeriesCache,
        provider: DataProvider,
        listings: Mapping[SeriesKey, Listing],
        keys: Mapping[str, SeriesKey],
    ) -> None:
        self._cache, self._provider = cache, provider
        self._listings, self._keys = listings, keys

    def __getitem__(self, tag: str) -> HistogramSeries:
        key = self._keys[tag]
        listings = {key: self._listings[key]}
        loaded = dict(self._cache.load(self._provider, listings, Urgency.OVERVIEW)).get(key)
        if loaded is None:
            raise FormatError(self._cache.warnings.get(key, UNREADABLE))
        return loaded.series

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def _require_layers(listings: Mapping[SeriesKey, Listing], *runs: str) -> None:
    with_layers = {key.run for key in listings if key.tag != RUN_INFO_TAG}
    for run in runs:
        if run not in with_layers:
            raise RequestError(f"There is no run {run!r} with histograms of layers.", 404)


def _to_answer(found: RunComparison) -> schema.Comparison:
    return {
        "version": schema.API_VERSION,
        "a": found.a,
        "b": found.b,
        "mode": found.mode,
        "tolerance": found.tolerance,
        "previous": found.previous or "",
        "differing": [_to_layer(layer) for layer in found.differing],
        "equal": [layer.layer for layer in found.equal],
        "only_in_a": list(found.only_in_a),
        "only_in_b": list(found.only_in_b),
        "first_step": found.steps[0],
        "last_step": found.steps[1],
        "notes": [
            *found.notes,
            *(f"{tag} is not compared: {reason}" for tag, reason in found.not_compared.items()),
        ],
    }


def _to_layer(layer: LayerComparison) -> schema.ComparedLayer:
    return {
        "tag": layer.layer,
        "other": layer.other,
        "kind": layer.kind,
        "first_step": layer.first_step or 0,
        "moved": layer.moved,
        "octaves": layer.octaves,
        "steps": layer.steps,
        "differing_steps": layer.differing_steps,
    }

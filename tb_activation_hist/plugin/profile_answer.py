"""The profile route: figures of all layers of a run over the steps, for timeline and depth view."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, get_args

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.cumulative import column_quantiles
from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import content_to_layer_info
from tb_activation_hist.findings.distance import series_to_shapes, typical_size
from tb_activation_hist.plugin import schema
from tb_activation_hist.plugin.data_provider import (
    BLOCKS,
    HISTOGRAMS,
    DataProvider,
    Listing,
    SeriesKey,
    Stamp,
    is_series,
)
from tb_activation_hist.plugin.guard import explain_failure
from tb_activation_hist.plugin.index_answer import without_own_summaries
from tb_activation_hist.plugin.lru_cache import LruCache
from tb_activation_hist.plugin.query import RequestError, one_of, parse_step_range, required
from tb_activation_hist.plugin.reading_turns import Urgency
from tb_activation_hist.plugin.response import round_or_none
from tb_activation_hist.plugin.series_cache import SeriesCache
from tb_activation_hist.plugin.series_loader import LoadedSeries
from tb_activation_hist.plugin.tiles import choose_span, pool_records

COLUMNS: Final[Mapping[schema.ProfileFigures, int]] = {"change": 256, "sizes": 128}
"""Maximum number of columns of each layer."""

SHARES: Final[Mapping[str, float]] = {
    "p05": 0.05,
    "p25": 0.25,
    "p50": 0.5,
    "p75": 0.75,
    "p95": 0.95,
}

WINDOWS: Final = 64
"""A run has this many windows of columns; neighbouring windows are compared, whose means are less
noisy than single columns."""

HELD_BYTES: Final = 32 * 2**20
"""Maximum bytes of figures that are kept until their layer grows."""

LIKE_CADENCE: Final = 3
"""Records that must lie equally far apart for their distance to be a cadence."""


@dataclass(frozen=True)
class _Question:
    """What is asked of each layer; pooled: all records of `steps` as one column."""

    figures: schema.ProfileFigures
    steps: tuple[float, float] | None
    pooled: bool


@dataclass(frozen=True)
class _LayerProfile:
    """The answer about one layer."""

    columns: schema.ProfileColumns
    figures: dict[str, list[float | None]]
    marks: tuple[schema.ProfileMark, ...]


class ProfileAnswers:
    """Works out profiles, one request at a time, and keeps each layer's until it grows."""

    def __init__(self, cache: SeriesCache) -> None:
        self._series_cache = cache
        self._held: LruCache[tuple[SeriesKey, Stamp, _Question], _LayerProfile] = LruCache(
            HELD_BYTES
        )
        self._lock = threading.Lock()

    def answer(self, provider: DataProvider, query: Mapping[str, str]) -> schema.Profile:
        """The figures of all layers of a kind and phase in one run.

        RequestError: 400 for a wrong query, 404 where the run has no such layer.
        """
        run, kind = required(query, "run"), required(query, "kind")
        phase = query.get("phase", "train")
        asked = _parse(query)
        listed = _list_layers(provider, run, kind, phase)
        if not listed:
            raise RequestError(f"Run {run!r} has no {phase} {kind}.", 404)
        with self._lock:
            found = dict(self._profiles(provider, listed, asked))
        return _to_answer(run, kind, phase, {key.tag: found[key] for key in listed if key in found})

    def _profiles(
        self, provider: DataProvider, listed: Mapping[SeriesKey, Listing], asked: _Question
    ) -> Iterator[tuple[SeriesKey, _LayerProfile]]:
        missing = {}
        for key, listing in listed.items():
            held = self._held.get((key, listing.stamp, asked))
            if held is None:
                missing[key] = listing
            else:
                yield key, held
        for key, loaded in self._series_cache.load(provider, missing, Urgency.OVERVIEW):
            if len(loaded.series) == 0:
                continue
            try:
                profile = _make_profile(loaded, asked)
            # A failure of one layer must not affect the others; its panel reports it.
            except Exception as err:  # noqa: BLE001
                explain_failure(err, f"the profile of {key}")
                continue
            size = 400 + 16 * len(profile.columns["records"]) * (4 + len(profile.figures))
            self._held.put((key, loaded.stamp, asked), profile, size)
            yield key, profile


def _parse(query: Mapping[str, str]) -> _Question:
    allowed: tuple[schema.ProfileFigures, ...] = get_args(schema.ProfileFigures)
    figures = one_of(query, "figures", allowed, "change")
    steps = parse_step_range(query.get("steps"), "profile")
    return _Question(figures, steps, query.get("pooled", "0") == "1")


def _list_layers(
    provider: DataProvider, run: str, kind: str, phase: str
) -> dict[SeriesKey, Listing]:
    """The series of a kind and phase; "histograms" are those of other tools."""
    if kind == HISTOGRAMS:
        return without_own_summaries(provider.list_series(HISTOGRAMS, [run]))
    found = {}
    for key, listing in provider.list_series(BLOCKS, [run]).items():
        try:
            info = content_to_layer_info(listing.content) if is_series(key) else None
        except FormatError:
            continue
        if info is not None and (info.kind, info.phase) == (kind, phase):
            found[key] = listing
    return found


def _make_profile(loaded: LoadedSeries, asked: _Question) -> _LayerProfile:
    series, starts, pooled = _pool(loaded.series, asked)
    make = _change_figures if asked.figures == "change" else _size_figures
    figures = make(loaded.series, pooled) if len(series) else {}
    return _LayerProfile(_columns(series, starts), figures, tuple(find_marks(loaded)))


def _pool(
    series: HistogramSeries, asked: _Question
) -> tuple[HistogramSeries, IntArray, HistogramSeries]:
    """The asked records, the first of each column among them, and the columns as records."""
    span = choose_span(series.steps, asked.steps, 2**62 if asked.pooled else COLUMNS[asked.figures])
    part = series if asked.steps is None else series.take(span.records(len(series)))
    starts = np.zeros(min(len(part), 1), np.int64) if asked.pooled else span.starts(len(series))
    if asked.pooled and len(part):
        return part, starts, part.pool(starts)
    return part, starts, pool_records(part, span.level)


def _columns(series: HistogramSeries, starts: IntArray) -> schema.ProfileColumns:
    ends = np.append(starts[1:], len(series))[: len(starts)]
    return {
        "first_steps": series.steps[starts].tolist(),
        "last_steps": series.steps[ends - 1].tolist(),
        "first_wall_times": series.wall_times[starts].tolist(),
        "last_wall_times": series.wall_times[ends - 1].tolist(),
        "records": (ends - starts).tolist(),
    }


def _change_figures(
    whole: HistogramSeries, pooled: HistogramSeries
) -> dict[str, list[float | None]]:
    """How far the columns from each one on lie from those before, as `findings.distance` has it."""
    shapes = series_to_shapes(pooled, typical_size(whole))
    known = pooled.finite > 0
    columns = np.arange(len(pooled))
    window = max(len(pooled) // WINDOWS, 1)
    before = _window_means(shapes.cumulative, known, columns - window, columns)
    after = _window_means(shapes.cumulative, known, columns, columns + window)
    change = np.abs(after - before)[:, :-1] @ shapes.gaps
    # Sums of shares are exact to some 1e-13.
    return {"change": _to_json(np.where(known, change.round(6), np.nan))}


def _window_means(
    rows: FloatArray, known: npt.NDArray[np.bool_], start: IntArray, end: IntArray
) -> FloatArray:
    """Mean of the known rows from each start up to its end; NaN where there is none."""
    sums = np.cumsum(np.vstack([np.zeros(rows.shape[1]), rows * known[:, None]]), axis=0)
    counts = np.concatenate([[0], np.cumsum(known)])
    first, last = start.clip(0, len(rows)), end.clip(0, len(rows))
    with np.errstate(invalid="ignore"):
        means: FloatArray = (sums[last] - sums[first]) / (counts[last] - counts[first])[:, None]
    return means


def _size_figures(_: HistogramSeries, pooled: HistogramSeries) -> dict[str, list[float | None]]:
    """Quantiles of the sizes |x| of the values other than 0, their root mean square, shares."""
    finite = np.maximum(pooled.finite, 1)
    with np.errstate(over="ignore", invalid="ignore"):
        rms = np.sqrt(pooled.tallies.sum_sq / finite)
    quantiles = _size_quantiles(pooled)
    none = pooled.finite == 0
    broken = (pooled.n - pooled.finite) / np.maximum(pooled.n, 1)
    figures = dict(zip(SHARES, quantiles.T, strict=True)) | {
        "rms": np.where(none, np.nan, rms),
        "zeros": np.where(none, np.nan, pooled.zeros / finite),
        "broken": broken,
    }
    return {name: _to_json(values) for name, values in figures.items()}


def _size_quantiles(pooled: HistogramSeries) -> FloatArray:
    """(S, 5) sizes below which the shares of the values other than 0 lie, to within a bin."""
    inner = np.minimum(np.abs(pooled.lower), np.abs(pooled.upper))
    outer = np.maximum(np.abs(pooled.lower), np.abs(pooled.upper))
    away = (pooled.lower >= 0) | (pooled.upper <= 0)
    order = np.flatnonzero(away)[np.argsort(outer[away], kind="stable")]
    if len(order) == 0:
        return np.full((len(pooled), len(SHARES)), np.nan)
    found = column_quantiles(pooled.bin_counts[:, order], list(SHARES.values()))
    low, high = inner[order][found.bins], outer[order][found.bins]
    sizes: FloatArray = low + (high - low) * found.parts
    return sizes


def find_marks(loaded: LoadedSeries) -> Iterator[schema.ProfileMark]:
    """Where a later session went on with the training, and where the cadence changed."""
    begins: dict[int, int] = {}
    for span, steps in loaded.ranges.items():
        begins[span.session] = min(begins.get(span.session, steps.first), steps.first)
    first = min(begins.values(), default=0)
    held = loaded.series.steps
    for step in sorted(set(begins.values()) - {first}):
        if held[0] < step <= held[-1]:
            yield {"step": int(step), "kind": "resume", "text": f"resumed at step {step}"}
    # What TensorBoard dropped at random leaves distances that nobody chose.
    if not loaded.missing:
        for step, before, after in cadence_changes(held):
            text = f"recorded {_every(before)} until here, then {_every(after)}"
            yield {"step": step, "kind": "cadence", "text": text}


def _every(steps: int) -> str:
    return "every step" if steps == 1 else f"every {steps} steps"


def cadence_changes(steps: IntArray) -> list[tuple[int, int, int]]:
    """(step, before, after) where records begin to lie `after` steps apart instead of `before`.

    A distance counts from three equal ones in a row, so that a gap is none.
    """
    distances = np.diff(steps)
    starts = np.flatnonzero(np.append(True, distances[1:] != distances[:-1])[: len(distances)])
    lengths = np.diff(np.append(starts, len(distances)))
    lasting = starts[lengths >= LIKE_CADENCE]
    return [
        (int(steps[start]), int(distances[before]), int(distances[start]))
        for before, start in pairwise(lasting)
        if distances[before] != distances[start]
    ]


def _to_answer(
    run: str, kind: str, phase: str, profiles: Mapping[str, _LayerProfile]
) -> schema.Profile:
    columns: list[schema.ProfileColumns] = []
    layers: list[schema.ProfileLayer] = []
    marks: dict[tuple[int, str], schema.ProfileMark] = {}
    for tag, profile in profiles.items():
        if profile.columns not in columns:
            columns.append(profile.columns)
        at = columns.index(profile.columns)
        layers.append({"tag": tag, "columns": at, "figures": profile.figures})
        for mark in profile.marks:
            marks.setdefault((mark["step"], mark["kind"]), mark)
    return {
        "version": schema.API_VERSION,
        "run": run,
        "kind": kind,
        "phase": phase,
        "columns": columns,
        "layers": layers,
        "marks": [marks[place] for place in sorted(marks)],
    }


def _to_json(values: npt.NDArray[Any]) -> list[float | None]:
    return [round_or_none(value) for value in values.tolist()]

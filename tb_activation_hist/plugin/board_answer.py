"""The board route: small pictures of many series of many runs, in blocks."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.plugin import schema
from tb_activation_hist.plugin.data_provider import DataProvider, Listing, SeriesKey, Stamp
from tb_activation_hist.plugin.guard import explain_failure
from tb_activation_hist.plugin.listing_cache import ListingCache
from tb_activation_hist.plugin.lru_cache import LruCache
from tb_activation_hist.plugin.reading_turns import Urgency
from tb_activation_hist.plugin.series_cache import UNREADABLE, SeriesCache
from tb_activation_hist.plugin.tiles import choose_span, pool_records

SHARES: Final = (0.001, 0.01, 0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95, 0.99, 0.999)
"""Quantiles of a cell: the bell of a layer is drawn from them as smoothly as 20 px can show it."""

CELLS_BYTES: Final = 48 * 2**20
"""Maximum bytes of cells: a board of 200 runs x 50 layers needs 36 MiB."""

ANSWER_S: Final = 0.4
"""After this long, the answer goes out with the cells that are there."""

LOADED_AT_ONCE: Final = 48
"""Series that are read together, between two looks at the clock."""

CellKey = tuple[SeriesKey, Stamp, int]
"""A series, the state of it that was drawn, and the number of columns asked for."""


class BoardAnswers:
    """Makes the cells of boards and keeps each until its series changes."""

    def __init__(
        self, cache: SeriesCache, listings: ListingCache, limit_bytes: int = CELLS_BYTES
    ) -> None:
        self._series_cache = cache
        self._listings = listings
        self._cells: LruCache[CellKey, schema.CellPicture] = LruCache(limit_bytes)

    @property
    def held_bytes(self) -> int:
        return self._cells.held_bytes

    def answer(self, provider: DataProvider, request: schema.BoardRequest) -> schema.Board:
        """The cells that are kept, and as many of the others as `ANSWER_S` allows."""
        places = _places(provider, request)
        listings = self._listings.list_some(provider, places)
        found: dict[SeriesKey, schema.CellPicture] = {}
        for key, listing in listings.items():
            kept = self._cells.get((key, listing.stamp, request.columns))
            if kept:
                found[key] = kept
        missing = {key: item for key, item in listings.items() if key not in found}
        found |= self._make_some(provider, missing, request.columns)
        return {
            "version": schema.API_VERSION,
            "shares": list(SHARES),
            "cells": [
                {"run": places[key][0], "series": places[key][1], **cell}
                for key, cell in found.items()
            ],
            "pending": len(listings) - len(found),
        }

    def _make_some(
        self, provider: DataProvider, missing: Mapping[SeriesKey, Listing], columns: int
    ) -> dict[SeriesKey, schema.CellPicture]:
        end = time.monotonic() + ANSWER_S
        made: dict[SeriesKey, schema.CellPicture] = {}
        for keys in _groups(list(missing)):
            made |= self._make(provider, {key: missing[key] for key in keys}, columns)
            if time.monotonic() > end:
                break
        return made

    def _make(
        self, provider: DataProvider, listings: Mapping[SeriesKey, Listing], columns: int
    ) -> dict[SeriesKey, schema.CellPicture]:
        made: dict[SeriesKey, schema.CellPicture] = {}
        # A board shows far more series than memory holds: those of open panels stay.
        for key, loaded in self._series_cache.load(provider, listings, Urgency.OVERVIEW):
            try:
                made[key] = series_to_cell(loaded.series, columns)
            # Whatever fails for one cell must not take the others along.
            except Exception as err:  # noqa: BLE001
                made[key] = _empty_cell(explain_failure(err, f"a cell of {key}"))
                continue
            self._cells.put((key, loaded.stamp, columns), made[key], _size_bytes(made[key]))
        for key in listings.keys() - made.keys():
            made[key] = _empty_cell(self._series_cache.warnings.get(key, UNREADABLE))
        return made


def _places(
    provider: DataProvider, request: schema.BoardRequest
) -> dict[SeriesKey, tuple[int, int]]:
    """Each series asked for, with its positions in the request; run by run."""
    return {
        SeriesKey(provider.experiment, series.source, run, series.tag): (at, column)
        for at, run in enumerate(request.runs)
        for column, series in enumerate(request.series)
    }


def _groups(keys: Sequence[SeriesKey]) -> Iterator[Sequence[SeriesKey]]:
    for start in range(0, len(keys), LOADED_AT_ONCE):
        yield keys[start : start + LOADED_AT_ONCE]


def series_to_cell(series: HistogramSeries, columns: int) -> schema.CellPicture:
    """The quantiles of at most `columns` columns of records, pooled as those of a tile are."""
    span = choose_span(series.steps, None, columns)
    pooled = pool_records(series, span.level)
    # A quantile beyond float32 would become infinite, which the page cannot place.
    limit = np.finfo(np.float32).max
    values = pooled.quantile(list(SHARES)).T.clip(-limit, limit).astype("<f4")
    halves = (values.view("<u4") >> 16).astype("<u2")
    return {
        "last_step": int(series.steps[-1]) if len(series) else 0,
        "steps": series.steps[span.starts(len(series))].tolist(),
        "quantiles": base64.b64encode(halves.tobytes()).decode(),
        "non_finite": np.flatnonzero(pooled.finite < pooled.n).tolist(),
        "error": "",
    }


def _empty_cell(error: str) -> schema.CellPicture:
    return {"last_step": 0, "steps": [], "quantiles": "", "non_finite": [], "error": error}


def _size_bytes(cell: schema.CellPicture) -> int:
    """Memory of a cell, with its place in the cache."""
    return len(cell["quantiles"]) + 36 * (len(cell["steps"]) + len(cell["non_finite"])) + 1_000

"""The tiles of a shared file: as fine as its size allows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.share_options import ShareChoice
from tb_activation_hist.plugin import schema
from tb_activation_hist.plugin.data_provider import DataProvider, Listing, SeriesKey
from tb_activation_hist.plugin.reading_turns import Urgency
from tb_activation_hist.plugin.series_loader import LoadedSeries
from tb_activation_hist.plugin.sharing.answers import Answerers
from tb_activation_hist.plugin.sharing.tile_pack import (
    EXACT,
    FINEST_FIRST,
    Resolution,
    TimeAxes,
    pack_tile,
)

SAMPLES: Final = 12
"""Series on which a resolution is tried before all are packed."""


@dataclass(frozen=True)
class PackedTiles:
    """The packed tile of each series, at one resolution.

    records: most records of a series. pooled: most records in one column. unreadable: a sentence
    for each series that cannot be read.
    """

    resolution: Resolution
    axes: TimeAxes
    tiles: Mapping[SeriesKey, bytes]
    records: int
    pooled: int
    unreadable: Sequence[str]


def pack_tiles(
    answerers: Answerers,
    provider: DataProvider,
    chosen: schema.Index,
    choice: ShareChoice,
    room_bytes: float,
) -> PackedTiles:
    """Pack all series at the finest resolution at which they fit into `room_bytes`.

    Raises:
        OptionError: they do not fit at the coarsest one; the message says how to share less.
    """
    packer = _Packer(answerers, provider, choice.columns)
    keys = list(_keys(provider.experiment, chosen))
    sample = keys[:: max(1, len(keys) // SAMPLES)]
    allowed = EXACT if choice.exact else FINEST_FIRST
    for at in allowed:
        if packer.size(packer.pack(sample, at)) / len(sample) * len(keys) > room_bytes:
            continue
        packed = packer.pack(keys, at)
        if packer.size(packed) <= room_bytes:
            return packed
    least = packer.size(packer.pack(keys, allowed[-1]))
    raise OptionError(_too_large(least, room_bytes, len(keys), choice))


def _too_large(size: int, room_bytes: float, series: int, choice: ShareChoice) -> str:
    size_mb = choice.size_for(series)
    wanted = math.ceil((size - room_bytes) * 4 / 3e5 + 10 * size_mb) / 10
    exact = " Allow rounded counts (without exact), or share" if choice.exact else " Share"
    return (
        f"{series:,} heatmaps of up to {choice.columns:,} columns do not fit into {size_mb:g} "
        f"MB, even with the coarsest bins.{exact} fewer layers, kinds, runs or columns, or raise "
        f"the size to {wanted:g} MB."
    )


def _keys(experiment: str, chosen: schema.Index) -> Iterator[SeriesKey]:
    for series in chosen["series"]:
        for run in series["runs"]:
            name = chosen["runs"][run]["name"]
            yield SeriesKey(experiment, series["source"], name, series["tag"])


class _Packer:
    """Packs series, which are read from the provider each time: memory may not hold them all."""

    def __init__(self, answerers: Answerers, provider: DataProvider, columns: int) -> None:
        self._cache = answerers.series
        self._provider = provider
        self._columns = columns
        self._listings: Mapping[SeriesKey, Listing] = {}
        for source in ("blocks", "histograms"):
            self._listings = {**self._listings, **provider.list_series(source)}

    def pack(self, keys: Sequence[SeriesKey], at: Resolution) -> PackedTiles:
        axes, tiles, records, pooled = TimeAxes(), {}, 0, 1
        for key, loaded in self._load(keys):
            if len(loaded.series) == 0:
                continue
            tiles[key] = pack_tile(loaded, key, self._columns, at, axes)
            records = max(records, len(loaded.series))
            pooled = max(pooled, max(axes.held[-1]["records"]))
        unreadable = [
            f"Run {key.run!r}, {key.tag!r}: {self._cache.warnings.get(key, 'it cannot be read.')}"
            for key in keys
            if key not in tiles
        ]
        return PackedTiles(at, axes, tiles, records, pooled, unreadable)

    def _load(self, keys: Sequence[SeriesKey]) -> Iterator[tuple[SeriesKey, LoadedSeries]]:
        wanted = {key: self._listings[key] for key in keys if key in self._listings}
        yield from self._cache.load(self._provider, wanted, Urgency.OVERVIEW)

    @staticmethod
    def size(packed: PackedTiles) -> int:
        return sum(map(len, packed.tiles.values()))

"""The tiles route: answers batches of tiles and keeps the compressed tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tb_activation_hist.plugin import schema
from tb_activation_hist.plugin.data_provider import DataProvider, Listing, SeriesKey, Stamp
from tb_activation_hist.plugin.listing_cache import ListingCache
from tb_activation_hist.plugin.lru_cache import LruCache
from tb_activation_hist.plugin.schema import TileRequest
from tb_activation_hist.plugin.series_cache import UNREADABLE, SeriesCache
from tb_activation_hist.plugin.tiles import make_tile
from tb_activation_hist.plugin.wire import Piece, join_pieces, make_piece, pack_arrays, pack_head

TILE_BYTES: Final = 128 * 2**20
"""Most bytes of compressed tiles."""


@dataclass(frozen=True)
class ReadyTile:
    """A tile as it is sent: its entry in the head, and its compressed arrays."""

    head: schema.TileDescription
    piece: Piece


class TilesAnswers:
    """Makes tiles from the cached series and keeps each tile until its series changes."""

    def __init__(
        self, cache: SeriesCache, listings: ListingCache, limit_bytes: int = TILE_BYTES
    ) -> None:
        self._series_cache = cache
        self._listings = listings
        self._ready: LruCache[tuple[SeriesKey, Stamp, TileRequest], ReadyTile] = LruCache(
            limit_bytes
        )

    @property
    def held_bytes(self) -> int:
        return self._ready.held_bytes

    def answer(self, provider: DataProvider, requests: Sequence[TileRequest]) -> bytes:
        """The whole binary answer, gzipped."""
        keys = [_key(provider, request) for request in requests]
        listings = self._listings.list_some(provider, keys)
        ready: dict[int, ReadyTile] = {}
        to_make: dict[SeriesKey, list[int]] = {}
        for i, (key, request) in enumerate(zip(keys, requests, strict=True)):
            if key in listings:
                held = self._ready.get((key, listings[key].stamp, request))
                if held:
                    ready[i] = held
                else:
                    to_make.setdefault(key, []).append(i)
        wanted = {key: listings[key] for key in to_make}
        for key, loaded in self._series_cache.load(provider, wanted):
            for i in to_make[key]:
                tile = make_tile(loaded, requests[i])
                ready[i] = ReadyTile(tile.head, make_piece(pack_arrays(tile.arrays.values())))
                size = len(ready[i].piece.deflated) + 1_000
                self._ready.put((key, loaded.stamp, requests[i]), ready[i], size)
        return self._join(keys, listings, requests, ready)

    def _join(
        self,
        keys: Sequence[SeriesKey],
        listings: Mapping[SeriesKey, Listing],
        requests: Sequence[TileRequest],
        ready: Mapping[int, ReadyTile],
    ) -> bytes:
        heads: list[schema.TileHead | schema.TileError] = []
        pieces, offset = [], 0
        for i, (key, request) in enumerate(zip(keys, requests, strict=True)):
            tile = ready.get(i)
            if tile is None:
                heads.append(self._refusal(key, request, key in listings))
                continue
            heads.append({**tile.head, "offset": offset, "bytes": tile.piece.size})
            offset += tile.piece.size
            pieces.append(tile.piece)
        return join_pieces([make_piece(pack_head(heads)), *pieces])

    def _refusal(self, key: SeriesKey, request: TileRequest, listed: bool) -> schema.TileError:
        if listed:
            status = 500
            error = self._series_cache.warnings.get(key, UNREADABLE)
        else:
            status = 404
            error = f"Run {request.run!r} has no {request.source} with the tag {request.tag!r}."
        return {
            "run": request.run,
            "tag": request.tag,
            "source": request.source,
            "error": error,
            "status": status,
        }


def _key(provider: DataProvider, request: TileRequest) -> SeriesKey:
    return SeriesKey(provider.experiment, request.source, request.run, request.tag)

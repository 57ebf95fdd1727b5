"""The tiles route: answers batches of tiles and keeps the compressed tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tb_activation_hist.plugin import schema
from tb_activation_hist.plugin.data_provider import DataProvider, Listing, SeriesKey, Stamp
from tb_activation_hist.plugin.guard import explain_failure
from tb_activation_hist.plugin.listing_cache import ListingCache
from tb_activation_hist.plugin.lru_cache import LruCache
from tb_activation_hist.plugin.query import UNREADABLE_STATUS
from tb_activation_hist.plugin.response import to_json
from tb_activation_hist.plugin.schema import TileRequest
from tb_activation_hist.plugin.series_cache import UNREADABLE, SeriesCache
from tb_activation_hist.plugin.tiles import Tile, make_tile
from tb_activation_hist.plugin.wire import Piece, join_pieces, make_piece, pack_arrays, pack_head

TILE_BYTES: Final = 128 * 2**20
"""Maximum bytes of compressed tiles."""


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
        failed: dict[int, str] = {}
        for key, loaded in self._series_cache.load(provider, wanted):
            for i in to_make[key]:
                try:
                    ready[i] = _to_ready(make_tile(loaded, requests[i]))
                # Whatever fails for one tile must not take the others along.
                except Exception as err:  # noqa: BLE001
                    failed[i] = explain_failure(err, f"a tile of {key}")
                    continue
                size = len(ready[i].piece.deflated) + 1_000
                self._ready.put((key, loaded.stamp, requests[i]), ready[i], size)
        return self._join(keys, listings, requests, ready, failed)

    def _join(
        self,
        keys: Sequence[SeriesKey],
        listings: Mapping[SeriesKey, Listing],
        requests: Sequence[TileRequest],
        ready: Mapping[int, ReadyTile],
        failed: Mapping[int, str],
    ) -> bytes:
        heads: list[schema.TileHead | schema.TileError] = []
        pieces, offset = [], 0
        for i, (key, request) in enumerate(zip(keys, requests, strict=True)):
            tile = ready.get(i)
            if tile is None:
                heads.append(self._refusal(key, request, key in listings, failed.get(i)))
                continue
            heads.append({**tile.head, "offset": offset, "bytes": tile.piece.size})
            offset += tile.piece.size
            pieces.append(tile.piece)
        return join_pieces([make_piece(pack_head(heads)), *pieces])

    def _refusal(
        self, key: SeriesKey, request: TileRequest, listed: bool, reason: str | None
    ) -> schema.TileError:
        if listed:
            status = UNREADABLE_STATUS
            error = reason or self._series_cache.warnings.get(key, UNREADABLE)
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


def _to_ready(tile: Tile) -> ReadyTile:
    """The tile as it is sent; ValueError for a head that no browser could read."""
    to_json(tile.head)
    return ReadyTile(tile.head, make_piece(pack_arrays(tile.arrays.values())))


def _key(provider: DataProvider, request: TileRequest) -> SeriesKey:
    return SeriesKey(provider.experiment, request.source, request.run, request.tag)

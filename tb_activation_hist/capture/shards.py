"""Which slices of a whole tensor a rank's shard of a DTensor has."""

from __future__ import annotations

from typing import Any, NamedTuple


class ShardPlace(NamedTuple):
    """Where a shard lies along one dimension. slices: those of the whole tensor."""

    first: int
    slices: int


def place_of_shard(tensor: Any, dim: int) -> ShardPlace | None:
    """Where this rank's shard of a DTensor begins along a dimension.

    None if that is unknown: if several dimensions of the mesh cut this one, or if the shards
    are interleaved, as FSDP2 over tensor parallelism makes them.
    """
    slices = int(tensor.shape[dim])
    cuts = [(at, each) for at, each in enumerate(tensor.placements) if each.is_shard(dim)]
    if not cuts:
        return ShardPlace(0, slices)
    at, placement = cuts[0]
    if len(cuts) > 1 or type(placement).__name__ != "Shard":
        return None
    longest = -(-slices // tensor.device_mesh.size(at))
    return ShardPlace(min(longest * tensor.device_mesh.get_local_rank(at), slices), slices)

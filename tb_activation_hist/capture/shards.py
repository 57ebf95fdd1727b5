"""Which slices of a whole tensor a rank's shard of a DTensor has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import torch

from tb_activation_hist.capture.torch_internals import real_mesh


class ShardPlace(NamedTuple):
    """Where a shard lies along one dimension. slices: those of the whole tensor."""

    first: int
    slices: int


NOWHERE: Final = ShardPlace(-1, -1)
"""For a shard whose place is unknown."""


def place_of_shard(tensor: Any, dim: int) -> ShardPlace:
    """Where this rank's shard of a DTensor begins along a dimension.

    `NOWHERE` if that is unknown: if several dimensions of the mesh cut this one, or if the shards
    are interleaved, as FSDP2 over tensor parallelism makes them.
    """
    return _find_place(int(tensor.shape[dim]), dim, tensor.placements, tensor.device_mesh)


@torch.compiler.assume_constant_result
def first_of_shard(slices: int, dim: int, placements: Sequence[Any], mesh: Any) -> int:
    """Where a shard begins, asked while a graph is compiled: all arguments are constants there."""
    return _find_place(slices, dim, placements, real_mesh(mesh)).first


def _find_place(slices: int, dim: int, placements: Sequence[Any], mesh: Any) -> ShardPlace:
    cuts = [(at, each) for at, each in enumerate(placements) if each.is_shard(dim)]
    if not cuts:
        return ShardPlace(0, slices)
    at, placement = cuts[0]
    if len(cuts) > 1 or type(placement).__name__ != "Shard":
        return NOWHERE
    longest = -(-slices // mesh.size(at))
    return ShardPlace(min(longest * mesh.get_local_rank(at), slices), slices)

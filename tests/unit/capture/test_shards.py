"""Where a rank's shard of a DTensor lies, in meshes of several shapes."""

from __future__ import annotations

import pytest
import torch
import torch.distributed as dist
from torch.distributed._functional_collectives import AsyncCollectiveTensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Replicate, Shard, distribute_tensor
from torch.testing._internal.distributed.fake_pg import FakeStore

from tb_activation_hist.capture.countable import plain_values
from tb_activation_hist.capture.shards import NOWHERE, ShardPlace, place_of_shard


def place(rank, mesh_shape, placements, dim, size=7):
    """Of a tensor with `size` rows, for one rank of a group that nobody else is in."""
    ranks = torch.Size(mesh_shape).numel()
    dist.init_process_group("fake", store=FakeStore(), rank=rank, world_size=ranks)
    try:
        mesh = init_device_mesh("cpu", mesh_shape)
        shard = distribute_tensor(torch.arange(3.0 * size).reshape(size, 3), mesh, placements)
        return place_of_shard(shard, dim), shard.to_local().shape[dim]
    finally:
        dist.destroy_process_group()


@pytest.mark.parametrize(
    ("rank", "first", "rows"), [(0, 0, 2), (1, 2, 2), (3, 6, 1), (4, 7, 0), (5, 7, 0)]
)
def test_a_shard_begins_after_those_of_the_ranks_before(rank, first, rows):
    assert place(rank, (6,), [Shard(0)], 0) == (ShardPlace(first, 7), rows)


def test_other_dimensions_are_whole():
    assert place(1, (2,), [Shard(0)], 1) == (ShardPlace(0, 3), 3)
    assert place(1, (2,), [Replicate()], 0) == (ShardPlace(0, 7), 7)


def test_the_dimension_of_the_mesh_that_cuts_it_counts():
    assert place(2, (2, 2), [Shard(0), Replicate()], 0) == (ShardPlace(4, 7), 3)
    assert place(1, (2, 2), [Shard(1), Shard(0)], 0) == (ShardPlace(4, 7), 3)


def test_one_that_is_cut_twice_has_no_place():
    assert place(3, (2, 2), [Shard(0), Shard(0)], 0)[0] == NOWHERE


def test_the_result_of_a_collective_is_waited_for():
    """Layers of tensor parallelism give such tensors, and seemed to run inside a transform."""
    values = plain_values(AsyncCollectiveTensor(torch.arange(3.0)))
    assert type(values) is torch.Tensor
    assert values.tolist() == [0.0, 1.0, 2.0]

"""Compiled models whose tensors no op can take as they are: shards, transforms, parts of graphs."""

from __future__ import annotations

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module
from torch.testing._internal.distributed.fake_pg import FakeStore

from tb_activation_hist import ActivationHistLogger, ActivationHistWarning, MemoryWriter, record

KINDS = ("activations", "gradients")


@pytest.fixture
def mesh():
    """Of rank 1 in a group of two, of which the other is not there."""
    dist.init_process_group("fake", store=FakeStore(), rank=1, world_size=2)
    yield init_device_mesh("cpu", (2,))
    dist.destroy_process_group()


def make_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))


def shard_outputs(mesh):
    """The first two modules give DTensors."""
    first = ColwiseParallel(use_local_output=False)
    return parallelize_module(make_model(), mesh, {"0": first, "2": RowwiseParallel()})


def shard_parameters(mesh):
    model = make_model()
    for module in (model[0], model[2], model):
        fully_shard(module, mesh=mesh)
    return model


def train(model, call, **options):
    """What two steps gave, by series: counts, and n of each slice."""
    torch.compiler.reset()
    writer = MemoryWriter()
    with ActivationHistLogger(
        model, writer, kinds=KINDS, merge_ranks=False, per_rank=True, on_error="raise", **options
    ) as hist:
        torch.manual_seed(1)
        for _ in range(2):
            call(torch.randn(5, 4)).square().mean().backward()
            hist.step()
    return writer.histograms


def compile_whole(model):
    return torch.compile(model, backend="aot_eager", fullgraph=True)


def compile_blocks(model):
    for block in model:
        block.compile(backend="aot_eager")
    return model


@pytest.mark.filterwarnings("ignore:The .grad attribute")
@pytest.mark.parametrize(
    ("make", "compile_model", "own"),
    [
        (shard_outputs, compile_whole, [0] * 4 + [5] * 4),
        (shard_parameters, compile_blocks, [5] * 8),
    ],
)
def test_compiled_shards_are_counted_as_eager_ones(mesh, make, compile_model, own):
    """A module that gave a DTensor stopped the training; FSDP2 compiled had no gradients."""
    model = make(mesh)
    split = {"0": 1, "1": -1}
    expected = train(model, model, split=split)
    found = train(model, compile_model(model), split=split)
    assert set(found) == set(expected) >= {"0", "gradients/0", "gradients/1", "gradients/2"}
    for key, series in found.items():
        # The values are not compared: nobody sends what this rank lacks.
        assert series.n.tolist() == expected[key].n.tolist(), key
        if key in ("0", "1", "gradients/0", "gradients/1"):
            assert series.slices.n.tolist() == expected[key].slices.n.tolist() == [own, own]


class Transformed(nn.Module):
    """Calls a layer inside a transform, and one outside."""

    def __init__(self, transform):
        super().__init__()
        self.transform = transform
        self.inside = nn.Linear(4, 4)
        self.outside = nn.Linear(4, 3)

    def forward(self, x):
        def call(values):
            result = self.inside(values)
            record(self, result=result)
            return result

        return self.outside(self.transform(call, x))


TRANSFORMS = {
    "vmap": lambda call, x: torch.func.vmap(call)(x),
    "grad": lambda call, x: torch.func.grad(lambda values: call(values).sum())(x),
    "cond": lambda call, x: torch.cond(x.sum() > 0, call, call, (x,)),
}


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", TRANSFORMS)
def test_layers_inside_a_transform_are_left_out_and_the_training_goes_on(name, compiled):
    """torch.func.grad and torch.cond ended a compiled training, torch.cond an eager one too."""
    model = Transformed(TRANSFORMS[name])
    call = torch.compile(model, backend="aot_eager", fullgraph=True) if compiled else model
    with pytest.warns(ActivationHistWarning) as caught:
        found = train(model, call)
    told = " ".join(str(each.message) for each in caught)
    assert "inside ran only inside a transform" in told
    assert "record: 'result' ran only inside a transform" in told
    assert set(found) == {"outside", "gradients/outside"}

"""Each model of the zoo: what is recorded is exactly what its leaf modules returned."""

from __future__ import annotations

import copy
import io
import pickle
import warnings

import pytest
import torch

from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.models import ZOO, Checkpointed, Cyclic, Tap, assert_counted


def make(name):
    torch.manual_seed(len(name))
    return ZOO[name]()


def train(model, x):
    out = model(x)
    if out.requires_grad and out.numel():
        out.float().nan_to_num().sum().backward()


# Not in the sweep: attention has a silent layer and late modules appear in the second step.
@pytest.mark.parametrize(
    "name", [n for n in ZOO if n not in ("attention", "grows late", "branches")]
)
@pytest.mark.parametrize("every", [1, 2])
def test_counts_are_those_of_the_outputs(name, every):
    model, x = make(name)
    tap, writer, expected = Tap(model), MemoryWriter(), []
    with ActivationHistLogger(model, writer, every=every, on_error="raise") as hist:
        for _ in range(4):
            train(model, x)
            expected.append(tap.take())
            hist.step()
    recorded = writer.histograms
    steps = [1, 2, 3, 4] if every == 1 else [1, 2, 4]
    filled = {key for key, values in expected[0].items() if values.size}
    assert set(recorded) == filled
    for key, series in recorded.items():
        assert series.steps.tolist() == steps
        assert_counted(series, [expected[step - 1][key] for step in steps])


@pytest.mark.parametrize("reentrant", [True, False])
def test_recomputation_is_not_counted(reentrant):
    """A checkpointed model gives the record of the same model without checkpointing."""
    records = []
    for mode in (None, reentrant):
        torch.manual_seed(0)
        model, writer = Checkpointed(mode), MemoryWriter()
        with ActivationHistLogger(
            model, writer, kinds=("activations", "gradients"), on_error="raise"
        ) as hist:
            for _ in range(2):
                model(torch.ones(3, 4, requires_grad=True)).square().sum().backward()
                hist.step()
        records.append(writer.histograms)
    plain, checkpointed = records
    assert set(plain) == set(checkpointed)
    for key, series in plain.items():
        assert checkpointed[key].n.tolist() == series.n.tolist()
        assert checkpointed[key].bins.tolist() == series.bins.tolist()
        assert checkpointed[key].bin_counts.tolist() == series.bin_counts.tolist()


def record(model, inputs):
    """One step for each input; the layers' histograms."""
    writer = MemoryWriter()
    with ActivationHistLogger(model, writer, on_error="raise") as hist:
        for x in inputs:
            train(model, x)
            hist.step()
    return writer.histograms


def test_an_attention_uses_its_projection_without_a_warning():
    model, x = make("attention")
    with warnings.catch_warnings():
        warnings.simplefilter("error", ActivationHistWarning)
        assert "attn.out_proj" not in record(model, [x] * 3)


def test_a_branch_not_taken_appears_when_it_runs():
    model, _ = make("branches")
    recorded = record(model, [sign * torch.ones(3, 4) for sign in (1, -1, 1)])
    assert recorded["left"].steps.tolist() == [2]
    assert recorded["right"].steps.tolist() == [1, 3]


def test_modules_made_in_the_first_forward_are_recorded_from_the_second_step_on():
    model, x = make("grows late")
    recorded = record(model, [x] * 3)
    assert recorded["lazy"].steps.tolist() == [1, 2, 3]
    assert recorded["late"].steps.tolist() == [2, 3]


def test_a_model_with_a_cycle_is_walked_once():
    model = Cyclic()
    with ActivationHistLogger(model, MemoryWriter(), layers="linear") as hist:
        assert hist.layers == ["linear"]


COPIES = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "torch.save": lambda model: _saved(model),
}


def _saved(model):
    buffer = io.BytesIO()
    torch.save(model, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=False)


@pytest.mark.parametrize("way", COPIES)
def test_copies_carry_no_hook(way):
    model, writer = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU()), MemoryWriter()
    model[0].register_forward_hook(print)
    with ActivationHistLogger(model, writer, on_error="raise") as hist:
        copied = COPIES[way](model)
        model(torch.ones(2, 4))
        hist.step()
        hooks = [list(module._forward_hooks.values()) for module in copied.modules()]
        assert [len(each) for each in hooks] == [0, 1, 0]
    assert writer.histograms["0"].n.tolist() == [8]


def test_a_hook_copied_alone_does_nothing():
    model = torch.nn.Linear(2, 2)
    with ActivationHistLogger(model, MemoryWriter()):
        hook = next(iter(model._forward_hooks.values()))
        for alone in (copy.deepcopy(hook), pickle.loads(pickle.dumps(hook))):
            assert alone(model, (), torch.ones(1)) is None


def test_tracing_and_export_hold_nothing_of_ours():
    model, x = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU()), torch.ones(2, 4)
    hist = ActivationHistLogger(model, MemoryWriter(), on_error="raise")
    traced = str(torch.jit.trace(model, x).graph)
    exported = str(torch.export.export(model, (x,)).graph)
    # Tracing runs the model as well, to check the graph.
    with pytest.warns(ActivationHistWarning, match="no step ended"):
        hist.close()
    assert "tb_activation_hist" not in traced + exported


def test_replicas_that_share_the_hooks_are_counted_together():
    """What DataParallel does: shallow copies, called one after another."""
    model, writer = torch.nn.Linear(4, 2), MemoryWriter()
    with ActivationHistLogger(model, writer, on_error="raise") as hist:
        for replica in (model._replicate_for_data_parallel(), copy.copy(model)):
            replica.weight, replica.bias = model.weight, model.bias
            replica(torch.ones(3, 4))
        hist.step()
    assert writer.histograms["Linear"].n.tolist() == [12]


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_quantised_and_sparse_outputs_are_left_out():
    class Quantised(torch.nn.Module):
        def forward(self, x):
            return torch.quantize_per_tensor(x, 0.1, 0, torch.qint8)

    class Sparse(torch.nn.Module):
        def forward(self, x):
            return x.dequantize().to_sparse()

    model, writer = torch.nn.Sequential(torch.nn.Identity(), Quantised(), Sparse()), MemoryWriter()
    with ActivationHistLogger(model, writer, on_error="raise") as hist:
        model(torch.ones(2, 4))
        hist.step()
    assert set(writer.histograms) == {"0"}


def test_vmap_and_functional_gradients_pass_by():
    model = torch.nn.Linear(4, 2)
    with (
        pytest.warns(ActivationHistWarning, match="no step ended"),
        ActivationHistLogger(model, MemoryWriter(), on_error="raise"),
    ):
        out = torch.func.vmap(lambda x: model(x))(torch.ones(3, 4))
    assert out.shape == (3, 2)

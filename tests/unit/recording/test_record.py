"""`record` and the logger's own: any tensor, exactly, wherever a forward pass runs."""

from __future__ import annotations

import copy
import io
import pickle
import re
import warnings
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tb_activation_hist import record
from tb_activation_hist.core.errors import ActivationHistWarning, LayerSelectionError
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.models import assert_counted, tensor_to_values
from tests.recorded import (
    BOTH,
    NAMES,
    Attention,
    SmallGPT,
    assert_close_counts,
    expected,
    of_record,
    run_once,
)

pytestmark = pytest.mark.usefixtures("fresh_compiler")


@pytest.mark.parametrize("reentrant", [None, False, True])
def test_values_and_gradients_are_exact_also_when_a_checkpoint_runs_them_again(reentrant):
    model, writer = SmallGPT(reentrant), MemoryWriter()
    ids = torch.randint(0, 11, (3, 5))
    wanted = expected(model, ids)
    with ActivationHistLogger(model, writer, kinds=BOTH, on_error="raise") as hist:
        run_once(model, ids)
        hist.step()
    found = of_record(writer.histograms)
    assert set(found) == {*NAMES, *(f"gradients/{name}" for name in NAMES)}
    for key, series in found.items():
        assert_close_counts(series, wanted[key])


class Keeps(nn.Module):
    """Records what its `make` gives for its input, and keeps the same."""

    def __init__(self, make: Any = lambda x: {"t": x * 3}, keep: bool = True) -> None:
        super().__init__()
        self.keep = keep
        self.make, self.inner = make, nn.Linear(4, 4)
        self.kept: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        x = self.inner(x)
        given = self.make(x)
        if self.keep:
            self.kept += [each for each in given.values() if isinstance(each, Tensor)]
        record(self, **given)
        return x


def test_counts_are_those_of_the_very_values():
    model, writer = Keeps(), MemoryWriter()
    with ActivationHistLogger(model, writer, on_error="raise") as hist:
        for _ in range(3):
            model(torch.randn(5, 4))
            model(torch.randn(2, 4))
            hist.step()
    pairs = [torch.cat(model.kept[at : at + 2]) for at in (0, 2, 4)]
    assert_counted(writer.histograms["Keeps/t"], [tensor_to_values(each) for each in pairs])


class Halves(nn.Module):
    """Gives and records two results of one operation, of which the loss uses one."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        halves = self.inner(x).chunk(2, dim=-1)
        record(self, left=halves[0], right=halves[1])
        return halves


@pytest.mark.filterwarnings("ignore:Nothing was recorded of gradients")
@pytest.mark.parametrize("late", [False, True])
def test_a_result_that_the_loss_does_not_use_has_no_gradient(late):
    """Torch calls its hook with None. late: backward runs when nothing is recorded any more."""
    model, writer = Halves(), MemoryWriter()
    with ActivationHistLogger(model, writer, kinds=BOTH, every=10, on_error="raise") as hist:
        loss = model(torch.randn(3, 4))[0].sum()
        if late:
            hist.step()
        loss.backward()
        hist.step()
    assert model.inner.weight.grad is not None
    found = [key for key in writer.histograms if key.startswith("gradients/Halves/")]
    assert found == ([] if late else ["gradients/Halves/left"])


def test_a_compiled_model_that_computes_its_loss_gives_its_output_no_gradient():
    class Judged(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            logits = self.inner(x)
            return logits.square().mean(), logits

    model, writer = Judged(), MemoryWriter()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    with ActivationHistLogger(model, writer, kinds=BOTH, on_error="raise") as hist:
        compiled(torch.randn(3, 4))[0].backward()
        hist.step()
    assert writer.histograms["gradients/inner"].n.tolist() == [12]


def test_two_loggers_with_their_own_selections_each_get_theirs():
    model, writers = SmallGPT(), (MemoryWriter(), MemoryWriter())
    scores = ActivationHistLogger(model, writers[0], layers="*1.attn/scores", on_error="raise")
    block = ActivationHistLogger(model, writers[1], layers="blocks.0", per_call=True)
    assert scores.layers == []
    for _ in range(2):
        run_once(model, torch.zeros(1, 3, dtype=torch.int64))
    scores.step()
    block.step()
    scores.close()
    block.close()
    assert {key: s.n.tolist() for key, s in writers[0].histograms.items()} == {
        "blocks.1.attn/scores": [36]
    }
    assert set(writers[1].histograms) == {
        "blocks.0:0", "blocks.0:1", "blocks.0:0/middle", "blocks.0:1/middle",
    } | {key for key in writers[1].histograms if key.startswith("blocks.0.")}  # fmt: skip


@pytest.mark.parametrize(
    ("layers", "wanted"),
    [
        (None, NAMES),
        ("*/scores", ("blocks.0.attn/scores", "blocks.1.attn/scores")),
        ("blocks.1.attn", ("blocks.1.attn/scores", "blocks.1.attn/q")),
        (["head", "blocks.0/middle"], ("blocks.0/middle",)),
        (re.compile(r"0\.attn/(q|k)$"), ("blocks.0.attn/q",)),
        ([Attention], tuple(name for name in NAMES if "attn" in name)),
        ("head", ()),
    ],
)
def test_a_tensor_is_recorded_with_its_module_or_by_a_pattern_of_its_name(layers, wanted):
    model, writer = SmallGPT(), MemoryWriter()
    with ActivationHistLogger(model, writer, layers=layers, on_error="raise") as hist:
        run_once(model, torch.zeros(1, 3, dtype=torch.int64))
        hist.step()
    assert set(of_record(writer.histograms)) == set(wanted)


def test_a_pattern_of_a_module_that_is_not_there_is_an_error():
    with pytest.raises(LayerSelectionError, match=r"'blocks.7/scores' matches no module"):
        ActivationHistLogger(SmallGPT(), MemoryWriter(), layers=["blocks.7/scores"])


def test_phases_calls_and_several_models_have_their_names():
    both, writer = {"G": Attention(), "D": Attention()}, MemoryWriter()
    hist = ActivationHistLogger(
        both, writer, phases=("train", "eval"), per_call=True, on_error="raise"
    )
    x = torch.randn(2, 3, 8)
    with hist:
        both["G"](both["G"](x))
        both["D"](x)
        hist.step()
        both["D"].eval()(x)
        hist.step()
    named = of_record(writer.histograms)
    assert set(named) >= {"G:0/q", "G:1/q", "D:0/q", "eval/D:0/q", "G:0/scores"}
    assert named["eval/D:0/q"].n.tolist() == [48]


def test_recorded_tensors_take_part_in_the_order_of_execution():
    model, writer = SmallGPT(), MemoryWriter()
    with ActivationHistLogger(model, writer, layers=None, on_error="raise") as hist:
        run_once(model, torch.zeros(1, 3, dtype=torch.int64))
        order = hist._state.call_order.take().names
        hist.step()
    places = [order.index(f"blocks.0.{each}") for each in ("attn.qkv", "attn/q", "attn.proj")]
    assert places == sorted(places)
    assert order.index("blocks.0.attn.proj") < order.index("blocks.0/middle")


BAD: list[tuple[Any, str]] = [
    (lambda x: {"ids": x.long()}, r"'ids' is torch.int64, .* record its float\(\)"),
    (lambda x: {"mask": x > 0}, r"'mask' is torch.bool"),
    (lambda x: {"z": torch.complex(x, x)}, r"'z' is torch.complex64, .* record its abs\(\)"),
    (lambda x: {"s": x.to_sparse()}, r"'s' is torch.sparse_coo torch.float32, .*to_dense"),
    (lambda x: {"number": 3.0}, r"'number' is float, .*as_tensor"),
    (lambda x: {"empty": x[:0]}, r"Keeps/empty has no elements at step 1"),
    (lambda x: {"a:b": x}, r"'a:b' cannot name a tensor; it is recorded as 'a_b'"),
    (lambda x: {"": x}, r"'' cannot name a tensor; it is recorded as 'tensor'"),
    (lambda x: {"/a//b\n": x}, r"recorded as 'a/b_'"),
]


@pytest.mark.parametrize(("make", "message"), BAD)
@pytest.mark.parametrize("compiled", [False, True])
def test_what_cannot_be_recorded_is_reported_once_and_the_training_goes_on(make, message, compiled):
    if compiled and ("sparse" in message or "no elements" in message):
        pytest.skip("torch.compile takes no sparse tensors, and a graph knows no size")
    model, writer = Keeps(make, keep=False), MemoryWriter()
    called: Any = torch.compile(model, backend="eager") if compiled else model
    with pytest.warns(ActivationHistWarning, match=message) as told:
        train(called, ActivationHistLogger(model, writer, on_error="raise"))
    assert len([each for each in told if each.category is ActivationHistWarning]) == 1
    assert writer.histograms["inner"].n.tolist() == [8, 8, 8]


def train(model: Any, hist: ActivationHistLogger) -> None:
    with hist:
        for _ in range(3):
            model(torch.ones(2, 4)).sum().backward()
            hist.step()


def test_none_is_passed_over_and_containers_are_followed():
    model = Keeps(lambda x: {"mask": None, "pair": (x, {"low": x[:1]}, x.int())})
    writer = MemoryWriter()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with ActivationHistLogger(model, writer, on_error="raise") as hist:
            model(torch.ones(2, 4))
            hist.step()
    found = {key: series.n.tolist() for key, series in of_record(writer.histograms).items()}
    assert found == {"Keeps/pair/0": [8], "Keeps/pair/1/low": [4]}


class NamesAnOutput(nn.Module):
    def forward(self, x: Tensor) -> dict[str, Tensor]:
        record(self, scores=x[:1])
        return {"scores": x}


def test_a_tensor_named_as_an_output_gets_a_series_of_its_own():
    model, writer = nn.Sequential(NamesAnOutput()), MemoryWriter()
    hist = ActivationHistLogger(model, writer, on_error="raise")
    with pytest.warns(
        ActivationHistWarning, match=r"'0/scores' is the name of two things.*'0/scores_2'"
    ):
        model(torch.ones(3, 2))
    with pytest.warns(
        ActivationHistWarning, match=r"'0/scores' is the name of two things.*'0/scores_3'"
    ):
        hist.record("0/scores", torch.ones(7))
    hist.step()
    model(torch.ones(3, 2))
    hist.record("0/scores", torch.ones(7))
    hist.step()
    hist.close()
    found = {key: series.n.tolist() for key, series in writer.histograms.items()}
    assert found == {"0/scores": [2, 2], "0/scores_2": [6, 6], "0/scores_3": [7, 7]}


def test_the_logger_records_tensors_outside_of_modules():
    model, writer = nn.Linear(4, 2), MemoryWriter()
    kept = []
    with ActivationHistLogger(model, writer, kinds=BOTH, every=2, on_error="raise") as hist:
        for _ in range(4):
            out = model(torch.randn(3, 4))
            advantage = out * 2
            hist.record("advantage", advantage)
            kept.append(tensor_to_values(advantage))
            advantage.sum().backward()
            hist.step()
    hist.record("advantage", torch.ones(3))
    recorded = writer.histograms
    assert recorded["advantage"].steps.tolist() == [1, 2, 4]
    assert_counted(recorded["advantage"], [kept[0], kept[1], kept[3]])
    assert recorded["gradients/advantage"].mean.tolist() == [1.0, 1.0, 1.0]


def test_copies_carry_no_recorder_and_the_original_none_after_detach():
    model, writer = Keeps(lambda x: {"t": x}), MemoryWriter()
    model.make = None
    hist = ActivationHistLogger(model, writer, on_error="raise")
    copies = [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    stream = io.BytesIO()
    torch.save(model, stream)
    assert b"tb_activation_hist.capture" not in stream.getvalue()
    for each in copies:
        record(each, t=torch.ones(5))
    record(model, t=torch.ones(3))
    model.inner(torch.ones(4))
    hist.step()
    assert writer.histograms["Keeps/t"].n.tolist() == [3]
    hist.close()
    assert not [name for name in vars(model) if "activation_hist" in name]


def test_what_is_no_module_is_reported():
    with pytest.warns(ActivationHistWarning, match="got an object of type int"):
        record(3, t=torch.ones(1))  # type: ignore[arg-type]

"""What goes into the model itself: recorded by default, and compared from record to record."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tb_activation_hist.capture.parameter_samples import SAMPLE
from tb_activation_hist.core.input_facts import InputFacts, texts_to_facts
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.models import ZOO, assert_counted, tensor_to_values

pytestmark = pytest.mark.model_inputs


class Takes(nn.Module):
    """Puts out the first tensor of floats that it is given, whatever else it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.leaf = nn.Identity()

    def forward(self, x: Any = None, *_: Any, **named: Any) -> Tensor:
        self.leaf(torch.ones(1))
        return x


def record(model: nn.Module, *calls: Any, **options: Any) -> MemoryWriter:
    """One step for each call; a call is a tuple of arguments, a dict of them, or one argument."""
    writer = MemoryWriter()
    with ActivationHistLogger(model, writer, on_error="raise", **options) as hist:
        for each in calls:
            args, named = (each, {}) if isinstance(each, tuple) else ((), {})
            if isinstance(each, dict):
                named = each
            elif not isinstance(each, tuple):
                args = (each,)
            model(*args, **named)
            hist.step()
    return writer


def inputs_of(writer: MemoryWriter) -> dict[str, Any]:
    return {key: s for key, s in writer.histograms.items() if "inputs/" in key}


def facts_of(writer: MemoryWriter) -> InputFacts:
    (facts,) = texts_to_facts(writer.run_info["inputs"])
    return facts


@pytest.mark.parametrize("name", ZOO)
def test_the_zoo_is_recorded_with_its_input_and_its_layers_stay_the_same(name):
    found, alone = [], []
    for keep, options in ((found, {}), (alone, {"model_inputs": False})):
        torch.manual_seed(0)
        model, x = ZOO[name]()
        writer = MemoryWriter()
        hist = ActivationHistLogger(model, writer, on_error="raise", **options)
        model(x)
        hist._hooks.end_record = lambda: None  # some of the zoo have silent layers
        hist.step()
        hist.close()
        keep.append(writer.histograms)
    inputs = {key: s for key, s in found[0].items() if key.startswith("inputs/")}
    assert set(found[0]) - set(inputs) == set(alone[0])
    if name == "empty batch":
        assert not inputs
        return
    (series,) = inputs.values()
    # One model calls itself: each of its calls counts.
    calls = 4 if name == "recursive" else 1
    assert series.n.tolist() == [calls * x.numel()]
    if calls == 1:
        assert_counted(series, [tensor_to_values(x)])


@dataclasses.dataclass
class Batch:
    ids: Tensor
    parts: list[Tensor]


def test_arguments_are_named_by_position_keyword_and_place_and_whole_numbers_count_as_values():
    pixels = torch.arange(256, dtype=torch.uint8).repeat(3)
    batch = Batch(torch.tensor([[3, 50_000]]), [torch.ones(2, 3), torch.zeros(1, dtype=torch.bool)])
    encoding = collections.UserDict({"input_ids": torch.tensor([1, 2]), "text": "a"})
    writer = record(Takes(), (pixels, batch, encoding))
    found = inputs_of(writer)
    assert {key: (s.dtype, s.n.tolist(), s.min[0], s.max[0]) for key, s in found.items()} == {
        "inputs/Takes/0": ("uint8", [768], 0, 255),
        "inputs/Takes/1/ids": ("int64", [2], 3, 50_000),
        "inputs/Takes/1/parts/0": ("float32", [6], 1, 1),
        "inputs/Takes/2/input_ids": ("int64", [2], 1, 2),
    }
    assert found["inputs/Takes/0"].mean[0] == pytest.approx(127.5)
    assert found["inputs/Takes/0"].zeros[0] == 3


@pytest.mark.parametrize("name", ["0", "Sequential", "Linear"])
def test_kind_inputs_records_a_model_once(name):
    model = nn.Linear(3, 2) if name == "Linear" else nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    layers = None if name == "Linear" else [name]
    writer = record(model, torch.ones(4, 3), kinds="inputs", layers=layers)
    wanted = {f"inputs/{type(model).__name__}", f"inputs/{name}"}
    assert set(writer.histograms) == wanted
    assert all(series.n.tolist() == [12] for series in writer.histograms.values())


def test_nothing_is_recorded_without_the_option_or_without_forward_passes():
    x = torch.ones(4, 3)
    assert not inputs_of(record(nn.Linear(3, 2), x, model_inputs=False))
    assert not inputs_of(record(nn.Linear(3, 2), x, kinds="weights"))


def test_models_with_names_each_have_their_input_and_eval_passes_their_own():
    one, two = nn.Linear(3, 3), nn.Linear(3, 3)
    writer = MemoryWriter()
    phases = ("train", "eval")
    with ActivationHistLogger({"G": one, "D": two}, writer, phases=phases) as hist:
        two(one(torch.ones(2, 3)))
        two(torch.ones(5, 3))
        hist.step()
        one.eval()(torch.ones(7, 3))
    found = {key: series.n.tolist() for key, series in inputs_of(writer).items()}
    assert found == {"inputs/G": [6], "inputs/D": [21], "eval/inputs/G": [21]}


def test_columns_of_a_table_are_distinguished_and_those_of_a_wide_one_are_not():
    table = torch.arange(12.0).reshape(4, 3)
    slices = record(nn.Identity(), table).histograms["inputs/Identity"].slices
    assert slices is not None
    np.testing.assert_allclose(slices.mean, [table.mean(0).numpy()], rtol=0.01)
    whole = torch.ones(4, 3, dtype=torch.int64)
    for other in (torch.ones(4, 65), torch.ones(4, 1), torch.ones(4, 3, 2), whole):
        assert record(Takes(), other).histograms["inputs/Takes"].slices is None


def test_one_batch_at_every_step_is_known_whether_it_is_small_or_large():
    for size in (8, SAMPLE):
        x = torch.randn(4, size)
        facts = facts_of(record(nn.Identity(), *(x.clone() for _ in range(6))))
        assert facts.always_same
        assert (facts.first, facts.last) == (1, 6)
        assert facts.since == (1 if size == 8 else 3)


def test_samples_in_another_order_and_one_value_outside_of_the_sample_are_not_the_same():
    x = torch.randn(16, SAMPLE)
    orders = [torch.randperm(16) for _ in range(6)]
    assert facts_of(record(nn.Identity(), *(x[order] for order in orders))).same == 0
    changed = []
    for step in range(6):
        other = x.clone()
        other[1, 5] += step  # between the first two runs of the sample
        changed.append(other)
    facts = facts_of(record(nn.Identity(), *changed))
    assert facts.compared > 0
    assert facts.same == 0


def test_a_loader_that_is_stuck_from_some_step_on_is_known_with_its_step():
    batches = [torch.randn(4, 3) for _ in range(9)] + [torch.ones(4, 3)] * 11
    facts = facts_of(record(nn.Identity(), *batches))
    assert (facts.since, facts.same, facts.compared) == (10, 10, 19)


def test_batches_that_come_in_the_same_order_again_are_known_with_their_period():
    batches = [torch.randn(4, 3) for _ in range(5)]
    facts = facts_of(record(nn.Identity(), *batches * 4))
    assert (facts.period, facts.repeats, facts.same) == (5, 15, 0)
    orders = [torch.randperm(5).tolist() for _ in range(4)]
    facts = facts_of(record(nn.Identity(), *(batches[at] for order in orders for at in order)))
    assert facts.repeats < 5


def test_several_calls_of_a_step_are_one_record():
    model, writer = nn.Identity(), MemoryWriter()
    one, two = torch.randn(4, 3), torch.randn(4, 3)
    with ActivationHistLogger(model, writer) as hist:
        for calls in ((one, two), (one, two), (two, one)):
            for x in calls:
                model(x)
            hist.step()
    facts = facts_of(writer)
    assert (facts.compared, facts.same) == (2, 1)


def test_a_batch_that_is_one_sample_for_all_targets_is_known():
    sample = torch.randn(1, 3)
    assert facts_of(record(nn.Identity(), sample.expand(8, 3))).one_sample
    assert not facts_of(record(nn.Identity(), torch.randn(8, 3))).one_sample
    # A batch of one, and one number of each sample, tell nothing.
    assert facts_of(record(nn.Identity(), sample)).rows_looked == 0
    assert facts_of(record(nn.Identity(), torch.ones(8, 1))).rows_looked == 0


@pytest.mark.parametrize("given", ["compiled", "inner"])
def test_a_compiled_model_has_no_graph_break_and_its_input_is_counted(given):
    torch._dynamo.reset()
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    compiled: Any = torch.compile(model, backend="eager", fullgraph=True)
    writer = MemoryWriter()
    with ActivationHistLogger(compiled if given == "compiled" else model, writer) as hist:
        for rows in (4, 5, 6):
            compiled(torch.ones(rows, 3))
            hist.step()
    assert writer.histograms["inputs/Sequential"].n.tolist() == [12, 15, 18]
    # A graph counts; only a hook outside of it compares.
    assert ("inputs" in writer.run_info) == (given == "compiled")


def test_a_step_that_is_done_again_after_a_checkpoint_is_not_compared():
    model, writer = nn.Identity(), MemoryWriter()
    seen: list[int] = []
    with ActivationHistLogger(model, writer) as hist:
        for number in (1, 2, 3, 2, 3):
            model(torch.ones(2, 2))
            with pytest.warns(match="after step 3") if len(seen) == 3 else contextlib.nullcontext():
                hist.step(number)
            seen.append(number)
    facts = facts_of(writer)
    assert (facts.compared, facts.since) == (3, 2)


def test_texts_of_other_versions_are_passed_over():
    assert texts_to_facts(["", "1 2 inputs/x", "a b"]) == ()

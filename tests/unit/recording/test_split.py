"""The option ``split``: which tensors are split, exactly, in every way that a model is trained."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from tb_activation_hist import (
    ActivationHistLogger,
    ActivationHistWarning,
    LayerSelectionError,
    MemoryWriter,
    OptionError,
    SliceSeries,
    WriterOptions,
    read_histograms,
)
from tb_activation_hist.recording.rank_messages import (
    Message,
    bytes_to_message,
    join_messages,
    message_to_bytes,
)
from tests.slices import INFO, values_to_slices


def make_model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 4, 5))


def make_input(batch: int = 6) -> Tensor:
    return torch.randn(batch, 3, 4, 4)


class Tap:
    """Keeps what a module puts out."""

    def __init__(self, module: nn.Module) -> None:
        self.seen: list[Tensor] = []
        module.register_forward_hook(lambda _, __, out: self.seen.append(out.detach().clone()))


def exact_writer() -> MemoryWriter:
    return MemoryWriter(options=WriterOptions(split_exact=True))


def record(model: nn.Module, split: Any, steps: int = 3, **options: Any) -> MemoryWriter:
    writer = exact_writer()
    options = {"on_error": "raise", **options}
    with ActivationHistLogger(model, writer, split=split, **options) as logger:
        for _ in range(steps):
            model(make_input()).square().mean().backward()
            logger.step()
    return writer


def slices_of(writer: MemoryWriter, layer: str) -> SliceSeries:
    slices = writer.histograms[layer].slices
    assert slices is not None
    return slices


def assert_slices(slices: SliceSeries, tensors: list[Tensor], dim: int) -> None:
    """Each record has the values of one tensor."""
    rows = [t.double().movedim(dim, 0).flatten(1).numpy() for t in tensors]
    assert slices.n.tolist() == [[each.shape[1]] * len(each) for each in rows]
    assert slices.zeros.tolist() == [(each == 0).sum(1).tolist() for each in rows]
    np.testing.assert_array_equal(slices.max, [each.max(1) for each in rows])
    np.testing.assert_allclose(slices.mean, [each.mean(1) for each in rows])
    np.testing.assert_allclose(slices.std, [each.std(1) for each in rows], atol=1e-12)


@pytest.mark.parametrize(
    "pattern", ["1", "[1]", re.compile("^1$"), nn.ReLU, "module"], ids=lambda each: str(each)
)
def test_every_kind_of_pattern_names_the_layer(pattern: Any) -> None:
    model = make_model()
    tap = Tap(model[1])
    writer = record(model, {model[1] if pattern == "module" else pattern: -3})
    assert_slices(slices_of(writer, "1"), tap.seen, 1)
    assert writer.histograms["3"].slices is None
    assert writer.histograms["1"].n.tolist() == [6 * 8 * 4] * 3


def test_the_histogram_is_the_same_with_and_without_slices() -> None:
    model = make_model()
    torch.manual_seed(1)
    split = record(model, {"1": 1}).histograms["1"]
    torch.manual_seed(1)
    plain = record(model, None).histograms["1"]
    np.testing.assert_array_equal(split.bin_counts, plain.bin_counts)
    np.testing.assert_array_equal(split.tallies.sum, plain.tallies.sum)
    assert split.slices is not None
    assert split.slices.zeros.sum(1).tolist() == split.zeros.tolist()


def test_gradients_follow_their_layer_and_parameters_their_own_name() -> None:
    model = make_model()
    kinds = ("activations", "gradients", "weights", "weight_gradients", "updates")
    writer = exact_writer()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    split = {"1": 1, "*.weight": 0}
    with ActivationHistLogger(model, writer, split=split, kinds=kinds, on_error="raise") as logger:
        model(make_input()).square().mean().backward()
        gradient = model[0].weight.grad.clone()
        optimizer.step()
        logger.step()
    found = {key: each.slices for key, each in writer.histograms.items() if each.slices}
    assert sorted(found) == sorted(
        ["1", "gradients/1"]
        + [f"{kind}/{name}.weight" for kind in kinds[2:] for name in ("0", "3")]
    )
    assert_slices(found["weight_gradients/0.weight"], [gradient], 0)
    assert_slices(found["weights/3.weight"], [model[3].weight.detach()], 0)


def test_micro_batches_and_accumulated_steps_are_added_up() -> None:
    model = make_model()
    tap = Tap(model[1])
    writer = exact_writer()
    options: dict[str, Any] = {"every": 2, "accumulate": True}
    with ActivationHistLogger(model, writer, split={"1": 1}, **options) as logger:
        for _ in range(4):
            for _ in range(2):
                model(make_input())
            logger.step()
    steps = writer.histograms["1"].steps.tolist()
    assert steps == slices_of(writer, "1").steps.tolist()
    whole = [torch.cat(tap.seen[:4]), torch.cat(tap.seen[4:])]
    if len(steps) == 3:  # the first step is always recorded
        whole = [torch.cat(tap.seen[:2]), torch.cat(tap.seen[2:4]), torch.cat(tap.seen[4:])]
    assert_slices(slices_of(writer, "1"), whole, 1)


def test_phases_and_calls_are_kept_apart() -> None:
    model = make_model()
    writer = exact_writer()
    with ActivationHistLogger(
        model, writer, split={"1": 1}, phases=("train", "eval"), per_call=True
    ) as logger:
        model(make_input())
        model(make_input(2))
        logger.step()
        model.eval()(make_input(3))
    found = {key: each.slices.n[0, 0] for key, each in writer.histograms.items() if each.slices}
    assert found == {"1:0": 24, "1:1": 8, "eval/1:0": 12}


def test_recomputation_in_a_checkpoint_is_not_counted() -> None:
    class Checkpointed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = make_model()

        def forward(self, x: Tensor) -> Tensor:
            return checkpoint(self.body, x, use_reentrant=False)

    model = Checkpointed()
    assert slices_of(record(model, {"body.1": 1}), "body.1").n.tolist() == [[24] * 8] * 3


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_a_compiled_model_counts_exactly_without_a_graph_break(backend: str) -> None:
    torch.compiler.reset()
    model = make_model()
    compiled = torch.compile(model, backend=backend, fullgraph=True)
    writer = exact_writer()
    inputs = [make_input() for _ in range(3)]
    with ActivationHistLogger(
        compiled, writer, split={"1": 1, "3": -1}, every=2, on_error="raise"
    ) as logger:
        for x in inputs:
            compiled(x).sum().backward()
            logger.step()
    steps = writer.histograms["1"].steps
    expected = [model[:2](inputs[step - 1]).detach() for step in steps]
    assert_slices(slices_of(writer, "1"), expected, 1)
    assert_slices(slices_of(writer, "3"), [model(inputs[s - 1]).detach() for s in steps], 1)
    torch.compiler.reset()


@pytest.mark.parametrize("compiled", [False, True])
def test_slices_have_bins_of_their_own_where_asked_for(compiled: bool) -> None:
    torch.compiler.reset()
    model = make_model()
    call: Any = torch.compile(model, backend="aot_eager", fullgraph=True) if compiled else model
    writer, tap = exact_writer(), None if compiled else Tap(model[1])
    kinds = ("activations", "gradients")
    torch.manual_seed(1)
    with ActivationHistLogger(
        model, writer, split={"1": 1, "3": -1}, split_bins=True, kinds=kinds, on_error="raise"
    ) as logger:
        for _ in range(2):
            call(make_input()).square().mean().backward()
            logger.step()
    found, info = writer.histograms, writer.infos["1/5"]
    assert [key for key in found if key.startswith("1/")] == [f"1/{unit}" for unit in range(8)]
    assert {"gradients/1/7", "3/4"} < set(found)
    assert "0/0" not in found
    assert (info.slice, info.split, info.type) == (5, None, "ReLU")
    edges = [-np.inf, 0.0, 0.25, 0.5, 1.0, np.inf]
    parts = sum(found[f"1/{unit}"].rebin(edges) for unit in range(8))
    assert parts.tolist() == found["1"].rebin(edges).tolist()
    for unit in range(8):
        assert found[f"1/{unit}"].zeros.tolist() == slices_of(writer, "1").zeros[:, unit].tolist()
    if tap is not None:
        assert info.shape == (6, 2, 2)
        fifth = [each[:, 5].max().item() for each in tap.seen]
        assert found["1/5"].max.tolist() == fifth
    assert not logger.findings() or {"1", "3"} >= {f.layers[0] for f in logger.findings()}
    torch.compiler.reset()


def test_more_than_64_slices_have_no_bins_which_is_reported_once() -> None:
    model = nn.Sequential(nn.Conv2d(3, 65, 1))
    with pytest.warns(ActivationHistWarning, match="65 slices .* bins are recorded for at most 64"):
        writer = record(model, {"0": 1}, split_bins=True)
    assert list(writer.histograms) == ["0"]
    assert slices_of(writer, "0").slices == 65


@pytest.mark.parametrize(
    ("split", "says"),
    [
        ({"rleu": 1}, "matches no recorded layer"),
        ({"0.wieght": 0}, "Nearest: '0.weight'"),
        ({nn.LSTM: 1}, "matches no recorded layer"),
        ({3: 1}, "A pattern of split must be"),
        ({"1": 1.5}, "but got {'1': 1.5}"),
        ({"1": True}, "but got {'1': True}"),
        ("1", "a dict from patterns to dimensions"),
    ],
)
def test_what_cannot_be_split_is_an_error_at_once(split: Any, says: str) -> None:
    with pytest.raises((OptionError, LayerSelectionError), match=re.escape(says)):
        ActivationHistLogger(make_model(), MemoryWriter(), split=split)


def test_names_behind_a_slash_need_not_be_known() -> None:
    ActivationHistLogger(make_model(), MemoryWriter(), split={"*/scores": 1}).close()


def warned(model: nn.Module, split: Any, inputs: list[Tensor]) -> tuple[list[str], MemoryWriter]:
    writer = MemoryWriter()
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        with ActivationHistLogger(model, writer, split=split) as logger:
            for x in inputs:
                model(x)
                logger.step()
    return [str(w.message) for w in found if w.category is ActivationHistWarning], writer


def test_a_tensor_without_the_dimension_is_reported_once_and_recorded_whole() -> None:
    texts, writer = warned(make_model(), {"3": 2}, [make_input()] * 3)
    assert len(texts) == 1
    assert "3 has 2 dimensions" in texts[0] and "allowed: from -2 to 1" in texts[0]
    assert writer.histograms["3"].slices is None
    assert len(writer.histograms["3"]) == 3


def test_a_number_of_slices_that_changes_is_reported_once_and_added_by_number() -> None:
    texts, writer = warned(make_model(), {"3": 0}, [make_input(4), make_input(6), make_input(2)])
    assert len(texts) == 1 and "had 4 slices and now has 6" in texts[0]
    n = slices_of(writer, "3").n
    assert n.tolist() == [[5] * 4 + [0] * 2, [5] * 6, [5] * 2 + [0] * 4]


def test_more_than_65536_slices_are_refused_in_a_sentence() -> None:
    model = nn.Sequential(nn.ReLU())
    texts, writer = warned(model, {"0": 0}, [torch.randn(65_537)] * 2)
    assert len(texts) == 1 and "65,537 slices" in texts[0] and "at most 65,536" in texts[0]
    assert writer.histograms["0"].slices is None
    texts, writer = warned(model, {"0": 0}, [torch.randn(65_536)])
    assert texts == []
    assert slices_of(writer, "0").slices == 65_536


def test_a_run_directory_gives_the_slices_back(tmp_path: Any) -> None:
    model = make_model()
    tap = Tap(model[1])
    for start in (0, 40):  # a second session goes on behind the first
        with ActivationHistLogger(
            model, tmp_path, split={"1": 1}, start_step=start, split_exact=True
        ) as logger:
            for _ in range(40):
                model(make_input(2))
                logger.step()
    run = read_histograms(tmp_path)["."]
    series = run["1"]
    assert list(run) == ["0", "1", "2", "3"]
    assert series.slices is not None
    assert_slices(series.slices, tap.seen, 1)
    info = run.layer_info("1")
    assert info is not None
    assert info.split == 1
    assert series.slices.dimension == 1
    assert series.take(slice(3, 5)).slices.steps.tolist() == [4, 5]  # type: ignore[union-attr]
    assert series.pool([0, 10]).slices.steps.tolist() == [10, 80]  # type: ignore[union-attr]


def test_ranks_send_their_slices_and_add_them_up() -> None:
    from dataclasses import replace

    from tb_activation_hist.core.slice_counts import join_slices
    from tests.records import values_to_counts

    random = np.random.default_rng(0)
    tables = [random.normal(size=(7, 3)) for _ in range(2)]
    messages = []
    for table in tables:
        counts = values_to_counts([table.astype(np.float32).ravel()])
        slices = join_slices([(0, values_to_slices(table))], 1)
        message = Message(1, [INFO], replace(counts, slices=slices))
        messages.append(bytes_to_message(message_to_bytes(message)))
    layers, joined = join_messages(messages)
    assert layers == [INFO]
    assert joined.slices is not None
    want = values_to_slices(np.concatenate(tables))
    np.testing.assert_array_equal(joined.slices.of_row(0).totals, want.totals)
    np.testing.assert_allclose(joined.slices.of_row(0).moments, want.moments)

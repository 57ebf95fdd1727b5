"""`compare_runs` on trainings with one planted deviation."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tb_activation_hist import (
    ActivationHistLogger,
    ComparisonError,
    MemoryWriter,
    OptionError,
    compare_runs,
    read_histograms,
)

KINDS = ("activations", "gradients", "weights", "weight_gradients", "updates")


class Block(nn.Module):
    """A residual block that calls one activation twice, registered out of order."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(channels)
        self.dropout = nn.Dropout(0.0)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        sums: Tensor = self.relu(self.dropout(self.bn2(self.conv2(out))) + x)
        return sums


def make_model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), Block(4), Block(4), nn.Flatten(), nn.Linear(4 * 36, 3)
    )


def record(
    change: Callable[[Any], object] | None = None,
    steps: int = 3,
    rate: float = 0.01,
    target: Any = None,
    wrap: Callable[[nn.Module], nn.Module] | None = None,
    **options: Any,
) -> Any:
    model = make_model()
    if change is not None:
        change(model)
    model = wrap(model) if wrap else model  # type: ignore[assignment]
    optimizer = torch.optim.SGD(model.parameters(), rate)
    writer = target or MemoryWriter()
    with ActivationHistLogger(model, writer, on_error="raise", **options) as logger:
        for step in range(steps):
            x = torch.randn(8, 1, 6, 6, generator=torch.Generator().manual_seed(step))
            model(x).square().mean().backward()
            optimizer.step()
            optimizer.zero_grad()
            logger.step()
    return writer


@pytest.fixture(scope="module")
def reference() -> MemoryWriter:
    writer = record(kinds=KINDS)
    assert isinstance(writer, MemoryWriter)
    return writer


def test_two_runs_with_the_same_seed_are_the_same(reference: MemoryWriter) -> None:
    found = compare_runs(reference, record(kinds=KINDS))
    assert found.same and found.complete and found.first is None
    assert len(found.layers) == len(reference.histograms)
    assert str(found).endswith("layers.")


def _leave_out_bias(model: Any) -> None:
    model[1].conv2.bias = None


DEVIATIONS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "epsilon": ("2.bn1", lambda m: setattr(m[2].bn1, "eps", 1.1e-5)),
    "epsilon before the second call": ("1.bn2", lambda m: setattr(m[1].bn2, "eps", 2e-5)),
    "padding": ("2.conv1", lambda m: setattr(m[2].conv1, "padding_mode", "circular")),
    "bias": ("1.conv2", _leave_out_bias),
    "dropout": ("1.dropout", lambda m: setattr(m[1].dropout, "p", 0.1)),
    "activation": ("1.relu", lambda m: setattr(m[1], "relu", nn.LeakyReLU(0.01))),
    "weight": ("4", lambda m: m[4].weight.data.mul_(1.01)),
}


@pytest.mark.parametrize("name", DEVIATIONS)
def test_the_layer_that_deviates_comes_first(name: str, reference: MemoryWriter) -> None:
    layer, change = DEVIATIONS[name]
    if name == "padding":
        old = change

        def change(model: Any) -> None:
            old(model)
            model[2].conv1._reversed_padding_repeated_twice = [1, 1, 1, 1]

    found = compare_runs(reference, record(change, kinds=KINDS))
    assert found.first is not None
    assert (found.first.layer, found.first.first_step, found.first.kind) == (
        layer, 1, "activations",
    )  # fmt: skip
    assert not found.same


def test_gradients_spread_backwards_and_weights_come_last(reference: MemoryWriter) -> None:
    found = compare_runs(reference, record(DEVIATIONS["weight"][1], kinds=KINDS))
    first_step = [layer for layer in found.differing if layer.first_step == 1]
    kinds = list(dict.fromkeys(layer.kind for layer in first_step))
    assert kinds.index("activations") < kinds.index("gradients") < kinds.index("weights")
    gradients = [layer.layer for layer in first_step if layer.kind == "gradients"]
    assert gradients.index("gradients/2.bn2") < gradients.index("gradients/2.conv1")


def test_another_learning_rate_is_seen_in_the_updates_first(reference: MemoryWriter) -> None:
    first = compare_runs(reference, record(rate=0.02, kinds=KINDS)).first
    assert first is not None
    assert (first.kind, first.first_step) == ("updates", 1)


def test_runs_of_different_length_and_an_offset() -> None:
    long, short = record(steps=4), record(steps=2)
    found = compare_runs(long, short)
    assert found.same and found.steps == (1, 2)
    assert any("has no record of 2 steps (3 to 4)" in note for note in found.notes)
    with pytest.raises(ComparisonError, match=r"no step in common.*steps 1 to 4"):
        compare_runs(long, short, offset=10)
    assert not compare_runs(long, short, offset=-1).same
    assert compare_runs(long, record(steps=4, rate=0.1), last_step=1).same


def test_wrapped_and_renamed_models(reference: MemoryWriter) -> None:
    class Wrapper(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.model = nn.ModuleDict({"transformer": inner})

        def forward(self, x: Tensor) -> Any:
            return self.model["transformer"](x)

    wrapped = record(wrap=Wrapper, kinds=KINDS)
    found = compare_runs(reference, wrapped)
    assert found.same and found.complete

    renamed = record(wrap=lambda m: nn.Sequential(m[0], nn.ModuleList([m[1]])[0], *m[2:]))
    assert compare_runs(record(), renamed, names={"1.*": "1.*"}).same


def test_a_dropout_that_is_left_on_in_an_evaluation() -> None:
    def evaluate(model: nn.Module) -> nn.Module:
        return model.eval()

    def leave_on(model: Any) -> None:
        for block in (model[1], model[2]):
            block.dropout = nn.Dropout(0.5)

    def left_on(model: Any) -> Any:
        model.eval()[2].dropout.train()
        return model

    phases = ("train", "eval")
    right = record(leave_on, wrap=evaluate, phases=phases)
    wrong = record(leave_on, wrap=left_on, phases=phases)
    found = compare_runs(right, wrong)
    assert found.first is not None
    assert found.first.layer == "eval/2.dropout"
    assert found.first.other == "2.dropout"


def test_what_only_one_run_has_is_named() -> None:
    whole, part = record(), record(layers=["0", "1.*"])
    found = compare_runs(whole, part)
    assert found.same and not found.complete
    assert "2.conv1" in found.only_in_a and found.only_in_b == ()
    with pytest.raises(ComparisonError, match="have no layer in common"):
        compare_runs(record(layers=["0"]), record(layers=["4"]))


def test_only_some_layers(reference: MemoryWriter) -> None:
    found = compare_runs(reference, reference, layers=["gradients/1.*", "0"])
    assert {layer.layer for layer in found.layers} >= {"0", "gradients/1.relu"}
    assert all(layer.layer == "0" or layer.kind == "gradients" for layer in found.layers)
    assert found.complete
    with pytest.raises(OptionError, match=r"No layer of memory matches 'convv1'"):
        compare_runs(reference, reference, layers="convv1")


@pytest.mark.parametrize(("layers", "missing"), [("0", ()), ("[04]", ("4",))])
def test_of_some_layers_only_those_that_were_asked_for_are_missing(
    layers: str, missing: tuple[str, ...]
) -> None:
    found = compare_runs(record(layers=["0"]), record(layers=["0", "4"]), layers=layers)
    assert found.only_in_b == missing


def test_a_share_of_the_values_is_at_most_one(reference: MemoryWriter) -> None:
    with pytest.raises(OptionError, match="must be a share from 0 to 1, but got 2"):
        compare_runs(reference, reference, mode="mass", tolerance=2)


def test_tolerance_modes_let_small_deviations_pass(reference: MemoryWriter) -> None:
    small, large = (record(DEVIATIONS[name][1], kinds=KINDS) for name in ("epsilon", "activation"))
    for mode in ("mass", "octaves"):
        assert compare_runs(reference, small, mode=mode).same  # type: ignore[arg-type]
        first = compare_runs(reference, large, mode=mode).first  # type: ignore[arg-type]
        assert first is not None
        assert first.layer == "1.relu"


def test_sources_of_every_kind(tmp_path: Path) -> None:
    record(target=tmp_path / "runs" / "a")
    record(target=tmp_path / "runs" / "b", change=DEVIATIONS["weight"][1])
    runs = read_histograms(tmp_path / "runs")
    for a, b in (
        (runs["a"], runs["b"]),
        (tmp_path / "runs" / "a", str(tmp_path / "runs" / "b")),
        (record(), next((tmp_path / "runs" / "b").iterdir())),
    ):
        found = compare_runs(a, b)
        assert found.first is not None
        assert found.first.layer == "4"
    with pytest.raises(OptionError, match="holds 2 runs: a, b"):
        compare_runs(tmp_path / "runs", runs["a"])
    with pytest.raises(OptionError, match="must be a path"):
        compare_runs(3, runs["a"])  # type: ignore[arg-type]


def test_the_result_as_json_table_and_html(reference: MemoryWriter) -> None:
    found = compare_runs(reference, record(DEVIATIONS["weight"][1], kinds=KINDS))
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["version"] == 1 and told["same"] is False
    assert told["first"]["layer"] == "4" and told["first"] == told["layers"][0]
    table = found.to_dataframe()
    assert table["layer"].tolist() == [layer.layer for layer in found.layers]
    assert "first differ at step 1 in 4" in found._repr_html_()


def test_wrong_options_are_refused(reference: MemoryWriter) -> None:
    with pytest.raises(OptionError, match=r"no option 'ofset'. Nearest: 'offset'"):
        compare_runs(reference, reference, ofset=3)  # type: ignore[call-arg]
    with pytest.raises(OptionError, match="offset must be a whole number"):
        compare_runs(reference, reference, offset=0.5)  # type: ignore[typeddict-item]
    with pytest.raises(OptionError, match=r"mapping 'nowhere.txt' cannot be read"):
        compare_runs(reference, reference, names="nowhere.txt")


class SharedActivation(nn.Module):
    """One activation runs after each layer, as in many networks."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(8, 8), nn.Linear(8, 8)
        self.act = activation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.act(self.second(self.act(self.first(x))))
        return result


def record_shared(activation: nn.Module, *, compiled: bool = False) -> MemoryWriter:
    torch.manual_seed(0)
    model, writer = SharedActivation(activation), MemoryWriter()
    call = torch.compile(model, backend="aot_eager") if compiled else model
    with ActivationHistLogger(model, writer, on_error="raise") as logger:
        call(torch.randn(64, 8))
        logger.step()
    return writer


@pytest.mark.parametrize("compiled", [False, True])
def test_an_activation_with_another_setting_is_named_at_its_first_call(compiled: bool) -> None:
    runs = [record_shared(nn.ELU(alpha), compiled=compiled) for alpha in (1.0, 0.9)]
    first = compare_runs(*runs).first
    assert first is not None and first.a is not None and first.b is not None
    assert (first.layer, first.a.settings, first.b.settings) == ("act", "alpha=1.0", "alpha=0.9")


def test_whether_an_activation_works_in_place_is_no_setting() -> None:
    a, b = record_shared(nn.ReLU()), record_shared(nn.ReLU(inplace=True))
    assert compare_runs(a, b).same
    assert all(info.settings == "" for info in b.infos.values() if info.type == "ReLU")

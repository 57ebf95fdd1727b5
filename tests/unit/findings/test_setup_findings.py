"""Findings from settings, from what befalls single weights, and from the logged loss."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tb_activation_hist.core.setup_facts import (
    EqualRows,
    KeptGradients,
    ModuleSettings,
    OptimizerGroup,
    RateHistory,
    RestoredWeights,
)
from tests.unit.findings.setup_trainings import (
    adam,
    find,
    sgd,
    walk,
    with_parameters,
)
from tests.unit.findings.trainings import RECORDS, VALUES, Layers, make_layer


@pytest.mark.parametrize(
    ("group", "title"),
    [
        (adam(beta1=0.999, beta2=0.9), "as if the two were swapped"),
        (adam(weight_decay=0.5), "weight decay 0.5 is added to the gradients"),
        (sgd(momentum=0.999), "some 1,000 steps are added up"),
        (sgd(momentum=1.0), "without end"),
        (sgd(weight_decay=0.1, momentum=0.0), "takes 0.01 of the weights away"),
        (sgd(weight_decay=0.1, lr=0.03), "takes 0.03 of the weights away"),
        (sgd(weight_decay=0.1, lr=0.03, dampening=0.9), ""),
        (sgd(lr=0.9, momentum=0.03), "learning rate 0.9 and momentum 0.03, as if the two were"),
        (sgd(lr=0.9, momentum=0.0), ""),
        (sgd(lr=0.9, momentum=0.5), ""),
        (adam(weight_decay=20.0, decoupled_weight_decay=1.0), "takes 0.02 of the weights away"),
        (adam(), ""),
        (adam(beta1=0.5, weight_decay=1e-2), ""),
        (adam(beta1=0.95, beta2=0.95), ""),
        (adam(weight_decay=0.1, decoupled_weight_decay=1.0), ""),
        (replace(adam(weight_decay=1.0), optimizer="Lion"), ""),
        (sgd(momentum=0.99, weight_decay=1e-3), ""),
    ],
)
def test_odd_settings_of_an_optimizer(group: OptimizerGroup, title: str) -> None:
    found = find(group)
    assert [f.kind for f in found] == ["optimizer_settings"] * bool(title)
    assert all(title in f.title and f.first_step == 1 for f in found)


@pytest.mark.parametrize(
    ("optimizer", "rates", "step"),
    [
        (adam(), {1: 1e-3, 61: 1e-2}, 61),
        (sgd(), {1: 0.1, 61: 1.0}, 61),
        (sgd(), {1: 0.001, 31: 0.01, 61: 0.1}, 0),  # a warm-up in stages
        (sgd(), {1: 0.1, 30: 0.01, 61: 0.1}, 0),
        (sgd(), {1: 0.01, 30: 0.001, 61: 0.1}, 61),
        (adam(), {1: 0.0, 31: 1e-2}, 0),
        (adam(), {1: 1e-3, 9: 1e-2}, 0),
    ],
)
def test_a_rate_that_jumps_in_the_middle_of_a_run(
    optimizer: OptimizerGroup, rates: dict[int, float], step: int
) -> None:
    findings = find(optimizer, RateHistory("Adam", 1, tuple(rates), tuple(rates.values())))
    found = [(f.first_step, f.causes[0]) for f in findings if f.kind == "optimizer_settings"]
    assert [first for first, _ in found] == [step] * (step > 0)
    assert all("gamma=10" in cause for _, cause in found)


def test_an_eps_is_held_against_the_gradients() -> None:
    gradients = with_parameters("weight_gradients", lambda v, _: v * np.float32(1e-4))
    (finding,) = find(adam(eps=0.1), layers=gradients)
    assert (finding.kind, finding.threshold) == ("optimizer_settings", {"large_eps": 10.0})
    assert find(adam(eps=1e-4), layers=gradients) == []
    updates = with_parameters("updates", lambda v, _: v * np.float32(3e-4))
    assert find(adam(eps=0.1), layers={**gradients, **updates}) == []  # a rate that makes up for it
    two = {key: (info, series.take(np.arange(2))) for key, (info, series) in gradients.items()}
    assert find(adam(eps=0.1), layers=two) == []
    tiny = with_parameters("weight_gradients", lambda v, _: v * np.float32(1e-12))
    assert find(adam(), layers=tiny) == []


@pytest.mark.parametrize(("kept", "found"), [(12, 1), (11, 0), (0, 0)])
def test_gradients_that_are_never_cleared(kept: int, found: int) -> None:
    findings = find(KeptGradients("linear0.weight", 12, kept, 13))
    assert [f.kind for f in findings] == ["kept_gradients"] * found


@pytest.mark.parametrize(
    ("optimizers", "steps", "kept", "found"),
    [(1, 12, 0, 1), (1, 12, 3, 0), (1, 5, 0, 0), (2, 5, 0, 1)],
)
def test_gradients_of_a_part_that_are_never_cleared(
    optimizers: int, steps: int, kept: int, found: int
) -> None:
    """As the critic's where the generator's are cleared twice, or a trunk's beside the head's."""
    facts = [
        KeptGradients("linear0.weight", steps, steps, 13),
        KeptGradients("head.weight", steps, kept, 13),
    ]
    groups = [OptimizerGroup("RMSprop", place + 1, 1, 2) for place in range(optimizers)]
    findings = [own for own in find(*facts, *groups) if own.kind == "kept_gradients"]
    assert [own.layers for own in findings] == [("linear0",)] * found


@pytest.mark.parametrize(("later", "found"), [((12, 12), 1), ((12, 0), 0), ((3, 3), 0)])
def test_gradients_that_are_no_longer_cleared(later: tuple[int, int], found: int) -> None:
    names = ("linear0.weight", "head.weight")
    facts = [
        KeptGradients(name, 12, 0, 13, own, 61) for name, own in zip(names, later, strict=True)
    ]
    assert [(f.kind, f.first_step) for f in find(*facts)] == [("kept_gradients", 61)] * found


@pytest.mark.parametrize(("later", "found"), [(1, 1), (40, 0), (0, 0)])
def test_units_that_start_and_stay_copies(later: int, found: int) -> None:
    findings = find(EqualRows("linear1.weight", 40, 1, later, 8))
    assert [(f.kind, f.layers) for f in findings] == [("redundant_units", ("linear1",))] * found


def test_units_that_another_matrix_tells_apart_are_no_copies() -> None:
    """The spreads of a Bayesian layer start as one number, its means do not."""
    layers = with_parameters("weights", walk(1.0))
    info, series = layers["weights/linear1"]
    spread = replace(info, layer="linear1.spread")
    for rows, found in ((info.shape[0], 0), (3, 1)):
        other = (replace(info, shape=(rows, 20)), series)
        run = {**layers, "weights/linear1": other, "weights/spread": (spread, series)}
        findings = find(EqualRows("linear1.spread", info.shape[0], 1, 1, 8), layers=run)
        assert [f.kind for f in findings] == ["redundant_units"] * found


@pytest.mark.parametrize(("share", "found"), [(0.9, 1), (0.5, 0)])
def test_dropout_that_is_set_to_drop_nearly_all(share: float, found: int) -> None:
    fact = ModuleSettings("Dropout", 3, 1, ("relu1",), {"p": share})
    findings = find(fact)
    assert [(f.kind, f.first_step) for f in findings] == [("strong_dropout", 3)] * found


@pytest.mark.parametrize(("share", "found"), [(0.0, 0), (0.8, 1)])
def test_zeros_behind_a_dropout_that_is_set_to_drop_little(share: float, found: int) -> None:
    """A ReLU that is a function in front of it has made them."""
    few = lambda v, _: v * (np.arange(len(v)) < 0.02 * len(v))  # noqa: E731
    fact = ModuleSettings("Dropout", 1, 1, ("drop",), {"p": share})
    findings = find(fact, layers={"drop": make_layer("drop", "Dropout", 7, few)})
    assert sum(f.kind == "strong_dropout" for f in findings) == found


def test_dropout_between_the_layers_of_an_lstm() -> None:
    """Whose outputs are several, of which the first is named."""
    layers = {f"lstm/{at}": make_layer(f"lstm/{at}", "LSTM", 6 + at) for at in range(2)}
    fact = ModuleSettings("LSTM", 3, 1, ("lstm",), {"dropout": 0.97})
    (finding,) = find(fact, layers=layers)
    assert (finding.kind, finding.layers) == ("strong_dropout", ("lstm/0",))


@pytest.mark.parametrize(("times", "found"), [(3, 0), (60, 1)])
def test_a_layer_that_is_replaced_after_each_step(times: int, found: int) -> None:
    """From the first steps on; the other parameter that was followed keeps what it learns."""
    fact = RestoredWeights("head.weight", times, 100, 0, 1, 0, 0, replaced=times, since=2)
    kept = (KeptGradients(name, 12, 0, 13) for name in ("linear0.weight", "head.weight"))
    findings = find(fact, *kept)
    assert [(f.kind, f.layers) for f in findings] == [("sudden_change", ("head",))] * found


def test_dropout_that_rises_is_dated_from_its_rise() -> None:
    """The setting goes over the limit some steps after it began to rise."""
    info, series = make_layer(
        "drop", "Dropout", 3, lambda v, i: np.where(v > (-9 if i < 40 else 0.5), v, np.float32(0))
    )
    fact = ModuleSettings("Dropout", 60, 1, ("drop",), {"p": 0.9})
    findings = [
        f for f in find(fact, layers={"drop": (info, series)}) if f.kind == "strong_dropout"
    ]
    assert [f.first_step for f in findings] == [int(series.steps[40])]


def norm(samples: int, *further: int) -> Layers:
    """A batch norm in place of the second ReLU, with 4 channels."""
    info, series = make_layer("relu1", "ReLU", 3)
    shape = (samples, 4, *further)
    return {"relu1": (replace(info, type="BatchNorm2d", shape=shape), series)}


@pytest.mark.parametrize(
    ("samples", "settings", "title"),
    [
        (32, {"momentum": 0.0}, "never follow the batches, at a momentum of 0"),
        (32, {"momentum": 1.0}, "are those of the last batch alone"),
        (32, {"momentum": 0.99}, "are those of the last batch alone"),
        (32, {"momentum": 0.0, "track_running_stats": 0.0}, ""),
        (32, {"momentum": 0.1}, ""),
        (32, {"momentum": 0.01}, ""),
        (32, {}, ""),
        (2, {"momentum": 0.1}, "over 2 values of each channel"),
        (3, {"momentum": 0.1}, ""),
    ],
)
def test_statistics_of_batch_norms(samples: int, settings: dict[str, float], title: str) -> None:
    known = {"eps": 1e-5, "track_running_stats": 1.0, **settings}
    found = find(ModuleSettings("BatchNorm2d", 3, 1, ("relu1",), known), layers=norm(samples, 1, 1))
    assert [(f.kind, f.layers) for f in found] == [("batch_statistics", ("relu1",))] * bool(title)
    assert all(title in f.title and f.first_step == 3 for f in found)


def test_a_norm_with_layers_inside_is_named_by_the_first_of_them() -> None:
    info, series = make_layer("norm.act", "ReLU", 3)
    known = {"eps": 1e-5, "track_running_stats": 1.0, "momentum": 0.1}
    fact = ModuleSettings("BatchNormAct2d", 1, 1, ("norm",), known)
    found = find(fact, layers={"norm.act": (replace(info, shape=(2, 4, 1, 1)), series)})
    assert [(f.kind, f.layers) for f in found] == [("batch_statistics", ("norm.act",))]


@pytest.mark.parametrize(
    ("type_", "shape", "level", "found"),
    [
        ("LayerNorm", (64, 1), 0, 1),
        ("LayerNorm", (64, 1), 1, 0),
        ("LayerNorm2d", (4, 16, 1, 1), 0, 0),
    ],
)
def test_a_layer_norm_over_single_values(
    type_: str, shape: tuple[int, ...], level: int, found: int
) -> None:
    """level: factor of values that differ, as of a norm over more than the last dimension.

    timm's LayerNorm2d is one over the channels, which can be alike for another reason.
    """
    info, series = make_layer("last", type_, 9, lambda v, _: level * v + 1)
    own = find(layers={"last": (replace(info, shape=shape), series)})
    told = [f for f in own if f.kind == "batch_statistics"]
    assert [f.layers for f in told] == [("last",)] * found
    assert all("LayerNorm" in f.causes[0] for f in told)


def test_pictures_have_many_values_of_a_channel_and_fixed_statistics_no_batch() -> None:
    tracked = {"momentum": 0.1, "eps": 1e-5, "track_running_stats": 1.0}
    own = ModuleSettings("BatchNorm2d", 1, 1, ("relu1",), tracked)
    assert find(own, layers=norm(1, 8, 8)) == []
    fixed = ModuleSettings("FrozenBatchNorm2d", 1, 1, ("relu1",), {"eps": 1e-5})
    assert find(fixed, layers=norm(1, 1, 1)) == []


@pytest.mark.parametrize(
    ("scale", "kinds"), [(40.0, ["exploding"]), (0.05, ["vanishing"]), (3.0, []), (0.6, [])]
)
def test_weights_that_grow_or_shrink_as_a_whole(scale: float, kinds: list[str]) -> None:
    findings = find(layers=with_parameters("weights", walk(scale)))
    assert [f.kind for f in findings] == kinds
    assert all("weights" in f.title and f.first_step < 0.3 * RECORDS for f in findings)


@pytest.mark.parametrize(("scale", "found"), [(5.0, 1), (3.5, 0)])
def test_weights_that_grow_in_the_first_steps(scale: float, found: int) -> None:
    change = lambda v, index: v * np.float32(0.2 * scale ** min(index / 16, 1))  # noqa: E731
    findings = find(layers=with_parameters("weights", change))
    assert [f.kind for f in findings] == ["exploding"] * found
    assert all(f.first_step <= 4 for f in findings)


@pytest.mark.parametrize(("still", "found"), [(0.8, 1), (0.2, 0), (math.nan, 0)])
def test_updates_that_are_rounded_away_in_part(still: float, found: int) -> None:
    """Of updates that are all NaN no share is known, and numpy warns of nothing."""
    changes = {
        "weight_gradients": lambda v, _: v,
        "updates": lambda v, _: (
            np.where(np.arange(v.size) < still * v.size, 0, v * 1e-2) + 0 * np.float32(still)
        ),
    }
    layers = with_parameters("weights", walk(1.0), "bfloat16")
    for stream, change in changes.items():
        layers |= with_parameters(stream, change, "bfloat16")
    findings = [f for f in find(layers=layers) if f.kind == "not_learning"]
    assert [f.figures["rounded"] for f in findings] == pytest.approx([still] * found, abs=0.01)


@pytest.mark.parametrize(("size", "found"), [(1.0, 1), (0.2, 0)])
def test_weights_that_start_large_in_most_layers(size: float, found: int) -> None:
    layers = with_parameters("weights", lambda v, _: v * np.float32(size))
    findings = find(layers=layers)
    assert [(f.kind, f.severity) for f in findings] == [("exploding", "warning")] * found
    assert all("weights start 4" in f.title for f in findings)


@pytest.mark.parametrize(("norm", "found"), [(1e-3, 1), (1.0, 0)])
def test_embeddings_that_are_bound_to_next_to_nothing(norm: float, found: int) -> None:
    info, series = make_layer("words", "Embedding", 0, lambda v, _: v * np.float32(norm))
    layers = {"words": (replace(info, shape=(VALUES // 16, 16)), series)}
    findings = find(
        ModuleSettings("Embedding", 1, 1, ("words",), {"max_norm": norm}), layers=layers
    )
    told = [f for f in findings if "vanishing_bound" in f.threshold]
    assert [(f.kind, f.layers, f.first_step) for f in told] == [
        ("vanishing", ("words",), 1)
    ] * found

"""Findings from settings, from what befalls single weights, and from the logged loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.loss_history import LossHistory
from tb_activation_hist.core.parameter_sizes import (
    ParameterFacts,
    ParameterHistory,
    ParameterInfo,
    ParameterSizes,
    SizeSeries,
)
from tb_activation_hist.core.setup_facts import (
    BINARY,
    CROSS_ENTROPY,
    EqualRows,
    KeptGradients,
    LossGradients,
    ModuleSettings,
    OptimizerGroup,
    RateHistory,
    RestoredWeights,
    SetupFact,
)
from tb_activation_hist.findings import Finding, RunFacts, find_run_findings
from tests.unit.findings.trainings import RECORDS, VALUES, Change, Layers, make_layer, make_run

NAMES = ("linear0", "linear1", "linear2", "head")


def with_parameters(stream: str, change: Change, dtype: str = "float32") -> Layers:
    """A run with one kind of its matrices; change: of their values of about 1."""
    layers = {}
    for order, name in enumerate(NAMES):
        info, series = make_layer(
            f"{name}.weight", "Linear", order, change, drift=0.0, stream=stream, dtype=dtype
        )
        layers[f"{stream}/{name}"] = (replace(info, shape=(VALUES // 20, 20)), series)
    return layers


def walk(scale: float) -> Change:
    """Weights of usual size that become so many times as large in all."""
    return lambda v, index: v * np.float32(0.2 * scale ** (index / RECORDS))


def find(
    *facts: SetupFact, losses: tuple[LossHistory, ...] = (), layers: Layers | None = None
) -> list[Finding]:
    run = {**make_run(), **with_parameters("weights", walk(1.0)), **(layers or {})}
    return find_run_findings("run", run, facts=RunFacts(setup=facts, losses=losses))


def adam(**settings: float) -> OptimizerGroup:
    usual = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}
    return OptimizerGroup("Adam", 1, 1, 6, {**usual, **settings})


def sgd(**settings: float) -> OptimizerGroup:
    return OptimizerGroup("SGD", 1, 1, 6, {"lr": 0.1, "momentum": 0.9, **settings})


@pytest.mark.parametrize(
    ("group", "title"),
    [
        (adam(beta1=0.999, beta2=0.9), "as if the two were swapped"),
        (adam(weight_decay=0.5), "weight decay 0.5 is added to the gradients"),
        (sgd(momentum=0.999), "some 1,000 steps are added up"),
        (sgd(momentum=1.0), "without end"),
        (sgd(weight_decay=0.1), "takes 0.01 of the weights away"),
        (adam(weight_decay=20.0, decoupled_weight_decay=1.0), "takes 0.02 of the weights away"),
        (adam(), ""),
        (adam(beta1=0.5, weight_decay=1e-2), ""),
        (adam(beta1=0.95, beta2=0.95), ""),
        (adam(weight_decay=0.1, decoupled_weight_decay=1.0), ""),
        (sgd(momentum=0.99, weight_decay=1e-3), ""),
    ],
)
def test_odd_settings_of_an_optimizer(group: OptimizerGroup, title: str) -> None:
    found = find(group)
    assert [f.kind for f in found] == ["optimizer_settings"] * bool(title)
    assert all(title in f.title and f.first_step == 1 for f in found)


def test_an_eps_is_held_against_the_gradients() -> None:
    gradients = with_parameters("weight_gradients", lambda v, _: v * np.float32(1e-4))
    (finding,) = find(adam(eps=0.1), layers=gradients)
    assert (finding.kind, finding.threshold) == ("optimizer_settings", {"large_eps": 10.0})
    assert find(adam(eps=1e-4), layers=gradients) == []
    two = {key: (info, series.take(np.arange(2))) for key, (info, series) in gradients.items()}
    assert find(adam(eps=0.1), layers=two) == []
    tiny = with_parameters("weight_gradients", lambda v, _: v * np.float32(1e-12))
    assert find(adam(), layers=tiny) == []


@pytest.mark.parametrize(("kept", "found"), [(12, 1), (11, 0), (0, 0)])
def test_gradients_that_are_never_cleared(kept: int, found: int) -> None:
    findings = find(KeptGradients("linear0.weight", 12, kept, 13))
    assert [f.kind for f in findings] == ["kept_gradients"] * found


@pytest.mark.parametrize(("optimizers", "found"), [(1, 0), (2, 1)])
def test_gradients_that_one_of_two_optimizers_never_clears(optimizers: int, found: int) -> None:
    """As the critic's where the generator's are cleared twice."""
    facts = [KeptGradients("linear0.weight", 12, 12, 13), KeptGradients("head.weight", 12, 0, 13)]
    groups = [OptimizerGroup("RMSprop", place + 1, 1, 2) for place in range(optimizers)]
    findings = [own for own in find(*facts, *groups) if own.kind == "kept_gradients"]
    assert [own.layers for own in findings] == [("linear0",)] * found


@pytest.mark.parametrize(
    ("fact", "kind"),
    [
        ({"judged": 9, "shared": 9, "levels": 9}, "loss_mismatch"),
        ({"judged": 9, "shared": 8, "levels": 8}, ""),
        ({"judged": 9, "shared": 9, "levels": 2}, ""),
        ({"judged": 3, "shared": 3, "levels": 3}, ""),
        ({"form": "cross_entropy", "formed": 9, "normalised": 9}, "loss_mismatch"),
        ({"form": "cross_entropy", "formed": 9, "normalised": 2}, ""),
        ({"form": "cross_entropy", "formed": 4, "normalised": 4}, ""),
        ({"form": "nll_loss", "formed": 9}, "loss_mismatch"),
        ({"form": "nll_loss", "formed": 9, "normalised": 9}, ""),
        ({"below_zero": 7, "since": 1, "after": 9}, "loss_mismatch"),
        ({"beyond_range": 5, "since": 1, "after": 9}, ""),
        ({"labels": 9, "likeness": {"within": 0.9, "across": 0.1}}, "unshuffled_input"),
        ({"labels": 9, "likeness": {"within": 0.9, "across": 0.88}}, ""),
    ],
)
def test_gradients_of_outputs_that_do_not_fit_the_loss(fact: dict[str, Any], kind: str) -> None:
    found = find(adam(), LossGradients("Net", looks=9, first=1, seen=90, **fact))
    assert [(f.kind, f.severity) for f in found] == [(kind, "warning")] * bool(kind)


@pytest.mark.parametrize(("form", "found"), [("", 1), (BINARY, 1), (CROSS_ENTROPY, 0)])
def test_a_cross_entropy_asks_for_no_output_below_0(form: str, found: int) -> None:
    """Only for others that are larger; a network that ends in a ReLU, as SqueezeNet, can do so."""
    below = LossGradients(
        "Net", looks=9, first=1, seen=90, below_zero=9, since=1, after=9, form=form, formed=9
    )
    assert [f.kind for f in find(adam(), below)] == ["loss_mismatch"] * found


@pytest.mark.parametrize("groups", [[OptimizerGroup("SGD", 1, 1, 6, {"lr": 0.1}, 2)], []])
def test_targets_out_of_range_are_none_where_another_network_may_follow(
    groups: list[OptimizerGroup],
) -> None:
    beyond = LossGradients("Net", looks=9, first=1, seen=90, below_zero=9, since=1, after=9)
    assert find(*groups, beyond) == []


@pytest.mark.parametrize(
    ("times", "value", "first", "last", "severity"),
    [
        (99, 1, 2, 100, ["error"]),
        (10, 1, 11, 101, ["warning"]),
        (2, 1, 50, 100, ["warning"]),
        (2, 11, 50, 51, []),
        (5, 1, 2, 6, []),
    ],
)
def test_weights_that_are_set_back(
    times: int, value: int, first: int, last: int, severity: list[str]
) -> None:
    fact = RestoredWeights("linear0.weight", times, 100, times, value, first, last)
    found = find(fact)
    assert [f.severity for f in found] == severity
    assert all(f.kind == "not_learning" and f.first_step == first for f in found)
    assert all("load_state_dict" in f.causes[0] for f in found)


def test_weights_are_set_back_from_the_first_write_on() -> None:
    """What it wrote was no earlier value then; the later ones wrote the same again."""
    (finding,) = find(RestoredWeights("linear0.weight", 9, 100, 8, 20, 28, 84))
    assert (finding.kind, finding.first_step) == ("not_learning", 20)


@pytest.mark.parametrize(
    ("times", "value", "first", "followed", "found"),
    [
        (1, 1, 50, ("linear0.weight",), True),
        (1, 1, 50, (), True),
        (1, 34, 50, ("linear0.weight",), False),
        (1, 1, 9, ("linear0.weight",), False),
        (1, 1, 50, ("linear0.weight", "linear2.weight"), False),
    ],
)
def test_weights_that_are_those_of_the_start_again(
    times: int, value: int, first: int, followed: tuple[str, ...], found: bool
) -> None:
    back = RestoredWeights("linear0.weight", times, 100, times, value, first, first)
    facts = find(back, *(KeptGradients(name, 12, 0, 13) for name in followed))
    assert [(f.kind, f.severity, f.first_step) for f in facts] == [
        ("sudden_change", "warning", first)
    ] * found
    assert all("load_state_dict" in f.causes[0] for f in facts)


@pytest.mark.parametrize(("since", "found"), [(50, True), (9, False)])
def test_weights_that_are_initialised_anew(since: int, found: bool) -> None:
    """Not at the begin, where some scripts look for a good initialisation."""
    fact = RestoredWeights("linear0.weight", 3, 100, 0, 1, 0, 0, replaced=3, since=since)
    facts = find(fact)
    assert [(f.kind, f.severity, f.first_step) for f in facts] == [
        ("sudden_change", "warning", since)
    ] * found
    assert all("reset_parameters" in f.causes[0] for f in facts)


@pytest.mark.parametrize(("later", "found"), [(1, 1), (40, 0), (0, 0)])
def test_units_that_start_and_stay_copies(later: int, found: int) -> None:
    findings = find(EqualRows("linear1.weight", 40, 1, later, 8))
    assert [(f.kind, f.layers) for f in findings] == [("redundant_units", ("linear1",))] * found


@pytest.mark.parametrize(("share", "found"), [(0.9, 1), (0.5, 0)])
def test_dropout_that_is_set_to_drop_nearly_all(share: float, found: int) -> None:
    fact = ModuleSettings("Dropout", 3, 1, ("relu1",), {"p": share})
    findings = find(fact)
    assert [(f.kind, f.first_step) for f in findings] == [("strong_dropout", 3)] * found


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


def test_pictures_have_many_values_of_a_channel_and_fixed_statistics_no_batch() -> None:
    tracked = {"momentum": 0.1, "eps": 1e-5, "track_running_stats": 1.0}
    own = ModuleSettings("BatchNorm2d", 1, 1, ("relu1",), tracked)
    assert find(own, layers=norm(1, 8, 8)) == []
    fixed = ModuleSettings("FrozenBatchNorm2d", 1, 1, ("relu1",), {"eps": 1e-5})
    assert find(fixed, layers=norm(1, 1, 1)) == []


def loss(*means: float, **options: object) -> LossHistory:
    fields = {"window": 1, "non_finite": 0, **options}
    steps = tuple(range(1, len(means) + 1))
    return LossHistory("loss", steps, means, **fields)  # type: ignore[arg-type]


def classifier() -> Layers:
    """A head of ten outputs."""
    info, series = make_layer("head", "Linear", 6)
    return {"head": (replace(info, shape=(VALUES // 10, 10)), series)}


CHANCE = math.log(10)


@pytest.mark.parametrize(
    ("end", "kinds"),
    [(CHANCE, ["not_learning"]), (2 * CHANCE, ["loss_rises"]), (0.8 * CHANCE, []), (0.1, [])],
)
def test_a_loss_at_chance_and_one_that_rises(end: float, kinds: list[str]) -> None:
    means = np.linspace(CHANCE, end, 80)
    findings = find(losses=(loss(*means),), layers=classifier())
    assert [f.kind for f in findings] == kinds
    assert all((f.severity == "info") == (f.kind == "not_learning") for f in findings)
    # A recording of an earlier version has the loss's form, but not its number of classes.
    older = LossGradients("Net", looks=9, first=1, seen=90, form=CROSS_ENTROPY, formed=9)
    assert find(older, losses=(loss(*means),), layers=classifier()) == findings
    # A loss of another size says nothing, nor does one of several.
    assert find(losses=(loss(*(means * 3)),), layers=classifier()) == []
    assert find(losses=(loss(*means), loss(*means)), layers=classifier()) == []


@pytest.mark.parametrize(
    ("lowest", "end", "found"),
    [
        (0.2, 4.0, 1),
        (0.2, CHANCE, 1),
        (0.2, 0.9 * CHANCE, 0),
        (0.6 * CHANCE, 4.0, 0),
        (0.2, 0.2, 0),
    ],
)
def test_a_loss_that_climbs_back_above_that_of_guessing(
    lowest: float, end: float, found: int
) -> None:
    means = loss(*np.linspace(CHANCE, lowest, 30), *[lowest] * 9, *[end] * 21)
    findings = [f for f in find(losses=(means,), layers=classifier()) if f.kind == "loss_rises"]
    assert [f.first_step for f in findings] == [40] * found
    assert all("is lost from step 40" in f.title for f in findings)


def test_a_spell_above_guessing_that_passes_is_not_reported() -> None:
    means = [CHANCE, *[0.2] * 29, *[4.0] * 20, *[0.2] * 10]
    assert find(losses=(loss(*means),), layers=classifier()) == []


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


@pytest.mark.parametrize(
    ("update", "first", "last", "severity"),
    [
        (5e-5, CHANCE, CHANCE, ["warning"]),
        (5e-5, CHANCE, 1.0, ["info"]),
        (5e-5, 1.3 * CHANCE, 1.2 * CHANCE, ["warning"]),
        (5e-5, 1.3 * CHANCE, 0.9 * CHANCE, ["info"]),
        (5e-5, 3.0 * CHANCE, 2.8 * CHANCE, ["info"]),
        (5e-5, 0.5, 0.5, ["info"]),
        (5e-6, 0.5, 0.5, ["warning"]),
        (5e-6, 0.5, 0.4, ["info"]),
        (1e-3, 0.5, 0.5, []),
    ],
)
def test_updates_that_together_hardly_move_the_weights(
    update: float, first: float, last: float, severity: list[str]
) -> None:
    layers = classifier() | with_parameters("updates", lambda v, _: v * np.float32(update))
    findings = find(losses=(loss(*np.linspace(first, last, 80)),), layers=layers)
    assert [f.severity for f in findings] == severity
    assert all(f.kind == "not_learning" and "hardly" in f.title for f in findings)


def test_a_rate_that_was_swapped_with_the_decay() -> None:
    layers = with_parameters("updates", lambda v, _: v * np.float32(5e-5))
    (finding,) = find(sgd(lr=5e-4, weight_decay=0.1), layers=layers)
    assert finding.severity == "warning"
    assert "as if swapped" in finding.title
    decoupled = adam(lr=1e-5, weight_decay=0.01, decoupled_weight_decay=1.0)
    assert [f.severity for f in find(decoupled, layers=layers)] == ["info"]


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


@pytest.mark.parametrize(
    ("means", "severity"),
    [((1.0,) * 40 + (math.nan,) * 20, "error"), ((1.0,) * 60, "warning")],
)
def test_a_loss_that_is_not_finite(means: tuple[float, ...], severity: str) -> None:
    (finding,) = find(losses=(loss(*means, non_finite=41),))
    assert (finding.kind, finding.severity, finding.first_step) == ("non_finite", severity, 41)
    assert "targets" in finding.causes[0]
    head = make_layer("head", "Linear", 6, lambda v, i: v * (np.nan if i >= 41 else 1.0))
    (finding,) = find(losses=(loss(*means, non_finite=41),), layers={"head": head})
    assert "loss" not in finding.title


def exponential(step: int) -> float:
    return 0.93**step


def cosine(step: int) -> float:
    return 0.5 + 0.5 * math.cos(math.pi * step / RECORDS)


def by_thirds(step: int) -> float:
    return 0.1 ** (3 * step // RECORDS)


@pytest.mark.parametrize(
    ("schedule", "found"), [(exponential, [65]), (cosine, []), (by_thirds, [])]
)
def test_a_rate_that_ends_early(schedule: Callable[[int], float], found: list[int]) -> None:
    steps = np.array([1, 2, 3, 5, 9, *range(17, RECORDS + 1, 16), RECORDS])
    one = np.ones(len(steps))
    rates = np.array([0.1 * schedule(step) for step in steps.tolist()])
    facts = ParameterFacts(steps, one > 0, one.astype(np.int8), rates)
    sizes = ParameterSizes(
        {name: ParameterHistory(ParameterInfo(name, (8, 8)), facts) for name in ("a.weight",)}
    )
    run = {**make_run(), **with_parameters("weights", walk(1.0))}
    findings = find_run_findings("run", run, sizes=sizes)
    assert [(f.kind, f.severity) for f in findings] == [("stopped_learning", "warning")] * len(
        found
    )
    assert [f.first_step for f in findings] == found
    assert all("scheduler" in f.causes[0] for f in findings)


@pytest.mark.parametrize(
    ("rates", "found"),
    [
        ({1: 1e-3, 20: 1e-4, 40: 1e-5}, [40]),
        ({1: 1e-3, 60: 1e-5, 61: 1e-6}, [60]),
        ({1: 1e-3, 80: 1e-4, 110: 1e-5, 120: 0.0}, []),
        ({1: 1e-3, 20: 1e-4, 40: 1e-5, 50: 1e-3}, []),
        ({1: 1e-3, 52: 1e-5}, []),
    ],
)
def test_rates_that_are_followed_step_by_step(rates: dict[int, float], found: list[int]) -> None:
    fact = RateHistory("Adam", 1, tuple(rates), tuple(rates.values()))
    findings = find(fact)
    assert [(f.kind, f.severity, f.first_step) for f in findings] == [
        ("stopped_learning", "warning", step) for step in found
    ]


def to_sizes(steps: npt.NDArray[np.int64], values: FloatArray) -> SizeSeries:
    """The same values at each step, but for a last bit."""
    one = np.ones(len(steps))
    whole = one.astype(np.int64)
    moments = (values.min(), values.max(), values.sum(), np.square(values).sum())
    return SizeSeries(
        steps, whole * len(values), 0 * whole, 0 * whole,
        *(one * moment for moment in moments), 0 * one.astype(np.int8),
    )  # fmt: skip


def test_a_rate_that_ends_is_no_end_beside_one_that_is_not_followed() -> None:
    """As a rate that is a tensor, which is not read."""
    fact = RateHistory("Adam", 1, (1, 20), (1e-3, 1e-5))
    assert find(adam(), fact) != []
    assert find(adam(), replace(adam(), place=2), fact) == []


@pytest.mark.parametrize(
    ("rate", "later", "optimizer", "uniform", "found"),
    [
        (1e-6, 1e-6, adam(), True, 1),
        (1e-3, 1e-3, adam(), True, 0),
        (1e-6, 1e-3, adam(), True, 0),
        (1e-6, 1e-6, sgd(), True, 0),
        (1e-6, 1e-6, adam(), False, 0),
    ],
)
def test_a_rate_that_is_hopeless_for_new_weights(
    rate: float, later: float, optimizer: OptimizerGroup, uniform: bool, found: int
) -> None:
    steps = np.array([1, 2, 3, 5, 9, 17, 33, 49])
    one = np.ones(len(steps))
    generator = np.random.default_rng(0)
    drawn = generator.uniform(-0.1, 0.1, 4096) if uniform else 0.1 * generator.normal(size=4096)
    rates = np.where(steps > 32, later, rate)
    facts = ParameterFacts(steps, one > 0, one.astype(np.int8), rates)
    rms = rate / float(np.sqrt(np.mean(drawn**2)))
    sizes = {
        f"{name}.weight": ParameterHistory(
            ParameterInfo(f"{name}.weight", (64, 64)),
            facts,
            weights=to_sizes(steps, drawn),
            updates=to_sizes(steps, np.full(4096, rms)),
        )
        for name in NAMES
    }
    findings = find_run_findings(
        "run", make_run(), facts=RunFacts(setup=(optimizer,)), sizes=ParameterSizes(sizes)
    )
    assert [f.kind for f in findings if "small_update" in f.threshold] == ["not_learning"] * found


def test_a_schedule_that_goes_on_below_zero() -> None:
    steps = np.arange(1, RECORDS + 1, 16)
    rates = 0.1 * (1 - steps / 100)
    one = np.ones(len(steps))
    facts = ParameterFacts(steps, one > 0, one.astype(np.int8), rates)
    sizes = ParameterSizes({"a.weight": ParameterHistory(ParameterInfo("a.weight", (8, 8)), facts)})
    run = {**make_run(), **with_parameters("weights", walk(1.0))}
    found = find_run_findings("run", run, sizes=sizes)
    assert [(f.kind, f.first_step) for f in found if "negative_rate" in f.threshold] == [
        ("optimizer_settings", int(steps[rates < 0][0]))
    ]

"""Findings about what goes into a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tb_activation_hist.findings import Finding, find_run_findings, info_to_run_facts
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.recording.run_findings import find_memory_findings
from tb_activation_hist.storage.memory_writer import MemoryWriter

pytestmark = pytest.mark.model_inputs

KINDS = ("input_change", "constant_input", "unshuffled_input", "unscaled_inputs")


def train(
    draw: Callable[[int], Tensor],
    model: nn.Module | None = None,
    steps: int = 60,
    **options: Any,
) -> tuple[list[Finding], MemoryWriter]:
    """The findings about the input of a small network, and what it has recorded."""
    torch.manual_seed(0)
    writer = MemoryWriter()
    first = draw(0)
    if model is None:
        model = nn.Sequential(nn.Flatten(), nn.Linear(first[0].numel(), 8), nn.ReLU())
    with ActivationHistLogger(model, writer, on_error="raise", **options) as hist:
        for step in range(steps):
            model(draw(step))
            hist.step()
    found = [each for each in find_memory_findings(writer) if each.kind in KINDS]
    return found, writer


def noise(_step: int) -> Tensor:
    return torch.randn(16, 3, 4)


def pictures(_step: int) -> Tensor:
    return torch.rand(16, 1, 6, 6)


STORE = torch.randn(160, 3, 4, generator=torch.Generator().manual_seed(3))
GENERATOR = torch.Generator().manual_seed(1)

HEALTHY: dict[str, Callable[[int], Tensor]] = {
    "normal": noise,
    "pictures from 0 to 1": pictures,
    "sparse counts": lambda _: torch.poisson(torch.full((16, 20), 0.1)),
    "one-hot": lambda _: torch.eye(12)[torch.randint(12, (16,))],
    "growing observations": lambda step: torch.randn(16, 4) * 0.05 * 1.08**step,
    "shuffled full batch": lambda _: STORE[torch.randperm(160)],
    "shuffled epochs": lambda step: STORE[
        torch.randperm(160, generator=GENERATOR.manual_seed(step // 10))[
            step % 10 * 16 : step % 10 * 16 + 16
        ]
    ],
    "one heavy batch": lambda step: torch.randn(16, 4) * (30 if step == 30 else 1),
    "a batch of one": lambda _: torch.randn(1, 20),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_said_of_healthy_inputs(name):
    assert train(HEALTHY[name])[0] == []


def test_a_full_batch_in_one_order_is_only_worth_knowing():
    (finding,) = train(lambda _: STORE)[0]
    assert (finding.kind, finding.severity) == ("constant_input", "info")
    assert "full-batch" in finding.title


def test_what_is_wrong_with_a_batch_is_reported_once():
    (finding,) = train(lambda _: torch.zeros(16, 20))[0]
    assert (finding.kind, finding.severity) == ("constant_input", "warning")


@pytest.mark.parametrize(("words", "severity"), [(20, "warning"), (1, "info")])
def test_words_that_are_all_unknown(words: int, severity: str):
    """One number for each sample, as the nodes of a graph without features have, may be meant."""
    model = nn.Sequential(nn.Embedding(9, 8), nn.Flatten(), nn.Linear(8 * words, 4))
    found = train(lambda _: torch.ones(16, words, dtype=torch.long), model)[0]
    constant = [f for f in found if f.kind == "constant_input"]
    assert [f.severity for f in constant] == [severity]
    assert ("nothing but the value 1" in constant[0].title) == (severity == "warning")


def test_a_loader_that_is_stuck_is_reported_with_its_step():
    kept = noise(0)
    found, _ = train(lambda step: noise(step) if step < 30 else kept)
    (finding,) = found
    assert (finding.kind, finding.severity, finding.first_step) == ("constant_input", "warning", 31)
    assert finding.layers == ("Sequential",)
    assert "next(iter(loader))" in finding.causes[0]


@pytest.mark.filterwarnings("ignore::tb_activation_hist.ActivationHistWarning")
def test_warn_on_tells_a_stuck_loader_within_20_records():
    kept, told = noise(0), []
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 8))
    writer = MemoryWriter()
    options: dict[str, Any] = {"stop_on": "constant_input", "overhead_budget": None}
    with ActivationHistLogger(model, writer, **options) as hist:
        for step in range(60):
            model(noise(step) if step < 25 else kept)
            hist.step()
            hist.flush()
            told.append(hist.should_stop)
    assert 25 + 12 <= told.index(True) <= 25 + 20


def test_one_sample_for_all_targets():
    (finding,) = train(lambda step: torch.randn(1, 3, 4).expand(16, 3, 4))[0]
    assert (finding.kind, finding.severity) == ("constant_input", "warning")
    assert "all samples" in finding.title


class Classifier(nn.Module):
    """Of texts, with the names of arguments that transformers' models have."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(50, 8)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor) -> Tensor:
        means = self.table(input_ids).mul(attention_mask[..., None]).mean((1, 2))
        return (means - labels) ** 2


def texts(_step: int) -> tuple[Tensor, Tensor]:
    """Ids with 0 for padding, and 1 for each token."""
    lengths = torch.randint(4, 24, (16, 1))
    shown = (torch.arange(24) < lengths).long()
    return torch.randint(1, 50, (16, 24)) * shown, shown


WORDS, SHOWN = texts(0)
KEPT = WORDS, SHOWN


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (texts, ""),
        (lambda step: (texts(step)[0], torch.ones_like(SHOWN)), ""),
        (lambda step: ((own := texts(step))[0], 1 - own[1]), "padding alone is attended to"),
        (lambda step: (texts(step)[0], 0 * SHOWN), "nothing is attended to"),
        (lambda step: (torch.ones_like(WORDS), texts(step)[1]), "nothing but the value 1"),
        (lambda step: (texts(step)[0][:1].expand(16, 24), texts(step)[1]), "all samples"),
        (lambda _: KEPT, "the same batch at every step, while its labels change"),
    ],
)
def test_texts_with_masks_and_labels(
    draw: Callable[[int], tuple[Tensor, Tensor]], says: str
) -> None:
    """What is wrong with the ids shows although masks and labels vary."""
    torch.manual_seed(0)
    model, writer = Classifier(), MemoryWriter()
    with ActivationHistLogger(model, writer, on_error="raise") as hist:
        for step in range(40):
            ids, mask = draw(step)
            model(input_ids=ids, attention_mask=mask, labels=torch.randint(4, (16,)))
            hist.step()
    found = [each for each in find_memory_findings(writer) if each.kind in KINDS]
    assert [each.severity for each in found] == ["warning"] * bool(says)
    assert all(each.kind == "constant_input" and says in each.title for each in found)


@pytest.mark.parametrize(
    ("draw", "told"),
    [
        (lambda _: (pictures(0) - 130) / 70, True),
        (lambda _: pictures(0) / 255, True),
        (lambda _: 1e3 + torch.randn(16, 20), True),
        (lambda _: 3 + torch.randn(16, 20), False),
        (lambda _: torch.eye(500)[torch.randint(500, (16,))], False),
    ],
)
def test_inputs_that_hardly_vary(draw, told):
    found = [f for f in train(draw)[0] if "hardly vary" in f.title]
    assert [(f.kind, f.severity, f.first_step) for f in found] == [
        ("unscaled_inputs", "warning", 1)
    ] * told


@pytest.mark.parametrize(
    ("norm", "severity"), [(nn.LayerNorm(8), "warning"), (nn.BatchNorm1d(8), "info")]
)
def test_only_a_norm_over_the_batch_takes_the_scale_of_inputs_away(norm, severity):
    model = nn.Sequential(nn.Linear(20, 8), norm, nn.ReLU(), nn.Linear(8, 4))
    found = train(lambda _: 4500 + 900 * torch.randn(16, 20), model)[0]
    assert {f.severity for f in found if f.kind == "unscaled_inputs"} == {severity}


@pytest.mark.parametrize(
    ("scale", "weights", "found"), [(90, 0.05, 1), (25, 0.125, 1), (4, 1.0, 0), (90, 0.005, 0)]
)
def test_large_inputs_that_small_weights_pass_on_in_part(scale, weights, found):
    """Outputs of about 20, 14, 18 and 2."""
    model = nn.Sequential(nn.Linear(20, 8), nn.ReLU(), nn.Linear(8, 4))
    nn.init.normal_(model[0].weight, std=weights)
    told = train(lambda _: scale * torch.randn(16, 20), model)[0]
    assert [f.kind for f in told if f.kind == "unscaled_inputs"] == ["unscaled_inputs"] * found


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("scale", [1, 5000])
def test_large_inputs_of_a_recurrent_network(scale, kind):
    found = train(lambda _: scale * torch.randn(16, 6, 5), kind(5, 8, batch_first=True))[0]
    assert [(f.kind, f.first_step) for f in found] == [("unscaled_inputs", 1)] * (scale > 1)


def test_pictures_of_one_class_after_the_other():
    """Though their means do not tell the classes apart."""
    stripes = torch.rand(200, 1, 6, 6).round() * torch.linspace(0.3, 1, 10).repeat_interleave(
        20
    ).view(200, 1, 1, 1)
    for told, order in ((True, torch.arange(200)), (False, torch.randperm(200))):
        store = stripes[order]
        (found, _) = train(lambda step, own=store: own[step % 20 * 10 :][:10])
        assert [f.kind for f in found] == ["unshuffled_input"] * told


@pytest.mark.parametrize(("samples", "value", "found"), [(16, 0, 1), (1, 0, 0), (16, 1, 0)])
def test_noise_that_is_zero_throughout(samples: int, value: int, found: int) -> None:
    """A single sample of zeros is a placeholder, and ones are a flag."""
    findings, _ = train(lambda _: torch.full((samples, 4), 1.0 * value), nn.Linear(4, 8))
    told = [own for own in findings if "nothing but zeros" in own.title]
    assert [own.severity for own in told] == ["warning"] * found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (torch.zeros_like, "nothing but zeros"),
        (lambda x: x * 255, "times larger"),
        (lambda x: x / 255, "times smaller"),
        (lambda x: x * (torch.arange(len(x)) % 3 == 0).view(-1, 1, 1, 1), "of the values are 0"),
    ],
)
def test_inputs_that_change_midway(change, words):
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 8))
    found, _ = train(lambda step: pictures(0) if step < 30 else change(pictures(0)), model)
    finding = found[0]
    assert (finding.kind, finding.severity, finding.first_step) == ("input_change", "warning", 31)
    assert words in finding.title


@pytest.mark.filterwarnings("ignore::tb_activation_hist.ActivationHistWarning")
def test_warn_on_tells_black_images_within_a_few_records():
    model, told = nn.Sequential(nn.Flatten(), nn.Linear(36, 8)), []
    with ActivationHistLogger(model, MemoryWriter(), stop_on="input_change") as hist:
        for step in range(50):
            model(pictures(0) * (step < 30))
            hist.step()
            hist.flush()
            told.append(hist.should_stop)
    assert told.index(True) == 32


@pytest.mark.parametrize("norm", [False, True])
def test_one_column_that_is_far_larger_than_the_others_also_before_a_norm(norm):
    scale = torch.ones(12)
    scale[5] = 3e4
    layers: Sequence[nn.Module] = (
        [nn.Linear(12, 8), nn.BatchNorm1d(8)] if norm else [nn.Linear(12, 8)]
    )
    found, _ = train(lambda _: torch.randn(16, 12) * scale, nn.Sequential(*layers))
    columns = [each for each in found if "column 5" in each.title]
    assert [each.severity for each in columns] == ["warning"]


def test_columns_that_a_batch_norm_in_front_scales_are_fine():
    scale = torch.ones(12)
    scale[5] = 3e4
    model = nn.Sequential(nn.BatchNorm1d(12), nn.Linear(12, 8))
    assert train(lambda _: torch.randn(16, 12) * scale, model)[0] == []


def test_data_that_is_sorted_by_class():
    means = torch.arange(4.0).repeat_interleave(40)
    store = torch.randn(160, 6) * 0.3 + means[:, None]
    found, _ = train(lambda step: store[step % 20 * 8 : step % 20 * 8 + 8])
    (finding,) = found
    assert (finding.kind, finding.severity) == ("unshuffled_input", "info")
    assert finding.figures["period"] == 20


def test_what_follows_from_the_input_stands_behind_it():
    def draw(step: int) -> Tensor:
        return torch.randn(16, 12) * (1 if step < 60 else 0)

    torch.manual_seed(0)
    writer = MemoryWriter()
    layers = [nn.Linear(12, 32, bias=False), nn.ReLU(), nn.Linear(32, 8, bias=False)]
    model = nn.Sequential(*layers)
    with ActivationHistLogger(model, writer) as hist:
        for step in range(120):
            model(draw(step))
            hist.step()
    findings = [each for each in find_memory_findings(writer) if each.kind != "not_learning"]
    assert findings[0].kind == "input_change"
    assert {each.kind for each in findings} > {"input_change"}
    assert len({each.incident for each in findings}) == 1


def test_without_facts_nothing_is_said_of_repetition():
    _, writer = train(lambda _: STORE)
    layers = {key: (writer.infos[key], s) for key, s in writer.histograms.items()}
    assert find_run_findings("run", layers, facts=info_to_run_facts({})) == []


@pytest.mark.parametrize(
    ("weights", "inputs", "words"),
    [(100.0, 1.0, "weights that start too large"), (1.0, 100.0, "inputs that are not normalised")],
)
def test_whether_the_inputs_or_the_first_layer_are_too_large(weights, inputs, words):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
    with torch.no_grad():
        model[0].weight *= weights
    told = train(lambda _: inputs * torch.randn(16, 64), model)[0]
    (finding,) = [each for each in told if each.kind == "unscaled_inputs"]
    assert f"suggests {words}" in finding.title
    assert finding.causes[0].startswith(words.split()[0])

"""What the gradients tell of losses that have a class for each token or pixel of a sample."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tb_activation_hist import ActivationHistLogger, MemoryWriter
from tb_activation_hist.capture.output_sample import OutputSample, to_matrix
from tb_activation_hist.core.setup_facts import ACROSS, WITHIN, LossGradients
from tb_activation_hist.findings import find_run_findings, info_to_run_facts

WORDS, TOKENS = 12, 10

Loss = Callable[[Tensor, Tensor], Tensor]


class Tagger(nn.Module):
    """Gives (N, T, C), or (N, C, T)."""

    def __init__(self, *last: nn.Module, second: bool = False) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Embedding(WORDS, 16), nn.Linear(16, 32), nn.ReLU())
        self.head = nn.Sequential(nn.Linear(32, WORDS), *last)
        self.second = second

    def forward(self, words: Tensor) -> Tensor:
        found: Tensor = self.head(self.body(words))
        return found.transpose(1, 2) if self.second else found


def train(
    model: nn.Module, loss: Loss, draw: Callable[[int], Tensor]
) -> tuple[LossGradients, set[str]]:
    """The fact, and the limits of the mismatches that were found."""
    optimizer, memory = torch.optim.Adam(model.parameters(), 2e-3), MemoryWriter()
    with ActivationHistLogger(model, memory, on_error="raise") as logger:
        for step in range(100):
            words = draw(step)
            value = loss(model(words), words)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            logger.step(loss=value)
    facts = info_to_run_facts(memory.run_info)
    layers = {key: (memory.infos[key], own) for key, own in memory.histograms.items()}
    findings = find_run_findings("run", layers, facts=facts)
    kinds = ("loss_mismatch", "unshuffled_input")
    (fact,) = facts.of(LossGradients)
    return fact, {own for each in findings if each.kind in kinds for own in each.threshold}


def draw_words(_: int) -> Tensor:
    """Sentences in which each word follows from the one before."""
    return (torch.randint(0, WORDS, (16, 1)) + torch.arange(TOKENS)) % WORDS


def entropy(output: Tensor, words: Tensor) -> Tensor:
    return F.cross_entropy(output.flatten(0, 1), words.flatten())


def entropy_of_second(output: Tensor, words: Tensor) -> Tensor:
    return F.cross_entropy(output, words)


def shifted(output: Tensor, words: Tensor) -> Tensor:
    return entropy(output[:, :-1], words[:, 1:])


def padded(output: Tensor, words: Tensor) -> Tensor:
    words = words.masked_fill(torch.arange(TOKENS) > 6, -100)
    return entropy(output, words)


def softened(output: Tensor, words: Tensor) -> Tensor:
    return shifted(output.softmax(-1), words)


def over_places(output: Tensor, words: Tensor) -> Tensor:
    return F.nll_loss(output.log_softmax(1).flatten(0, 1), words.flatten())


def over_samples(output: Tensor, words: Tensor) -> Tensor:
    return F.nll_loss(output.log_softmax(0).flatten(0, 1), words.flatten())


def over_places_of_second(output: Tensor, words: Tensor) -> Tensor:
    return F.nll_loss(output.log_softmax(-1), words)


def of_one_class(output: Tensor, words: Tensor) -> Tensor:
    return entropy(output, 0 * words)


@pytest.mark.parametrize(
    ("last", "second", "loss", "form", "limits"),
    [
        ((), False, entropy, "cross_entropy", set()),
        ((), True, entropy_of_second, "cross_entropy", set()),
        ((), False, shifted, "cross_entropy", set()),
        ((), False, padded, "cross_entropy", set()),
        ((), False, softened, "cross_entropy of a softmax", {"softened_twice"}),
        ((nn.Softmax(-1),), False, shifted, "cross_entropy", {"softened_twice"}),
        ((nn.Softmax(-1),), True, entropy_of_second, "cross_entropy", {"softened_twice"}),
        ((nn.LogSoftmax(-1),), False, shifted, "cross_entropy", set()),
        ((), False, of_one_class, "cross_entropy", {"one_class"}),
    ],
)
def test_losses_over_tokens(
    last: tuple[nn.Module, ...], second: bool, loss: Loss, form: str, limits: set[str]
) -> None:
    torch.manual_seed(0)
    fact, found = train(Tagger(*last, second=second), loss, draw_words)
    assert (fact.form, fact.classes) == (form, WORDS)
    assert fact.formed > fact.looks / 2
    assert found == limits


def test_a_last_relu_over_tokens() -> None:
    torch.manual_seed(0)
    model = Tagger(nn.BatchNorm1d(TOKENS), nn.ReLU())
    _, found = train(model, lambda o, w: F.mse_loss(o, 2.0 * F.one_hot(w, WORDS) - 1), draw_words)
    assert found == {"out_of_range"}


@pytest.mark.parametrize(
    ("second", "loss"),
    [(False, over_places), (False, over_samples), (True, over_places_of_second)],
)
def test_a_softmax_over_another_dimension(second: bool, loss: Loss) -> None:
    torch.manual_seed(0)
    fact, found = train(
        Tagger(second=second), loss, lambda _: torch.randint(0, WORDS, (16, TOKENS))
    )
    assert found == {"over_batch"}
    assert fact.looks == (fact.over_batch if loss is over_samples else fact.over_places)


def test_values_that_are_centred_over_places() -> None:
    """Whose gradients add up to 0 there as well."""
    torch.manual_seed(0)
    target = torch.randn(WORDS, WORDS)
    _, found = train(
        Tagger(), lambda o, w: F.mse_loss(o - o.mean(1, keepdim=True), target[w]), draw_words
    )
    assert found == set()


@pytest.mark.parametrize("is_sorted", [True, False])
def test_tokens_of_one_sample_are_alike(is_sorted: bool) -> None:
    """As pixels of a picture are: only those of different samples are compared."""

    def draw(step: int) -> Tensor:
        several = (
            torch.full((16, 1), step % WORDS) if is_sorted else torch.randint(0, WORDS, (16, 1))
        )
        return several.expand(-1, TOKENS)

    torch.manual_seed(0)
    fact, found = train(Tagger(), entropy, draw)
    assert found == ({"class_likeness"} if is_sorted else set())
    if not is_sorted:
        assert abs(fact.likeness[WITHIN] - fact.likeness[ACROSS]) < 0.05


@pytest.mark.parametrize("shape", [(3, 5, 7), (300, 40, 9), (2, 3, 50, 60), (1, 4, 6000)])
def test_rows_along_both_dimensions(shape: tuple[int, ...]) -> None:
    """Are whole ones of some samples and places, bounded in number."""
    values = torch.arange(float(torch.tensor(shape).prod())).reshape(shape)
    sample = OutputSample(values)
    first, *rows = sample.read()
    assert min(shape[0], 64) <= first.shape[0] <= 128
    for own, axis in zip(rows, (-1, 1), strict=True):
        matrix, samples = to_matrix(own)
        assert matrix.shape[1] == shape[axis]
        assert 4 <= len(matrix) <= 150
        assert len(samples) == len(matrix)
        step = 1 if axis == -1 else values.stride(1)
        assert (torch.from_numpy(matrix).diff(dim=1) == step).all()

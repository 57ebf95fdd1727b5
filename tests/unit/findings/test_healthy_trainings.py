"""Healthy trainings of everyday networks that were warned once, in their smallest form."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tb_activation_hist import ActivationHistLogger, MemoryWriter
from tb_activation_hist.findings import WATCHED_KINDS
from tb_activation_hist.recording.run_findings import find_memory_findings

pytestmark = pytest.mark.model_inputs


def test_biases_of_users_that_cancel_out() -> None:
    """Bayesian personalised ranking compares two items of one user."""

    class Factors(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.users, self.items = nn.Embedding(20, 4), nn.Embedding(10, 4)
            self.user_biases, self.item_biases = nn.Embedding(20, 1), nn.Embedding(10, 1)
            nn.init.zeros_(self.user_biases.weight)
            nn.init.zeros_(self.item_biases.weight)

        def forward(self, user: Tensor, item: Tensor) -> Tensor:
            biases = self.user_biases(user) + self.item_biases(item)
            return (self.users(user) * self.items(item)).sum(1, keepdim=True) + biases

    model = Factors()

    def loss() -> Tensor:
        user, item = torch.randint(20, (32,)), torch.randint(10, (32,))
        better = torch.where((user + item) % 2 == 0, item, (item + 1) % 10)
        return -F.logsigmoid(model(user, better) - model(user, (better + 1) % 10)).mean()

    assert warned(model, loss, torch.optim.Adam(model.parameters(), 0.02)) == []


def test_tables_that_start_small() -> None:
    """As fastai's collab_learner makes them, with a standard deviation of 0.01."""
    torch.manual_seed(0)
    sizes = {"user": (20, 4), "item": (10, 4), "user_bias": (20, 1), "item_bias": (10, 1)}
    model = nn.ModuleDict({name: nn.Embedding(*size) for name, size in sizes.items()})
    for parameter in model.parameters():
        nn.init.trunc_normal_(parameter, std=0.01)
    likes = torch.randn(20, 10)

    def loss() -> Tensor:
        user, item = torch.randint(20, (64,)), torch.randint(10, (64,))
        biases = (model["user_bias"](user) + model["item_bias"](item))[:, 0]
        rating = (model["user"](user) * model["item"](item)).sum(1) + biases
        return F.mse_loss(rating.sigmoid() * 5.5, likes[user, item] + 3)

    assert warned(model, loss, torch.optim.Adam(model.parameters(), 0.03)) == []


def test_coupling_layers_that_start_as_nothing() -> None:
    """A normalising flow of two columns, whose first weights are of one input each."""
    nets = [nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 2)) for _ in range(4)]
    model = nn.ModuleList(nets)
    for net in nets:
        nn.init.zeros_(net[2].weight)

    def loss() -> Tensor:
        a, b = torch.randn(2, 64, 1)
        b, volume = a**2 + 0.3 * b, torch.zeros(())
        for net in nets:
            scale, shift = net(a).tanh().chunk(2, 1)
            a, b, volume = b * scale.exp() + shift, a, volume + scale.mean()
        return (a**2 + b**2).mean() / 2 - volume

    assert warned(model, loss, torch.optim.Adam(model.parameters(), 3e-3)) == []


def test_words_as_shares_of_a_document() -> None:
    """All of a document's words are 1 together, so that weights have to grow."""
    torch.manual_seed(0)
    counts = torch.poisson(torch.full((200, 500), 0.3))
    classes = torch.arange(200) % 4
    counts[torch.arange(200), classes] += 10
    shares = counts / counts.sum(1, keepdim=True)
    model = nn.Sequential(nn.Linear(500, 32), nn.ReLU(), nn.Linear(32, 4))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)

    def loss() -> Tensor:
        at = torch.randint(200, (100,))
        return F.cross_entropy(model(shares[at]), classes[at])

    assert warned(model, loss, optimizer) == []


def test_an_optimizer_that_begins_with_plain_momentum() -> None:
    """RAdam's first steps are as small as the gradients are, such as those of a small loss."""
    torch.manual_seed(0)
    wide = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
    model = nn.Sequential(wide, nn.Linear(64, 4))

    def loss() -> Tensor:
        x = torch.randn(32, 64)
        return F.cross_entropy(model(x), x[:, :4].argmax(1)) / 10

    assert warned(model, loss, torch.optim.RAdam(model.parameters(), 3e-3)) == []


def test_heads_of_tasks_that_are_drawn() -> None:
    """One of them has its first turn when others have learnt for a while."""
    torch.manual_seed(0)
    body, heads = nn.Linear(8, 32), nn.ModuleList(nn.Linear(32, 2) for _ in range(3))
    model = nn.ModuleDict({"body": body, "heads": heads})
    turns = iter([*(step % 2 for step in range(26)), 2, *(step % 3 for step in range(53))])

    def loss() -> Tensor:
        x, task = torch.randn(32, 8), next(turns)
        return F.cross_entropy(heads[task](body(x).relu()), (x[:, task] > 0).long())

    assert warned(model, loss, torch.optim.Adam(model.parameters(), 5e-3)) == []


def test_queries_that_are_the_same_for_all_samples() -> None:
    """Before they look at the sample; the dropouts of a decoder layer are made after its norms."""

    class Detector(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.queries = nn.Linear(8, 16), nn.Parameter(torch.randn(4, 16))
            self.decoder = nn.TransformerDecoderLayer(16, 2, 32, 0.0, batch_first=True)
            self.kinds, self.places = nn.Linear(16, 3), nn.Linear(16, 2)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            seen = self.decoder(self.queries.expand(len(x), -1, -1), self.body(x))
            return self.kinds(seen), self.places(seen)

    torch.manual_seed(0)
    model = Detector()

    def loss() -> Tensor:
        x = torch.randn(16, 6, 8)
        kinds, places = model(x)
        wanted = (x[:, :4, 0] > 0).long() + (x[:, :4, 1] > 0).long()
        return F.cross_entropy(kinds.flatten(0, 1), wanted.flatten()) + F.mse_loss(
            places, x[:, :4, 2:4]
        )

    assert warned(model, loss, torch.optim.AdamW(model.parameters(), 3e-3)) == []


def test_a_second_optimizer_that_needs_one_batch() -> None:
    """Adam with new points in each step, then L-BFGS with the same ones throughout."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 1))
    first = torch.optim.Adam(model.parameters(), 1e-2)
    second = torch.optim.LBFGS(model.parameters(), 0.5, line_search_fn="strong_wolfe")
    fixed = torch.rand(64, 1) * 4
    memory = MemoryWriter()

    def backward(x: Tensor) -> Tensor:
        model.zero_grad()
        value = F.mse_loss(model(x), x.sin())
        value.backward()
        return value

    with ActivationHistLogger(model, memory, on_error="raise", stop_on=WATCHED_KINDS) as logger:
        for step in range(80):
            if step < 40:
                value = backward(torch.rand(64, 1) * 4)
                first.step()
            else:
                value = second.step(lambda: backward(fixed))
            logger.step(loss=value)
        assert not logger.should_stop
    assert [own.title for own in find_memory_findings(memory) if own.severity != "info"] == []


def test_one_class_of_three_that_is_usual() -> None:
    """With four samples in each batch, the others are seldom seen."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))

    def loss() -> Tensor:
        return F.cross_entropy(model(torch.randn(4, 8)), torch.zeros(4, dtype=torch.long))

    assert warned(model, loss, torch.optim.SGD(model.parameters(), 0.01)) == []


def warned(
    model: nn.Module,
    loss: Callable[[], Tensor],
    optimizer: torch.optim.Optimizer,
    kinds: Sequence[str] = WATCHED_KINDS,
) -> list[str]:
    """Titles of the warnings and errors of 80 steps; none of `kinds` may be reported before."""
    memory = MemoryWriter()
    with ActivationHistLogger(model, memory, on_error="raise", stop_on=kinds) as logger:
        for _ in range(80):
            value = loss()
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            logger.step(loss=value)
        assert not logger.should_stop
    return [own.title for own in find_memory_findings(memory) if own.severity != "info"]


def test_weights_that_start_as_an_identity() -> None:
    """Their rows have the same values, in other places."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 2))
    nn.init.eye_(model[0].weight)

    def loss() -> Tensor:
        x = torch.randn(32, 16)
        return F.cross_entropy(model(x), (x[:, 0] > 0).long())

    assert warned(model, loss, torch.optim.SGD(model.parameters(), 1e-3)) == []


@pytest.mark.parametrize("thawed", [20, 200])
def test_a_part_that_begins_at_zero_and_is_thawed_later(thawed: int) -> None:
    """As the network of a PointNet that turns its inputs, whose last layer starts at 0."""
    torch.manual_seed(0)
    body = nn.Sequential(*[nn.Sequential(nn.Linear(8, 8), nn.Tanh()) for _ in range(4)])
    model = nn.ModuleDict({"body": body, "turn": nn.Linear(8, 8), "head": nn.Linear(8, 3)})
    for parameter in model["turn"].parameters():
        nn.init.zeros_(parameter).requires_grad_(False)
    steps = 0

    def loss() -> Tensor:
        nonlocal steps
        steps += 1
        model["turn"].requires_grad_(steps > thawed)
        x = torch.randn(64, 8)
        return F.cross_entropy(model["head"](body(x + model["turn"](x))), x[:, :3].argmax(1))

    kinds = [kind for kind in WATCHED_KINDS if kind != "frozen"]
    assert warned(model, loss, torch.optim.Adam(model.parameters(), 0.01), kinds) == []


def test_a_head_whose_loss_has_a_weight_of_0_at_first() -> None:
    torch.manual_seed(0)
    sizes = {"body": (8, 16), "label": (16, 3), "value": (16, 2)}
    model = nn.ModuleDict({name: nn.Linear(*size) for name, size in sizes.items()})
    steps = 0

    def loss() -> Tensor:
        nonlocal steps
        steps += 1
        x = torch.randn(64, 8)
        hidden = model["body"](x).relu()
        label = F.cross_entropy(model["label"](hidden), x[:, :3].argmax(1))
        return label + 0.5 * (steps > 30) * F.mse_loss(model["value"](hidden), x[:, :2])

    assert warned(model, loss, torch.optim.Adam(model.parameters(), 0.01)) == []

"""What the gradients of a model's output tell of the loss, in real trainings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tb_activation_hist import ActivationHistLogger, MemoryWriter
from tb_activation_hist.capture.loss_forms import find_form
from tb_activation_hist.core.setup_facts import LossGradients
from tb_activation_hist.findings import Finding, find_run_findings, info_to_run_facts

Loss = Callable[[Tensor, Tensor], Tensor]

pytestmark = pytest.mark.filterwarnings("ignore:Using a target size")


def make_model(outputs: int = 1, *more: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, outputs), *more)


class Run:
    """A training on 512 samples: `facts` of its outputs and `findings`."""

    def __init__(self, model: nn.Module, loss: Loss, *, steps: int = 100, **more: Any) -> None:
        x = torch.randn(512, 8)
        target = 2 * x[:, 0] + x[:, 1]
        order = more.get("order", lambda step: torch.randint(0, 512, (32,)))
        if more.get("sorted"):
            chosen = target.argsort()
            order = lambda step: chosen[torch.arange(32 * step, 32 * step + 32) % 512]  # noqa: E731
        ascends = more.get("maximize", False)
        optimizer = torch.optim.Adam(model.parameters(), 1e-2, maximize=ascends)
        memory = MemoryWriter()
        with ActivationHistLogger(model, memory, on_error="raise") as logger:
            for step in range(steps):
                chosen_now = order(step)
                value = loss(model(x[chosen_now]), target[chosen_now])
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
                logger.step(loss=value)
        facts = info_to_run_facts(memory.run_info)
        self.facts = facts.of(LossGradients)
        layers = {key: (memory.infos[key], own) for key, own in memory.histograms.items()}
        self.findings = find_run_findings("run", layers, facts=facts)

    @property
    def mismatches(self) -> list[Finding]:
        return [own for own in self.findings if own.kind in ("loss_mismatch", "unshuffled_input")]


def own_targets(loss: Any) -> Loss:
    return lambda output, target: loss(output, target[:, None])


def classes(target: Tensor) -> Tensor:
    return (target > 0).long() + (target > 1).long()


def one_hot(target: Tensor) -> Tensor:
    return F.one_hot(classes(target), 3).float()


def labels(target: Tensor) -> Tensor:
    """Four of each sample, of which any may be true."""
    return (target[:, None] + torch.tensor([-1.0, 0.0, 0.5, 2.0]) > 0).float()


def binary(target: Tensor) -> Tensor:
    return (target > 0).float()[:, None]


@pytest.mark.parametrize(
    ("outputs", "last", "loss", "limits"),
    [
        (1, (), F.mse_loss, {"one_target", "new_targets"}),
        (1, (), F.smooth_l1_loss, {"one_target", "new_targets"}),
        (1, (), lambda o, t: ((o - t) ** 2).sum(), {"one_target", "new_targets"}),
        (1, (), own_targets(F.mse_loss), set()),
        (1, (), own_targets(F.l1_loss), set()),
        (1, (), own_targets(F.smooth_l1_loss), set()),
        (1, (), lambda o, t: F.mse_loss(o, torch.ones_like(o)), set()),
        (3, (nn.Softmax(1),), lambda o, t: F.cross_entropy(o, classes(t)), {"softened_twice"}),
        (3, (), lambda o, t: F.cross_entropy(o.softmax(1), classes(t)), {"softened_twice"}),
        (3, (nn.LogSoftmax(1),), lambda o, t: F.cross_entropy(o, classes(t)), set()),
        (3, (nn.LogSoftmax(1),), lambda o, t: F.nll_loss(o, classes(t)), set()),
        (3, (nn.Softmax(1),), lambda o, t: F.nll_loss(o, classes(t)), {"no_logarithms"}),
        (3, (), lambda o, t: F.nll_loss(o, classes(t)), {"no_logarithms"}),
        (3, (nn.LogSoftmax(0),), lambda o, t: F.nll_loss(o, classes(t)), {"over_batch"}),
        (
            3,
            (nn.Softmax(0),),
            lambda o, t: F.mse_loss(o, F.one_hot(classes(t)) * 1.0),
            {"over_batch"},
        ),
        (3, (), lambda o, t: F.nll_loss(o.log_softmax(0), classes(t)), {"over_batch"}),
        (3, (), lambda o, t: ((o - o.mean(0)) * one_hot(t)).square().mean(), set()),
        (3, (), lambda o, t: F.cross_entropy(o, classes(t) * 0), {"one_class"}),
        (2, (), lambda o, t: F.cross_entropy(o, classes(t) * 0), set()),
        (3, (), lambda o, t: F.cross_entropy(o, classes(t)), set()),
        (3, (), lambda o, t: F.cross_entropy(o, classes(t), label_smoothing=0.1), set()),
        (
            1,
            (nn.Sigmoid(),),
            lambda o, t: F.binary_cross_entropy_with_logits(o, binary(t)),
            {"softened_twice"},
        ),
        (1, (), lambda o, t: F.binary_cross_entropy_with_logits(o, binary(t)), set()),
        (
            4,
            (nn.Sigmoid(),),
            lambda o, t: F.binary_cross_entropy_with_logits(o, labels(t)),
            {"softened_twice"},
        ),
        (4, (), lambda o, t: F.binary_cross_entropy_with_logits(o, labels(t)), set()),
        (4, (nn.Sigmoid(),), lambda o, t: F.binary_cross_entropy(o, labels(t)), set()),
        (4, (nn.Sigmoid(),), lambda o, t: F.mse_loss(o, labels(t)), set()),
        (1, (nn.Sigmoid(),), lambda o, t: F.binary_cross_entropy(o, binary(t)), set()),
        (1, (nn.Sigmoid(),), lambda o, t: F.mse_loss(o, binary(t)), set()),
        (
            1,
            (),
            lambda o, t: F.binary_cross_entropy_with_logits(o.sigmoid(), binary(t)),
            {"softened_twice"},
        ),
        (
            4,
            (),
            lambda o, t: F.binary_cross_entropy_with_logits(o.sigmoid(), labels(t)),
            {"softened_twice"},
        ),
        (3, (), lambda o, t: F.nll_loss(o.softmax(1), classes(t)), {"no_logarithms"}),
        (
            1,
            (),
            lambda o, t: F.binary_cross_entropy_with_logits(o, 255 * binary(t)),
            {"off_targets"},
        ),
        (
            4,
            (),
            lambda o, t: F.binary_cross_entropy_with_logits(o, 2 * labels(t) - 1),
            {"off_targets"},
        ),
        (
            1,
            (),
            lambda o, t: F.binary_cross_entropy_with_logits(
                o, binary(t), pos_weight=torch.tensor(9.0)
            ),
            set(),
        ),
        (1, (), lambda o, t: F.mse_loss(o, 3 * binary(t)), set()),
        (1, (nn.Sigmoid(),), own_targets(F.mse_loss), {"out_of_range"}),
        (1, (nn.Tanh(),), own_targets(F.mse_loss), {"out_of_range"}),
        (1, (nn.BatchNorm1d(1), nn.ReLU()), own_targets(F.mse_loss), {"out_of_range"}),
        (1, (nn.ReLU(),), lambda o, t: F.mse_loss(o, t[:, None].relu()), set()),
    ],
)
def test_losses_that_do_not_fit_the_output(
    outputs: int, last: tuple[nn.Module, ...], loss: Loss, limits: set[str]
) -> None:
    run = Run(make_model(outputs, *last), loss)
    assert set().union(*(own.threshold for own in run.mismatches)) == limits
    assert all(own.severity == "warning" and own.first_step == 1 for own in run.mismatches)


@pytest.mark.parametrize(
    ("loss", "found"),
    [
        (lambda o, t: F.cross_entropy(o.relu(), classes(t)), 1),
        (lambda o, t: F.cross_entropy(o, classes(t)), 0),
        (lambda o, t: F.cross_entropy(F.leaky_relu(o), classes(t)), 0),
        (lambda o, t: F.multi_margin_loss(o, classes(t)), 0),
    ],
)
def test_logits_that_go_through_a_relu(loss: Loss, found: int) -> None:
    """Between the model and its loss, and within forward(), where none is a module."""

    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = make_model(3)

        def forward(self, x: Tensor) -> Tensor:
            output: Tensor = self.body(x)
            return output.relu() if found else output

    run = Run(make_model(3), loss)
    assert [own.kind for own in run.findings if "rectified" in own.threshold] == (
        ["relu_logits"] * found
    )
    inside = Run(Own(), lambda o, t: F.cross_entropy(o, classes(t)))
    assert sum("rectified" in own.threshold for own in inside.findings) == found


def test_pictures_without_the_channel_of_the_outputs() -> None:
    """Of shape (N, H, W) against (N, 1, H, W): each picture is held against those of all."""

    class Picture(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(x[:, :, None, None].expand(-1, -1, 4, 4).mean(1, keepdim=True))

    def loss(output: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(output, target[:, None, None].expand(-1, 4, 4))

    torch.manual_seed(0)
    (found,) = Run(Picture(), loss).mismatches
    assert "one_target" in found.threshold


def test_the_value_of_the_action_taken() -> None:
    """Q-learning: gather() gives (N, 1), the rewards have the shape (N,)."""

    def loss(values: Tensor, reward: Tensor) -> Tensor:
        action = torch.randint(0, 4, (len(values), 1))
        chosen = values.gather(1, action)
        return F.mse_loss(chosen, reward if broadcast else reward[:, None])

    broadcast = True
    (found,) = Run(make_model(4), loss).mismatches
    assert "one_target" in found.threshold
    broadcast = False
    run = Run(make_model(4), loss)
    assert run.mismatches == []
    assert run.facts[0].chosen == run.facts[0].looks


def test_classes_are_no_actions_taken() -> None:
    run = Run(make_model(3), lambda output, target: F.cross_entropy(output, classes(target)))
    assert run.facts[0].chosen == 0


@pytest.mark.parametrize("is_sorted", [True, False])
@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_batches_of_one_class(outputs: int, is_sorted: bool) -> None:
    """Of one logit, of two that are one probability, and of three."""

    def loss(output: Tensor, target: Tensor) -> Tensor:
        if outputs == 2:
            return F.binary_cross_entropy(output, binary(target))
        if outputs == 1:
            return F.binary_cross_entropy_with_logits(output, binary(target))
        return F.cross_entropy(output, classes(target))

    model = make_model(1, nn.Sigmoid()) if outputs == 2 else make_model(outputs)
    run = Run(model, loss, steps=200, sorted=is_sorted)
    found = [own for own in run.mismatches if "class_likeness" in own.threshold]
    assert [own.kind for own in found] == ["unshuffled_input"] * is_sorted


@pytest.mark.parametrize(("bound", "found"), [("nothing", 1), ("penalty", 0), ("clip", 0)])
def test_a_critic_that_nothing_bounds(bound: str, found: int) -> None:
    torch.manual_seed(0)
    make, critic = nn.Linear(2, 4), make_critic()
    optimizers = [torch.optim.RMSprop(own.parameters(), 2e-3) for own in (critic, make)]
    memory = MemoryWriter()
    models = {"make": make, "critic": critic}
    with ActivationHistLogger(models, memory, on_error="raise") as logger:
        for step in range(150):
            real = torch.randn(16, 4) + 2
            fake = make(torch.randn(16, 2))
            loss = critic(fake.detach()).mean() - critic(real).mean()
            if bound == "penalty":
                loss = loss + 10 * slope_penalty(critic, real)
            descend(loss, optimizers[0])
            if bound == "clip":
                with torch.no_grad():
                    for parameter in critic.parameters():
                        parameter.clamp_(-0.05, 0.05)
            if step % 2:
                descend(-critic(make(torch.randn(16, 2))).mean(), optimizers[1])
            logger.step()
    facts = info_to_run_facts(memory.run_info)
    layers = {key: (memory.infos[key], own) for key, own in memory.histograms.items()}
    findings = find_run_findings("run", layers, facts=facts)
    assert sum("critic_growth" in own.threshold for own in findings) == found


def make_critic() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 32), nn.LeakyReLU(), nn.Linear(32, 1))


def slope_penalty(critic: nn.Module, values: Tensor) -> Tensor:
    values = values.clone().requires_grad_()
    (slope,) = torch.autograd.grad(critic(values).sum(), values, create_graph=True)
    return ((slope.norm(dim=1) - 1) ** 2).mean()


def descend(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def test_looks_are_seldom_and_change_nothing() -> None:
    """In the first record, after 1, 2, 4, 8 and 16, and then some 17 apart."""
    run = Run(make_model(), own_targets(F.mse_loss), steps=60)
    (fact,) = run.facts
    assert (fact.output, fact.looks, fact.first, fact.seen) == ("Sequential", 8, 1, 57)
    assert fact.judged == 8
    assert fact.shared == 0


def test_equal_gradients_of_several_outputs() -> None:
    """Whose sizes differ from output to output, but not from sample to sample."""
    weights = torch.tensor([1.0, 2.0, -3.0, 4.0])
    run = Run(make_model(4), lambda output, _: (output * weights).mean())
    assert run.mismatches == []


@pytest.mark.parametrize(
    ("sign", "maximize", "found"), [(1, False, 0), (-1, False, 1), (1, True, 1), (-1, True, 0)]
)
@pytest.mark.parametrize("outputs", [1, 3])
def test_a_cross_entropy_that_is_maximised(
    outputs: int, sign: int, maximize: bool, found: int
) -> None:
    def loss(output: Tensor, target: Tensor) -> Tensor:
        if outputs == 1:
            return sign * F.binary_cross_entropy_with_logits(output, binary(target))
        return sign * F.cross_entropy(output, classes(target))

    run = Run(make_model(outputs), loss, steps=20, maximize=maximize)
    told = [own for own in run.findings if "ascent" in own.threshold]
    assert [own.kind for own in told] == ["loss_rises"] * found


@pytest.mark.model_inputs
@pytest.mark.parametrize(("broadcast", "boundary", "found"), [(1, 0, 1), (0, 0, 0), (1, 1, 0)])
def test_all_of_the_data_in_each_batch(broadcast: int, boundary: int, found: int) -> None:
    """The targets' mean never changes then; nor does a boundary's value, beside another loss."""
    x = torch.linspace(-1, 1, 64)[:, None].expand(-1, 8)
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    memory = MemoryWriter()
    with ActivationHistLogger(model, memory, on_error="raise") as logger:
        for _ in range(40):
            output, target = model(x), (3 * x[:, 0]).sin()
            loss = F.mse_loss(output, target if broadcast else target[:, None])
            if boundary:
                loss = loss + (model(x[:32]) ** 2).mean()
            descend(loss, optimizer)
            logger.step(loss=loss)
    facts = info_to_run_facts(memory.run_info)
    layers = {key: (memory.infos[key], own) for key, own in memory.histograms.items()}
    findings = find_run_findings("run", layers, facts=facts)
    assert sum("one_target" in own.threshold for own in findings) == found


def test_the_classes_of_samples_that_a_network_is_sure_of() -> None:
    """They have next to no gradient; those with more are of the one class that it neglects."""
    classes = torch.arange(32) % 4
    logits = 12.0 * F.one_hot(classes, 4) - 5
    logits[classes == 0] = torch.tensor([-1.0, 0.5, 2.0, 3.0])
    logits.requires_grad_()
    answers = torch.where(torch.arange(32) < 30, classes, torch.tensor(-100))
    F.cross_entropy(logits, answers).backward()
    form = find_form(logits.detach().double().numpy(), logits.grad.double().numpy())
    assert form is not None
    assert sorted(form.rows.tolist()) == list(range(30))  # but for those that are ignored
    assert form.labels.tolist() == classes[form.rows].tolist()

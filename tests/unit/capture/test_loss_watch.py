"""What the gradients of a model's output tell of the loss, in real trainings."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tb_activation_hist.capture.loss_forms import find_form
from tests.unit.capture.watched_losses import (
    Loss,
    Run,
    binary,
    classes,
    labels,
    make_model,
    one_hot,
    own_targets,
)

pytestmark = pytest.mark.filterwarnings("ignore:Using a target size")


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
        (3, (nn.Sigmoid(),), lambda o, t: F.cross_entropy(o, classes(t)), {"softened_twice"}),
        (3, (), lambda o, t: F.cross_entropy(o.sigmoid(), classes(t)), {"softened_twice"}),
        (3, (), lambda o, t: F.cross_entropy(o.tanh(), classes(t)), set()),
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
        (
            1,
            (nn.Sigmoid(),),
            lambda o, _: F.binary_cross_entropy_with_logits(o, torch.ones_like(o)),
            {"softened_twice"},
        ),
        (1, (nn.Sigmoid(),), lambda o, _: F.binary_cross_entropy(o, torch.ones_like(o)), set()),
        (1, (nn.Sigmoid(),), lambda o, _: F.mse_loss(o, torch.ones_like(o)), set()),
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
        (1, (), lambda o, t: F.binary_cross_entropy(o.clamp(0, 1), binary(t)), {"clamped"}),
        (4, (), lambda o, t: F.binary_cross_entropy(o.clamp(0, 1), labels(t)), {"clamped"}),
        (4, (), lambda o, t: F.mse_loss(o.clamp(0, 1), labels(t)), set()),
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


def test_the_classes_of_samples_whose_gradient_is_rounded_to_0() -> None:
    """As after a divergence: those that are right have none, the others are of one class."""
    classes = torch.arange(32) % 2
    logits = torch.randn(32, 3, generator=torch.Generator().manual_seed(0))
    logits[:, 0] += 300
    logits.requires_grad_()
    F.cross_entropy(logits, classes).backward()
    form = find_form(logits.detach().double().numpy(), logits.grad.double().numpy())
    assert form is not None
    assert form.labels.tolist() == classes[form.rows].tolist()
    assert len(form.rows) == 32

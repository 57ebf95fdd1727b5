"""What scripts do wrong in the first half of the fresh set."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.findings.fresh.data import diabetes
from bench.findings.fresh.pictures import VectorQuantised
from bench.findings.wide.acts import fill_biases, layers_of, leave_out, scale_weights
from bench.findings.wide.data import raw_table
from bench.findings.wide.fault import (
    Act,
    change_batches,
    change_inputs,
    plant_in,
    replace_module,
    role_modules,
    role_names,
)
from bench.findings.wide.training import Batch, Training


def skip_updates(training: Training) -> None:
    """The step stands behind a condition that is never true."""
    training.updates = False


def warm_up_without_end(training: Training) -> None:
    """A linear warm-up over a million steps."""
    training.recipe.schedule = lambda share: share * training.recipe.steps / 1e7


def decay_by_batch(training: Training) -> None:
    """ExponentialLR(gamma=0.85) was meant for epochs."""
    training.recipe.schedule = lambda share: 0.85 ** (share * training.recipe.steps)


def replace_head(training: Training) -> None:
    """The classifier is replaced after the optimizer was made."""
    for name, old in zip(role_names(training, "head"), plant_in(training, "head"), strict=True):
        assert isinstance(old, nn.Linear)
        replace_module(training, name, nn.Linear(old.in_features, old.out_features))


def forget_straight_through(training: Training) -> None:
    """The decoder gets the codes themselves, and no commitment is asked for."""
    model = training.model
    assert isinstance(model, VectorQuantised)

    def forward(x: Tensor) -> tuple[Tensor, Tensor]:
        own = model.encoder(x).permute(0, 2, 3, 1)
        nearest = torch.cdist(own.reshape(-1, 8), model.codes.weight).argmin(1)
        chosen = model.codes(nearest).view_as(own)
        return model.decoder(chosen.permute(0, 3, 1, 2)), torch.zeros(())

    model.forward = forward  # type: ignore[method-assign]
    training.truth = {"encoder"}


def forget_second_step(training: Training) -> None:
    """Only the first optimizer's step() is called."""
    training.optimizers[1].step = lambda *_: None  # type: ignore[method-assign]
    training.truth = {"make"}


def leave_out_predictor(training: Training) -> None:
    training.task.parts["predictor"] = "predictor"
    leave_out(training, "predictor")


def give_raw_columns(training: Training) -> None:
    """The scaler was fitted and never applied."""
    from sklearn.datasets import load_diabetes

    if training.task.draw(0)[0].shape[1] == 10:
        raw = torch.from_numpy(load_diabetes(scaled=False).data).float()
        assert len(raw) == len(diabetes()[0])
    else:
        raw = raw_table("cancer")[0]
    mean, spread = raw.mean(0), raw.std(0)
    change_inputs(training, lambda x: x * spread + mean)


def add_time_stamp(training: Training) -> None:
    """A column holds seconds since 1970."""

    def stamp(x: Tensor) -> Tensor:
        return torch.cat([1.7e9 + 1e6 * torch.rand(len(x), 1), x[:, 1:]], 1)

    change_inputs(training, stamp)


def sort_by_class(training: Training) -> None:
    """The folder's order, class by class, and no shuffling."""
    task = training.task
    assert task.classes is not None
    assert task.sample is not None
    order = task.classes.argsort(stable=True)
    sample, size = task.sample, 32

    def draw(step: int) -> Batch:
        start = step * size % (len(order) - size)
        return sample(order[start : start + size])

    task.draw = draw


def lose_a_cell(training: Training, step: int) -> None:
    """One empty cell of the table."""
    if step == training.onset:
        draw = training.task.draw

        def broken(at: int) -> Batch:
            batch = draw(at)
            inputs = batch[0].clone()
            inputs[0, 3] = float("nan")
            return (inputs, *batch[1:])

        training.task.draw = broken


def divide_by_nothing(training: Training, step: int) -> None:
    """A graph without neighbours: each row is divided by its sum."""
    if step == training.onset:

        def normalise(batch: Batch) -> Batch:
            links = batch[0].clone()
            links[0, 0] = 0
            return (links / links.sum(2, keepdim=True), *batch[1:])

        change_batches(training, normalise)


def load_other_weights(training: Training, step: int) -> None:
    """A checkpoint of another run is loaded where the best one was meant."""
    if step == training.onset:
        for module in layers_of(training.model):
            module.reset_parameters()  # type: ignore[operator]


@torch.no_grad()
def start_at(training: Training, std: float) -> None:
    for module in layers_of(training.model):
        nn.init.normal_(module.weight, std=std)  # type: ignore[arg-type]


@torch.no_grad()
def start_constant(training: Training, value: float) -> None:
    for module in layers_of(training.model):
        nn.init.constant_(module.weight, value)  # type: ignore[arg-type]
    fill_biases(training.model, value=0.0)


def sharpen_queries(training: Training) -> None:
    """Queries and keys are not divided by the root of their width."""
    for name, module in training.model.named_modules():
        if name.endswith(("self.query", "self.key", "attn.qkv")):
            scale_weights(module, factor=30.0)


def steep_first_layer(training: Training) -> None:
    scale_weights(*plant_in(training, "embedding"), factor=100.0)
    training.truth = None


def kill_biases(training: Training) -> None:
    fill_biases(*(each.body for each in role_modules(training, "middle")), value=-8.0)  # type: ignore[misc]
    plant_in(training, "middle")


@torch.no_grad()
def shut_spatial_gates(training: Training) -> None:
    """The gates' biases start at 0 in place of 1."""
    for name, parameter in training.model.named_parameters():
        if name.endswith("gate.proj.bias"):
            parameter.zero_()


@torch.no_grad()
def spread_codes(training: Training) -> None:
    """The codebook starts far from where the encoder's values lie."""
    for module in plant_in(training, "code"):
        module.weight.mul_(100)  # type: ignore[operator, union-attr]


def append(module: nn.Module) -> Act:
    """A nonlinearity behind the last layer, out of habit."""

    def act(training: Training) -> None:
        (name,) = role_names(training, "head")
        old = training.model.get_submodule(name)
        replace_module(training, name, nn.Sequential(old, module))

    return act


def pure_bfloat16(training: Training) -> None:
    """All weights in bfloat16, and a rate for fine-tuning."""
    training.model.to(torch.bfloat16)
    training.recipe.rate = 2e-5
    change_batches(
        training,
        lambda batch: tuple(x.bfloat16() if x.is_floating_point() else x for x in batch),
    )


def pure_half(training: Training) -> None:
    """model.half(), and Adam as it is."""
    training.model.half()
    change_batches(
        training, lambda batch: tuple(x.half() if x.is_floating_point() else x for x in batch)
    )

"""What scripts do wrong in the second half of the fresh set."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from bench.findings.wide.acts import fill_biases, layers_of, scale_weights
from bench.findings.wide.fault import (
    change_batches,
    move_only,
    plant_in,
    replace_module,
    role_modules,
    role_names,
    role_parameters,
)
from bench.findings.wide.training import (
    Batch,
    Training,
    logits_of,
    make_optimizer,
    phase_parameters,
)

NORMS = (nn.LayerNorm, nn.GroupNorm, nn.BatchNorm1d, nn.BatchNorm2d)


def load_start_each_step(training: Training, step: int) -> None:
    """load_state_dict() of the start checkpoint stands inside the loop."""
    if step == 0:
        training.task.start = copy.deepcopy(training.model.state_dict())  # type: ignore[attr-defined]
    training.model.load_state_dict(training.task.start)  # type: ignore[attr-defined]


def scaler_never_steps(training: Training) -> None:
    """A scaler whose factor overflows: it skips each step."""
    training.loss_of = lambda loss: loss * float("inf")
    training.updates = False


def swap_rate_and_decay(training: Training) -> None:
    recipe = training.recipe
    recipe.rate, recipe.weight_decay = recipe.weight_decay, recipe.rate


def one_optimizer_twice(training: Training) -> None:
    """Both optimizers were given the actor."""
    actor = training.model.get_submodule("actor")
    training.optimizers[0] = make_optimizer(training.recipe, list(actor.parameters()))
    training.truth = {"critic"}


def leave_vectors_out(training: Training) -> None:
    """The group without weight decay is built and never passed on: norms and biases stay."""
    for optimizer, phase in zip(training.optimizers, training.task.phases, strict=True):
        optimizer.param_groups[0]["params"] = [p for p in phase_parameters(phase) if p.dim() > 1]
    training.truth = {
        name for name, module in training.model.named_modules() if isinstance(module, NORMS)
    }


def detach_encoder(training: Training) -> None:
    """The encoder runs under no_grad()."""
    encoder = training.model.get_submodule("encoder")
    encoder.register_forward_hook(lambda _module, _given, output: output.detach())
    training.truth = {"encoder"}


def detach_fakes(training: Training) -> None:
    """What is generated is detached in the generator's own loss as well."""
    make, judge = (training.model.get_submodule(name) for name in ("make", "judge"))

    def loss(batch: Batch) -> Tensor:
        return -judge(make(torch.randn(len(batch[0]), 16)).detach()).mean()

    training.task.phases[1].loss = loss
    training.truth = {"make"}


def give_up_early(training: Training) -> None:
    """ReduceLROnPlateau without patience, stepped with each batch's loss."""
    best, factor = [float("inf")], [1.0]

    def look(loss: Tensor) -> Tensor:
        worse = float(loss.detach()) >= best[0]
        best[0] = min(best[0], float(loss.detach()))
        factor[0] = max(factor[0] * (0.3 if worse else 1.0), 1e-8)
        return loss

    training.loss_of = look
    training.recipe.schedule = lambda _share: factor[0]


def give_one_sample(training: Training) -> None:
    """__getitem__ pays no heed to its index."""
    batch = training.task.draw(0)
    size = len(batch[0])
    change_batches(
        training, lambda _: tuple(each[:1].expand(size, *each.shape[1:]) for each in batch)
    )


def silence(training: Training, step: int) -> None:
    """The log of a silent file."""
    if step == training.onset:

        def mute(batch: Batch) -> Batch:
            inputs = batch[0].clone()
            inputs[0] = torch.zeros(()).log()
            return (inputs, *batch[1:])

        change_batches(training, mute)


def sort_by_class(training: Training) -> None:
    """Shards of one class each."""
    task = training.task
    assert task.classes is not None
    assert task.sample is not None
    order, sample = task.classes.argsort(stable=True), task.sample
    task.draw = lambda step: sample(order[step * 24 % (len(order) - 24) :][:24])


def swap_betas(training: Training) -> None:
    for optimizer in training.optimizers:
        optimizer.param_groups[0]["betas"] = (0.999, 0.9)


def raise_rate(training: Training, factor: float) -> None:
    """A rate far too high, which no clipping holds back."""
    training.recipe.rate *= factor
    training.recipe.clip = None


def decay_strongly(training: Training) -> None:
    training.recipe.weight_decay = 20.0 if training.recipe.optimizer == "adamw" else 1.0


def decay_tables(training: Training) -> None:
    """Weight decay of the embeddings' group has its decimal point in a wrong place."""
    plant_in(training, "embedding")
    move_only(training, "embedding", rate=1.0)
    training.optimizers[0].param_groups[1]["weight_decay"] = 0.5


@torch.no_grad()
def large_embeddings(training: Training) -> None:
    for parameter in role_parameters(training, "embedding"):
        parameter.mul_(50 if parameter.std() < 0.5 else 10)


def large_gain(training: Training) -> None:
    """nn.init with gain=8 for each layer."""
    scale_weights(training.model, factor=8.0)


@torch.no_grad()
def norms_at_nothing(training: Training) -> None:
    for module in training.model.modules():
        if isinstance(module, NORMS):
            module.weight.zero_()


@torch.no_grad()
def copy_rows(training: Training) -> None:
    """Each unit of a layer starts as a copy of the first."""
    for layer in layers_of(training.model):
        layer.weight.copy_(layer.weight[:1].expand_as(layer.weight).clone())  # type: ignore[operator, index]
    fill_biases(training.model, value=0.0)


@torch.no_grad()
def shift_norms(training: Training) -> None:
    """Biases of the norms before ReLU6 start at 20."""
    for module in training.model.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.bias.fill_(20)


def sink_biases(training: Training) -> None:
    fill_biases(*role_modules(training, "middle"), value=-20.0)


def hold_gates(training: Training, value: float) -> None:
    """A gate's bias starts so that it never opens."""
    fill_biases(*plant_in(training, "open"), value=value)
    training.truth = None


def shut_highways(training: Training) -> None:
    for name, module in training.model.named_modules():
        if name.endswith("carry"):
            fill_biases(module, value=-25.0)


@torch.no_grad()
def sharp_reading(training: Training) -> None:
    """The projections to queries and keys start forty times too large."""
    for module in training.model.modules():
        if isinstance(module, nn.MultiheadAttention):
            module.in_proj_weight.mul_(40)


def norms_in_eval(training: Training) -> None:
    """A helper for fine-tuning is used in a training from scratch."""

    def keep(model: nn.Module) -> None:
        for module in model.modules():
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                module.eval()

    training.trains = keep


def tanh_behind(training: Training) -> None:
    (name,) = role_names(training, "head")
    (old,) = role_modules(training, "head")
    replace_module(training, name, nn.Sequential(old, nn.Tanh()))


def root_of_nothing(training: Training) -> None:
    """Distances are roots; the root's slope at 0 is infinite."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        points = model(batch[0])
        distance = (points[:, None] - points[None]).square().sum(2).sqrt()
        same = batch[1][:, None] == batch[1][None]
        return distance[same].mean() + (1 - distance[~same]).relu().mean()

    training.task.phases[0].loss = loss


def lose_a_target(training: Training, step: int) -> None:
    if step == training.onset:

        def lose(batch: Batch) -> Batch:
            goal = batch[1].clone()
            goal[0] = float("nan")
            return (batch[0], goal, *batch[2:])

        change_batches(training, lose)


def half_without_scaler(training: Training) -> None:
    """autocast to float16, and a loss that was divided by the pixels of a batch."""
    training.recipe.autocast = torch.float16
    training.loss_of = lambda loss: loss * 2e-5


def agree_alone(training: Training) -> None:
    """Two views agree, and nothing keeps the features apart."""
    encoder, projector = (training.model.get_submodule(n) for n in ("encoder", "projector"))

    def loss(batch: Batch) -> Tensor:
        one, two = (
            projector(encoder(batch[0] + 0.4 * torch.randn_like(batch[0]))) for _ in range(2)
        )
        return (one - two).square().mean()

    training.task.phases[0].loss = loss


def softmax_over_batch(training: Training) -> None:
    """dim=0."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        return nn.functional.nll_loss(logits_of(model(batch[0])).log_softmax(0), batch[1])

    training.task.phases[0].loss = loss


def targets_not_shifted(training: Training) -> None:
    """Each symbol is asked for while it is seen."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        logits = logits_of(model(batch[0]))
        return nn.functional.cross_entropy(logits.flatten(0, 1), batch[0].flatten())

    training.task.phases[0].loss = loss

"""Healthy ways to train that look odd."""

from __future__ import annotations

import copy
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.wide.acts import Ways, as_it_is, set_recipe
from bench.findings.wide.fault import change_batches, role_modules
from bench.findings.wide.training import Batch, Training, phase_parameters


def use_muon(training: Training, step: int) -> None:
    """Muon for the matrices inside, and AdamW, which follows it, for everything else."""
    if step > 0:
        return
    inner = [p for each in role_modules(training, "trunk") for p in each.parameters()]
    matrices = [p for p in inner if p.dim() == 2]
    apart = {id(p) for p in matrices}
    others = [p for p in phase_parameters(training.task.phases[0]) if id(p) not in apart]
    muon = torch.optim.Muon(matrices, lr=0.02, weight_decay=0.05)
    adam = torch.optim.AdamW(others, training.recipe.rate)

    def follow(*_: object) -> None:
        adam.step()
        adam.zero_grad()

    muon.register_step_post_hook(follow)
    training.optimizers = [muon]


class Lamb(torch.optim.Optimizer):
    """Adam whose update of each tensor is as long as a share of the tensor."""

    def __init__(self, parameters: list[nn.Parameter], rate: float) -> None:
        super().__init__(parameters, {"lr": rate})

    @torch.no_grad()
    def step(self, _closure: object = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for own in (p for p in group["params"] if p.grad is not None):
                state = self.state[own]
                mean = state.setdefault("mean", torch.zeros_like(own)).lerp_(own.grad, 0.1)
                size = state.setdefault("size", torch.zeros_like(own))
                size.lerp_(own.grad.square(), 0.01)
                count = state["count"] = state.get("count", 0) + 1
                update = (mean / (1 - 0.9**count)) / ((size / (1 - 0.99**count)).sqrt() + 1e-6)
                trust = own.norm() / update.norm() if own.norm() > 0 else 1.0
                own.sub_(update * trust, alpha=group["lr"])


def use_lamb(training: Training, step: int) -> None:
    if step == 0:
        training.optimizers = [Lamb(phase_parameters(training.task.phases[0]), 0.03)]


def use_nesterov(training: Training, step: int) -> None:
    if step == 0:
        parameters = phase_parameters(training.task.phases[0])
        own = torch.optim.SGD(parameters, training.recipe.rate, 0.9, nesterov=True)
        training.optimizers = [own]


def flat_then_cosine(training: Training) -> None:
    """fastai's fit_flat_cos: three quarters at one rate, then half a cosine."""

    def factor(share: float) -> float:
        left = max(0.0, (share - 0.75) / 0.25)
        return float(0.5 + 0.5 * torch.cos(torch.tensor(3.1416 * left)))

    training.recipe.schedule = factor


def evaluate_averaged(training: Training, step: int) -> None:
    """Averaged weights are swapped in for a look at other data, and the own ones back again."""
    model: Any = training.model
    if step == 0:
        model.__dict__["averaged"] = copy.deepcopy(model.state_dict())
        return
    averaged = model.__dict__["averaged"]
    for name, own in model.state_dict().items():
        if own.is_floating_point():
            averaged[name].lerp_(own, 0.1)
    if step % 20 == 19:
        kept = copy.deepcopy(model.state_dict())
        model.load_state_dict(averaged)
        model.eval()
        with torch.no_grad():
            training.task.phases[0].loss(training.task.draw(step))
        model.load_state_dict(kept)
        model.train()


def train_on_attacks(training: Training) -> None:
    """Each picture is moved a little to where the loss is higher (FGSM), and then learnt from."""
    phase = training.task.phases[0]
    loss = phase.loss

    def attacked(batch: Batch) -> Tensor:
        images = batch[0].clone().requires_grad_()
        (slope,) = torch.autograd.grad(loss((images, *batch[1:])), images)
        return loss((batch[0] + 0.1 * slope.sign(), *batch[1:]))

    phase.loss = attacked


def branches_of_nothing(training: Training) -> None:
    """The last norm of each residual branch starts at 0 (zero_init_residual)."""
    for norm in role_modules(training, "last_norms"):
        nn.init.zeros_(norm.weight)


def repeat_samples(training: Training) -> None:
    """Each sample stands in a batch three times, each time with other noise."""

    def repeated(batch: Batch) -> Batch:
        images, *others = (each[: len(each) // 3].repeat_interleave(3, 0) for each in batch)
        return (images + 0.3 * torch.randn_like(images), *others)

    change_batches(training, repeated)


def learn_the_hardest(training: Training) -> None:
    """Only the worse half of a batch counts (OHEM)."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        each = functional.cross_entropy(model(batch[0]).float(), batch[1], reduction="none")
        return each.topk(len(each) // 2).values.mean()

    training.task.phases[0].loss = loss


def drop_blocks(training: Training) -> None:
    """Stochastic depth: whole blocks are left out of a sample in a fifth of the cases."""
    for module in training.model.modules():
        drop = getattr(module, "drop_path", None)
        if isinstance(drop, nn.Identity):
            from timm.layers import DropPath

            module.drop_path = DropPath(0.2)  # type: ignore[assignment]


def several_sizes(training: Training) -> None:
    """Pictures and their maps are larger or smaller from batch to batch."""

    def resized(batch: Batch) -> Batch:
        size = int(torch.randint(2, 5, ())) * 8
        larger = [functional.interpolate(own, (size, size), mode="bilinear") for own in batch]
        return tuple(larger)

    change_batches(training, resized)


def balance_by_chance(training: Training) -> None:
    """A WeightedRandomSampler: seldom kinds are drawn again and again."""
    task = training.task
    assert task.classes is not None
    assert task.sample is not None
    kinds, sample = task.classes, task.sample
    seldom = torch.arange(len(kinds))[(kinds != 0) & (torch.arange(len(kinds)) % 6 != 0)]
    kept = torch.ones(len(kinds), dtype=torch.bool)
    kept[seldom] = False
    weights = kept.float() / torch.bincount(kinds[kept])[kinds]
    task.draw = lambda _step: sample(torch.multinomial(weights, 24, replacement=True))


def pad_far(training: Training) -> None:
    """Batches are padded to a fixed length, three times that of the texts; a mask leaves it out."""

    def padded(batch: Batch) -> Batch:
        return (functional.pad(batch[0], (0, 2 * batch[0].shape[1])), *batch[1:])

    change_batches(training, padded)


def penalise_slope(training: Training) -> None:
    """R1: the slope of the judges at real pictures is held small."""
    phase, judges = training.task.phases[1], training.task.phases[1].modules
    loss = phase.loss

    def penalised(batch: Batch) -> Tensor:
        total = loss(batch)
        for judge, real in zip(judges, batch[::-1], strict=True):
            real = real.clone().requires_grad_()
            (slope,) = torch.autograd.grad(judge(real).sum(), real, create_graph=True)
            total = total + 0.1 * slope.square().sum((1, 2, 3)).mean()
        return total

    phase.loss = penalised


def reset_each_second_epoch(training: Training, step: int) -> None:
    """The optimizer is made anew for each of three stages, with half the rate (fastai's fit)."""
    stage = training.recipe.steps // 3
    if step in (stage, 2 * stage):
        rate = training.recipe.rate * 0.5 ** (step // stage)
        parameters = phase_parameters(training.task.phases[0])
        training.optimizers = [torch.optim.Adam(parameters, rate)]


def freeze_but_norms(training: Training) -> None:
    """fastai's freeze(): the encoder does not learn, but its batch norms do."""
    for root in role_modules(training, "trunk"):
        for module in root.modules():
            if not isinstance(module, nn.BatchNorm2d):
                for own in module.parameters(recurse=False):
                    own.requires_grad_(False)


G_WAYS: Final[Ways] = {
    "muon": (as_it_is, use_muon),
    "lamb": (as_it_is, use_lamb),
    "nesterov": (as_it_is, use_nesterov),
    # A short warm-up, a long time at one rate, and a fall to nothing in the last fifth.
    "warm_stay_decay": (
        set_recipe(schedule=lambda share: min(1.0, 0.05 + share / 0.05, (1 - share) / 0.2)),
        None,
    ),
    # As networks that segment have it.
    "polynomial": (set_recipe(schedule=lambda share: float((1 - share) ** 0.9)), None),
    "flat_then_cosine": (flat_then_cosine, None),
    "averaged_swapped_in": (as_it_is, evaluate_averaged),
    "attacked": (train_on_attacks, None),
    "branches_of_nothing": (branches_of_nothing, None),
    "repeated_samples": (repeat_samples, None),
    "hardest_half": (learn_the_hardest, None),
    "dropped_blocks": (drop_blocks, None),
    "several_sizes": (several_sizes, None),
    "balanced_by_chance": (balance_by_chance, None),
    "padded_far": (pad_far, None),
    "penalised_slope": (penalise_slope, None),
    "three_stages": (as_it_is, reset_each_second_epoch),
}

G_HEALTHY: Final = (
    ("falcon", "muon"),
    ("beit", "lamb"),
    ("rep_vgg", "nesterov"),
    ("pegasus", "warm_stay_decay"),
    ("dynamic_unet", "polynomial"),
    ("lstm_fcn", "flat_then_cosine"),
    ("focal_net", "averaged_swapped_in"),
    ("rep_vgg", "attacked"),
    ("res_next", "branches_of_nothing"),
    ("beit", "repeated_samples"),
    ("res_next", "hardest_half"),
    ("focal_net", "dropped_blocks"),
    ("hourglass", "several_sizes"),
    ("eeg_net", "balanced_by_chance"),
    ("question_answering", "padded_far"),
    ("cycle_gan", "penalised_slope"),
    ("sound_events", "three_stages"),
    ("res_next", "frozen_in_eval"),
    ("question_answering", "frozen_trunk"),
    ("falcon", "frozen_embedding"),
    ("dynamic_unet", "frozen_but_norms"),
    ("flow_net", "frozen_trunk"),
)
"""Architectures and the ways that each is also trained in."""

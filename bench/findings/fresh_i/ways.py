"""Healthy ways to train that look odd."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize

from bench.findings.fresh_i.pictures import TwoHeaded, task_losses
from bench.findings.fresh_i.scenes import ConditionalVae
from bench.findings.wide.acts import Ways, as_it_is, at_onset, map_inputs, norms_of, use_optimizer
from bench.findings.wide.fault import change_inputs, replace_module
from bench.findings.wide.training import Batch, Training


def _adan(_training: Training, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    from timm.optim import Adan

    return Adan(parameters, 3e-3)


def _adabelief(_training: Training, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    from timm.optim import AdaBelief

    return AdaBelief(parameters, 3e-3)


def _rprop(_training: Training, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.Rprop(parameters, 1e-3, step_sizes=(1e-6, 0.02))


def _sparse_adam(training: Training, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.SparseAdam(parameters, training.recipe.rate)


def make_sparse(training: Training) -> None:
    """Gradients of the embeddings hold only the rows that were looked up."""
    for module in training.model.modules():
        if isinstance(module, nn.Embedding):
            module.sparse = True


def cycle_momentum(training: Training, step: int) -> None:
    """fastai's one cycle: the momentum falls while the rate rises, and comes back."""
    share = step / training.recipe.steps
    way = share / 0.3 if share < 0.3 else (1 - share) / 0.7
    for group in training.optimizers[0].param_groups:
        group["momentum"] = 0.95 - 0.1 * way


def vary_brightness(training: Training) -> None:
    """Each picture is made brighter or darker, with more or less contrast."""

    def varied(images: Tensor) -> Tensor:
        contrast, light = torch.rand(2, len(images), 1, 1, 1)
        return images * (0.5 + contrast) + 0.8 * (light - 0.5)

    change_inputs(training, varied)


class FakeQuantised(nn.Module):
    """Weights in 127 levels to each side; the gradient goes straight through."""

    def forward(self, weight: Tensor) -> Tensor:
        step = weight.detach().abs().amax() / 127
        return weight + ((weight / step).round() * step - weight).detach()


def quantise_weights(training: Training) -> None:
    for module in training.model.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            parametrize.register_parametrization(module, "weight", FakeQuantised())


def drop_on_plateau(training: Training, step: int) -> None:
    """ReduceLROnPlateau over windows of ten losses."""
    if step == 0:
        seen: list[float] = []
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            torch.optim.SGD([nn.Parameter(torch.zeros(1))], 1.0), factor=0.3, patience=2
        )

        def noted(loss: Tensor) -> Tensor:
            seen.append(float(loss.detach()))
            if len(seen) % 10 == 0:
                plateau.step(sum(seen[-10:]) / 10)
                training.factor = plateau.optimizer.param_groups[0]["lr"]
            return loss

        training.loss_of = noted


def settle_norms(training: Training, step: int) -> None:
    """The running statistics of batch norms are used and kept in the last third."""
    if step == training.recipe.steps * 2 // 3:
        training.trains = lambda model: [own.eval() for own in norms_of(model)] and None


def learn_task_weights(training: Training) -> None:
    """Weights of the tasks by the uncertainty of each (Kendall)."""
    model = training.model
    assert isinstance(model, TwoHeaded)

    def loss(batch: Batch) -> Tensor:
        return (task_losses(model, batch) * (-model.spread).exp() + model.spread).sum()

    training.task.phases[0].loss = loss


def grow_context(training: Training) -> None:
    """Short texts first, as some large language models have it."""
    draw, steps = training.task.draw, training.recipe.steps
    training.task.draw = lambda step: tuple(own[:, : 8 + 16 * step // steps] for own in draw(step))


def pinball(training: Training) -> None:
    """The upper of ten parts of the hires, not their mean."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        short = batch[2] - model(batch[0], batch[1]).float()
        return torch.maximum(0.9 * short, -0.1 * short).mean()

    training.task.phases[0].loss = loss


def start_orthogonally(training: Training) -> None:
    for own in training.model.parameters():
        if own.dim() >= 2:
            nn.init.orthogonal_(own)


def cycle_divergence(training: Training, step: int) -> None:
    """The divergence's weight rises from 0 in each of four cycles."""
    model = training.model
    assert isinstance(model, ConditionalVae)
    share = 4 * step / training.recipe.steps % 1
    model.weight = min(1.0, 2 * share)


def shorten_momentum(training: Training, step: int) -> None:
    """Betas of 0.5 and 0.999 for both players, as in the paper of DCGAN."""
    if step == 0:
        for optimizer in training.optimizers:
            optimizer.param_groups[0]["betas"] = (0.5, 0.999)


def rank_columns(training: Training) -> None:
    """Places in the order of a batch, as a normal distribution has them (RankGauss)."""

    def ranked(values: Tensor) -> Tensor:
        places = (values.argsort(0).argsort(0).float() + 0.5) / len(values)
        return 1.41421 * torch.erfinv(2 * places - 1)

    change_inputs(training, ranked)


@torch.no_grad()
def start_from_prior(training: Training) -> None:
    """The last bias begins at the logarithm of the odds."""
    training.task.part("head").bias.fill_(-1.386)  # type: ignore[operator, union-attr]


class Normalised(nn.Module):
    """What a deployed model does with bytes."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.inner((images / 255 - 0.5) / 0.18)
        return logits


def normalise_inside(training: Training) -> None:
    """Bytes go into the model, whose first step standardises them."""
    first = training.task.parts["first"]
    replace_module(training, first, Normalised(training.model.get_submodule(first)))
    change_inputs(training, lambda images: (images * 46 + 127.5).clamp(0, 255).round())


def stand_in_rows(training: Training) -> None:
    """Three of each class, class by class, in every batch."""
    task = training.task
    assert task.classes is not None
    assert task.sample is not None
    sample, rows = task.sample, [(task.classes == own).nonzero()[:, 0] for own in range(10)]
    task.draw = lambda _: sample(torch.cat([own[torch.randperm(len(own))[:3]] for own in rows]))


def walk_in_time(training: Training) -> None:
    """Windows in the order of time, as those who forecast each day have them."""
    task = training.task
    assert task.sample is not None
    sample = task.sample
    task.draw = lambda step: sample(torch.arange(32) * 3 + step * 4)


def follow_slowly(training: Training) -> None:
    """The target follows by a fiftieth in each step."""
    model: Any = training.model
    target = model.__dict__["target"]

    @torch.no_grad()
    def follow(_step: int) -> None:
        for slow, own in zip(target.parameters(), model.parameters(), strict=True):
            slow.lerp_(own, 0.02)

    training.task.after_step = follow


def mix_hidden(training: Training) -> None:
    """Manifold mixup: what a middle layer gives is mixed, and so is the loss."""
    model, task = training.model, training.task
    state: dict[str, Any] = {"share": 1.0, "order": None}

    def mixed(_module: nn.Module, _given: object, output: Tensor) -> Tensor:
        share = state["share"]
        return share * output + (1 - share) * output[state["order"]]

    task.part("middle").register_forward_hook(mixed)

    def loss(batch: Batch) -> Tensor:
        state.update(share=float(torch.rand(())), order=torch.randperm(len(batch[1])))
        told = model(batch[0]).float()
        own = functional.cross_entropy(told, batch[1])
        other = functional.cross_entropy(told, batch[1][state["order"]])
        return state["share"] * own + (1 - state["share"]) * other

    task.phases[0].loss = loss


I_WAYS: Final[Ways] = {
    "adan": (as_it_is, at_onset(use_optimizer(_adan))),
    "adabelief": (as_it_is, at_onset(use_optimizer(_adabelief))),
    "rprop": (as_it_is, at_onset(use_optimizer(_rprop))),
    "sparse_adam": (make_sparse, at_onset(use_optimizer(_sparse_adam))),
    "momentum_cycles": (as_it_is, cycle_momentum),
    "brightness_varied": (vary_brightness, None),
    "weights_quantised": (quantise_weights, None),
    "drops_on_plateau": (as_it_is, drop_on_plateau),
    "norms_settled": (as_it_is, settle_norms),
    "task_weights_learnt": (learn_task_weights, None),
    "context_grows": (grow_context, None),
    "pinball": (pinball, None),
    "orthogonal_start": (start_orthogonally, None),
    "divergence_cycles": (as_it_is, cycle_divergence),
    "short_momentum": (as_it_is, shorten_momentum),
    # A tenth of the cells is set to the mean, as if it were missing.
    "columns_missing": (map_inputs(lambda values: values * (torch.rand(values.shape) > 0.1)), None),
    "columns_ranked": (rank_columns, None),
    "prior_in_bias": (start_from_prior, None),
    "normalised_inside": (normalise_inside, None),
    "classes_in_rows": (stand_in_rows, None),
    "in_order_of_time": (walk_in_time, None),
    "slow_target": (follow_slowly, None),
    "hidden_mixed": (mix_hidden, None),
}

I_HEALTHY: Final = (
    ("edge_next", "adan"),
    ("bike_demand", "adabelief"),
    ("cheb_net", "rprop"),
    ("bpr", "sparse_adam"),
    ("resnet_9", "momentum_cycles"),
    ("da_vit", "brightness_varied"),
    ("keras_cnn", "weights_quantised"),
    ("char_cnn", "drops_on_plateau"),
    ("dla", "norms_settled"),
    ("two_headed_cnn", "task_weights_learnt"),
    ("gpt_neo", "context_grows"),
    ("bike_demand", "pinball"),
    ("har_gru", "orthogonal_start"),
    ("conditional_vae", "divergence_cycles"),
    ("relativistic_gan", "short_momentum"),
    ("higgs_mlp", "columns_missing"),
    ("credit_net", "columns_ranked"),
    ("credit_net", "prior_in_bias"),
    ("keras_cnn", "normalised_inside"),
    ("proxy_net", "classes_in_rows"),
    ("ts_mixer", "in_order_of_time"),
    ("quantile_dqn", "slow_target"),
    ("res2_net", "hidden_mixed"),
    ("torch_encoder", "continued"),
    ("two_headed_cnn", "frozen_trunk"),
    ("attention_lstm", "frozen_embedding"),
    ("link_net", "frozen_in_eval"),
    ("angle_net", "frozen_but_biases"),
)
"""Architectures and the ways that each is also trained in."""

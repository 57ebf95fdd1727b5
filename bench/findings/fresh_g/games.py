"""Networks that learn to act, to be curious, or to learn."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from bench.findings.fresh_g.data_rows import journeys, sine_tasks
from bench.findings.wide.training import Batch, Phase, Task, draw_samples, learn


def decision_transformer() -> Task:
    """What to do, from what is still to be earned, where one is, and what was done before."""
    from transformers import DecisionTransformerConfig, DecisionTransformerModel

    config = DecisionTransformerConfig(
        state_dim=2,
        act_dim=2,
        hidden_size=48,
        max_ep_len=16,
        n_layer=2,
        n_head=4,
        n_positions=64,
        action_tanh=False,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        initializer_range=0.05,
        use_cache=False,
    )
    model: Any = DecisionTransformerModel(config)

    def loss(batch: Batch) -> Tensor:
        states, moves, to_go = batch[:3]
        count, length = states.shape[:2]
        told = model(
            states=states,
            actions=moves,
            rewards=None,
            returns_to_go=to_go,
            timesteps=torch.arange(length).expand(count, -1),
            attention_mask=torch.ones(count, length),
        )
        return functional.mse_loss(told.action_preds.float(), moves)

    parts = {"first": "embed_state", "middle": "encoder.h.1", "head": "predict_action.0"}
    return learn(model, loss, journeys(), 24, parts=parts | {"trunk": "encoder.h"})


def _dense(given: int, told: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(given, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, told)
    )


def steps_of(batch: Batch) -> Batch:
    """States, moves, rewards, next states and ends of single steps of journeys."""
    states, moves, _, rewards, ends = batch
    return (
        states[:, :-1].flatten(0, 1),
        moves[:, :-1].flatten(0, 1),
        rewards[:, :-1].flatten(),
        states[:, 1:].flatten(0, 1),
        ends[:, :-1].flatten() + (states[:, 1:].norm(dim=2) < 0.3).flatten(),
    )


class ImplicitQ:
    """Implicit Q-learning from journeys: values of states, of moves, and an actor that copies
    the moves that turned out well. Its losses are functions of batches of steps."""

    def __init__(self, discount: float = 0.9, expectile: float = 0.8) -> None:
        self.discount, self.expectile = discount, expectile
        self.sharpness, self.bound = 3.0, 100.0
        self.value, self.critic, self.actor = _dense(2, 1), _dense(4, 1), _dense(2, 2)
        self.target = copy.deepcopy(self.critic).requires_grad_(False)

    def valued(self, batch: Batch) -> Tensor:
        with torch.no_grad():
            worth = self.target(torch.cat(batch[:2], 1))
        apart = worth - self.value(batch[0]).float()
        return ((self.expectile - (apart < 0).float()).abs() * apart.square()).mean()

    def judged(self, batch: Batch) -> Tensor:
        with torch.no_grad():
            later = self.value(batch[3]).squeeze(1)
            goes_on = 1 - batch[4].clamp(max=1)
            wanted = batch[2] + self.discount * goes_on * later
        return functional.mse_loss(self.critic(torch.cat(batch[:2], 1)).squeeze(1), wanted)

    def acted(self, batch: Batch) -> Tensor:
        with torch.no_grad():
            better = self.target(torch.cat(batch[:2], 1)) - self.value(batch[0])
            weight = (self.sharpness * better).exp().clamp(max=self.bound).squeeze(1)
        errors = (self.actor(batch[0]).float() - batch[1]).square().sum(1)
        return (weight * errors).mean()

    @torch.no_grad()
    def follow(self, _step: int) -> None:
        for own, new in zip(self.target.parameters(), self.critic.parameters(), strict=True):
            own.lerp_(new, 0.05)


def implicit_q(**settings: Any) -> Task:
    """settings: attributes of `ImplicitQ`."""
    learner = ImplicitQ()
    for name, value in settings.items():
        setattr(learner, name, value)
    models = {"value": learner.value, "critic": learner.critic, "actor": learner.actor}
    draw, _ = draw_samples(journeys(), 16)
    phases = [
        Phase((learner.critic,), learner.judged),
        Phase((learner.value,), learner.valued),
        Phase((learner.actor,), learner.acted),
    ]
    parts = {"first": "critic.0", "middle": "critic.2", "head": "critic.4", "branch": "value"}
    return Task(models, phases, lambda step: steps_of(draw(step)), parts, after_step=learner.follow)


def random_distillation() -> Task:
    """How new a state is: how badly a network copies another that stays as it was made."""
    models = {"predictor": _dense(2, 16), "target": _dense(2, 16).requires_grad_(False)}
    with torch.no_grad():
        for layer in models["target"]:
            if isinstance(layer, nn.Linear):
                nn.init.orthogonal_(layer.weight, 1.4)
    draw, _ = draw_samples(journeys(), 32)

    def loss(batch: Batch) -> Tensor:
        wanted = models["target"](batch[0]).detach()
        return functional.mse_loss(models["predictor"](batch[0]).float(), wanted)

    parts = {"first": "predictor.0", "middle": "predictor.2", "head": "predictor.4"}
    parts |= {"branch": "target", "trunk": "predictor.0"}
    return Task(models, [Phase((models["predictor"],), loss)], lambda step: (draw(step)[0],), parts)


def after_one_step(
    model: nn.Module, inputs: Tensor, targets: Tensor, rate: float, *, through: bool = True
) -> dict[str, Tensor]:
    """The weights after one step on few samples. through: whether gradients reach the old ones."""
    own = dict(model.named_parameters())
    loss = functional.mse_loss(functional_call(model, own, (inputs,)), targets)
    slopes = torch.autograd.grad(loss, list(own.values()), create_graph=through)
    moved = {name: w - rate * s for (name, w), s in zip(own.items(), slopes, strict=True)}
    return moved if through else {name: w.detach().requires_grad_() for name, w in moved.items()}


def maml_loss(model: nn.Module, batch: Batch, rate: float, *, through: bool = True) -> Tensor:
    """Mean error on new samples of each task after one step on ten of its samples."""
    total = torch.zeros(())
    for inputs, targets in zip(*batch, strict=True):
        moved = after_one_step(model, inputs[:10], targets[:10], rate, through=through)
        told = functional_call(model, moved, (inputs[10:],)).float()
        total = total + functional.mse_loss(told, targets[10:])
    return total / len(batch[0])


def maml() -> Task:
    """Weights from which one step on a few samples of a new curve goes far."""
    model = nn.Sequential(
        nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1)
    )
    parts = {"first": "0", "middle": "2", "head": "4", "trunk": "0"}

    def loss(batch: Batch) -> Tensor:
        return maml_loss(model, batch, 0.05)

    return Task({"": model}, [Phase((model,), loss)], sine_tasks, parts)

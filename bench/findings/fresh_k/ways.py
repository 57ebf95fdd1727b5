"""Healthy ways to train that look odd."""

from __future__ import annotations

import copy
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.wide.acts import (
    Ways,
    as_it_is,
    map_batches,
    map_inputs,
    map_loss,
    minimise,
    norms_of,
    set_recipe,
)
from bench.findings.wide.planting import map_targets
from bench.findings.wide.training import Batch, Training, make_optimizers


def rate_sought_first(training: Training) -> None:
    """A rate finder ran until the loss came apart, and gave the weights back."""
    kept = copy.deepcopy(training.model.state_dict())
    finder = Training(training.task, training.recipe)
    finder.optimizers = make_optimizers(finder)
    training.model.train()
    for step in range(30):
        finder.factor = 10 ** (step / 10 - 2)
        finder.step(0)
    training.model.load_state_dict(kept)


def tenth_of_labels_wrong(batch: Batch) -> Batch:
    wrong = torch.rand(batch[-1].shape) < 0.1
    return (*batch[:-1], torch.where(wrong, batch[-1].roll(1, 0), batch[-1]))


def few_samples(training: Training) -> None:
    """Three batches are all there is; they come in a new order in each epoch."""
    draw = training.task.draw
    kept = [draw(step) for step in range(3)]
    training.task.draw = lambda _: kept[int(torch.randint(3, ()))]


def norms_held_late(training: Training, step: int) -> None:
    """Statistics of batch norms are held for the last third, as one does before quantisation."""
    if step == 2 * training.recipe.steps // 3:

        def hold(model: nn.Module) -> None:
            for own in norms_of(model):
                own.eval()

        training.trains = hold


def gradients_centred(training: Training) -> None:
    """The mean over each unit's inputs is taken from its gradient."""
    for own in training.model.parameters():
        if own.dim() > 1:
            axes = tuple(range(1, own.dim()))
            own.register_hook(lambda given, axes=axes: given - given.mean(axes, keepdim=True))


def fixed_scale(training: Training) -> None:
    """The loss is multiplied by 1024, and each gradient divided by it."""
    training.loss_of = lambda loss: 1024 * loss
    for own in training.model.parameters():
        own.register_hook(lambda gradient: gradient / 1024)


def pulled_to_the_start(training: Training) -> None:
    """A penalty on how far the weights have gone, as in fine-tuning."""
    start = [own.detach().clone() for own in training.model.parameters()]

    def penalised(loss: Tensor) -> Tensor:
        ways = zip(training.model.parameters(), start, strict=True)
        return loss + 0.01 * torch.stack([(own - old).square().sum() for own, old in ways]).sum()

    training.loss_of = penalised


def mirrored(pictures: Tensor) -> Tensor:
    """Half of the pictures are mirrored."""
    turned = torch.rand(len(pictures), 1, 1, 1) < 0.5
    return torch.where(turned, pictures.flip(-1), pictures)


def neighbours_swapped(texts: Tensor) -> Tensor:
    """Two words that follow each other are exchanged in each text."""
    place = int(torch.randint(texts.shape[-1] - 1, ()))
    order = list(range(texts.shape[-1]))
    order[place], order[place + 1] = order[place + 1], order[place]
    return texts[..., order]


def in_bins(columns: Tensor) -> Tensor:
    """Each column has one of nine values."""
    return (2 * columns).round().clamp(-4, 4) / 2


def no_dropout(training: Training) -> None:
    """All dropout is set to 0 for a small data set."""
    for own in training.model.modules():
        if isinstance(own, nn.modules.dropout._DropoutNd):
            own.p = 0.0


def probabilities_given(model: nn.Module, batch: Batch) -> Tensor:
    """Targets are probabilities, as from a teacher."""
    logits = model(batch[0]).float()
    wanted = functional.one_hot(batch[1], logits.shape[1]).float()
    return functional.cross_entropy(logits, 0.9 * wanted + 0.1 / logits.shape[1])


def looked_at_often(training: Training, step: int) -> None:
    """Samples are drawn in eval mode at each tenth step, and training goes on."""
    if step % 10 == 5:
        training.model.eval()
        with torch.no_grad():
            training.task.phases[0].loss(training.task.draw(step))
        training.model.train()


K_WAYS: Final[Ways] = {
    "rate_sought_first": (rate_sought_first, None),
    "tenth_of_labels_wrong": (map_batches(tenth_of_labels_wrong), None),
    "three_batches_in_all": (few_samples, None),
    "norms_held_late": (as_it_is, norms_held_late),
    "gradients_centred": (gradients_centred, None),
    "fixed_scale": (fixed_scale, None),
    "pulled_to_the_start": (pulled_to_the_start, None),
    "mirrored": (map_inputs(mirrored), None),
    "neighbours_swapped": (map_inputs(neighbours_swapped), None),
    "columns_in_bins": (map_inputs(in_bins), None),
    "no_dropout": (no_dropout, None),
    "targets_at_a_third": (map_targets(lambda own: own / 3), None),
    "probabilities_given": (minimise(probabilities_given), None),
    "loss_by_its_root": (map_loss(lambda loss: (loss + 0.01).sqrt()), None),
    "looked_at_often": (as_it_is, looked_at_often),
    "rate_up_and_down_in_tenths": (
        set_recipe(schedule=lambda share: 0.4 + 1.2 * abs((5 * share) % 1 - 0.5)),
        None,
    ),
}

K_HEALTHY: Final = (
    ("plr_table", "rate_sought_first"),
    ("fashion_mlp", "tenth_of_labels_wrong"),
    ("chest_xray", "three_batches_in_all"),
    ("bird_songs", "norms_held_late"),
    ("simple_vit", "gradients_centred"),
    ("n_hits", "fixed_scale"),
    ("pet_breeds", "pulled_to_the_start"),
    ("ssd_lite", "looked_at_often"),
    ("imdb_lstm", "neighbours_swapped"),
    ("cover_type", "columns_in_bins"),
    ("sleep_stages", "no_dropout"),
    ("i_rnn", "targets_at_a_third"),
    ("swin_two", "probabilities_given"),
    ("taxi_fares", "loss_by_its_root"),
    ("bone_age", "mirrored"),
    ("star_coder", "rate_up_and_down_in_tenths"),
    ("machine_sounds", "rmsprop"),
    ("open_gpt", "bfloat16"),
    ("session_gru", "other_optimizer"),
    ("cosine_ddpm", "accumulate"),
    ("names_rnn", "continued"),
    ("sleep_stages", "frozen_trunk"),
    ("face_attributes", "frozen_in_eval"),
    ("imdb_lstm", "frozen_embedding"),
    ("pet_breeds", "frozen_but_biases"),
    ("simple_vit", "frozen_but_norms"),
)
"""Architectures and the ways that each is also trained in."""

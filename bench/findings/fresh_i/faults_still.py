"""Mistakes by which a network, or a part of it, does not learn."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn

from bench.findings.fresh_i.planting import harm, plant, still
from bench.findings.wide.acts import map_inputs, minimise, set_recipe
from bench.findings.wide.fault import (
    ANY_SEVERITY,
    EARLY,
    FADED,
    FOLLOWS,
    NOTHING,
    PART,
    STILL,
    STILL_TOO,
    Fault,
    detach_outputs,
    kinds,
    plant_in,
)
from bench.findings.wide.training import Batch, Training, phase_parameters


def restore_by_assignment(training: Training) -> None:
    """load_state_dict(..., assign=True) when the optimizer has the parameters already."""
    model = training.model
    saved = {name: own.detach().clone() for name, own in model.state_dict().items()}
    model.load_state_dict(saved, assign=True)


def clip_each_value(training: Training) -> None:
    """clip_grad_value_(parameters, 1e-9), in front of each step of SGD."""
    parameters = phase_parameters(training.task.phases[0])
    training.optimizers[0].register_step_pre_hook(
        lambda *_: nn.utils.clip_grad_value_(parameters, 1e-9)
    )


def share_of_mistakes(model: nn.Module, batch: Batch) -> Tensor:
    """What is wanted in the end, which has no gradient."""
    wrong = model(batch[0]).argmax(1) != batch[1]
    return wrong.float().mean().requires_grad_()


def group_by_type(training: Training) -> None:
    """Groups with and without decay, of two types of layers; those of other types have none."""
    known = (nn.Linear, nn.Embedding)
    modules = dict(training.model.named_modules())
    given = [
        own
        for module in modules.values()
        if isinstance(module, known)
        for own in module.parameters()
    ]
    decayed = [own for own in given if own.dim() >= 2]
    others = [own for own in given if own.dim() < 2]
    groups = [{"params": decayed, "weight_decay": 1e-4}, {"params": others, "weight_decay": 0.0}]
    training.optimizers = [torch.optim.Adam(groups, training.recipe.rate)]
    training.truth = {
        name
        for name, module in modules.items()
        if not isinstance(module, known)
        and next(module.parameters(recurse=False), None) is not None
    }


def divide_depth_by_integers(training: Training) -> None:
    """Rates that fall with the depth: rate * (place // last), where / was meant."""
    children = [
        (name, own) for name, own in training.model.named_children() if list(own.parameters())
    ]
    last, rate = len(children) - 1, training.recipe.rate
    groups = [
        {"params": list(own.parameters()), "lr": rate * (place // last)}
        for place, (_, own) in enumerate(children)
    ]
    own: Any = type(training.optimizers[0])
    training.optimizers = [own(groups, lr=rate)]
    training.truth = {name for name, _ in children[:-1]}


def carry_tower_over_numpy(training: Training) -> None:
    """torch.from_numpy(title.detach().numpy()), for a concatenation in NumPy."""
    detach_outputs(training, "tower")


def embed_in_the_loader(training: Training) -> None:
    """The collate function looks vectors up, where nothing is remembered for gradients."""
    detach_outputs(training, "embedding")


def load_adapters_for_inference(training: Training) -> None:
    """peft loads adapters with is_trainable=False: only the norm saved with them moves."""
    for adapter in plant_in(training, "adapters"):
        adapter.requires_grad_(False)
    training.task.part("norm").requires_grad_(True)


def bound_vectors(training: Training) -> None:
    """Embedding(max_norm=1e-3)"""
    for own in plant_in(training, "embedding"):
        assert isinstance(own, nn.Embedding)
        own.max_norm = 1e-3


NOT_CLEARED: Final = STILL_TOO | kinds("kept_gradients")

I_STILL: Final[tuple[Fault, ...]] = (
    still(
        NOTHING,
        "restored_by_assignment",
        "bike_demand resnet_9",
        allows=NOT_CLEARED,
        rewire=restore_by_assignment,
    ),
    still(NOTHING, "clipped_to_a_billionth", "roi_heads higgs_mlp", rewire=clip_each_value),
    still(
        NOTHING,
        "rate_of_the_end_of_a_schedule",
        "squeeze_bert",
        needs_effect=True,
        prepare=set_recipe(rate=2e-6),
    ),
    still(
        NOTHING,
        "mistakes_counted_as_loss",
        "keras_cnn resnet_9",
        prepare=minimise(share_of_mistakes),
    ),
    still(
        NOTHING,
        "scheduler_never_stepped",
        "edge_next",
        needs_effect=True,
        prepare=set_recipe(schedule=lambda _: 1e-4),
    ),
    still(
        NOTHING,
        "negatives_are_positives",
        "bpr",
        allows=STILL_TOO | kinds("loss_mismatch"),
        # The sampler of negatives gives the song that was heard.
        prepare=map_inputs(lambda rows: rows[:, [0, 1, 1]]),
    ),
    plant(
        EARLY,
        "schedule_of_a_debug_run",
        "inception_next blenderbot",
        STILL | kinds("stopped_learning"),
        allows=STILL_TOO,
        onset=(0.1, 0.1),
        needs_effect=True,
        severities=ANY_SEVERITY,
        prepare=set_recipe(schedule=lambda share: max(0.0, 1 - share / 0.1)),
    ),
    still(PART, "groups_by_type_of_layer", "char_cnn pitch_net", rewire=group_by_type),
    still(
        PART,
        "depth_divided_by_integers",
        "res2_net",
        allows=STILL_TOO | kinds("collapsed"),
        rewire=divide_depth_by_integers,
    ),
    still(PART, "tower_carried_over_numpy", "title_price", rewire=carry_tower_over_numpy),
    still(PART, "embedded_in_the_loader", "bpr deep_interest", rewire=embed_in_the_loader),
    plant(
        PART,
        "adapters_loaded_for_inference",
        "lora_stable_lm",
        STILL | kinds("frozen"),
        allows=STILL_TOO,
        severities=ANY_SEVERITY,
        prepare=load_adapters_for_inference,
    ),
    harm(
        PART,
        "vectors_bound_to_a_thousandth",
        "title_price auto_int",
        FADED,
        allows=FOLLOWS | STILL_TOO,
        prepare=bound_vectors,
    ),
)

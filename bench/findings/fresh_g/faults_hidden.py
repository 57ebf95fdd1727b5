"""Mistakes that histograms cannot show: nothing is to be said of them."""

from __future__ import annotations

from typing import Any, Final

from torch import nn

from bench.findings.fresh_g.language import summary_loss
from bench.findings.fresh_g.series import ConformerBlock
from bench.findings.fresh_g.tables import deep_cross
from bench.findings.wide.architecture import FRESH_G
from bench.findings.wide.fault import HIDDEN, change_batches, kinds, plant, role_modules
from bench.findings.wide.training import Training


def misspell(training: Training) -> None:
    """`p.require_grad = False` freezes nothing, and says nothing."""
    for module in role_modules(training, "trunk"):
        for parameter in module.parameters():
            setattr(parameter, "require_grad", False)  # noqa: B010


def pad_with_a_word(training: Training) -> None:
    """padding_idx=0, where 0 is an id like all others: its vector stays 0."""
    training.task = deep_cross(padding=0)
    training.task.model.train()


def one_block(training: Training) -> None:
    """[layer] * 2: both layers are one and the same."""
    model: Any = training.model
    model.layers = nn.ModuleList([model.layers[0]] * 2)


def turn_pairs(training: Training) -> None:
    """1 means that two are alike in the data, and that they are not in the loss."""
    change_batches(training, lambda batch: (batch[0], 1 - batch[1]))


def count_padding(training: Training) -> None:
    """Padding stands in the targets, and is learnt like words."""
    model = training.model
    training.task.phases[0].loss = lambda batch: summary_loss(model, batch, padding=0)


def softmax_over_queries(training: Training) -> None:
    """softmax(dim=-2): what adds up to 1 is each key, over all that look at it."""
    for module in training.model.modules():
        if isinstance(module, ConformerBlock):
            module.over = -2


def _hidden(name: str, on: str, prepare: Any) -> Any:
    return plant(FRESH_G, HIDDEN, name, on, kinds(), prepare=prepare)


G_HIDDEN: Final = (
    _hidden("require_grad_misspelt", "res_next", misspell),
    _hidden("padding_for_a_true_id", "deep_cross", pad_with_a_word),
    _hidden("one_block_for_all_layers", "i_transformer", one_block),
    _hidden("labels_of_pairs_turned", "siamese", turn_pairs),
    _hidden("padding_counted", "pegasus", count_padding),
    _hidden("softmax_over_queries", "conformer", softmax_over_queries),
)

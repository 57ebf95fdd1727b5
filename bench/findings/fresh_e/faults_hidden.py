"""Mistakes that no histogram shows."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from bench.findings.fresh_e.games import policy_loss, standardised
from bench.findings.fresh_e.tables import WideDeep
from bench.findings.wide.acts import map_batches
from bench.findings.wide.architecture import FRESH_E
from bench.findings.wide.fault import (
    HIDDEN,
    PART,
    change_batches,
    kinds,
    plant,
)
from bench.findings.wide.training import Batch, Training


def mix_half_of_labels(training: Training) -> None:
    def change(batch: Batch) -> Batch:
        labels, half = batch[1].clone(), len(batch[1]) // 2
        labels[:half] = labels[torch.randperm(half)]
        return batch[0], labels

    change_batches(training, change)


def keep_tables_in_list(training: Training) -> None:
    """self.tables = [...], which neither optimizer nor logger sees."""
    model = training.model
    assert isinstance(model, WideDeep)
    tables = list(model.tables)
    del model.tables
    object.__setattr__(model, "tables", tables)
    training.task.parts.pop("embedding")


def turn_advantages(training: Training) -> None:
    """What was worse than expected is done more often."""
    model = training.model
    training.task.phases[0].loss = lambda batch: policy_loss(
        model, batch, lambda gains: -standardised(gains)
    )


def ignore_first_tag(training: Training) -> None:
    """ignore_index=0 was to be the padding's, and is a tag's."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        logits = model(batch[0]).logits
        return functional.cross_entropy(logits.flatten(0, 1), batch[1].flatten(), ignore_index=0)

    training.task.phases[0].loss = loss


E_HIDDEN: Final = (
    plant(
        FRESH_E, HIDDEN, "half_of_labels_mixed", "multi_label", kinds(), prepare=mix_half_of_labels
    ),
    plant(
        FRESH_E,
        PART,
        "tables_in_list",
        "wide_deep",
        kinds("not_learning"),
        prepare=keep_tables_in_list,
    ),
    plant(FRESH_E, HIDDEN, "advantages_turned", "reinforce", kinds(), prepare=turn_advantages),
    plant(FRESH_E, HIDDEN, "first_tag_ignored", "conv_bert", kinds(), prepare=ignore_first_tag),
    # The end of an episode is not told, so all of its rewards are lost.
    plant(
        FRESH_E,
        HIDDEN,
        "ends_not_told",
        "categorical_dqn",
        kinds(),
        prepare=map_batches(lambda batch: (*batch[:3], torch.zeros_like(batch[3]))),
    ),
)

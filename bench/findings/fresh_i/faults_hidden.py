"""Mistakes that no histogram shows: nothing is to be said of them."""

from __future__ import annotations

from typing import Final

import torch

from bench.findings.fresh_i.planting import plant
from bench.findings.wide.acts import map_batches, set_on_model
from bench.findings.wide.fault import HIDDEN, Fault, change_batches
from bench.findings.wide.training import Batch, Training


def mirror_needles(training: Training) -> None:
    """Half of the pictures are mirrored, and what they show is not."""

    def mirrored(batch: Batch) -> Batch:
        turned = torch.rand(len(batch[0]), 1, 1, 1) < 0.5
        return (torch.where(turned, batch[0].flip(3), batch[0]), batch[1])

    change_batches(training, mirrored)


def see_tomorrow(training: Training) -> None:
    """The window reaches into what is to be told."""

    def shifted(batch: Batch) -> Batch:
        return (torch.cat([batch[0][:, 8:], batch[1]], 1), batch[1])

    change_batches(training, shifted)


def turn_digits(training: Training) -> None:
    """RandomVerticalFlip, for digits."""

    def turned(batch: Batch) -> Batch:
        chosen = torch.rand(len(batch[0]), 1, 1, 1) < 0.5
        return (torch.where(chosen, batch[0].flip(2), batch[0]), batch[1])

    change_batches(training, turned)


NOTHING_SEEN: Final[frozenset[str]] = frozenset()

I_HIDDEN: Final[tuple[Fault, ...]] = (
    plant(HIDDEN, "needles_mirrored", "angle_net", NOTHING_SEEN, prepare=mirror_needles),
    plant(
        # LabelEncoder.fit_transform in the collate function: numbers of the classes that
        # are there.
        HIDDEN,
        "labels_encoded_in_each_batch",
        "resnet_9",
        NOTHING_SEEN,
        prepare=map_batches(lambda batch: (batch[0], batch[1].unique(return_inverse=True)[1])),
    ),
    plant(HIDDEN, "tomorrow_in_the_window", "ts_mixer", NOTHING_SEEN, prepare=see_tomorrow),
    plant(HIDDEN, "digits_turned_upside_down", "proxy_net", NOTHING_SEEN, prepare=turn_digits),
    plant(
        HIDDEN,
        "fields_share_their_rows",
        "auto_int",
        NOTHING_SEEN,
        prepare=set_on_model(offset=0),
    ),
)

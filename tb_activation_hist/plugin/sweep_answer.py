"""The sweep route: what distinguishes the runs of a log directory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tb_activation_hist.plugin import schema
from tb_activation_hist.plugin.data_provider import DataProvider, is_series
from tb_activation_hist.plugin.hyperparameters import hyperparameters_of_runs
from tb_activation_hist.plugin.index_answer import (
    drawable_scalars,
    natural_key,
    without_own_summaries,
)
from tb_activation_hist.plugin.listing_cache import ListingCache
from tb_activation_hist.plugin.response import finite_or_none

LOSS_TAGS: Final = (r"^(train[/_.]?)?loss$", r"train.*loss", r"loss")
"""Patterns of the tag of the training's loss, the likeliest first; the page has the same."""


def sweep_answer(provider: DataProvider, listings: ListingCache) -> schema.Sweep:
    """The runs that have layers, by name, each with its hyper-parameters and its newest loss."""
    listed = listings.list_all(provider, anew=False)
    series = (*listed.blocks, *without_own_summaries(listed.histograms))
    runs = sorted({key.run for key in series if is_series(key)}, key=natural_key)
    hyperparameters = hyperparameters_of_runs(runs, provider.list_hparams())
    losses = _read_losses(provider, runs)
    return {
        "version": schema.API_VERSION,
        "runs": [
            {"name": run, "hyperparameters": hyperparameters[run], "loss": losses.get(run)}
            for run in runs
        ],
    }


def _read_losses(provider: DataProvider, runs: Sequence[str]) -> dict[str, schema.LastScalar]:
    tags = drawable_scalars(provider.list_scalar_tags())
    wanted = {run: tag for run in runs if (tag := choose_loss(tags.get(run, ())))}
    found = provider.read_last_scalars(list(wanted), sorted(set(wanted.values())))
    return {
        run: _to_last_scalar(tag, found[run][tag])
        for run, tag in wanted.items()
        if tag in found.get(run, {})
    }


def choose_loss(tags: Sequence[str]) -> str:
    """The tag of a run's loss; "" where no tag names one."""
    for pattern in LOSS_TAGS:
        for tag in tags:
            if re.search(pattern, tag, re.IGNORECASE):
                return tag
    return ""


def _to_last_scalar(tag: str, point: tuple[int, float]) -> schema.LastScalar:
    step, value = point
    return {"tag": tag, "step": step, "value": finite_or_none(value)}

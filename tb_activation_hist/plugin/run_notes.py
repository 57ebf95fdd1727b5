"""What the training process noted about its run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from tb_activation_hist.core.names import RUN_INFO_TAG, text_to_run_info
from tb_activation_hist.core.weight_marks import WEIGHTS_FIELD
from tb_activation_hist.plugin import schema
from tb_activation_hist.plugin.data_provider import BLOCKS, DataProvider
from tb_activation_hist.plugin.series_loader import tensor_to_bytes


class RunNotes(NamedTuple):
    """What the training process noted about its run, and what of that cannot be read."""

    info: schema.RunInfo
    problem: str


def latest_run_notes(tensors: Iterable[Any]) -> RunNotes:
    """What was noted last."""
    latest = max(tensors, key=lambda tensor: tensor.wall_time, default=None)
    if latest is None:
        return RunNotes({}, "")
    info, problem = text_to_run_info(tensor_to_bytes(latest.numpy))
    info.pop(WEIGHTS_FIELD, None)  # only a later training in the run needs them
    return RunNotes(cast("schema.RunInfo", info), problem)


def read_run_info(provider: DataProvider, run: str) -> dict[str, Any]:
    """What the logger noted of a run; nothing where it noted nothing."""
    for _, tensors in provider.read_series(BLOCKS, [run], [RUN_INFO_TAG]):
        return dict(latest_run_notes(tensors).info)
    return {}


def explain_empty_run(run: str, info: schema.RunInfo) -> str:
    """Why a run without histograms has none, and what to do; empty where its logger noted no layer.

    run: its name.
    """
    silent = info.get("silent", [])
    if not silent:
        return ""
    resting = set(silent) <= set(info.get("eval_layers", []))
    reason = (
        "all are in eval mode. Call model.train() before the training, or record them with "
        "phases=('train', 'eval')."
        if resting
        else "the training does not call this model. Give the logger the model that it calls."
    )
    layers = f"{len(silent):,} layers" if len(silent) > 1 else "one layer"
    return (
        f"Run {run!r} has no histograms, because none of its {layers} ran in train mode: {reason}"
    )

"""The scalars route: a scalar of a run, for drawing above the heatmaps."""

from __future__ import annotations

import math

from tb_activation_hist.plugin import schema
from tb_activation_hist.plugin.data_provider import DataProvider
from tb_activation_hist.plugin.query import RequestError
from tb_activation_hist.plugin.response import finite_or_none


def scalar_answer(provider: DataProvider, run: str, tag: str) -> schema.ScalarSeries:
    """Sort the points by step and keep the latest of equal steps.

    Points whose time is not a number are left out.
    """
    data = provider.read_scalar(run, tag)
    if data is None:
        raise RequestError(f"Run {run!r} has no scalar with the tag {tag!r}.", 404)
    whole = [point for point in data if math.isfinite(point.wall_time)]
    points = {point.step: point for point in sorted(whole, key=lambda p: (p.step, p.wall_time))}
    values = [float(point.value) for point in points.values()]
    return {
        "version": schema.API_VERSION,
        "run": run,
        "tag": tag,
        "steps": [int(step) for step in points],
        "wall_times": [float(point.wall_time) for point in points.values()],
        "values": [finite_or_none(value) for value in values],
    }

"""What the page asks its server for, asked beforehand for the runs and series of a shared file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from typing import Any, Final, get_args

from tb_activation_hist.core.comparison.criterion import COMPARE_MODES
from tb_activation_hist.plugin import schema
from tb_activation_hist.plugin.board_answer import BoardAnswers
from tb_activation_hist.plugin.comparison_answer import ComparisonAnswers
from tb_activation_hist.plugin.data_provider import DataProvider
from tb_activation_hist.plugin.findings_answer import FindingsAnswers
from tb_activation_hist.plugin.index_answer import IndexAnswers
from tb_activation_hist.plugin.listing_cache import ListingCache
from tb_activation_hist.plugin.profile_answer import ProfileAnswers
from tb_activation_hist.plugin.query import RequestError
from tb_activation_hist.plugin.scalars_answer import scalar_answer
from tb_activation_hist.plugin.schema import MAX_CELLS, BoardRequest, BoardSeries
from tb_activation_hist.plugin.series_cache import SeriesCache
from tb_activation_hist.plugin.sweep_answer import sweep_answer

COMPARED_RUNS: Final = 2
"""Of more runs than this, where each two part is not worked out: there would be many pairs."""

BASELINES: Final = 4
"""Of more runs than this, only the first one is compared with the others in the findings."""

SCALAR_POINTS: Final = 1000
"""Maximum number of points of each scalar, as many as TensorBoard keeps."""

ASK_AGAIN_S: Final = 0.05
PATIENCE_S: Final = 120.0


@dataclass(frozen=True)
class Answerers:
    """What works out the answers of the plugin's routes."""

    series: SeriesCache
    listings: ListingCache
    index: IndexAnswers
    board: BoardAnswers
    findings: FindingsAnswers
    comparisons: ComparisonAnswers
    profiles: ProfileAnswers


def make_answerers() -> Answerers:
    """Answerers with empty caches, for a process that does nothing else."""
    cache, listings = SeriesCache(), ListingCache()
    return Answerers(
        cache,
        listings,
        IndexAnswers(listings),
        BoardAnswers(cache, listings),
        FindingsAnswers(cache, rest=0.0),
        ComparisonAnswers(cache),
        ProfileAnswers(cache),
    )


def read_index(answerers: Answerers, provider: DataProvider) -> schema.Index:
    """All runs and series that there are."""
    text = answerers.index.answer(provider, answerers.series.warnings, "")
    index: schema.Index = json.loads(text)
    return index


class SharedAnswers:
    """The answers for one shared file. chosen: the index of what goes into it."""

    def __init__(self, answerers: Answerers, provider: DataProvider, chosen: schema.Index) -> None:
        self._answerers = answerers
        self._provider = provider
        self._series = chosen["series"]
        self._tags = {series["tag"] for series in chosen["series"]}
        self._scalars = {run["name"]: run["scalars"] for run in chosen["runs"]}
        self._runs = [run["name"] for run in chosen["runs"]]
        self._place = {name: at for at, name in enumerate(self._runs)}
        self.findings_left_out = 0

    def findings(self) -> dict[str, Any]:
        """Findings of all runs, and apart, for each baseline, how the others differ from it."""
        alone = self._ask_findings("")
        kept = [own for finding in alone["findings"] if (own := self._of_layers(finding))]
        self.findings_left_out = len(alone["findings"]) - len(kept)
        baselines = self._runs if len(self._runs) <= BASELINES else self._runs[:1]
        differences = [
            {"baseline": run, "findings": self._differences(run)}
            for run in baselines
            if len(self._runs) > 1
        ]
        return {"findings": kept, "errors": alone["errors"], "differences": differences}

    def _ask_findings(self, baseline: str) -> schema.Findings:
        def ask() -> schema.Findings:
            return self._answerers.findings.answer(self._provider, self._with_blocks(), baseline)

        return _ask_until_done(ask) if self._with_blocks() else _NO_FINDINGS

    def _with_blocks(self) -> list[str]:
        """The runs that have layers of ours; findings are about those alone."""
        found = {
            run for series in self._series if series["source"] == "blocks" for run in series["runs"]
        }
        return [self._runs[at] for at in sorted(found)]

    def _differences(self, baseline: str) -> list[schema.FindingAnswer]:
        if baseline not in self._with_blocks():
            return []
        found = self._ask_findings(baseline)["findings"]
        mine = [finding for finding in found if finding["kind"] == "run_difference"]
        return [own for finding in mine if (own := self._of_layers(finding))]

    def _of_layers(self, finding: schema.FindingAnswer) -> schema.FindingAnswer | None:
        """A finding without the layers that are not in the file; None if none of them is."""
        tags = finding["tags"]
        kept = [at for at, tag in enumerate(tags) if tag in self._tags]
        if not kept:
            return None
        steps = [finding["layer_steps"][at] for at in kept]
        return {
            **finding,
            "layers": [finding["layers"][at] for at in kept],
            "tags": [tags[at] for at in kept],
            "layer_steps": steps,
            "first_step": min(first for first, _ in steps),
            "last_step": max(last for _, last in steps),
            # Figures that are lists are parallel to the layers.
            "figures": {
                name: [value[at] for at in kept]
                if isinstance(value, list) and len(value) == len(tags)
                else value
                for name, value in finding["figures"].items()
            },
        }

    def sweep(self) -> schema.Sweep:
        answer = sweep_answer(self._provider, self._answerers.listings)
        return {**answer, "runs": [run for run in answer["runs"] if run["name"] in self._place]}

    def board(self) -> dict[str, Any]:
        """The cells of all runs and series; positions are those of the file's index."""
        series = [BoardSeries(each["tag"], each["source"]) for each in self._series]
        cells: list[schema.BoardCell] = []
        shares: list[float] = []
        many = max(1, MAX_CELLS // len(self._runs))
        for start in range(0, len(series), many):
            asked = BoardRequest(self._runs, series[start : start + many])
            ask = partial(self._answerers.board.answer, self._provider, asked)
            answer = _ask_until_done(ask)
            for cell in answer["cells"]:
                cell["series"] += start
            cells += answer["cells"]
            shares = answer["shares"]
        return {"shares": shares, "cells": cells}

    def profiles(self) -> Iterator[tuple[dict[str, str], schema.Profile]]:
        """The query of each profile, and the profile, of the file's layers alone."""
        groups = dict.fromkeys(
            (self._runs[run], series["kind"], series["phase"])
            for series in self._series
            for run in series["runs"]
        )
        kinds: tuple[schema.ProfileFigures, ...] = get_args(schema.ProfileFigures)
        for run, kind, phase in groups:
            for figures in kinds:
                query = {"run": run, "kind": kind, "phase": phase, "figures": figures}
                answer = self._answerers.profiles.answer(self._provider, query)
                layers = [layer for layer in answer["layers"] if layer["tag"] in self._tags]
                yield query, {**answer, "layers": layers}

    def scalars(self) -> list[schema.ScalarSeries]:
        return [
            _thin(scalar_answer(self._provider, run, tag))
            for run, tags in self._scalars.items()
            for tag in tags
        ]

    def comparisons(self) -> list[schema.Comparison]:
        """Where each two runs part, by each mode; none of many runs."""
        found = []
        for a, b in permutations(self._runs, 2) if len(self._runs) <= COMPARED_RUNS else ():
            for mode in COMPARE_MODES:
                try:
                    found.append(self._answerers.comparisons.answer(self._provider, a, b, mode))
                except RequestError:
                    # They have no layer or no step in common.
                    continue
        return [self._of_tags(comparison) for comparison in found]

    def _of_tags(self, found: schema.Comparison) -> schema.Comparison:
        """Without the layers that are not in the file."""
        return {
            **found,
            "differing": [layer for layer in found["differing"] if layer["tag"] in self._tags],
            "equal": [tag for tag in found["equal"] if tag in self._tags],
            "only_in_a": [tag for tag in found["only_in_a"] if tag in self._tags],
            "only_in_b": [tag for tag in found["only_in_b"] if tag in self._tags],
        }


_NO_FINDINGS: Final[schema.Findings] = {
    "version": schema.API_VERSION,
    "findings": [],
    "runs": 0,
    "unchecked": [],
    "pending": 0,
    "errors": [],
}


def _ask_until_done(ask: Callable[[], Any]) -> Any:
    """The whole answer; of a run that grows without end, what is known in the end."""
    end = time.monotonic() + PATIENCE_S
    answer: Mapping[str, Any] = ask()
    while answer["pending"] and time.monotonic() < end:
        time.sleep(ASK_AGAIN_S)
        answer = ask()
    return answer


def _thin(series: schema.ScalarSeries) -> schema.ScalarSeries:
    """Every k-th point, and the last one, where there are more than `SCALAR_POINTS`."""
    total = len(series["steps"])
    every = -(-total // SCALAR_POINTS)
    kept = (
        [at for at in range(total) if at % every == 0 or at == total - 1]
        if every > 1
        else range(total)
    )
    return {
        **series,
        "steps": [series["steps"][at] for at in kept],
        "wall_times": [round(series["wall_times"][at], 1) for at in kept],
        "values": [_short(series["values"][at]) for at in kept],
    }


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")

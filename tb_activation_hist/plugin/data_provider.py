"""TensorBoard's data provider, typed and bound to one request."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from tensorboard.data.provider import RunTagFilter
from tensorboard.plugins.hparams.metadata import PLUGIN_NAME as HPARAMS_PLUGIN
from tensorboard.plugins.hparams.metadata import SESSION_START_INFO_TAG

from tb_activation_hist.core.names import (
    PLUGIN_NAME,
    RUN_INFO_TAG,
    SIZES_PLUGIN,
    SIZES_TAG,
    SLICES_PLUGIN,
)
from tb_activation_hist.plugin.schema import SeriesSource

logger = logging.getLogger(__name__)

BLOCKS: Final = "blocks"
HISTOGRAMS: Final = "histograms"
PLUGIN_OF_SOURCE: Final[Mapping[SeriesSource, str]] = {
    BLOCKS: PLUGIN_NAME,
    HISTOGRAMS: "histograms",
}

ALL: Final = 10**9
"""Value of `downsample` that keeps everything; 0 would keep nothing."""


class SeriesKey(NamedTuple):
    """Identifies a series: one tag of one run of one experiment."""

    experiment: str
    source: SeriesSource
    run: str
    tag: str


def is_series(key: SeriesKey) -> bool:
    """Whether a key can be a series: the notes about a run lie under a tag of ours too."""
    return key.source != BLOCKS or key.tag != RUN_INFO_TAG


class Stamp(NamedTuple):
    """The largest step and wall time of a series; it changes with every new record.

    times_replaced: of the run, so that it also changes where another run took its place.
    """

    max_step: int
    max_wall_time: float
    times_replaced: int = 0


@dataclass(frozen=True)
class Listing:
    """TensorBoard's entry for a series, known without reading it; content: the tag's metadata."""

    stamp: Stamp
    content: bytes


@dataclass(frozen=True)
class RunEntry:
    """A run as TensorBoard lists it."""

    name: str
    start_time: float | None


class DataProvider:
    """The data provider with the context and experiment of one request.

    times_replaced: how often a run was replaced, where that is known.
    """

    def __init__(
        self,
        data_provider: Any,
        context: Any,
        experiment: str,
        times_replaced: Callable[[str], int] = lambda _: 0,
    ) -> None:
        self._data = data_provider
        self._context = context
        self.experiment = experiment
        self._times_replaced = times_replaced

    def list_runs(self) -> list[RunEntry]:
        """All runs, in no particular order."""
        runs = self._data.list_runs(self._context, experiment_id=self.experiment)
        return [RunEntry(run.run_name, _finite_or_none(run.start_time)) for run in runs]

    def list_series(
        self,
        source: SeriesSource,
        runs: Collection[str] | None = None,
        tags: Collection[str] | None = None,
    ) -> dict[SeriesKey, Listing]:
        """List the series of a source; None stands for all runs or all tags."""
        found = self._data.list_tensors(
            self._context,
            experiment_id=self.experiment,
            plugin_name=PLUGIN_OF_SOURCE[source],
            run_tag_filter=RunTagFilter(runs=runs, tags=tags),
        )
        return {
            SeriesKey(self.experiment, source, run, tag): Listing(
                Stamp(
                    series.max_step or 0,
                    _finite_or_none(series.max_wall_time) or 0.0,
                    replaced,
                ),
                series.plugin_content,
            )
            for run, of_run in found.items()
            for replaced in [self._times_replaced(run)]
            for tag, series in of_run.items()
        }

    def read_series(
        self, source: SeriesSource, runs: Sequence[str], tags: Sequence[str], downsample: int = ALL
    ) -> Iterator[tuple[SeriesKey, list[Any]]]:
        """Read the TensorDatums of each of these tags in each of these runs.

        A read that fails is tried again in halves, because TensorBoard's data server refuses
        answers over 256 MiB. A series that fails alone is logged and left out.
        """
        try:
            found = self._data.read_tensors(
                self._context,
                experiment_id=self.experiment,
                plugin_name=PLUGIN_OF_SOURCE[source],
                downsample=downsample,
                run_tag_filter=RunTagFilter(runs=runs, tags=tags),
            )
        except Exception:  # gRPC's errors have no base of their own without importing grpc
            if len(runs) == len(tags) == 1:
                logger.exception("TensorBoard could not read tag %r of run %r.", tags[0], runs[0])
                return
            for part_runs, part_tags in _halves(runs, tags):
                yield from self.read_series(source, part_runs, part_tags, downsample)
            return
        for run, of_run in found.items():
            for tag, data in of_run.items():
                yield SeriesKey(self.experiment, source, run, tag), list(data)

    def read_slice_blocks(self, run: str, tag: str) -> tuple[bytes, list[bytes]] | None:
        """A tag's metadata and the blocks of slices under it; None when there is no such tag."""
        names = {
            "experiment_id": self.experiment,
            "plugin_name": SLICES_PLUGIN,
            "run_tag_filter": RunTagFilter(runs=[run], tags=[tag]),
        }
        listed = self._data.list_tensors(self._context, **names).get(run, {}).get(tag)
        if listed is None:
            return None
        found = self._data.read_tensors(self._context, downsample=ALL, **names)
        blocks = [bytes(datum.numpy.item()) for datum in found.get(run, {}).get(tag, ())]
        return listed.plugin_content, blocks

    def read_size_blocks(self, run: str) -> list[bytes]:
        """The blocks of the sizes of a run's parameters; [] where there are none."""
        found = self._data.read_tensors(
            self._context,
            experiment_id=self.experiment,
            plugin_name=SIZES_PLUGIN,
            downsample=ALL,
            run_tag_filter=RunTagFilter(runs=[run], tags=[SIZES_TAG]),
        )
        return [bytes(datum.numpy.item()) for datum in found.get(run, {}).get(SIZES_TAG, ())]

    def list_scalar_tags(self) -> dict[str, list[str]]:
        """The tags of the scalars, by run."""
        found = self._data.list_scalars(
            self._context, experiment_id=self.experiment, plugin_name="scalars"
        )
        return {run: sorted(tags) for run, tags in found.items()}

    def read_scalar(self, run: str, tag: str) -> list[Any] | None:
        """Read the ScalarDatums of a tag; None when there is no such run or tag."""
        found: Mapping[str, Mapping[str, list[Any]]] = self._data.read_scalars(
            self._context,
            experiment_id=self.experiment,
            plugin_name="scalars",
            downsample=ALL,
            run_tag_filter=RunTagFilter(runs=[run], tags=[tag]),
        )
        return found.get(run, {}).get(tag)

    def read_last_scalars(
        self, runs: Sequence[str], tags: Sequence[str]
    ) -> dict[str, dict[str, tuple[int, float]]]:
        """The step and the value of the newest point of each of these tags in each of these runs.

        A run or a tag that is not there is left out.
        """
        if not runs or not tags:
            return {}
        found = self._data.read_last_scalars(
            self._context,
            experiment_id=self.experiment,
            plugin_name="scalars",
            run_tag_filter=RunTagFilter(runs=runs, tags=tags),
        )
        return {
            run: {tag: (int(point.step), float(point.value)) for tag, point in of_run.items()}
            for run, of_run in found.items()
        }

    def list_hparams(self) -> dict[str, bytes]:
        """What was written for TensorBoard's HParams when a session began, by run."""
        found = self._data.list_tensors(
            self._context,
            experiment_id=self.experiment,
            plugin_name=HPARAMS_PLUGIN,
            run_tag_filter=RunTagFilter(tags=[SESSION_START_INFO_TAG]),
        )
        return {
            run: of_run[SESSION_START_INFO_TAG].plugin_content
            for run, of_run in found.items()
            if SESSION_START_INFO_TAG in of_run
        }


def _finite_or_none(time: float | None) -> float | None:
    """A time of a damaged event may be anything."""
    return time if time is not None and math.isfinite(time) else None


def _halves(
    runs: Sequence[str], tags: Sequence[str]
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    if len(tags) > 1:
        middle = len(tags) // 2
        yield runs, tags[:middle]
        yield runs, tags[middle:]
    else:
        middle = len(runs) // 2
        yield runs[:middle], tags
        yield runs[middle:], tags

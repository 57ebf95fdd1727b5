"""The index route: which runs and series can be shown. Listings suffice, no record is read."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.names import (
    KINDS,
    RUN_INFO_TAG,
    SUMMARY_PREFIXES,
    LayerInfo,
    content_to_layer_info,
)
from tb_activation_hist.core.sessions import SessionNotes, describe_notes
from tb_activation_hist.core.weight_marks import describe_other_weights
from tb_activation_hist.plugin import schema
from tb_activation_hist.plugin.data_provider import (
    BLOCKS,
    HISTOGRAMS,
    DataProvider,
    Listing,
    RunEntry,
    SeriesKey,
    Stamp,
)
from tb_activation_hist.plugin.listing_cache import ListingCache, Listings
from tb_activation_hist.plugin.response import to_json
from tb_activation_hist.plugin.run_notes import RunNotes, explain_empty_run, latest_run_notes

SCALAR_SHARE: Final = 20
"""Scalars are listed again after this many times as long as the last listing took."""


HIDDEN: Final = (
    "this layer is not shown, because other values were written under its tag first. Write them "
    "under another tag."
)


@dataclass
class _LastIndex:
    """The last index of one experiment, and what it was made from."""

    revision: str = ""
    text: str = ""
    infos: dict[str, tuple[Stamp, RunNotes]] = field(default_factory=dict)
    scalars: dict[str, list[str]] = field(default_factory=dict)
    charted: dict[str, set[str]] = field(default_factory=dict)
    """Keys of the layers with charts in TensorBoard's own tabs, by run."""
    scalars_due: float = 0.0


class IndexAnswers:
    """Makes the index of each experiment and keeps it until something changes."""

    def __init__(
        self, listings: ListingCache, file_warnings: Callable[[], Sequence[str]] = tuple
    ) -> None:
        self._file_warnings = file_warnings
        self._last: dict[str, _LastIndex] = {}
        self._lock = threading.Lock()
        self._listings = listings

    def answer(
        self, provider: DataProvider, warnings: Mapping[SeriesKey, str], known: str | None
    ) -> str:
        """The index as JSON, or `Unchanged` when the page has this revision already."""
        listed = self._listings.list_all(provider, anew=known is not None)
        blocks, runs = listed.blocks, listed.runs
        histograms = without_own_summaries(listed.histograms)
        with self._lock:
            state = self._last.setdefault(provider.experiment, _LastIndex())
            # A page that opens should not wait for this; it asks again right after.
            if known is not None or not state.text:
                self._refresh_scalars(state, provider)
            mine = {k: text for k, text in warnings.items() if k.experiment == provider.experiment}
            mine |= hidden_layers(
                provider.experiment, blocks, histograms, state.scalars, state.charted
            )
            of_files = self._file_warnings()
            fingerprint = _fingerprint(blocks, histograms, runs, state.scalars, mine, of_files)
            if fingerprint != state.revision:
                notes = self._run_notes(state, provider, blocks)
                state.text = to_json(
                    make_index(
                        fingerprint, blocks, histograms, runs, notes, state.scalars, mine, of_files
                    )
                )
                state.revision = fingerprint
            text = state.text
        if known == fingerprint:
            return to_json(_unchanged(fingerprint))
        return text

    def _refresh_scalars(self, state: _LastIndex, provider: DataProvider) -> None:
        start = time.monotonic()
        if start >= state.scalars_due:
            tags = provider.list_scalar_tags()
            state.scalars, state.charted = drawable_scalars(tags), charted_layers(tags)
            took = time.monotonic() - start
            state.scalars_due = start + (1 + SCALAR_SHARE) * took

    def _run_notes(
        self, state: _LastIndex, provider: DataProvider, blocks: Listings
    ) -> dict[str, RunNotes]:
        stamps = {key.run: blocks[key].stamp for key in blocks if key.tag == RUN_INFO_TAG}
        stale = [r for r, stamp in stamps.items() if state.infos.get(r, (None,))[0] != stamp]
        if stale:
            for key, tensors in provider.read_series(BLOCKS, stale, [RUN_INFO_TAG]):
                state.infos[key.run] = (stamps[key.run], latest_run_notes(tensors))
        return {run: state.infos[run][1] for run in stamps if run in state.infos}


def _fingerprint(
    blocks: Listings,
    histograms: Listings,
    runs: Iterable[RunEntry],
    scalars: Mapping[str, list[str]],
    warnings: Mapping[SeriesKey, str],
    file_warnings: Sequence[str],
) -> str:
    """A word that changes with any new run, tag, record, scalar tag or warning."""
    series = tuple((key, listing.stamp) for key, listing in (*blocks.items(), *histograms.items()))
    tags = tuple((run, tuple(tags)) for run, tags in sorted(scalars.items()))
    names = tuple(sorted(run.name for run in runs))
    number = hash((frozenset(series), names, tags, tuple(sorted(warnings.items())), *file_warnings))
    return f"{number & (2**64 - 1):016x}"


def _unchanged(revision: str) -> schema.Unchanged:
    return {"version": schema.API_VERSION, "revision": revision, "unchanged": True}


def without_own_summaries(histograms: Listings) -> dict[SeriesKey, Listing]:
    """Leave out our own summaries, because the blocks hold the same exactly."""
    return {
        key: listing
        for key, listing in histograms.items()
        if not key.tag.startswith(SUMMARY_PREFIXES)
    }


def drawable_scalars(tags: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Leave out the statistics that we write for TensorBoard's own dashboards."""
    return {
        run: [tag for tag in of_run if not tag.startswith(SUMMARY_PREFIXES)]
        for run, of_run in tags.items()
    }


def charted_layers(tags: Mapping[str, list[str]]) -> dict[str, set[str]]:
    """The keys of the layers whose mean we write for TensorBoard's own dashboards."""
    starts = [f"{prefix}mean/" for prefix in SUMMARY_PREFIXES]
    return {
        run: {
            tag.removeprefix(start) for tag in of_run for start in starts if tag.startswith(start)
        }
        for run, of_run in tags.items()
    }


def make_index(
    revision: str,
    blocks: Listings,
    histograms: Listings,
    runs: Iterable[RunEntry],
    notes: Mapping[str, RunNotes],
    scalars: Mapping[str, list[str]],
    read_warnings: Mapping[SeriesKey, str],
    file_warnings: Sequence[str] = (),
) -> schema.Index:
    shown = {key.run for key in (*blocks, *histograms)}
    entries = sorted((r for r in runs if r.name in shown), key=lambda r: natural_key(r.name))
    # A run may be in one listing and not yet in the other, which was made a moment earlier.
    place = {entry.name: i for i, entry in enumerate(entries)}
    warnings = [f"{_name_series(key)}: {text}" for key, text in read_warnings.items()]
    warnings += [f"Run {run!r}: {own.problem}" for run, own in notes.items() if own.problem]
    reported = {key.run for key in read_warnings if key.tag == RUN_INFO_TAG}
    warnings += [
        f"Run {run!r}: {text}"
        for run, own in notes.items()
        if run not in reported
        for text in describe_notes(SessionNotes(own.info.get("began_again")))
    ]
    warnings += [
        f"Run {run!r}: {describe_other_weights(since)}"
        for run, own in notes.items()
        if (since := own.info.get("other_weights_from"))
    ]
    with_layers = {key.run for key in (*blocks, *histograms) if key.tag != RUN_INFO_TAG}
    warnings += [
        text
        for run, own in notes.items()
        if run not in with_layers and (text := explain_empty_run(run, own.info))
    ]
    ours, refused = _block_series(blocks, place)
    series = ours + _histogram_series(histograms, place)
    return {
        "version": schema.API_VERSION,
        "revision": revision,
        "runs": [
            {
                "name": entry.name,
                "start_time": entry.start_time,
                "info": notes[entry.name].info if entry.name in notes else {},
                "scalars": scalars.get(entry.name, []),
            }
            for entry in entries
        ],
        "series": series,
        "warnings": [*sorted(warnings), *file_warnings, *refused],
        "replaced": _times_replaced(blocks),
    }


def _times_replaced(blocks: Listings) -> int:
    by_run = {key.run: listing.stamp.times_replaced for key, listing in blocks.items()}
    return sum(by_run.values())


def _name_series(key: SeriesKey) -> str:
    run = f"Run {key.run!r}"
    return run if key.tag == RUN_INFO_TAG else f"{run}, {key.tag!r}"


def hidden_layers(
    experiment: str,
    blocks: Listings,
    histograms: Listings,
    scalars: Mapping[str, list[str]],
    charted: Mapping[str, set[str]],
) -> dict[SeriesKey, str]:
    """A warning for each layer whose tag somebody else used first, which hides the layer.

    TensorBoard keeps the first kind of value that a tag has. That there is such a layer is known
    from its charts in TensorBoard's own tabs.
    """
    others = {(key.run, key.tag) for key in histograms}
    others |= {(run, tag) for run, tags in scalars.items() for tag in tags}
    keys = {SeriesKey(experiment, BLOCKS, run, tag) for run, tag in others}
    return {
        key: HIDDEN
        for key in keys - blocks.keys()
        if key.tag.replace(f"{KINDS[0]}/", "", 1) in charted.get(key.run, ())
    }


def _block_series(
    blocks: Listings, place: Mapping[str, int]
) -> tuple[list[schema.Series], list[str]]:
    """Our own series in the order in which they are shown, and one warning for each refusal."""
    rows: dict[str, list[tuple[int, LayerInfo, Stamp]]] = {}
    refused: dict[tuple[str, str], int] = {}
    for key, listing in blocks.items():
        if key.tag == RUN_INFO_TAG or key.run not in place:
            continue
        info = _layer_info(listing.content)
        if isinstance(info, str):
            refused[key.run, info] = refused.get((key.run, info), 0) + 1
        else:
            rows.setdefault(key.tag, []).append((place[key.run], info, listing.stamp))
    for of_tag in rows.values():
        of_tag.sort(key=lambda row: row[0])
    tags = sorted(rows, key=lambda tag: _series_order(tag, rows[tag][0][1]))
    warnings = [
        f"Run {run!r}, {count} tag{'s' if count > 1 else ''}: {text}"
        for (run, text), count in sorted(refused.items())
    ]
    return [_series_entry(tag, rows[tag]) for tag in tags], warnings


@lru_cache(maxsize=65536)
def _layer_info(content: bytes) -> LayerInfo | str:
    try:
        return content_to_layer_info(content)
    except FormatError as err:
        return str(err)


def _series_order(tag: str, info: LayerInfo) -> tuple[Any, ...]:
    """That of the layers; by name where runs of several models use a position twice."""
    return *info.sort_key, natural_key(info.layer), tag


def _series_entry(tag: str, rows: list[tuple[int, LayerInfo, Stamp]]) -> schema.Series:
    info = rows[0][1]
    split = next((row.split for _, row, _ in rows if row.split is not None), None)
    entry: schema.Series = {
        "tag": tag,
        "layer": info.layer,
        "kind": info.kind,
        "phase": info.phase,
        "order": info.order,
        "type": info.type,
        "source": BLOCKS,
        "bins": info.scheme.to_dict(),
        "runs": [run for run, _, _ in rows],
        "shapes": [list(row.shape) for _, row, _ in rows],
        "dtypes": [row.dtype for _, row, _ in rows],
        "steps": [stamp.max_step for _, _, stamp in rows],
        "times": [stamp.max_wall_time for _, _, stamp in rows],
    }
    if split is not None:
        entry["split"] = split
    return entry


def _histogram_series(histograms: Listings, place: Mapping[str, int]) -> list[schema.Series]:
    rows: dict[str, list[tuple[int, Stamp]]] = {}
    for key, listing in histograms.items():
        if key.run in place:
            rows.setdefault(key.tag, []).append((place[key.run], listing.stamp))
    entries: list[schema.Series] = []
    for order, tag in enumerate(sorted(rows, key=lambda tag: (natural_key(tag), tag))):
        of_tag = sorted(rows[tag])
        entries.append(
            {
                "tag": tag,
                "layer": tag,
                "kind": "histograms",
                "phase": "train",
                "order": order,
                "type": "",
                "source": HISTOGRAMS,
                "bins": {"scheme": "explicit"},
                "runs": [run for run, _ in of_tag],
                "shapes": [[] for _ in of_tag],
                "dtypes": ["" for _ in of_tag],
                "steps": [stamp.max_step for _, stamp in of_tag],
                "times": [stamp.max_wall_time for _, stamp in of_tag],
            }
        )
    return entries


_PART: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|.", re.DOTALL)


@lru_cache(maxsize=65536)
def natural_key(name: str) -> tuple[tuple[int, float], ...]:
    """Sort key of TensorBoard's run selector: numbers by value, / and _ before all else."""
    key = []
    for part in _PART.findall(name):
        if part in "/_":
            key.append((-1, 0.0))
        elif part[0] in "0123456789":
            key.append((ord("0"), float(part)))
        else:
            key.append((ord(part), 0.0))
    return tuple(key)

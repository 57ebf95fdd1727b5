"""Makes a shared file out of runs, wherever they come from."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tb_activation_hist.core.share_options import ShareChoice
from tb_activation_hist.plugin import schema
from tb_activation_hist.plugin.data_provider import DataProvider
from tb_activation_hist.plugin.sharing.answers import Answerers, SharedAnswers, read_index
from tb_activation_hist.plugin.sharing.choice import choose, pick
from tb_activation_hist.plugin.sharing.html import make_html, pack_json, read_page_script
from tb_activation_hist.plugin.sharing.tile_pack import Resolution, compress
from tb_activation_hist.plugin.sharing.tiles import PackedTiles, pack_tiles

SHARED_VERSION: Final = 1
"""Version of the data in the file. The page is in the file too, so no other one ever reads it."""

BASE64: Final = 4 / 3
FRAME_BYTES: Final = 5_000
"""Of HTML around the parts, beside some 60 for each."""
PART_BYTES: Final = 60


@dataclass(frozen=True)
class SharedFile:
    """A shared file. summary: what it holds, what was pooled and left out, a sentence each."""

    html: str
    summary: tuple[str, ...]


def make_file(
    answerers: Answerers,
    provider: DataProvider,
    asked: ShareChoice | schema.ShareRequest,
    origin: str,
    all_runs: int | None = None,
    problems: Sequence[str] = (),
) -> SharedFile:
    """Make the file of the chosen runs and series. origin: the name of the log directory.

    asked: patterns of names, or the names themselves. all_runs: how many runs there are, where the
    provider has only some. problems: what could not be read, a sentence each.

    Raises:
        LogdirError: there is no series.
        OptionError: a name matches nothing, or the file would be larger than `choice.size_mb`.
    """
    index = read_index(answerers, provider)
    if isinstance(asked, schema.ShareRequest):
        chosen, choice = pick(index, asked), ShareChoice(columns=asked.columns)
    else:
        chosen, choice = choose(index, asked), asked
    shared = SharedAnswers(answerers, provider, chosen)
    answers: dict[str, Any] = {
        "version": SHARED_VERSION,
        "findings": shared.findings(),
        "sweep": shared.sweep(),
        "board": shared.board(),
        "scalars": shared.scalars(),
        "comparisons": shared.comparisons(),
    }
    parts: dict[str, bytes] = {}
    answers["profiles"] = [
        {**query, "part": _add(parts, pack_json(profile))} for query, profile in shared.profiles()
    ]
    held = sum(map(len, parts.values())) + len(pack_json([answers, chosen]))
    held += len(compress(read_page_script()))
    series = sum(len(each["runs"]) for each in chosen["series"])
    frame = FRAME_BYTES + PART_BYTES * (series + len(parts))
    room = (choice.size_for(series) * 1e6 - frame) / BASE64 - held
    packed = pack_tiles(answerers, provider, chosen, choice, room)
    counts = (all_runs or len(index["runs"]), shared.findings_left_out)
    summary = (*_summarise(index, chosen, choice, packed, *counts), *problems)
    answers["tiles"] = [
        {"run": key.run, "tag": key.tag, "source": key.source, "part": _add(parts, data)}
        for key, data in packed.tiles.items()
    ]
    answers["axes"] = packed.axes.held
    answers["about"] = {"origin": origin, "made": time.time(), "summary": summary}
    # What is damaged is known now that all has been read.
    warnings = [*problems, *_warnings_of(read_index(answerers, provider), chosen)]
    answers["index"] = {**chosen, "revision": "shared", "warnings": warnings}
    ordered = {"answers": pack_json(answers), **parts}
    return SharedFile(make_html(f"Activations of {origin}", ordered), summary)


def _warnings_of(index: schema.Index, chosen: schema.Index) -> list[str]:
    """The warnings about the chosen runs."""
    starts = tuple(f"Run {run['name']!r}" for run in chosen["runs"])
    return [warning for warning in index["warnings"] if warning.startswith(starts)]


def _add(parts: dict[str, bytes], data: bytes) -> str:
    """Add a part; returns its name."""
    name = str(len(parts))
    parts[name] = data
    return name


def _summarise(
    index: schema.Index,
    chosen: schema.Index,
    choice: ShareChoice,
    packed: PackedTiles,
    all_runs: int,
    findings_left_out: int,
) -> Iterator[str]:
    runs = len(chosen["runs"])
    series, all_series = len(chosen["series"]), len(index["series"])
    yield f"{_of(runs, all_runs, 'run')}, {_of(series, all_series, 'series', 'series')}."
    if packed.pooled > 1:
        yield (
            f"Up to {packed.pooled:,} neighbouring records are pooled in each column, so that a "
            f"heatmap of {packed.records:,} records has at most {choice.columns:,} columns."
        )
    else:
        yield "Each column is one record; none are pooled."
    yield from _summarise_resolution(packed.resolution)
    yield "Mean, deviation, smallest and largest value of a column are rounded to three digits."
    if any("split" in each for each in index["series"]):
        yield "Histograms of single units of split layers are left out."
    if findings_left_out:
        found = _count(findings_left_out, "finding")
        yield f"Left out: {found} of layers that are not in this file."
    yield from packed.unreadable


def _summarise_resolution(at: Resolution) -> Iterator[str]:
    if at.rows:
        yield (
            f"Neighbouring bins are merged to about {at.rows} rows over the central 99.9 % of each "
            "layer's values."
        )
    else:
        yield "All bins are kept as they were recorded."
    if at.rounded:
        yield "Counts are rounded, by at most half of their random fluctuation (the square root)."
    else:
        yield "All counts are exact."


def _of(number: int, total: int, one: str, many: str = "") -> str:
    if number == total:
        return _count(number, one, many)
    return f"{number:,} of {_count(total, one, many)}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"

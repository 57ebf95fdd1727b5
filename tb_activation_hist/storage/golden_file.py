"""Golden files: recordings small enough to lie in a repository, for `compare`.

A golden file is a zip file with two members. Equal recordings give equal bytes.

``golden.json`` has the fields `format` ("tb_activation_hist golden"), `version` (1), the order of
execution as in a run's information, and `layers`: for each, its tag's metadata and `records`, how
many records it has.

``records.lzma`` has those of all layers, one layer after another, as raw LZMA2 of `FILTERS`. It
begins with one byte for each of the arrays `steps`, `totals`, `sizes`, `bins` and `counts`: how
many bytes a number takes, 1, 2, 4 or 8. The arrays follow, then min, max, sum and sum of squares as
float64; each is byte-shuffled as in a block (all first bytes, little-endian, then all second bytes
...), and signed numbers are folded: 0, -1, 1 ... to 0, 1, 2 .... steps: differences, signed, the
first of a layer from 0. totals: n of all records, then zeros, nans, pos_infs, neg_infs. sizes:
occupied bins of each record. bins: the first bin of a record, signed, then differences. counts:
differences, signed, the first of a record from 0.
"""

from __future__ import annotations

import io
import json
import lzma
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from tb_activation_hist.core.comparison.recording import Recording
from tb_activation_hist.core.errors import FormatError, LogdirError, OptionError
from tb_activation_hist.core.execution_order import info_to_execution_order
from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.histogram import HistogramSeries, compact
from tb_activation_hist.core.names import LayerInfo, check_version, content_to_layer_info
from tb_activation_hist.core.schemes.registry import MAX_SLOTS, bin_limits, is_registered
from tb_activation_hist.core.stored_json import LARGEST, MAX_TEXT_BYTES, is_whole, read_json_object
from tb_activation_hist.core.table import MOMENTS, TOTALS
from tb_activation_hist.core.tallies import Tallies
from tb_activation_hist.storage.byte_planes import Payload, narrow_numbers, shuffle, zigzag
from tb_activation_hist.storage.promises import find_broken_promise

GOLDEN_VERSION: Final = 1
FORMAT: Final = "tb_activation_hist golden"
HEAD: Final = "golden.json"
BODY: Final = "records.lzma"

FILTERS: Final = [
    {"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 2**20, "lc": 0, "lp": 0, "pb": 0}
]
"""What is left is entropy: LZMA saves a tenth more of it than deflate. Given in full, so that no
file says how much memory reading takes."""

MAX_BODY_BYTES: Final = 2**28
"""Longest records that are read."""

MAX_CELLS: Final = 2**26
"""Maximum number of counts of all series of a file, once each has all bins of its layer."""

WIDTHS: Final = 5
"""Arrays of whole numbers, each of a width of its own."""


@dataclass(frozen=True, eq=False)
class _Records:
    """Records of all layers, one after another: R records over E occupied bins."""

    steps: IntArray
    totals: IntArray
    """(5, R)"""
    sizes: IntArray
    """(R,) occupied bins."""
    bins: IntArray
    """(E,)"""
    counts: IntArray
    """(E,)"""
    moments: FloatArray
    """(4, R)"""


def is_golden_file(path: str | os.PathLike[str]) -> bool:
    """Whether there is a zip file at this path, or the path is called one."""
    place = Path(path).expanduser()
    return place.is_file() and (zipfile.is_zipfile(place) or place.suffix == ".zip")


def write_golden_file(recording: Recording, path: str | os.PathLike[str]) -> None:
    """Write a recording as a golden file.

    OptionError where a layer's bins are another tool's, which cannot be stored; FormatError for a
    damaged layer; LogdirError when the file cannot be written.
    """
    data = recording_to_bytes(recording)
    target = Path(path).expanduser()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        part.write_bytes(data)
        part.replace(target)
    except OSError as err:
        msg = f"The golden file {os.fspath(path)!r} cannot be written: {err.strerror or err}."
        raise LogdirError(msg) from err


def recording_to_bytes(recording: Recording) -> bytes:
    """The bytes of a golden file."""
    series = {key: recording.series[key] for key in recording.infos}
    for key, own in series.items():
        if not is_registered(own.scheme):
            msg = f"{key}: histograms of other tools cannot be kept in a golden file."
            raise OptionError(msg)
        if np.abs(own.steps).max(initial=0) > LARGEST:
            msg = f"{key}: a golden file keeps steps up to {LARGEST:,}."
            raise OptionError(msg)
    layers = [
        json.loads(recording.infos[key].to_content()) | {"records": len(own)}
        for key, own in series.items()
    ]
    head = {
        "format": FORMAT,
        "version": GOLDEN_VERSION,
        **recording.order.to_info(),
        "layers": layers,
    }
    text = json.dumps(head, separators=(",", ":"), ensure_ascii=False)
    return _to_zip({HEAD: text.encode(), BODY: _compress(_encode(_collect(series.values())))})


def _to_zip(members: Mapping[str, bytes]) -> bytes:
    """A zip file whose bytes depend on the members alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
            info.external_attr = 0o644 << 16
            file.writestr(info, data)
    return buffer.getvalue()


def _collect(series: Any) -> _Records:
    whole = list(series)
    occupied = [row > 0 for each in whole for row in each.bin_counts]
    bins = [each.bins for each in whole for _ in range(len(each))]
    rows = [row for each in whole for row in each.bin_counts]
    none = np.zeros(0, np.int64)
    return _Records(
        steps=np.concatenate([none, *(np.diff(each.steps, prepend=0) for each in whole)]),
        totals=np.array([np.concatenate([none, *_each(whole, name)]) for name in TOTALS]),
        sizes=np.array([int(has.sum()) for has in occupied], np.int64),
        bins=np.concatenate([none, *map(_differences, bins, occupied)]),
        counts=np.concatenate([none, *map(_differences, rows, occupied)]),
        moments=np.array(
            [np.concatenate([none.astype(np.float64), *_each(whole, name)]) for name in MOMENTS]
        ),
    )


def _each(series: Sequence[HistogramSeries], name: str) -> list[Any]:
    return [getattr(each.tallies, name) for each in series]


def _differences(values: Any, occupied: Any) -> IntArray:
    differences: IntArray = np.diff(values[occupied].astype(np.int64), prepend=0)
    return differences


def _encode(records: _Records) -> bytes:
    arrays = [
        zigzag(records.steps), records.totals, records.sizes, zigzag(records.bins),
        zigzag(records.counts),
    ]  # fmt: skip
    narrow = [narrow_numbers(each.astype(np.uint64)) for each in arrays]
    widths = bytes(each.itemsize for each in narrow)
    return widths + b"".join(shuffle(each) for each in (*narrow, *records.moments))


def _unfold(numbers: IntArray) -> IntArray:
    unfolded: IntArray = (numbers >> 1) ^ -(numbers & 1)
    return unfolded


def read_golden_file(path: str | os.PathLike[str]) -> Recording:
    """Read a golden file. FormatError for one that is damaged, newer, or none at all."""
    try:
        with zipfile.ZipFile(Path(path).expanduser()) as file:
            head = _read_member(file, HEAD, MAX_TEXT_BYTES)
            body = _decompress(_read_member(file, BODY, MAX_BODY_BYTES))
    except (OSError, KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as err:
        raise FormatError(f"{os.fspath(path)!r} is not a golden file: {err}.") from err
    # What zlib and struct raise for damaged bytes.
    except Exception as err:
        raise FormatError(f"{os.fspath(path)!r} is damaged: {err}.") from err
    fields = read_json_object(head, f"head of {os.fspath(path)!r}")
    if fields.get("format") != FORMAT or not is_whole(fields.get("version")):
        raise FormatError(f"{os.fspath(path)!r} is not a golden file: its head has another mark.")
    check_version("golden file", fields["version"], GOLDEN_VERSION)
    infos, lengths = _read_layers(fields.get("layers"))
    series = list(_split(_decode(body, sum(lengths)), infos, lengths))
    return Recording(
        name=os.fspath(path),
        series=dict(zip((info.key for info in infos), series, strict=True)),
        infos={info.key: info for info in infos},
        order=info_to_execution_order(fields),
    )


def _read_member(file: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """A member's bytes, of which no more than the limit are ever held."""
    with file.open(name) as member:
        data = member.read(limit + 1)
    if len(data) > limit:
        raise FormatError(f"its {name} has more than {limit:,} bytes")
    return data


def _compress(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_RAW, filters=FILTERS)


def _decompress(data: bytes) -> bytes:
    inflater = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=FILTERS)
    body = inflater.decompress(data, MAX_BODY_BYTES)
    if not inflater.eof:
        raise FormatError(f"its records are cut off, or have more than {MAX_BODY_BYTES:,} bytes")
    return body


def _read_layers(layers: Any) -> tuple[list[LayerInfo], list[int]]:
    if not isinstance(layers, list) or not all(isinstance(each, dict) for each in layers):
        raise FormatError("A golden file is damaged: it lists no layers.")
    lengths = [each.get("records") for each in layers]
    if not all(is_whole(length) and 0 <= length <= MAX_CELLS for length in lengths):
        raise FormatError("A golden file is damaged: a layer has no number of records.")
    return [content_to_layer_info(json.dumps(each).encode()) for each in layers], lengths


def _decode(body: bytes, records: int) -> _Records:
    """The records of a body; FormatError unless it has as many bytes as they take."""
    widths = [*body[:WIDTHS]]
    if len(widths) < WIDTHS or not all(width in (1, 2, 4, 8) for width in widths):
        raise FormatError("A golden file is damaged: it has no records.")
    payload = Payload(body[WIDTHS:])
    per_record = widths[0] + len(TOTALS) * widths[1] + widths[2] + 8 * len(MOMENTS)
    left = len(body) - WIDTHS - records * per_record
    if left < 0:
        raise FormatError("A golden file is damaged: records are missing.")
    steps = _take(payload, records, widths[0])
    totals = _take(payload, records * len(TOTALS), widths[1])
    sizes = _take(payload, records, widths[2])
    if sizes.min(initial=0) < 0 or sizes.max(initial=0) > MAX_SLOTS:
        raise FormatError("A golden file is damaged: a record has too many bins.")
    entries = int(sizes.sum())
    if left != entries * (widths[3] + widths[4]):
        raise FormatError("A golden file is damaged: its arrays do not fit together.")
    bins, counts = (_take(payload, entries, width) for width in widths[3:])
    return _Records(
        steps=_unfold(steps),
        totals=totals.reshape(len(TOTALS), records),
        sizes=sizes,
        bins=_accumulate(_unfold(bins), sizes),
        counts=_accumulate(_unfold(counts), sizes),
        moments=payload.take(len(MOMENTS), records, np.dtype("<f8")),
    )


def _take(payload: Payload, length: int, width: int) -> IntArray:
    return payload.take_row(length, f"<u{width}").astype(np.int64)


def _accumulate(differences: IntArray, sizes: IntArray) -> IntArray:
    """Sums that begin anew with each record."""
    sums = np.cumsum(differences)
    starts = np.cumsum(sizes) - sizes
    before = np.where(starts > 0, np.append(sums, 0)[starts - 1], 0)
    values: IntArray = sums - np.repeat(before, sizes)
    return values


def _split(
    records: _Records, infos: Sequence[LayerInfo], lengths: Sequence[int]
) -> Iterator[HistogramSeries]:
    """The series of each layer; FormatError for what is not what was written."""
    row = entry = cells = 0
    for info, length in zip(infos, lengths, strict=True):
        rows = slice(row, row + length)
        sizes = records.sizes[rows]
        entries = slice(entry, entry + int(sizes.sum()))
        bins, columns = np.unique(records.bins[entries], return_inverse=True)
        cells += length * len(bins)
        counts = records.counts[entries]
        if cells > MAX_CELLS or counts.min(initial=1) < 1 or counts.max(initial=1) > LARGEST:
            raise FormatError(f"A golden file is damaged: {info.key} has counts out of range.")
        dense = np.zeros((length, len(bins)), np.uint64)
        dense[np.repeat(np.arange(length), sizes), columns] = counts
        yield _to_series(info, records, rows, bins, dense)
        row, entry = rows.stop, entries.stop


def _to_series(
    info: LayerInfo, records: _Records, rows: slice, bins: IntArray, counts: Any
) -> HistogramSeries:
    steps = np.cumsum(records.steps[rows])
    tallies = Tallies(
        steps, np.zeros(len(steps)), *records.totals[:, rows], *records.moments[:, rows]
    )
    series = HistogramSeries(tallies, bins, compact(counts), info.scheme, info.key)
    broken = find_broken_promise(series, *bin_limits(info.scheme))
    if broken:
        raise FormatError(f"A golden file is damaged: in {info.key}, {broken}.")
    return series

"""What one run's event files hold: which tags are histograms, and where their events lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import IO, Any, Final

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import (
    KINDS,
    PLUGIN_NAME,
    RUN_INFO_TAG,
    SIZES_TAG,
    SLICES_PREFIX,
    SUMMARY_PREFIXES,
    LayerInfo,
    content_to_layer_info,
    text_to_run_info,
)
from tb_activation_hist.core.parameter_sizes import NO_SIZES, ParameterSizes
from tb_activation_hist.core.schemes.scheme import Scheme
from tb_activation_hist.core.sessions import (
    SessionNotes,
    SessionPart,
    join_sessions,
    merge_notes,
)
from tb_activation_hist.core.slice_series import SliceSeries
from tb_activation_hist.storage.codec import MAGIC, Block
from tb_activation_hist.storage.event_file_reader import EventFilePath, decode_events, read_event
from tb_activation_hist.storage.event_values import (
    Value,
    decode_each,
    decode_histogram,
    decode_layer,
    decode_size_value,
    decode_slice_value,
    join_histograms,
    sort_out,
)
from tb_activation_hist.storage.size_blocks import join_size_blocks
from tb_activation_hist.storage.size_codec import SIZES_MAGIC
from tb_activation_hist.storage.slice_codec import SLICE_MAGIC
from tb_activation_hist.storage.slice_reader import join_slice_blocks

HISTOGRAMS_PLUGIN: Final = "histograms"

Location = tuple[int, int, int]
"""Number of the file, offset of the event in it, number of the value in the event."""


@dataclass
class TagIndex:
    """A tag with histograms: blocks of ours, or summaries of another tool."""

    tag: str
    ours: bool
    content: bytes = b""
    locations: list[Location] = field(default_factory=list)

    @property
    def info(self) -> LayerInfo:
        """The description of the layer; FormatError for metadata of a newer version."""
        return content_to_layer_info(self.content) if self.content else tag_to_layer_info(self.tag)

    @property
    def type(self) -> str:
        """Type of the module; empty if it is not known."""
        info = _readable_info(self) if self.ours else None
        return "" if info is None else info.type

    @property
    def key(self) -> str:
        """Key in `read_histograms`."""
        return self._layer_info.key if self.ours else self.tag

    @property
    def _layer_info(self) -> LayerInfo:
        return _readable_info(self) or tag_to_layer_info(self.tag)

    @property
    def sort_key(self) -> tuple[Any, ...]:
        """Tags of ours by layer, before those of other tools in the order of the file."""
        return (False, *self._layer_info.sort_key) if self.ours else (True,)


def _readable_info(tag: TagIndex) -> LayerInfo | None:
    try:
        return tag.info
    except FormatError:
        return None


def tag_to_layer_info(tag: str) -> LayerInfo:
    """The layer as far as its tag names it, for when the event with its metadata is gone."""
    phase, rest = ("eval", tag[5:]) if tag.startswith("eval/") else ("train", tag)
    kind, _, layer = rest.partition("/")
    if kind not in KINDS:
        kind, layer = KINDS[0], rest
    return LayerInfo(layer, kind, phase)


class RunIndex:
    """Where the histograms of a run lie, found in one pass over its files; `read` decodes them.

    problems: one sentence for each file that cannot be read to its end and for each tag that is
    used twice.
    """

    def __init__(self, files: Sequence[EventFilePath]) -> None:
        self._files = list(files)
        self.tags: dict[tuple[bool, str], TagIndex] = {}
        """By whether they are ours, and by tag: another tool may use a tag of ours."""
        self.info: dict[str, Any] = {}
        self.problems: list[str] = []
        self._notes: dict[str, SessionNotes] = {}
        self.other_tags: set[str] = set()
        """Tags of what is no histogram of ours: scalars and the like, other tools' histograms."""
        self._slices: dict[str, TagIndex] = {}
        """Slices of split layers, by the tag of the layer."""
        self._sizes = TagIndex(SIZES_TAG, True)
        for number, path in enumerate(self._files):
            try:
                with path.open() as file:
                    self._scan(number, file)
            except OSError as err:
                self.problems.append(f"{path.path} cannot be read: {err.strerror or err}.")
            except FormatError as err:
                self.problems.append(f"{path.path} is damaged: {err}")
        self.other_tags |= {tag for ours, tag in self.tags if not ours}
        self.problems += [
            f"The tag {tag!r} of a layer is also used for other values, so TensorBoard shows only "
            "what was written first. Write the other values under another tag."
            for ours, tag in self.tags
            if ours and tag in self.other_tags
        ]

    def _scan(self, number: int, file: IO[bytes]) -> None:
        for offset, event in decode_events(file):
            values = event.summary.value
            # Our own points for other dashboards share events with nothing else.
            if len(values) and values[0].tag.startswith(SUMMARY_PREFIXES):
                continue
            for index, value in enumerate(values):
                self._note(value, (number, offset, index))

    def _note(self, value: Any, location: Location) -> None:
        texts = value.tensor.string_val
        if len(texts) == 1 and texts[0].startswith(SLICE_MAGIC):
            tag = value.tag.removeprefix(SLICES_PREFIX)
            self._slices.setdefault(tag, TagIndex(value.tag, True)).locations.append(location)
        elif len(texts) == 1 and texts[0].startswith(SIZES_MAGIC):
            self._sizes.locations.append(location)
        elif len(texts) == 1 and (texts[0].startswith(MAGIC) or (True, value.tag) in self.tags):
            self._locate(value, location, ours=True)
        elif len(texts) == 1 and value.tag == RUN_INFO_TAG:
            self._note_info(value, texts[0])
        elif value.HasField("histo") or self._is_histogram_tensor(value):
            self._locate(value, location, ours=False)
        else:
            self.other_tags.add(value.tag)

    def _is_histogram_tensor(self, value: Any) -> bool:
        named = value.metadata.plugin_data.plugin_name == HISTOGRAMS_PLUGIN
        return value.HasField("tensor") and (named or (False, value.tag) in self.tags)

    def _locate(self, value: Any, location: Location, *, ours: bool) -> None:
        known = self.tags.get((ours, value.tag))
        if known is None:
            content: bytes = value.metadata.plugin_data.content if ours else b""
            known = self.tags[ours, value.tag] = TagIndex(value.tag, ours, content)
        known.locations.append(location)

    def _note_info(self, value: Any, text: bytes) -> None:
        if value.metadata.plugin_data.plugin_name not in ("", PLUGIN_NAME):
            return
        info, problem = text_to_run_info(text)
        self.info = info or self.info
        self.problems += [problem] if problem else []

    @property
    def keys(self) -> dict[str, TagIndex]:
        """The tags by key, in model order; a tag of another tool never hides one of ours."""
        keys: dict[str, TagIndex] = {}
        for tag in sorted(self.tags.values(), key=lambda tag: tag.sort_key):
            key = tag.key if tag.key not in keys else f"{HISTOGRAMS_PLUGIN}/{tag.tag}"
            keys[key] = tag
        return keys

    def read(self, tag: TagIndex) -> tuple[HistogramSeries, list[FormatError]]:
        """The records of a tag that can be decoded, and what is wrong with the others.

        FormatError when there is none.
        """
        values, gone = self._read_values(tag)
        if not tag.ours:
            records, broken = decode_each(values, decode_histogram, gone)
            return join_histograms(tag.tag, records), broken
        blocks, broken = sort_out(decode_layer(tag.info, values), gone)
        joined = join_sessions([SessionPart(b.series, b.session, b.ordinal) for b in blocks])
        self._notes[tag.tag] = joined.notes
        slices, broken_slices = self._read_slices(tag)
        return replace(joined.series, slices=slices), [*broken, *broken_slices]

    def _read_slices(self, tag: TagIndex) -> tuple[SliceSeries | None, list[FormatError]]:
        """The slices of a split layer, as far as they can be decoded."""
        own = self._slices.get(tag.tag)
        if own is None:
            return None, []
        values, gone = self._read_values(own)
        try:
            blocks, broken = decode_each(values, partial(decode_slice_value, tag.info), gone)
        except FormatError as err:
            return None, [err]
        return join_slice_blocks(blocks), broken

    def read_sizes(self) -> tuple[ParameterSizes, list[FormatError]]:
        """The sizes of parameters that can be decoded, and what is wrong with the others."""
        values, gone = self._read_values(self._sizes)
        if not values:
            return NO_SIZES, gone
        try:
            blocks, broken = decode_each(values, decode_size_value, gone)
        except FormatError as err:
            return NO_SIZES, [err]
        return join_size_blocks(blocks), broken

    @property
    def notes(self) -> SessionNotes:
        """What is to be reported about the sessions of the tags that were read."""
        return merge_notes(self._notes.values())

    def last_step(self) -> int:
        """Step of our newest record, without decoding all of them; 0 when there are none.

        Not the largest step: an abandoned tail may reach further.
        """
        newest = [self._newest(tag) for tag in self.tags.values() if tag.ours]
        return max(newest, default=(0.0, 0))[1]

    def _newest(self, tag: TagIndex) -> tuple[float, int]:
        """Wall time and step of the last record of the newest block that can be read.

        Where none can, the step is the first one of the newest block.
        """
        info, (found, _) = _readable_info(tag), self._read_values(tag)
        newest_first = sorted(found, key=lambda at: at[0].wall_time, reverse=True)
        for event, value in newest_first:
            (block,) = decode_layer(info or LayerInfo(""), [(event, value)])
            if isinstance(block, Block):
                return event.wall_time, int(block.series.steps[-1])
        return (newest_first[0][0].wall_time, newest_first[0][0].step) if found else (0.0, 0)

    def schemes(self) -> dict[str, Scheme]:
        """The bins of each of our tags that this version can read."""
        infos = {tag.tag: _readable_info(tag) for tag in self.tags.values() if tag.ours}
        return {tag: info.scheme for tag, info in infos.items() if info is not None}

    def _read_values(self, tag: TagIndex) -> tuple[list[Value], list[FormatError]]:
        """(event, value) at each location of a tag, and an error for each file that has changed."""
        from google.protobuf.message import DecodeError

        found: list[Value] = []
        gone = []
        for number, own in groupby(sorted(tag.locations), key=lambda location: location[0]):
            path = self._files[number]
            try:
                with path.open() as file:
                    found.extend(_locations_to_values(file, own))
            except (OSError, FormatError, DecodeError, IndexError) as err:
                gone.append(
                    FormatError(
                        f"{path.path} has changed or disappeared since it was opened: {err}."
                    )
                )
        return found, gone


def _locations_to_values(file: IO[bytes], locations: Iterable[Location]) -> Iterator[Value]:
    from tensorboard.compat.proto.event_pb2 import Event

    for _, offset, index in locations:
        event = Event.FromString(read_event(file, offset))
        yield event, event.summary.value[index]

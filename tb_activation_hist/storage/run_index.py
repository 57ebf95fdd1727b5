"""What one run's event files hold: which tags are histograms, and where their events lie."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Final

import numpy as np

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import (
    KINDS,
    PLUGIN_NAME,
    RUN_INFO_TAG,
    SUMMARY_PREFIX,
    LayerInfo,
    content_to_layer_info,
)
from tb_activation_hist.core.schemes.scheme import Scheme
from tb_activation_hist.core.sessions import (
    JoinedSessions,
    SessionNotes,
    SessionPart,
    join_sessions,
    merge_notes,
)
from tb_activation_hist.storage.codec import MAGIC, decode_block
from tb_activation_hist.storage.event_file_reader import EventFilePath, read_event, scan_events
from tb_activation_hist.storage.tensorboard_histograms import buckets_to_series, legacy_to_buckets

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
        """Type of the module; empty where it is not known."""
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
    """Where the histograms of a run lie, found in one pass over its files; `read` decodes them."""

    def __init__(self, files: Sequence[EventFilePath]) -> None:
        self._files = list(files)
        self.tags: dict[str, TagIndex] = {}
        self.info: dict[str, Any] = {}
        self._notes: dict[str, SessionNotes] = {}
        for number, path in enumerate(self._files):
            with path.open() as file:
                self._scan(number, file)

    def _scan(self, number: int, file: IO[bytes]) -> None:
        from google.protobuf.message import DecodeError
        from tensorboard.compat.proto.event_pb2 import Event

        for offset, data in scan_events(file):
            try:
                values = Event.FromString(data).summary.value
            except DecodeError:
                continue
            # Our own points for other dashboards share events with nothing else.
            if len(values) and values[0].tag.startswith(f"{SUMMARY_PREFIX}/"):
                continue
            for index, value in enumerate(values):
                self._note(value, (number, offset, index))

    def _note(self, value: Any, location: Location) -> None:
        tag: str = value.tag
        known = self.tags.get(tag)
        if known is not None:
            known.locations.append(location)
        elif value.HasField("histo") or value.metadata.plugin_data.plugin_name == HISTOGRAMS_PLUGIN:
            self.tags[tag] = TagIndex(tag, ours=False, locations=[location])
        elif value.HasField("tensor") and len(value.tensor.string_val) == 1:
            self._note_string(value, value.tensor.string_val[0], location)

    def _note_string(self, value: Any, text: bytes, location: Location) -> None:
        if text.startswith(MAGIC):
            content: bytes = value.metadata.plugin_data.content
            self.tags[value.tag] = TagIndex(
                value.tag, ours=True, content=content, locations=[location]
            )
        elif value.tag == RUN_INFO_TAG and value.metadata.plugin_data.plugin_name in (
            "",
            PLUGIN_NAME,
        ):
            self.info = _text_to_info(text) or self.info

    @property
    def keys(self) -> dict[str, TagIndex]:
        """The tags by key, in model order; a tag of another tool never hides one of ours."""
        keys: dict[str, TagIndex] = {}
        for tag in sorted(self.tags.values(), key=lambda tag: tag.sort_key):
            key = tag.key if tag.key not in keys else f"{HISTOGRAMS_PLUGIN}/{tag.tag}"
            keys[key] = tag
        return keys

    def read(self, tag: TagIndex) -> HistogramSeries:
        """Decode all records of a tag."""
        events = self._read_values(tag)
        if not tag.ours:
            return _values_to_series(tag, events)
        joined = _join_blocks(tag, events)
        self._notes[tag.tag] = joined.notes
        return joined.series

    @property
    def notes(self) -> SessionNotes:
        """What is to be told about the sessions of the tags that were read."""
        return merge_notes(self._notes.values())

    def last_step(self) -> int:
        """Step of our newest record, without decoding all of them; 0 when there are none.

        Not the largest step: an abandoned tail may reach further.
        """
        newest = [(-np.inf, 0)]
        for tag in self.tags.values():
            if tag.ours:
                event, value = max(self._read_values(tag), key=lambda found: found[0].wall_time)
                block = decode_block(value.tensor.string_val[0])
                newest.append((event.wall_time, int(block.series.steps.max(initial=0))))
        return max(newest)[1]

    def schemes(self) -> dict[str, Scheme]:
        """The bins of each of our tags that this version can read."""
        infos = {tag.tag: _readable_info(tag) for tag in self.tags.values() if tag.ours}
        return {tag: info.scheme for tag, info in infos.items() if info is not None}

    def _read_values(self, tag: TagIndex) -> list[tuple[Any, Any]]:
        """(event, value) at each location of a tag."""
        from tensorboard.compat.proto.event_pb2 import Event

        found = []
        for number in sorted({location[0] for location in tag.locations}):
            with self._files[number].open() as file:
                for where, offset, index in tag.locations:
                    if where == number:
                        event = Event.FromString(read_event(file, offset))
                        found.append((event, event.summary.value[index]))
        return found


def _text_to_info(text: bytes) -> dict[str, Any] | None:
    try:
        fields = json.loads(text)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


def _join_blocks(tag: TagIndex, events: list[tuple[Any, Any]]) -> JoinedSessions:
    info = tag.info
    blocks = [
        decode_block(value.tensor.string_val[0], info.scheme, info.key) for _, value in events
    ]
    parts = [SessionPart(block.series, block.session, block.ordinal) for block in blocks]
    return join_sessions(parts)


def _values_to_series(tag: TagIndex, events: list[tuple[Any, Any]]) -> HistogramSeries:
    from tensorboard.util.tensor_util import make_ndarray

    steps = [event.step for event, _ in events]
    wall_times = [event.wall_time for event, _ in events]
    if events[0][1].HasField("histo"):
        pairs = [legacy_to_buckets(value.histo) for _, value in events if value.HasField("histo")]
        parts: list[FloatArray] = [buckets for buckets, _ in pairs]
        exact = [moments for _, moments in pairs]
        return buckets_to_series(steps, wall_times, parts, tag.tag, exact)
    tensors = [np.asarray(make_ndarray(value.tensor), np.float64) for _, value in events]
    return buckets_to_series(steps, wall_times, tensors, tag.tag)

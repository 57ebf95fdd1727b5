"""Hostile input: what is stored or sent, changed in one or a few places, with right checksums."""

from __future__ import annotations

import json
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from tensorboard.compat.proto import event_pb2, summary_pb2, types_pb2
from tensorboard.compat.proto.tensor_pb2 import TensorProto

from tb_activation_hist.core.names import PLUGIN_NAME, LayerInfo
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.storage.codec import HEADER, encode_block
from tb_activation_hist.storage.event_file import first_event, frame
from tb_activation_hist.storage.slice_codec import HEADER as SLICE_HEADER
from tb_activation_hist.storage.slice_codec import encode_slices
from tests.series import values_to_series
from tests.slices import make_slices

_VALUES = np.random.default_rng(0)
BLOCKS: Final = [
    encode_block(values_to_series([_VALUES.normal(0, 1 + i, 60) for i in range(records)]), 1, 0)
    for records in (1, 3, 32)
]
SLICES: Final = [
    encode_slices(
        make_slices([_VALUES.normal(0, 1 + i, (20, 6)) for i in range(records)], exact=exact), 1, 0
    )
    for records in (1, 3, 32)
    for exact in (False, True)
]
INFO: Final = LayerInfo("conv1", order=3, type="Conv2d", shape=(8, 16), split=1)
NOTES: Final = {
    "version": 1, "silent": ["a"], "errors": ["b"], "skipped": 1, "lost": 2,
    "cadence": "every step",
}  # fmt: skip

ODD_VALUES: Final[list[Any]] = [
    None, True, 0, -1, 2**31, 2**53, 2**64, -(2**70), 10**400, 0.5, float("nan"), float("inf"), "",
    "x" * 5000, "\ud800", "__proto__", "__run__", "a/b\0c", [], [None], [[]], ["a"], [1] * 100, {},
    {"__proto__": 1}, {"scheme": "linear"}, {"scheme": "linear", "count": 1e9, "lo": 0, "hi": 1},
    LinearBins(3, 0, 1).to_dict(),
]  # fmt: skip
ODD_NUMBERS: Final = [
    0.0, -0.0, 1.0, -1.0, 1e-320, 1e300, -1e300, 1e308, 2.0**53, 2.0**63, 1e19, np.inf, -np.inf,
    np.nan,
]  # fmt: skip


def hostile_block(rng: random.Random) -> bytes:
    """A block with a changed header or payload; the payload's checksum is always right."""
    return _hostile_block(rng, rng.choice(BLOCKS), HEADER)


def hostile_slices(rng: random.Random) -> bytes:
    """The same of a block of slices."""
    return _hostile_block(rng, rng.choice(SLICES), SLICE_HEADER)


def _hostile_block(rng: random.Random, data: bytes, header: struct.Struct) -> bytes:
    block = bytearray(data)
    payload = bytearray(zlib.decompress(block[header.size :]))
    for _ in range(rng.choice((1, 1, 2, 8))):
        if rng.random() < 0.3:
            block[rng.randrange(header.size)] = rng.choice(
                (0, 1, 2, 3, 4, 8, 255, rng.randrange(256))
            )
        else:
            _change_bytes(payload, rng)
    return bytes(block[: header.size]) + zlib.compress(payload, 1)


def _change_bytes(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    kind = rng.randrange(4)
    if kind == 0:
        data[at] = rng.randrange(256)
    elif kind == 1:
        data[at : at + 8] = bytes([rng.choice((0, 255, 127, 128))]) * len(data[at : at + 8])
    elif kind == 2:
        del data[at : at + rng.choice((1, 8))]
        data += b"\0"
    else:
        data[at:at] = bytes(rng.randrange(1, 9))


def hostile_metadata(rng: random.Random) -> bytes:
    return _hostile_json(json.loads(INFO.to_content()), rng)


def hostile_notes(rng: random.Random) -> bytes:
    return _hostile_json(dict(NOTES), rng)


def _hostile_json(fields: dict[str, Any], rng: random.Random) -> bytes:
    for _ in range(rng.choice((1, 1, 2))):
        name = rng.choice([*fields, "other"])
        if rng.random() < 0.2:
            fields.pop(name, None)
        else:
            fields[name] = rng.choice(ODD_VALUES)
    text = bytearray(json.dumps(fields).encode())
    if rng.random() < 0.3:
        _change_bytes(text, rng)
    if rng.random() < 0.02:
        text[:] = rng.choice((b"[", b'{"a":')) * rng.choice((10, 100_000))
    return bytes(text).replace(b"NaN", rng.choice((b"NaN", b"1e999", b"null")))


def hostile_buckets(rng: random.Random) -> Any:
    """A record of another tool, as TensorBoard hands it over."""
    count = rng.choice((0, 1, 2, 30, 30, 30, 3000))
    buckets = np.sort(np.array([rng.gauss(0, 3) for _ in range(3 * count)])).reshape(count, 3)
    buckets[:, 2] = np.abs(buckets[:, 2]).round()
    for _ in range(rng.choice((0, 1, 3)) if count else 0):
        buckets[rng.randrange(count), rng.randrange(3)] = rng.choice(ODD_NUMBERS)
    shape: Callable[[Any], Any] = rng.choice(
        (
            *[lambda b: b] * 4, lambda b: b.T, lambda b: b.ravel()[:-1],
            lambda b: b.astype(str).astype(object), lambda b: b.astype(np.complex64),
            lambda b: b > 0, lambda b: b.astype(np.float16), lambda _: np.array(5.0),
        )
    )  # fmt: skip
    with np.errstate(all="ignore"):
        return shape(buckets)


def hostile_proto(rng: random.Random) -> Any:
    """A record as ``add_histogram`` writes it."""

    def numbers(most: int) -> list[float]:
        plain = sorted(rng.gauss(0, 3) for _ in range(rng.randrange(most)))
        return [rng.choice(ODD_NUMBERS) if rng.random() < 0.1 else each for each in plain]

    ends = numbers(2) + [rng.choice(ODD_NUMBERS) for _ in range(4)]
    return summary_pb2.HistogramProto(
        min=ends[0], max=ends[1], sum=ends[2], sum_squares=ends[3],
        bucket_limit=numbers(30), bucket=numbers(30),
    )  # fmt: skip


def hostile_file(rng: random.Random) -> bytes:
    """An event file of which some values, events or bytes are anything."""
    events = [_hostile_event(rng) for _ in range(rng.randrange(1, 8))]
    data = bytearray(b"".join(map(frame, [first_event(), *events])))
    for _ in range(rng.choice((0, 0, 1, 3))):
        _change_bytes(data, rng)
    return bytes(data)


def _hostile_event(rng: random.Random) -> bytes:
    tag = rng.choice(("activations/conv1", "activations/conv1", "__run__", "w", "", "a/b\0c"))
    value = summary_pb2.Summary.Value(tag=tag)
    kind = rng.randrange(5)
    if kind == 0:
        value.histo.CopyFrom(hostile_proto(rng))
    elif kind == 1:
        value.simple_value = rng.choice(ODD_NUMBERS)
    else:
        hostile = hostile_notes if tag == "__run__" else hostile_block
        data = hostile(rng) if rng.random() < 0.5 else rng.choice(BLOCKS)
        value.tensor.CopyFrom(
            TensorProto(dtype=types_pb2.DT_STRING, string_val=[data] * (kind - 1))
        )
    if rng.random() < 0.6:
        value.metadata.plugin_data.plugin_name = rng.choice((PLUGIN_NAME, "histograms", "other"))
        good = rng.random() < 0.5
        value.metadata.plugin_data.content = INFO.to_content() if good else hostile_metadata(rng)
    summary = summary_pb2.Summary(value=[value] * rng.choice((1, 1, 2)))
    step = rng.choice((0, 1, 7, 2**62, -(2**63)))
    event = event_pb2.Event(step=step, wall_time=rng.choice(ODD_NUMBERS), summary=summary)
    data = bytearray(event.SerializeToString())
    if rng.random() < 0.2:
        _change_bytes(data, rng)
    return bytes(data)


def hostile_request(rng: random.Random) -> tuple[str, str, dict[str, Any]]:
    """Method, route and options of werkzeug's test client."""
    route = rng.choice(("/tiles", "/tiles", "/tiles", "/index", "/scalars", "/findings", "/export"))
    if route == "/tiles":
        return "POST", route, {"data": _hostile_body(rng)}
    names = ("run", "runs", "tag", "steps", "format", "source", "baseline", "known")
    values = (
        "good",
        "bad",
        "conv1",
        "activations/conv1",
        "__run__",
        "\udcff",
        "1,2",
        "nan,inf",
        "",
    )
    query = {name: rng.choice(values) for name in names if rng.random() < 0.6}
    text = "&".join(f"{k}={_quote(v)}" for k, v in query.items())
    return rng.choice(("GET", "GET", "GET", "HEAD", "POST")), route, {"query_string": text}


def _quote(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogateescape"))


def _hostile_body(rng: random.Random) -> bytes:
    tile: dict[str, Any] = {"run": "good", "tag": "activations/conv1"}
    for name in rng.sample(
        ("run", "tag", "source", "steps", "columns", "rows", "unit", "since", "other"), 2
    ):
        usual = [[0, 10], [1e300, -1], "histograms", "blocks", 8, 1, 100, -160, "bad", "w"]
        tile[name] = rng.choice(ODD_VALUES if rng.random() < 0.5 else usual)
    tiles: Any = rng.choice(([tile], [tile], [tile] * 3, tile, [tile] * 300, [[tile]]))
    return json.dumps(rng.choice(({"tiles": tiles}, {"tiles": tiles}, tiles))).encode()

"""The golden files are what the server makes today; the page's tests read the same ones."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator

import numpy as np
import pytest

from tb_activation_hist.core.table import FORMAT_WAYS
from tests.golden.make_tiles import FOLDER, golden_files

FILES = golden_files()


def unpack(data: bytes) -> list[dict]:
    """An answer decoded by the text of http_api.md alone."""
    (length,) = struct.unpack_from("<I", data)
    head = json.loads(data[4 : 4 + length])
    start = -(-(4 + length) // 8) * 8
    for tile in head["tiles"]:
        if "error" not in tile:
            part = data[start + tile["offset"] :][: tile["bytes"]]
            tile["arrays"] = unpack_arrays(part, head["arrays"], tile)
    return head["tiles"]


def unpack_arrays(data: bytes, specs: list[dict], tile: dict) -> dict[str, np.ndarray]:
    arrays, offset = {}, 0
    for spec in specs:
        kind = np.dtype(tile["dtypes"].get(spec["dtype"], spec["dtype"])).newbyteorder("<")
        size = math.prod(tile[axis] for axis in spec["shape"])
        rows = np.frombuffer(data, np.uint8, size * kind.itemsize, offset)
        rows = rows.reshape(kind.itemsize, size)
        arrays[spec["name"]] = np.ascontiguousarray(rows.T).view(kind).reshape(-1)
        offset += size * kind.itemsize
    assert offset == len(data)
    return arrays


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".bin")])
def test_wire_bytes(name: str) -> None:
    expected = json.loads((FOLDER / name).with_suffix(".json").read_bytes())["tiles"]
    for data in (FILES[name], (FOLDER / name).read_bytes()):
        for tile, want in zip(unpack(data), expected, strict=True):
            if "error" in want:
                assert tile == want
                continue
            arrays = tile.pop("arrays")
            assert tile.keys() == want["head"].keys() | {"offset", "bytes"}
            for key in want["head"].keys() - {"range", "extent"}:
                assert tile[key] == want["head"][key]
            for key, values in want["arrays"].items():
                numbers = np.array([np.nan if x is None else x for x in values], np.float64)
                exact = key not in ("mean", "std")
                np.testing.assert_allclose(arrays[key], numbers, rtol=0 if exact else 1e-12)


def kept_and_made(name: str) -> Iterator[tuple[dict, dict]]:
    kept = json.loads((FOLDER / name).read_bytes())["cases"]
    return zip(kept, json.loads(FILES[name])["cases"], strict=True)


def test_rebin_cases() -> None:
    for kept, made in kept_and_made("rebin.json"):
        assert kept["counts"] == made["counts"]
        np.testing.assert_allclose(made["rebinned"], kept["rebinned"], rtol=1e-12)


def test_quantile_cases() -> None:
    for kept, made in kept_and_made("quantiles.json"):
        assert kept["counts"] == made["counts"]
        want, got = (np.array(case["quantiles"], np.float64) for case in (kept, made))
        np.testing.assert_allclose(got, want, rtol=1e-12)


def test_format_loss_cases() -> None:
    for kept, made in kept_and_made("format_loss.json"):
        assert kept["counts"] == made["counts"]
        for losses in zip(kept["losses"], made["losses"], strict=True):
            for way in FORMAT_WAYS:
                want, got = (np.array(loss[way], np.float64) for loss in losses)
                np.testing.assert_allclose(got, want, rtol=1e-12)

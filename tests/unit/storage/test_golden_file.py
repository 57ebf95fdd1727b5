"""Golden files: what they keep, how small they are, and what happens to damaged ones."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tb_activation_hist.core.comparison.compare import ComparisonPlan, compare_recordings
from tb_activation_hist.core.comparison.recording import Recording
from tb_activation_hist.core.errors import FormatError, LogdirError, OptionError
from tb_activation_hist.core.execution_order import ExecutionOrder
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.schemes.explicit_bins import ExplicitBins
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.storage.comparisons import save_golden
from tb_activation_hist.storage.golden_file import (
    BODY,
    HEAD,
    read_golden_file,
    recording_to_bytes,
    write_golden_file,
)
from tests.series import values_to_series

GOLDEN = Path(__file__).parents[2] / "golden" / "comparison_v1.zip"


def make_recording(values: int = 4000, layers: int = 6, records: int = 3) -> Recording:
    random = np.random.default_rng(0)
    infos, series = {}, {}
    for order in range(layers):
        kind = "gradients" if order % 3 == 2 else "activations"
        scheme = LinearBins(40, 0, 10) if order == 1 else None
        info = LayerInfo(f"layer{order}", kind, order=order, type="Linear", shape=(values,))
        info = info if scheme is None else LayerInfo(f"layer{order}", order=order, scheme=scheme)
        rows = [random.standard_normal(values).astype(np.float32) for _ in range(records)]
        rows = [np.maximum(row, 0) for row in rows] if order % 2 else rows
        rows[0][:4] = np.nan, np.inf, -np.inf, 0
        infos[info.key] = info
        series[info.key] = values_to_series(rows, steps=[1, 5, 900][:records], scheme=scheme)
    return Recording("made", series, infos, ExecutionOrder(("layer0", "layer1"), (0, 1, 0)))


def assert_equal(one: HistogramSeries, other: HistogramSeries) -> None:
    assert one.scheme == other.scheme
    np.testing.assert_array_equal(one.edges, other.edges)
    np.testing.assert_array_equal(one.counts, other.counts)
    for name in ("steps", "n", "zeros", "nans", "pos_infs", "neg_infs", "sum", "sum_sq"):
        np.testing.assert_array_equal(getattr(one.tallies, name), getattr(other.tallies, name))
    np.testing.assert_array_equal(one.min, other.min)
    np.testing.assert_array_equal(one.max, other.max)


def test_everything_comes_back(tmp_path: Path) -> None:
    given = make_recording()
    write_golden_file(given, tmp_path / "deep" / "golden.zip")
    found = read_golden_file(tmp_path / "deep" / "golden.zip")
    assert list(found.series) == list(given.series)
    assert found.infos == given.infos
    assert found.order == given.order
    for key in given.series:
        assert_equal(found.series[key], given.series[key])
    assert compare_recordings(given, found, ComparisonPlan()).same


def test_equal_recordings_give_equal_bytes() -> None:
    assert recording_to_bytes(make_recording()) == recording_to_bytes(make_recording())


def test_times_are_not_kept() -> None:
    given = make_recording()
    other = make_recording()
    for series in other.series.values():
        series.tallies.wall_times[:] += 7
    assert recording_to_bytes(given) == recording_to_bytes(other)


@pytest.mark.parametrize(("values", "limit"), [(4_000, 360), (300_000, 600)])
def test_a_layer_and_record_takes_little(values: int, limit: int) -> None:
    size = len(recording_to_bytes(make_recording(values, layers=8, records=2)))
    assert size / (8 * 2) < limit


def test_the_file_of_version_1_stays_readable() -> None:
    found = read_golden_file(GOLDEN)
    expected = make_recording(100, layers=3, records=2)
    assert compare_recordings(expected, found, ComparisonPlan()).same
    assert found.order == expected.order


def test_an_empty_recording(tmp_path: Path) -> None:
    write_golden_file(Recording("none", {}, {}), tmp_path / "none.zip")
    assert read_golden_file(tmp_path / "none.zip").series == {}


def test_what_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    info = LayerInfo("a", "histograms")
    series = values_to_series([np.ones(3)])
    other = HistogramSeries(
        series.tallies, np.array([0]), series.bin_counts, ExplicitBins((0.0, 2.0))
    )
    with pytest.raises(OptionError, match="a: histograms of other tools"):
        write_golden_file(Recording("x", {"a": other}, {"a": info}), tmp_path / "x.zip")
    (tmp_path / "file").write_text("")
    with pytest.raises(LogdirError, match="cannot be written"):
        save_golden(make_recording(10), tmp_path / "file" / "x.zip")
    with pytest.raises(OptionError, match="no record up to step 0"):
        save_golden(make_recording(10), tmp_path / "x.zip", last_step=0)
    assert not (tmp_path / "x.zip").exists()


def test_only_some_layers_and_steps(tmp_path: Path) -> None:
    save_golden(make_recording(10), tmp_path / "x.zip", layers="layer*", last_step=5)
    found = read_golden_file(tmp_path / "x.zip")
    assert all(key.startswith("layer") for key in found.series)
    assert all(series.steps.tolist() == [1, 5] for series in found.series.values())


# --- damaged files --------------------------------------------------------------------------------


def test_no_damage_is_taken_for_data(tmp_path: Path) -> None:
    whole = recording_to_bytes(make_recording(50, layers=3))
    path = tmp_path / "broken.zip"
    random = np.random.default_rng(1)
    for _ in range(150):
        data = bytearray(whole)
        data[random.integers(len(data))] ^= 1 << random.integers(8)
        cut = random.integers(len(data)) if random.random() < 0.2 else len(data)
        path.write_bytes(data[:cut])
        try:
            found = read_golden_file(path)
        except FormatError:
            continue
        # A bit of the zip's own fields that says nothing about the content.
        assert compare_recordings(make_recording(50, layers=3), found, ComparisonPlan()).same


def rewrite(path: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """The file with other members, whose checksums are right."""
    whole = recording_to_bytes(make_recording(50, layers=2))
    path.write_bytes(whole)
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def change_head(**fields: object) -> Callable[[dict[str, bytes]], object]:
    def change(members: dict[str, bytes]) -> None:
        members[HEAD] = json.dumps(json.loads(members[HEAD]) | fields).encode()

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (change_head(version=2), "has format version 2, but this tb_activation_hist reads up to 1"),
        (change_head(version="1"), "is not a golden file"),
        (change_head(format="other"), "is not a golden file"),
        (change_head(layers=7), "it lists no layers"),
        (change_head(layers=[{"records": -1}]), "no number of records"),
        (change_head(layers=[{"records": 2**25}]), "damaged"),
        (change_head(layers=[]), "do not fit together"),
        (lambda members: members.pop(BODY), "is not a golden file"),
        (lambda members: members.update({BODY: b"none"}), "is damaged"),
        (lambda members: members.update({HEAD: b"[]"}), "is damaged"),
    ],
)
def test_a_file_that_is_not_what_was_written(
    change: Callable[[dict[str, bytes]], object], says: str, tmp_path: Path
) -> None:
    with pytest.raises(FormatError, match=says):
        read_golden_file(rewrite(tmp_path / "x.zip", change))

"""Shared files: what is chosen, packed, told and refused."""

from __future__ import annotations

import base64
import gzip
import json
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tb_activation_hist import OptionError, read_histograms
from tb_activation_hist.core.share_options import ShareChoice, make_choice
from tb_activation_hist.plugin.sharing.rounding import levels_to, round_counts
from tb_activation_hist.plugin.sharing.shared_runs import make_from_files
from tb_activation_hist.plugin.sharing.tile_pack import _narrow, _round_figures
from tb_activation_hist.storage.event_file_reader import find_event_files
from tests.plugin.logdirs import broken_values, collapsing_values, healthy_values, write_run

RECORDS = 60
LAYERS = ("conv1", "layer1.0", "layer1.1")


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs with three layers and a loss, and gradients of one of them."""
    root = tmp_path_factory.mktemp("share") / "logs"
    good = {name: healthy_values(RECORDS, size=900, seed=at) for at, name in enumerate(LAYERS)}
    good["layer1.1"] = broken_values(RECORDS, 700)
    bad = {name: collapsing_values(RECORDS, seed=at) for at, name in enumerate(LAYERS)}
    write_run(root, "good", good, scalars={"loss": np.exp(-np.arange(RECORDS) / 9)})
    write_run(root, "bad", bad)
    gradients = {"conv1": healthy_values(RECORDS, seed=5)}
    write_run(root, "bad", gradients, kind="gradients", suffix=".gradients")
    return root


class Parts:
    """The parts of a shared file, as its page reads them."""

    def __init__(self, html: str) -> None:
        found = re.finditer(r'<script type="application/gzip" id="part-([^"]+)">([^<]*)<', html)
        self.texts = {match[1]: match[2] for match in found}
        self.answers: dict[str, Any] = json.loads(self.read("answers"))

    def read(self, name: str) -> bytes:
        return gzip.decompress(base64.b64decode(self.texts[name]))

    def tile(self, run: str, tag: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """A tile's head, and its arrays as the page unpacks them."""
        part = next(
            each["part"]
            for each in self.answers["tiles"]
            if (each["run"], each["tag"]) == (run, tag)
        )
        data = self.read(part)
        (length,) = struct.unpack_from("<I", data)
        head = json.loads(data[4 : 4 + length])
        arrays, at = {}, 4 + length
        for name, dtype in head["arrays"]:
            size = head["bins"] if name in ("lower", "upper", "counts") else head["columns"]
            size *= head["columns"] if name == "counts" else 1
            width = np.dtype(dtype).itemsize
            raw = np.frombuffer(data, np.uint8, size * width, at).reshape(width, size)
            at += size * width
            arrays[name] = np.ascontiguousarray(raw.T).view(dtype).reshape(size)
        assert at == len(data)
        for name in ("n", "zeros", "nans", "pos_infs", "neg_infs", "counts"):
            rows = arrays[name].reshape(-1, head["columns"])
            arrays[name] = np.cumsum(unfold(rows), axis=1)
        if head["rounded"]:
            arrays["counts"] = levels_to(2**40)[arrays["counts"]].astype(np.int64)
        return head, arrays


def unfold(folded: np.ndarray) -> np.ndarray:
    whole = folded.astype(np.uint64)
    return (whole >> np.uint64(1)).astype(np.int64) ^ -(whole & np.uint64(1)).astype(np.int64)


def share(logdir: Path, **options: Any) -> Parts:
    return Parts(make(logdir, **options).html)


def make(logdir: Path, **options: Any) -> Any:
    return make_from_files(find_event_files(str(logdir)), "logs", make_choice(**options))


def test_a_small_file_holds_all_counts_exactly(logdir: Path) -> None:
    parts = share(logdir)
    for run, layers in read_histograms(logdir).items():
        for key in layers:
            tag = key if "/" in key else f"activations/{key}"
            head, arrays = parts.tile(run, tag)
            series = layers[key]
            assert (head["rounded"], head["level"], head["columns"]) == (False, 0, RECORDS)
            occupied = series.bin_counts.any(axis=0)
            np.testing.assert_array_equal(arrays["counts"].T, series.bin_counts[:, occupied])
            np.testing.assert_array_equal(arrays["lower"], series.lower[occupied])
            for name in ("n", "zeros", "nans", "pos_infs", "neg_infs"):
                np.testing.assert_array_equal(arrays[name][0], getattr(series, name))
            for name in ("mean", "std", "min", "max"):
                np.testing.assert_allclose(arrays[name], getattr(series, name), rtol=3e-4)


def test_records_are_pooled_into_as_many_columns_as_are_asked_for(logdir: Path) -> None:
    parts = share(logdir, columns=16)
    head, arrays = parts.tile("good", "activations/conv1")
    series = read_histograms(logdir)["good"]["conv1"]
    assert (head["level"], head["columns"]) == (2, 15)
    pooled = series.bin_counts.reshape(15, 4, -1).sum(axis=1)
    np.testing.assert_array_equal(arrays["counts"].T, pooled[:, series.bin_counts.any(axis=0)])
    axis = parts.answers["axes"][head["axis"]]
    assert np.cumsum(axis["first_step"]).tolist() == series.steps[::4].tolist()
    assert np.cumsum(axis["last_step"]).tolist() == series.steps[3::4].tolist()
    assert "Up to 4 neighbouring records" in " ".join(parts.answers["about"]["summary"])


def test_bins_are_merged_and_counts_rounded_as_little_as_the_size_allows(logdir: Path) -> None:
    whole = len(make(logdir).html)
    least = make(logdir, size_mb=(whole - 20_000) / 1e6)
    smaller = make(logdir, size_mb=(whole - 28_000) / 1e6)
    assert len(smaller.html) < len(least.html) < whole
    assert len(smaller.html) <= whole - 28_000
    assert any("merged" in text for text in smaller.summary)
    series = read_histograms(logdir)["good"]["conv1"]
    _, arrays = Parts(smaller.html).tile("good", "activations/conv1")
    np.testing.assert_array_equal(arrays["n"][0], series.n)
    exact = make(logdir, size_mb=(whole - 28_000) / 1e6, exact=True)
    assert any("All counts are exact" in text for text in exact.summary)
    _, arrays = Parts(exact.html).tile("good", "activations/conv1")
    np.testing.assert_array_equal(arrays["counts"].sum(axis=0), series.finite)


def test_what_does_not_fit_says_how_to_share_less(logdir: Path) -> None:
    with pytest.raises(OptionError, match=r"7 heatmaps .* 0.2 MB.*fewer layers.*raise the size"):
        make(logdir, size_mb=0.2)


def test_runs_layers_and_kinds_are_chosen_by_patterns(logdir: Path) -> None:
    parts = share(logdir, runs="go*", layers=["layer1.*"])
    answers = parts.answers
    assert [run["name"] for run in answers["index"]["runs"]] == ["good"]
    assert [each["layer"] for each in answers["index"]["series"]] == ["layer1.0", "layer1.1"]
    assert {each["runs"][0] for each in answers["index"]["series"]} == {0}
    assert "1 of 2 runs" in answers["about"]["summary"][0]
    gradients = share(logdir, kinds="gradients").answers
    assert [run["name"] for run in gradients["index"]["runs"]] == ["bad", "good"]
    assert [each["tag"] for each in gradients["index"]["series"]] == ["gradients/conv1"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"runs": "goof"}, r"No run matches 'goof'\. Nearest: 'good'\."),
        ({"layers": ["layer2.*"]}, r"No layer matches 'layer2\.\*'\. Nearest: 'layer1\.1'"),
        ({"kinds": "weights"}, r"No kind matches 'weights'\. Kinds: 'activations', 'gradients'"),
        ({"runs": "good", "kinds": "gradients"}, r"No kind matches 'gradients'"),
        ({"columns": 3}, "columns must be a whole number from 8 to 8,192, but got 3"),
        ({"columns": True}, "columns must be a whole number"),
        ({"size_mb": 0}, "size_mb must be a number of megabytes above 0, but got 0"),
        ({"layer": "conv1"}, r"share takes no 'layer'\. Nearest: 'layers'"),
        ({"layers": [3]}, r"layers must be names or patterns, such as 'layer1\.\*', but got \[3\]"),
        ({"layers": []}, "layers must be names or patterns"),
    ],
)
def test_a_wrong_option_says_what_is_allowed(
    logdir: Path, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(OptionError, match=sentence):
        make(logdir, **options)


def test_findings_are_of_the_whole_run_and_name_only_layers_of_the_file(logdir: Path) -> None:
    whole = share(logdir).answers["findings"]
    assert any(finding["run"] == "bad" for finding in whole["findings"])
    part = make(logdir, layers="layer1.0")
    found = Parts(part.html).answers["findings"]
    for finding in [*found["findings"], *(f for d in found["differences"] for f in d["findings"])]:
        assert finding["layers"] == ["layer1.0"]
        assert len(finding["tags"]) == 1
        assert finding["layer_steps"] == [[finding["first_step"], finding["last_step"]]]
    left_out = len(whole["findings"]) - len(found["findings"])
    assert left_out > 0
    assert any(f"Left out: {left_out} finding" in text for text in part.summary)


def test_answers_beside_the_tiles_are_those_of_the_file(logdir: Path) -> None:
    parts = share(logdir)
    answers = parts.answers
    assert [run["name"] for run in answers["sweep"]["runs"]] == ["bad", "good"]
    assert {(cell["run"], cell["series"]) for cell in answers["board"]["cells"]} == {
        (run, at) for at, series in enumerate(answers["index"]["series"]) for run in series["runs"]
    }
    assert [(each["run"], each["tag"]) for each in answers["scalars"]] == [("good", "loss")]
    assert {(each["a"], each["b"], each["mode"]) for each in answers["comparisons"]} == {
        (a, b, mode)
        for a, b in (("good", "bad"), ("bad", "good"))
        for mode in ("exact", "mass", "octaves")
    }
    for each in answers["profiles"]:
        profile = json.loads(parts.read(each["part"]))
        assert (profile["run"], profile["kind"]) == (each["run"], each["kind"])
        assert profile["layers"]


def test_a_long_scalar_is_thinned_and_keeps_its_last_point(tmp_path: Path) -> None:
    values = np.arange(2_500.0)
    write_run(tmp_path, "run", {"conv1": healthy_values(4)}, scalars={"loss": values})
    (scalar,) = share(tmp_path).answers["scalars"]
    assert len(scalar["steps"]) <= 1001
    assert (scalar["steps"][0], scalar["steps"][-1]) == (0, 2_499)
    assert scalar["values"][-1] == 2_499


@given(st.lists(st.integers(0, 2**45), min_size=1, max_size=30))
def test_a_rounded_count_is_off_by_half_of_its_square_root_at_most(counts: list[int]) -> None:
    given_counts = np.array(counts, np.uint64) % np.uint64(2**22)
    numbers = round_counts(given_counts)
    rounded = levels_to(2**22)[numbers].astype(np.int64)
    error = np.abs(rounded - given_counts.astype(np.int64))
    assert np.all(error <= 0.5 * np.sqrt(given_counts.astype(float)) + 0.5)
    assert np.all(error[given_counts <= 4] == 0)


@example([2**30, 2**31, 2**32 - 1, 2**32 + 1])
@given(st.lists(st.integers(0, 2**50), min_size=1, max_size=30))
def test_folded_differences_give_the_values_back(values: list[int]) -> None:
    array = np.array(values, np.int64)
    folded = _narrow(array)
    if folded.dtype == np.float64:
        # The page's numbers are whole up to 2**53, and so are those of counts.
        assert np.abs(np.diff(array, prepend=0)).max() >= 2**31 or array.max() >= 2**32
        folded = folded.astype(np.uint64)
    else:
        assert array.max() < 2**32, "the page adds integers up in 32 bits"
    np.testing.assert_array_equal(np.cumsum(unfold(folded)), array)


def test_figures_keep_three_digits_and_what_is_no_number() -> None:
    values = np.array([0.0, -0.0, np.nan, 1.2345678, -9.87654e-30, 3.4e38, 1e300, -1e300])
    rounded = _round_figures(values)
    assert np.isnan(rounded[2])
    np.testing.assert_allclose(rounded[[0, 1, 3, 4, 5]], values[[0, 1, 3, 4, 5]], rtol=2.5e-4)
    assert np.isfinite(rounded[[5, 6, 7]]).all()


def test_a_damaged_file_and_a_damaged_layer_are_reported_beside_the_others(
    logdir: Path, tmp_path: Path
) -> None:
    data = next((logdir / "good").iterdir()).read_bytes()
    (tmp_path / "cut").mkdir()
    broken = bytearray(data)
    broken[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    (tmp_path / "cut" / "events.out.tfevents.1").write_bytes(bytes(broken))
    shared = make(tmp_path)
    assert any(
        "damaged" in text
        for text in (*shared.summary, *Parts(shared.html).answers["index"]["warnings"])
    )


def test_a_file_of_somebody_else_is_not_replaced(logdir: Path, tmp_path: Path) -> None:
    runs = read_histograms(logdir)
    path = runs.share(tmp_path / "page.html", runs="good", layers="conv1")
    before = path.read_text(encoding="utf-8")
    about = Parts(before).answers["about"]
    assert about["origin"] == "logs", "not where the directory lies"
    assert runs["good"].share(str(path), layers="conv1") == path
    assert path.read_text(encoding="utf-8") != before
    other = tmp_path / "thesis.html"
    other.write_text("<html>")
    with pytest.raises(OptionError, match=r"thesis.html' is there already and is no shared page"):
        runs.share(other)
    assert other.read_text() == "<html>"
    with pytest.raises(OptionError, match="is a directory"):
        runs.share(tmp_path)
    with pytest.raises(OptionError, match="must be a local path"):
        runs.share("s3://bucket/page.html")
    with pytest.raises(OptionError, match="there is no directory"):
        runs.share(tmp_path / "none" / "page.html", layers="conv1")
    assert {each.name for each in tmp_path.iterdir()} == {"page.html", "thesis.html"}


def test_the_default_size_grows_with_the_number_of_heatmaps() -> None:
    choice = ShareChoice()
    assert [choice.size_for(count) for count in (1, 100, 200, 5_000)] == [3.0, 3.0, 6.0, 25.0]
    assert ShareChoice(size_mb=2).size_for(5_000) == 2

"""Our routes inside real TensorBoard processes, with both of its loaders."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tb_activation_hist.core.joining import join_series
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.storage.codec import encode_block
from tb_activation_hist.storage.event_file_reader import scan_events
from tests.plugin.logdirs import (
    RunFile,
    broken_values,
    collapsing_values,
    healthy_values,
    later,
    write_run,
)
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard, tiles
from tests.series import values_to_series

LAYERS = {
    "conv1": healthy_values(100, 300, relu=True),
    "layer1.0 <b>ü</b>": broken_values(100, 200),
    "fc": collapsing_values(100, 200),
}
SERIES = {layer: values_to_series(values) for layer, values in LAYERS.items()}
ODD_RUN = "a b/ü <b>\"'&%"
BLOCK_BYTES = 60


def write_everything(logdir: Path) -> None:
    """A plain run, one with an odd name, a root run, a resumed, a cut-off and a damaged one."""
    write_run(
        logdir,
        "plain",
        LAYERS,
        scalars={"loss": [1.0, float("nan"), 3.0]},
        info={"version": 1, "cadence": "every step"},
    )
    write_run(logdir, ODD_RUN, {"conv1": SERIES["conv1"]})
    write_run(logdir, ".", {"conv1": LAYERS["conv1"][:40]})
    write_resumed(logdir)
    path = write_run(logdir, "cut off", {"conv1": SERIES["conv1"]})
    (file,) = path.iterdir()
    file.write_bytes(file.read_bytes()[:-BLOCK_BYTES])
    write_damaged(logdir)
    write_spoilt(logdir)


def write_spoilt(logdir: Path) -> None:
    """Four blocks, of which the length of the third does not fit its checksum."""
    (file,) = write_run(logdir, "spoilt", {"conv1": SERIES["conv1"]}).iterdir()
    start, _ = list(scan_events(io.BytesIO(file.read_bytes())))[3]
    with file.open("r+b") as content:
        content.seek(start)
        content.write(b"\x01\x02")


def write_resumed(logdir: Path) -> None:
    """100 records; then a second process goes on from step 50 and writes 100 more."""
    write_run(logdir, "resumed", {"conv1": SERIES["conv1"]}, suffix=".0")
    again = later(SERIES["conv1"], 50, 1000.0)
    write_run(logdir, "resumed", {"conv1": again}, session=2, suffix=".1")


def write_damaged(logdir: Path) -> None:
    series, info = SERIES["conv1"], LayerInfo("conv1")
    file = RunFile(logdir, "damaged")
    for start in range(0, 100, 25):
        part = series.take(slice(start, start + 25))
        data = encode_block(part, 1, start)
        file.add_block(info, part, data[:-9] + b"x" * 9 if start == 25 else data)
    newer = bytearray(encode_block(series, 1, 0))
    newer[3] = 7
    file.add_block(LayerInfo("newer"), series, bytes(newer))
    file.add_bytes("activations/newest", b"?", b'{"version":99}', step=0, wall_time=1.0)
    file.close()


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("logs")
    write_everything(path)
    write_foreign(path)
    return path


def write_foreign(logdir: Path) -> None:
    """Histograms by torch's SummaryWriter (the old form) and in TensorBoard's own tensor form."""
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(logdir / "foreign"))
    for step, values in enumerate(healthy_values(20, 500)):
        writer.add_histogram("weights/w", values, step)
    writer.close()
    file = RunFile(logdir, "keras")
    for step in range(20):
        edges = np.linspace(-1 - step, 1, 31)
        counts = np.arange(30.0)
        file.add_histogram("dense/kernel", np.stack([edges[:-1], edges[1:], counts], 1), step)
    file.close()


@pytest.fixture(scope="module", params=["true", "false"], ids=["rust", "python"])
def server(
    request: pytest.FixtureRequest, logdir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TensorBoard]:
    folder = tmp_path_factory.mktemp("server")
    with running_tensorboard(
        folder, f"--logdir={logdir}", f"--load_fast={request.param}", "--reload_interval=1"
    ) as server:
        server.wait_for_series(12)
        yield server
        warnings = re.findall(r".*security_validator.*|.*Traceback.*", server.log.read_text())
        assert warnings == []


def counts_of(tile: dict) -> np.ndarray:
    return tile["arrays"]["counts"].reshape(tile["bins"], tile["columns"])


def test_the_tab_is_listed_and_its_page_served(server: TensorBoard) -> None:
    listing = server.ask("data/plugins_listing").json["activation_hist"]
    assert listing["enabled"] is True
    assert listing["tab_name"] == "Activations"
    path = listing["loading_mechanism"]["module_path"].partition("/data/plugin/")[2]
    answer = server.ask(f"data/plugin/{path}")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    entry = server.ask("data/plugin_entry.html", name="activation_hist")
    assert "Content-Security-Policy" in entry.headers


def test_index_lists_all_runs_and_series(server: TensorBoard) -> None:
    index = server.plugin("index").json
    names = [run["name"] for run in index["runs"]]
    assert set(names) == {
        ".", "plain", ODD_RUN, "resumed", "cut off", "damaged", "spoilt", "foreign", "keras",
    }  # fmt: skip
    plain = index["runs"][names.index("plain")]
    assert plain["info"] == {"version": 1, "cadence": "every step"}
    assert plain["scalars"] == ["loss"]
    ours = [s["layer"] for s in index["series"] if s["source"] == "blocks"]
    assert ours == ["conv1", "newer", "layer1.0 <b>ü</b>", "fc"]
    foreign = [s["tag"] for s in index["series"] if s["source"] == "histograms"]
    assert foreign == ["dense/kernel", "weights/w"]
    assert any("format version 99" in warning for warning in index["warnings"])
    again = server.plugin("index", known=index["revision"]).json
    assert again == {"version": 1, "revision": index["revision"], "unchanged": True}


@pytest.mark.parametrize("layer", LAYERS)
def test_tiles_are_exact_to_the_last_byte(server: TensorBoard, layer: str) -> None:
    series = SERIES[layer]
    tag = f"activations/{layer}"
    whole, pooled = tiles(
        server,
        {"run": "plain", "tag": tag, "rows": 0, "columns": 100},
        {"run": "plain", "tag": tag, "rows": 0, "columns": 30},
    )
    assert (whole["records"], whole["missing"], whole["level"]) == (100, 0, 0)
    np.testing.assert_array_equal(counts_of(whole), series.bin_counts.T)
    np.testing.assert_array_equal(whole["arrays"]["n"], series.n)
    np.testing.assert_array_equal(whole["arrays"]["zeros"], series.zeros)
    np.testing.assert_array_equal(whole["arrays"]["first_wall_time"], series.wall_times)
    assert pooled["level"] == 2
    sums = [series.bin_counts[i : i + 4].sum(axis=0) for i in range(0, 100, 4)]
    np.testing.assert_array_equal(counts_of(pooled), np.transpose(sums))


@pytest.mark.parametrize("run", [ODD_RUN, "."])
def test_odd_runs(server: TensorBoard, run: str) -> None:
    (tile,) = tiles(server, {"run": run, "tag": "activations/conv1", "rows": 0})
    records = 40 if run == "." else 100
    expected = values_to_series(LAYERS["conv1"][:records])
    assert tile["run"] == run
    np.testing.assert_array_equal(counts_of(tile), expected.bin_counts.T)
    answer = server.plugin("export", run=run, tag="activations/conv1", format="json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.json["counts"] == expected.counts.tolist()


def test_a_resumed_run_goes_on_without_a_gap(server: TensorBoard) -> None:
    (tile,) = tiles(server, {"run": "resumed", "tag": "activations/conv1", "rows": 0})
    one = SERIES["conv1"]
    expected = join_series([one, later(one, 50, 1000.0)])
    assert tile["arrays"]["first_step"].tolist() == list(range(150))
    np.testing.assert_array_equal(tile["arrays"]["n"], expected.n)
    np.testing.assert_array_equal(tile["arrays"]["mean"], expected.mean)
    assert tile["missing"] == 0


def test_a_file_that_was_cut_off_shows_what_is_left(server: TensorBoard) -> None:
    (tile,) = tiles(server, {"run": "cut off", "tag": "activations/conv1"})
    assert (tile["records"], tile["missing"]) == (96, 0)


def test_damaged_blocks_are_warned_of_and_the_others_shown(server: TensorBoard) -> None:
    damaged, newer, newest = tiles(
        server,
        {"run": "damaged", "tag": "activations/conv1", "rows": 0},
        {"run": "damaged", "tag": "activations/newer"},
        {"run": "damaged", "tag": "activations/newest"},
    )
    kept = [*range(25), *range(50, 100)]
    assert damaged["arrays"]["first_step"].tolist() == kept
    assert damaged["missing"] == 25
    assert (newer["records"], newer["columns"]) == (0, 0)
    assert "format version 99" in newest["error"]
    warnings = "\n".join(server.plugin("index").json["warnings"])
    assert "'activations/conv1': A block" in warnings
    assert "The block has format version 7" in warnings
    assert "pip install -U" in warnings


def test_a_file_that_tensorboard_stops_reading_is_warned_of(server: TensorBoard) -> None:
    (tile,) = tiles(server, {"run": "spoilt", "tag": "activations/conv1"})
    assert tile["records"] == 64
    deadline = time.monotonic() + 60
    while not (told := [w for w in server.plugin("index").json["warnings"] if "'spoilt'" in w]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert re.match(
        r"Run 'spoilt': TensorBoard stops reading events\.\S+ at byte [\d,]+ of ", *told
    )


def test_histograms_of_other_tools_keep_their_totals(server: TensorBoard) -> None:
    torch_tile, keras = tiles(
        server,
        {"run": "foreign", "tag": "weights/w", "source": "histograms"},
        {"run": "keras", "tag": "dense/kernel", "source": "histograms", "rows": 0},
    )
    assert torch_tile["records"] == 20
    assert torch_tile["arrays"]["n"].tolist() == [500] * 20
    values = np.stack(healthy_values(20, 500))
    np.testing.assert_allclose(torch_tile["arrays"]["min"], values.min(axis=1), rtol=1e-5)
    np.testing.assert_allclose(torch_tile["arrays"]["max"], values.max(axis=1), rtol=1e-5)
    np.testing.assert_allclose(torch_tile["arrays"]["mean"], values.mean(axis=1), atol=0.15)
    assert keras["arrays"]["n"].tolist() == [435] * 20
    np.testing.assert_array_equal(counts_of(keras).sum(axis=0), [435] * 20)


def test_scalars_findings_and_refusals(server: TensorBoard) -> None:
    scalars = server.plugin("scalars", run="plain", tag="loss").json
    assert scalars["values"] == [1.0, None, 3.0]
    for route, query, status in [
        ("scalars", {"run": "x", "tag": "loss"}, 404),
        ("scalars", {}, 400),
        ("export", {"run": "plain", "tag": "x"}, 404),
        ("export", {"run": "plain", "tag": "x", "format": "x"}, 400),
        ("static/..%2froutes.py", {}, 404),
        ("static/../routes.py", {}, 404),
    ]:
        answer = server.plugin(route, **query)
        assert answer.status == status, route
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert server.plugin("tiles", {"tiles": 1}).status == 400
    assert server.plugin("tiles").status == 405
    server.plugin("findings", runs="plain")
    for _ in range(100):
        answer = server.plugin("findings", runs="plain").json
        if answer["pending"] == 0:
            break
    assert answer["errors"] == []


def test_many_requests_at_once(server: TensorBoard) -> None:
    asked = [
        {"run": "plain", "tag": f"activations/{layer}", "rows": 0, "columns": 100 - i}
        for i in range(3)
        for layer in LAYERS
    ]

    totals = {f"activations/{layer}": SERIES[layer].bin_counts.sum() for layer in LAYERS}

    def one(i: int) -> None:
        found = tiles(server, *asked[i % 5 :])
        for tile, request in zip(found, asked[i % 5 :], strict=True):
            assert tile["columns"] <= request["columns"]
            assert counts_of(tile).sum() == totals[request["tag"]]
        assert server.plugin("index").status == 200

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(12)))


def test_logdir_spec_an_experiment_and_no_data_at_all(tmp_path: Path, logdir: Path) -> None:
    (tmp_path / "empty").mkdir()
    spec = f"one:{logdir / 'plain'},two:{logdir / 'resumed'},three:{tmp_path / 'empty'}"
    with running_tensorboard(tmp_path, f"--logdir_spec={spec}") as server:
        index = server.wait_for_series(4)
        names = [run["name"] for run in index["runs"]]
        assert len(names) == 2
        run = next(name for name in names if name.startswith("one"))
        (tile,) = tiles(server, {"run": run, "tag": "activations/fc"})
        assert tile["records"] == 100
        server.root += "experiment/exp1/"
        assert server.plugin("index").json["series"] == index["series"]
    with running_tensorboard(tmp_path, f"--logdir={tmp_path / 'empty'}") as server:
        assert server.plugin("index").json["series"] == []
        assert server.ask("data/plugins_listing").json["activation_hist"]["enabled"] is False


def test_a_broken_installation_leaves_the_other_tabs_alone(tmp_path: Path, logdir: Path) -> None:
    # As after a half-finished upgrade: Python cannot import the module behind the loader.
    broken = tmp_path / "site" / "sitecustomize.py"
    broken.parent.mkdir()
    broken.write_text("import sys\nsys.modules['tb_activation_hist.plugin.routes'] = None\n")
    env = {"PYTHONPATH": f"{broken.parent}:{Path(__file__).parents[2]}"}
    with running_tensorboard(tmp_path, f"--logdir={logdir}", env=env) as server:
        listing = server.ask("data/plugins_listing").json
        assert listing["scalars"]["enabled"] is True
        assert listing["activation_hist"]["tab_name"] == "Activations"
        answer = server.plugin("static/index.js")
        assert "could not be loaded" in answer.text
        assert json.dumps("ModuleNotFoundError")[1:-1] in answer.text
        assert "could not be loaded" in server.log.read_text()

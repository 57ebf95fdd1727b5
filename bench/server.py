"""Times the server routes in a real TensorBoard, beside TensorBoard's own Histograms tab.

    python -m bench.server                 50 layers, 4 runs, 1,000 records
    python -m bench.server --large         500 layers, 8 runs, 2,000 records
    python -m bench.server --long          1 layer, 1 run, 100,000 records
    python -m bench.server --strips        53 layers, 6 runs, 2,000 records: the first decode alone

Both loaders unless --loader says one. Each time is that of the clock, and beside it the processor
time that the two server processes took, which a busy machine does not change as much. Memory is
the resident set as Linux reports it.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.storage.codec import BLOCK_RECORDS, encode_block
from tests.plugin.logdirs import RunFile, drifting_series

BATCH = 24
"""Panels that are visible at once."""

VARIANTS = 8
"""Different series; layers take turns, since encoding thousands would take minutes."""

STOCK_POINTS = 500
"""Ordinary histograms of each layer, as many as our writer makes."""

REPEATS = 7
MEMORY_TILES = 600
"""Series asked for before memory is looked at: more than the server keeps decoded."""


@dataclass(frozen=True)
class Size:
    layers: int
    runs: int
    records: int
    stock_layers: int

    def __str__(self) -> str:
        return f"{self.layers} layers x {self.runs} runs x {self.records:,} records"


SIZES = {
    "normal": Size(50, 4, 1000, 50),
    "large": Size(500, 8, 2000, 3),
    "long": Size(1, 1, 100_000, 1),
    "strips": Size(53, 6, 2000, 0),
}


def write_logdir(logdir: Path, size: Size) -> None:
    """Blocks of every layer, and ordinary histograms of some; all runs are copies of the first."""
    variants = [drifting_series(size.records, seed=i) for i in range(min(VARIANTS, size.layers))]
    encoded = [list(encode_series(series)) for series in variants]
    file = RunFile(logdir, "run0")
    for layer in range(size.layers):
        info = LayerInfo(f"layer{layer:03}.conv", order=layer, type="Conv2d", shape=(64, 64))
        for part, data in encoded[layer % len(encoded)]:
            file.add_block(info, part, data)
    for layer in range(size.stock_layers):
        add_stock_histograms(file, f"activation_hist/histogram/layer{layer:03}.conv", size)
    file.close()
    for run in range(1, size.runs):
        shutil.copytree(file.path, logdir / f"run{run}")


def encode_series(series: HistogramSeries) -> Iterator[tuple[HistogramSeries, bytes]]:
    for start in range(0, len(series), BLOCK_RECORDS):
        part = series.take(slice(start, start + BLOCK_RECORDS))
        yield part, encode_block(part, 1, start)


def add_stock_histograms(file: RunFile, tag: str, size: Size) -> None:
    rng = np.random.default_rng(0)
    stride = max(size.records // STOCK_POINTS, 1)
    for step in range(0, size.records, stride):
        edges = np.linspace(-3 - step / size.records, 3 + step / size.records, 31)
        counts = rng.poisson(1000, 30)
        file.add_histogram(tag, np.stack([edges[:-1], edges[1:], counts], axis=1), step)


class Server:
    """A TensorBoard process on a free port."""

    def __init__(self, logdir: Path, loader: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._log = (logdir.parent / f"tensorboard-{loader}.log").open("w")
        command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir)]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        command += [f"--load_fast={'true' if loader == 'rust' else 'false'}"]
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        self.base = f"http://127.0.0.1:{port}/data/plugin/"

    def get(self, route: str, body: Any = None, **query: str) -> bytes:
        address = self.base + route + (f"?{urllib.parse.urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data, {"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request, timeout=600) as answer:
            content: bytes = answer.read()
            return gzip.decompress(content) if answer.headers["Content-Encoding"] else content

    def _processes(self) -> list[int]:
        """TensorBoard's, and that of the data server it started."""
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def cpu_ms(self) -> float:
        """Processor time that both took so far."""
        return sum(cpu_ms(pid) for pid in self._processes())

    def memory_mib(self) -> tuple[float, float]:
        """TensorBoard's process, and its data server (0 without one)."""
        main, *children = map(resident_mib, self._processes())
        return main, sum(children)

    def wait_until_loaded(self, size: Size) -> None:
        """Until every series is listed up to its last block."""
        last = (size.records - 1) // BLOCK_RECORDS * BLOCK_RECORDS
        while True:
            with contextlib.suppress(OSError):
                index = json.loads(self.get("activation_hist/index"))
                steps = [step for series in index["series"] for step in series["steps"]]
                if len(steps) == size.layers * size.runs and min(steps) >= last:
                    return
            time.sleep(0.5)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()


def cpu_ms(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found.group(1)) / 1024 if found else 0.0


def tile_body(series: Sequence[tuple[str, str]], **options: Any) -> dict[str, Any]:
    return {"tiles": [{"run": run, "tag": tag, "columns": 512} | options for run, tag in series]}


def timed_ms(action: Callable[[], Any]) -> float:
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


@dataclass
class Table:
    """Measures actions and prints a row for each."""

    server: Server

    def time(self, what: str, *actions: Callable[[], Any]) -> None:
        """The shortest time of several actions, and their mean processor time."""
        cpu = self.server.cpu_ms()
        clock = min(timed_ms(action) for action in actions)
        cpu = (self.server.cpu_ms() - cpu) / len(actions)
        print(f"  {what:<46} {clock:>10,.1f} ms {cpu:>10,.1f} ms CPU", flush=True)


def batches(series: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(series), BATCH):
        yield series[start : start + BATCH]


def check_tiles(answer: bytes, records: int) -> None:
    (length,) = struct.unpack_from("<I", answer)
    for tile in json.loads(answer[4 : 4 + length])["tiles"]:
        assert tile.get("records") == records, tile


def measure(server: Server, size: Size) -> None:
    """Print a row for each thing a page asks for."""
    table = Table(server)

    def ask_tiles(body: dict[str, Any]) -> bytes:
        return server.get("activation_hist/tiles", body)

    def ask_all(bodies: Sequence[dict[str, Any]]) -> None:
        for body in bodies:
            ask_tiles(body)

    table.time("index, first", partial(server.get, "activation_hist/index"))
    index = json.loads(server.get("activation_hist/index"))
    series = [(run["name"], entry["tag"]) for entry in index["series"] for run in index["runs"]]
    table.time("index, whole", *[partial(server.get, "activation_hist/index")] * REPEATS)
    same = partial(server.get, "activation_hist/index", known=index["revision"])
    table.time("index, unchanged", *[same] * REPEATS)

    visible = series[:BATCH]
    body = tile_body(visible)
    table.time(f"batch of {len(visible)}, cold", partial(ask_tiles, body))
    check_tiles(ask_tiles(body), size.records)
    table.time("the same, warm", *[partial(ask_tiles, body)] * REPEATS)
    others = [tile_body(visible, columns=300 - i) for i in range(REPEATS)]
    table.time("the same, other pooling", *[partial(ask_tiles, other) for other in others])
    zoom = tile_body(visible, steps=[size.records * 0.4, size.records * 0.4 + 200])
    table.time("the same, zoomed to 200 steps", partial(ask_tiles, zoom))
    whole = [tile_body(part) for part in batches(series[:200])]
    table.time(f"all {len(series[:200])}, cold but for {len(visible)}", partial(ask_all, whole))
    table.time(f"all {len(series[:200])}, warm", *[partial(ask_all, whole)] * REPEATS)
    measure_stock(table, size)
    ask_all([tile_body(part) for part in batches(series[:MEMORY_TILES])])
    main, data_server = server.memory_mib()
    print(f"  memory after {len(series[:MEMORY_TILES])} tiles: ", end="")
    print(f"TensorBoard {main:,.0f} MiB, its data server {data_server:,.0f} MiB")


def measure_first_decode(server: Server, size: Size) -> None:
    """All strips as the page asks for them, two batches at a time, beside findings."""
    index = json.loads(server.get("activation_hist/index"))
    series = [(run["name"], entry["tag"]) for entry in index["series"] for run in index["runs"]]
    bodies = [tile_body(part, columns=228) for part in batches(series)]

    def ask() -> None:
        server.get("activation_hist/findings")
        with ThreadPoolExecutor(2) as pool:
            for answer in pool.map(partial(server.get, "activation_hist/tiles"), bodies):
                check_tiles(answer, size.records)

    Table(server).time(f"{len(series)} strips, cold, beside findings", ask)
    main, _ = server.memory_mib()
    print(f"  memory: TensorBoard {main:,.0f} MiB")


def measure_stock(table: Table, size: Size) -> None:
    """The same panels as TensorBoard's own tab asks for them: 51 steps each, one request each."""
    names = [f"layer{i:03}.conv" for i in range(size.stock_layers)]
    cards = [(f"run{r}", f"activation_hist/histogram/{n}") for n in names for r in range(size.runs)]
    cards = cards[:BATCH]

    def ask_cards() -> None:
        for run, tag in cards:
            table.server.get("histograms/histograms", run=run, tag=tag)

    label = f"TensorBoard's own {len(cards)} cards, 51 steps"
    table.time(f"{label}, first", ask_cards)
    table.time(f"{label}, again", *[ask_cards] * REPEATS)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--large", action="store_const", const="large", dest="size", default="normal"
    )
    for name in ("long", "strips"):
        parser.add_argument(f"--{name}", action="store_const", const=name, dest="size")
    parser.add_argument("--loader", choices=("rust", "python"), action="append")
    parser.add_argument("--logdir", type=Path, help="keep the log directory here and use it again")
    options = parser.parse_args()
    size = SIZES[options.size]
    folder = Path(options.logdir or tempfile.mkdtemp(prefix="bench-server-"))
    logdir = folder / "logs"
    try:
        if not logdir.exists():
            write_logdir(logdir, size)
        stored = sum(f.stat().st_size for f in logdir.rglob("*") if f.is_file()) / 2**20
        print(f"{size}: {stored:,.0f} MiB of event files, {os.cpu_count()} cores")
        for loader in options.loader or ("rust", "python"):
            print_table(logdir, size, loader)
    finally:
        if not options.logdir:
            shutil.rmtree(folder)


def print_table(logdir: Path, size: Size, loader: str) -> None:
    server = Server(logdir, loader)
    print(f"\n{loader} loader", flush=True)
    try:
        Table(server).time("TensorBoard has loaded", lambda: server.wait_until_loaded(size))
        (measure if size.stock_layers else measure_first_decode)(server, size)
    finally:
        server.close()


if __name__ == "__main__":
    main()

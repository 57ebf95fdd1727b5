"""The long run of hostile input: ``make fuzz``, or ``python -m tests.fuzz [number of inputs]``.

Any exception that is not ours, status 500, answer over 2 s or growth of memory by more than 200 MB
ends it with the seed that shows it.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import numpy as np

from tb_activation_hist.core.names import LayerInfo
from tests.fuzz import inputs
from tests.fuzz.targets import CHECKS, hostile_data
from tests.plugin.logdirs import RunFile
from tests.plugin.site import Site
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard
from tests.series import values_to_series

INPUTS: Final = 200_000
SHARES: Final = {
    "block": 0.2, "slices": 0.1, "metadata": 0.25, "notes": 0.25, "buckets": 0.02, "proto": 0.06,
    "file": 0.02, "request": 0.07, "server": 0.03,
}  # fmt: skip
SLOWEST_S: Final = 2.0
MEMORY_MB: Final = 200


def main(count: int) -> None:
    logging.disable(logging.CRITICAL)
    site = Site(hostile_data(random.Random(0)))
    for name, check in CHECKS.items():
        _repeat(name, round(count * SHARES[name]), check)
    _repeat("request", round(count * SHARES["request"]), lambda rng: _ask_site(site, rng))
    with tempfile.TemporaryDirectory() as folder:
        _write_logdir(Path(folder) / "logs")
        with running_tensorboard(Path(folder), f"--logdir={folder}/logs") as server:
            server.wait_for_series(1)
            before_mb = _server_memory_mb(server)
            _repeat("server", round(count * SHARES["server"]), lambda rng: _ask_server(server, rng))
            _require_memory("server", _server_memory_mb(server) - before_mb)


def _repeat(name: str, count: int, check: Callable[[random.Random], None]) -> None:
    before_mb, start, slowest_s = _own_memory_mb(), time.monotonic(), 0.0
    for seed in range(count):
        began = time.monotonic()
        try:
            with np.errstate(all="ignore"):
                check(random.Random(seed))
        except BaseException:
            print(f"{name}: seed {seed}", file=sys.stderr)
            raise
        slowest_s = max(slowest_s, time.monotonic() - began)
    grown_mb = _own_memory_mb() - before_mb
    print(
        f"{name:9} {count:7,} inputs in {time.monotonic() - start:6.1f} s, "
        f"slowest {slowest_s * 1000:6.1f} ms, memory +{grown_mb:.0f} MB",
        flush=True,
    )
    assert slowest_s < SLOWEST_S, f"{name}: {slowest_s:.1f} s"
    _require_memory(name, grown_mb)


def _require_memory(name: str, grown_mb: float) -> None:
    assert grown_mb < MEMORY_MB, f"{name}: memory grew by {grown_mb:.0f} MB"


def _own_memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _server_memory_mb(server: TensorBoard) -> float:
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def _ask_site(site: Site, rng: random.Random) -> None:
    method, route, options = inputs.hostile_request(rng)
    answer = site.ask(method, route, **options)
    assert answer.status_code < 500, (route, options, answer.text)


def _ask_server(server: TensorBoard, rng: random.Random) -> None:
    method, route, options = inputs.hostile_request(rng)
    place = urlsplit(server.root)
    query = options.get("query_string", "")
    connection = http.client.HTTPConnection(place.netloc, timeout=30)
    with contextlib.closing(connection):
        path = f"{place.path}data/plugin/activation_hist{route}?{query}"
        connection.request(method, path, options.get("data"))
        answer = connection.getresponse()
        text = answer.read()
    assert answer.status < 500, (route, options, text[:500])


def _write_logdir(logdir: Path) -> None:
    """A healthy run beside bad ones."""
    file = RunFile(logdir, "good")
    file.add_series(LayerInfo("conv1"), values_to_series([np.linspace(-1, 1, 50)] * 40))
    file.close()
    for seed in range(20):
        rng = random.Random(seed)
        file = RunFile(logdir, f"bad{seed or ''}")
        file.add_bytes("__run__", inputs.hostile_notes(rng), b"{}", step=0, wall_time=1.0)
        for number in range(5):
            content = inputs.hostile_metadata(rng) if number % 2 else inputs.INFO.to_content()
            for step in range(2):
                block = inputs.hostile_block(rng)
                file.add_bytes(f"activations/{number}", block, content, step=step, wall_time=1.0)
        file.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else INPUTS)

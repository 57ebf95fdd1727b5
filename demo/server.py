"""A TensorBoard process on a free port of this machine, for as long as a demo runs."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

USUAL_PORT = 6006
START_S = 60.0


@contextlib.contextmanager
def tensorboard(logdir: Path) -> Iterator[str]:
    """Serves `logdir` on 127.0.0.1 and yields the address of the heatmap tab.

    Raises:
        RuntimeError: TensorBoard ended or did not answer within 60 s; its last words are quoted.
    """
    logdir.mkdir(parents=True, exist_ok=True)
    port = free_port()
    log = logdir.parent / f"{logdir.name}.tensorboard.log"
    command = [sys.executable, "-m", "tensorboard.main", f"--logdir={logdir}"]
    # Two seconds instead of five between looks at the files: the heatmaps are to grow live.
    options = ["--host=127.0.0.1", f"--port={port}", "--reload_interval=2"]
    with log.open("w", encoding="utf-8") as output:
        # Its own process group: Ctrl-C is for us to answer, after the last words are printed.
        process = subprocess.Popen(
            command + options, stdout=output, stderr=output, start_new_session=True
        )
    try:
        with terminated_like_interrupted():
            wait_until_up(process, port, log)
            yield f"http://localhost:{port}/#activation_hist"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def free_port() -> int:
    """TensorBoard's usual port when it is free, else any other."""
    for port in (USUAL_PORT, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise RuntimeError("no free port on 127.0.0.1")


def wait_until_up(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Returns once TensorBoard answers requests."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/data/plugins_listing", timeout=5)
            return
        time.sleep(0.2)
    words = "\n".join(log.read_text(encoding="utf-8").splitlines()[-15:])
    raise RuntimeError(f"TensorBoard did not start. The end of {log}:\n{words}")


@contextlib.contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Turns SIGTERM into KeyboardInterrupt, so that the server goes down with us."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def serve_until_interrupted(address: str) -> None:
    """Keeps the process alive until Ctrl-C."""
    print(f"\nTensorBoard serves {address} until Ctrl-C.", flush=True)
    while True:
        time.sleep(3600)

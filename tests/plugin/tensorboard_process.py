"""Real TensorBoard processes on free ports of 127.0.0.1, for tests of the server and the page."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

from tests.golden.test_tiles import unpack

START_S = 180.0
"""A busy machine takes this long to start TensorBoard, at most."""


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers, body after decompression."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class TensorBoard:
    """A running TensorBoard; `root` ends with a slash."""

    def __init__(self, process: subprocess.Popen[bytes], root: str, log: Path) -> None:
        self._process = process
        self.root = root
        self.log = log
        self.pid = process.pid

    def ask(self, path: str, body: Any = None, method: str | None = None, **query: Any) -> Answer:
        """An answer of any status; `path` is relative to TensorBoard's root."""
        text = urllib.parse.urlencode(query, doseq=True)
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.root}{path}{'?' if text else ''}{text}",
            data,
            {"Accept-Encoding": "gzip"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return _to_answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as err:
            return _to_answer(err.code, err.headers, err.read())

    def plugin(self, route: str, body: Any = None, **options: Any) -> Answer:
        """An answer of one of our routes."""
        return self.ask(f"data/plugin/activation_hist/{route}", body, **options)

    def wait_for_series(self, count: int, last_step: int = 0) -> dict[str, Any]:
        """The index as soon as it holds this many run-and-tag pairs, all up to a step."""
        deadline = time.monotonic() + START_S
        while True:
            index = self.plugin("index", known="none yet").json
            steps = [step for series in index["series"] for step in series["steps"]]
            if len(steps) >= count and min(steps, default=0) >= last_step:
                return dict(index)
            assert time.monotonic() < deadline, index
            time.sleep(0.2)

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + START_S
        while True:
            with contextlib.suppress(OSError):
                self.ask("data/environment")
                return
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)


def _to_answer(status: int, headers: HTTPMessage, body: bytes) -> Answer:
    zipped = headers.get("Content-Encoding") == "gzip"
    return Answer(status, headers, gzip.decompress(body) if zipped else body)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running_tensorboard(
    folder: Path, *flags: str, path_prefix: str = "", env: dict[str, str] | None = None
) -> Iterator[TensorBoard]:
    """TensorBoard with these flags (`--logdir=...`), stopped at the end; its log is in `folder`."""
    port = free_port()
    log = folder / f"tensorboard-{port}.log"
    prefix = [f"--path_prefix={path_prefix}"] if path_prefix else []
    command: Sequence[str] = [
        sys.executable,
        "-m",
        "tensorboard.main",
        "--host=127.0.0.1",
        f"--port={port}",
        *prefix,
        *flags,
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, **(env or {})}
        )
        try:
            server = TensorBoard(process, f"http://127.0.0.1:{port}{path_prefix}/", log)
            server._wait_until_up()
            yield server
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def tiles(server: TensorBoard, *asked: dict) -> list[dict]:
    answer = server.plugin("tiles", {"tiles": list(asked)})
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"] == "application/octet-stream"
    return unpack(answer.body)

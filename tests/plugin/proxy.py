"""A reverse proxy that serves one TensorBoard under a path, and nothing beside it."""

from __future__ import annotations

import contextlib
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


@contextlib.contextmanager
def running_proxy(path: str, target: str) -> Iterator[tuple[str, list[str]]]:
    """Serve `target` under `path`; yields the address, and the paths asked for outside of it.

    Both end with a slash. The path is taken off; a target that was given the same
    ``--path_prefix`` has it in its own address.
    """
    strays: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if not self.path.startswith(path):
                strays.append(self.path)
                self.answer(404, {}, b"nothing of TensorBoard here")
                return
            size = int(self.headers.get("Content-Length", 0))
            request = urllib.request.Request(
                target + self.path.removeprefix(path),
                self.rfile.read(size) if size else None,
                {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP},
                method=self.command,
            )
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    self.answer(answer.status, dict(answer.headers), answer.read())
            except urllib.error.HTTPError as err:
                self.answer(err.code, dict(err.headers), err.read())

        do_POST = do_GET

        def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{path}", strays
    finally:
        server.shutdown()
        server.server_close()

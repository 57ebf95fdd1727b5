"""Firefox, driven by its own Marionette protocol: length, colon, JSON."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

NAMES = ("firefox-esr", "firefox")
WAIT_S = 90.0


def firefox_path() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Firefox:
    """A Firefox without windows; to be closed."""

    def __init__(self, path: str, profile: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        profile.mkdir()
        (profile / "user.js").write_text(f'user_pref("marionette.port", {port});\n')
        command = [path, "--headless", "--marionette", "--no-remote", "--profile", str(profile)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._connection = self._connect(port)
        self._held = b""
        self._calls = 0
        self._read()
        self._call("WebDriver:NewSession", {})

    def _connect(self, port: int) -> socket.socket:
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
            except OSError:
                assert time.monotonic() < deadline, "Firefox does not listen."
                time.sleep(0.2)

    def _read(self) -> Any:
        while b":" not in self._held:
            self._held += self._connection.recv(65_536)
        length, _, rest = self._held.partition(b":")
        while len(rest) < int(length):
            rest += self._connection.recv(65_536)
        self._held = rest[int(length) :]
        return json.loads(rest[: int(length)])

    def _call(self, command: str, parameters: dict[str, Any]) -> Any:
        self._calls += 1
        message = json.dumps([0, self._calls, command, parameters]).encode()
        self._connection.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._read()
        assert error is None, error
        return result

    def open(self, url: str) -> None:
        self._call("WebDriver:Navigate", {"url": url})

    def evaluate(self, script: str) -> Any:
        """What a function body returns."""
        return self._call("WebDriver:ExecuteScript", {"script": script, "args": []})["value"]

    def wait_for(self, script: str) -> None:
        """Until the function body returns something true."""
        deadline = time.monotonic() + WAIT_S
        while not self.evaluate(script):
            assert time.monotonic() < deadline, self.evaluate("return document.body.innerText")
            time.sleep(0.1)

    def close(self) -> None:
        self._connection.close()
        self._process.terminate()
        self._process.wait(WAIT_S)

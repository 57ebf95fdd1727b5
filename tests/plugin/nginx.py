"""nginx as people put it in front of TensorBoard, with the configuration of docs/deployment.md."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.plugin.tensorboard_process import START_S, free_port

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "deployment.md"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

WHOLE = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {location}
    }}
}}
"""


def documented_locations() -> tuple[str, str]:
    """The configurations of the document: one takes the path off, the other leaves it on."""
    stripping, keeping = re.findall(r"```nginx\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    return stripping, keeping


@contextlib.contextmanager
def running_nginx(folder: Path, location: str, tensorboard_port: int) -> Iterator[str]:
    """Serve a TensorBoard under /board/; yields nginx's own address, with a slash at the end."""
    port = free_port()
    text = location.replace("127.0.0.1:6006", f"127.0.0.1:{tensorboard_port}")
    config = folder / "nginx.conf"
    config.write_text(WHOLE.format(folder=folder, port=port, location=text))
    process = subprocess.Popen([str(NGINX), "-p", str(folder), "-c", str(config)])
    address = f"http://127.0.0.1:{port}/"
    try:
        _wait_until_up(address, process, folder)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_up(address: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            assert process.poll() is None, (folder / "error.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return

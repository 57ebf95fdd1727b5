"""The routes behind nginx, set up as docs/deployment.md says."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.plugin.logdirs import healthy_values, write_run
from tests.plugin.nginx import NGINX, documented_locations, running_nginx
from tests.plugin.tensorboard_process import running_tensorboard

STRIPPING, KEEPING = documented_locations()


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed: apt-get install nginx-light")
@pytest.mark.parametrize(
    ("location", "path_prefix"),
    [(STRIPPING, ""), (KEEPING, "/board")],
    ids=["prefix stripped", "--path_prefix"],
)
def test_the_page_and_its_data_are_served_behind_nginx(
    location: str, path_prefix: str, tmp_path: Path
) -> None:
    write_run(tmp_path / "logs", "run", {"conv1": healthy_values(20, 100)})
    flag = f"--logdir={tmp_path / 'logs'}"
    with running_tensorboard(tmp_path, flag, path_prefix=path_prefix) as server:
        server.wait_for_series(1)
        port = urlsplit(server.root).port or 0
        with running_nginx(tmp_path, location, port) as address:
            plugin = f"{address}board/data/plugin/activation_hist/"
            with urllib.request.urlopen(f"{plugin}index", timeout=30) as answer:
                assert [run["name"] for run in json.load(answer)["runs"]] == ["run"]
            body = {"tiles": [{"run": "run", "tag": "activations/conv1"}]}
            with urllib.request.urlopen(f"{plugin}tiles", json.dumps(body).encode(), 30) as answer:
                assert answer.headers["Content-Type"] == "application/octet-stream"
                assert len(answer.read()) > 1000
            with urllib.request.urlopen(f"{plugin}static/index.js", timeout=30) as answer:
                assert b"render" in answer.read()
            with urllib.request.urlopen(f"{address}board/", timeout=30) as answer:
                assert b"TensorBoard" in answer.read()

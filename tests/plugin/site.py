"""A plugin's routes as TensorBoard's own router calls them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import SimpleNamespace

from werkzeug.test import Client, TestResponse

from tb_activation_hist.plugin.routes import ActivationHistPlugin
from tests.golden.test_tiles import unpack
from tests.plugin.fake_provider import FakeDataProvider


class Site:
    """Calls a plugin's routes as TensorBoard's own router would."""

    def __init__(self, data: FakeDataProvider) -> None:
        self.plugin = ActivationHistPlugin(SimpleNamespace(data_provider=data))
        self._apps = self.plugin.get_plugin_apps()

    def ask(self, method: str, route: str, **options: object) -> TestResponse:
        name = "/static/*" if route.startswith("/static/") else route
        answer = Client(self._apps[name]).open(route, method=method, **options)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Type"]
        return answer

    def get(self, route: str, **query: object) -> TestResponse:
        return self.ask("GET", route, query_string=query)

    def tiles(self, *tiles: dict) -> list[dict]:
        answer = self.ask("POST", "/tiles", json={"tiles": list(tiles)})
        assert answer.status_code == 200, answer.text
        assert answer.mimetype == "application/octet-stream"
        return unpack(answer.data)


def wait_for_findings(
    client: Site, *runs: str, baseline: str = "", first: Sequence[str] = ()
) -> dict:
    deadline = time.monotonic() + 60
    while True:
        answer = client.get("/findings", runs=runs, baseline=baseline, first=first).json
        if answer["pending"] == 0:
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.02)

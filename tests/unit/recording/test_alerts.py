"""Findings told to a function and a URL: each incident once, and never to the training's harm."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import torch
from torch import nn

from tb_activation_hist import ActivationHistLogger, MemoryWriter
from tb_activation_hist.core.errors import ActivationHistWarning, OptionError
from tb_activation_hist.findings import Finding
from tb_activation_hist.recording import alerts
from tb_activation_hist.recording.alerts import to_payload

STEPS, BREAK = 40, 20


class Endpoint:
    """A local server that keeps what is sent to it."""

    def __init__(self, status: int) -> None:
        self.bodies: list[dict[str, object]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.bodies.append(json.loads(body))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/secret"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint(200)
    yield server
    server.close()


def train(**options) -> list[str]:
    """Train with NaN from step `BREAK` on and close; the warnings, in words."""
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ActivationHistWarning)
        with ActivationHistLogger(model, MemoryWriter(), on_error="raise", **options) as hist:
            for number in range(1, STEPS + 1):
                if number == BREAK:
                    nn.init.constant_(model[0].bias, torch.nan)
                model(torch.randn(16, 4))
                hist.step()
    return [str(each.message) for each in caught if each.category is ActivationHistWarning]


def test_a_function_gets_each_incident_once_on_another_thread() -> None:
    told: list[tuple[Finding, str]] = []
    said = train(on_finding=lambda own: told.append((own, threading.current_thread().name)))
    ((finding, thread),) = told
    assert (finding.kind, finding.layers, finding.first_step) == ("non_finite", ("0",), BREAK)
    assert finding.incident == 1
    assert thread == "activation-hist alerts"
    assert said == []


def test_the_kinds_asked_for_are_reported_alone() -> None:
    told: list[Finding] = []
    assert train(on_finding=told.append, warn_on=["collapsed"]) == []
    assert told == []


def test_a_function_that_raises_is_reported_once_and_the_training_goes_on() -> None:
    (said,) = train(on_finding=lambda _: 1 / 0)
    failure = "on_finding: reporting a finding failed (ZeroDivisionError: division by zero)."
    assert said == f"{failure} The training goes on."


def test_a_url_gets_json(endpoint: Endpoint) -> None:
    assert train(alert_url=endpoint.url) == []
    (body,) = endpoint.bodies
    assert body["finding"]["kind"] == "non_finite"
    assert body["text"].startswith("error: layer 0: NaN or infinite values since step 20\nrun: ")


def test_a_url_that_refuses_is_reported_without_its_secret() -> None:
    server = Endpoint(500)
    (said,) = train(alert_url=server.url)
    server.close()
    assert said.startswith("alert_url: reporting a finding to 127.0.0.1 failed (HTTP status 500)")
    assert "secret" not in said


def test_a_dead_endpoint_harms_nothing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (said,) = train(alert_url=f"http://127.0.0.1:{port}/")
    assert re.search(r"failed \(.*refused.*\)", said)


def test_an_endpoint_that_hangs_delays_closing_by_no_more_than_the_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alerts, "CLOSE_WAIT_S", 0.3)
    monkeypatch.setattr(alerts, "REQUEST_TIMEOUT_S", 60.0)
    told: list[Finding] = []
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        begin = time.monotonic()
        train(alert_url=f"http://127.0.0.1:{silent.getsockname()[1]}/", on_finding=told.append)
        assert time.monotonic() - begin < 30
    assert len(told) == 1


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("https://hooks.slack.com/services/T0/B0/x", "text"),
        ("https://discord.com/api/webhooks/1/x", "content"),
        ("https://discordapp.com/api/webhooks/1/x", "content"),
    ],
)
def test_slack_and_discord_get_their_own_message(url: str, field: str) -> None:
    finding = Finding(
        "collapsed", "r", ("a",), ("activations/a",), 3, 9, "error", "a: x", "y" * 3000
    )
    payload = to_payload(finding, url, "runs/a")
    assert list(payload) == [field]
    assert payload[field].startswith("error: a: x\nrun: runs/a, from step 3\nyyy")
    assert field == "text" or len(payload[field]) == 2000


def test_a_host_that_only_looks_like_slack_gets_json() -> None:
    finding = Finding("collapsed", "r", ("a",), ("activations/a",), 3, 9, "error", "t", "a")
    assert "finding" in to_payload(finding, "https://notslack.com/x", "runs/a")


@pytest.mark.parametrize("url", ["ftp://a/b", "file:///etc/passwd", "hooks.slack.com/x", 3])
def test_other_urls_are_refused(url: object) -> None:
    with pytest.raises(OptionError, match="alert_url must be"):
        ActivationHistLogger(nn.Linear(1, 1), MemoryWriter(), alert_url=url)

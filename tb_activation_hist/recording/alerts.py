"""Findings given to the user's function and sent to a URL, beside the training."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from tb_activation_hist.findings import Finding

REQUEST_TIMEOUT_S: Final = 5.0
"""How long connecting, sending and each read of the answer may take."""

CLOSE_WAIT_S: Final = 3.0
"""How long closing a logger waits at most for alerts that are under way."""

MOST_WAITING: Final = 100
"""Alerts that wait while one is under way; beyond it the oldest is dropped."""

DISCORD_CHARACTERS: Final = 2000
"""Discord refuses longer messages."""

SLACK_HOSTS: Final = ("slack.com", "slack-gov.com")
DISCORD_HOSTS: Final = ("discord.com", "discordapp.com")


class Alerts:
    """Sends findings to a function, a URL or both, one by one on a thread of its own.

    on_finding: called with each finding. url: gets a POST for each. place: where the run is
    recorded, for the message. Neither a failure nor an endpoint that hangs reaches the training:
    there is one message for each of the two, which `take_messages` gives.
    """

    def __init__(
        self, on_finding: Callable[[Finding], Any] | None, url: str | None, place: str
    ) -> None:
        self._on_finding = on_finding
        self._url = url
        self._place = place
        self._waiting: deque[Finding] = deque(maxlen=MOST_WAITING)
        self._messages: deque[str] = deque()
        self._failed: set[str] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def send(self, finding: Finding) -> None:
        """Queue a finding; returns at once."""
        with self._lock:
            self._waiting.append(finding)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="activation-hist alerts", daemon=True
                )
                self._thread.start()

    def finish(self) -> None:
        """Wait for what is queued, at most `CLOSE_WAIT_S`."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(CLOSE_WAIT_S)

    def take_messages(self) -> Iterator[str]:
        """What to report to the user about alerts that failed, each once."""
        while self._messages:
            yield self._messages.popleft()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                finding = self._waiting.popleft()
            if self._on_finding is not None:
                self._try("on_finding", self._on_finding, finding)
            if self._url is not None:
                self._try("alert_url", self._post, finding)

    def _try(self, option: str, call: Callable[[Finding], Any], finding: Finding) -> None:
        try:
            call(finding)
        except Exception as err:  # noqa: BLE001 - the user's function and the network may do anything
            if option not in self._failed:
                self._failed.add(option)
                self._messages.append(self._describe(option, err))

    def _describe(self, option: str, error: Exception) -> str:
        # The path of a webhook is a secret, and so is whatever the library says of it.
        host = f" to {urlsplit(self._url).hostname}" if self._url and option == "alert_url" else ""
        said = _network_failure(error) if host else f"{type(error).__name__}: {error}"
        return f"{option}: reporting a finding{host} failed ({said}). The training goes on."

    def _post(self, finding: Finding) -> None:
        assert self._url is not None
        request = urllib.request.Request(  # noqa: S310 - the options allow http and https alone
            self._url,
            json.dumps(to_payload(finding, self._url, self._place)).encode(),
            {"Content-Type": "application/json", "User-Agent": "tb_activation_hist"},
        )
        with urllib.request.urlopen(request, timeout=REQUEST_TIMEOUT_S):  # noqa: S310
            pass


def _network_failure(error: Exception) -> str:
    """Why a request failed, in words that hold nothing of the address."""
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP status {error.code}"
    # The system's own words, such as "Connection refused".
    words = getattr(getattr(error, "reason", error), "strerror", None)
    return words if isinstance(words, str) else type(error).__name__


def open_alerts(
    on_finding: Callable[[Finding], Any] | None, url: str | None, place: object
) -> Alerts | None:
    """None if no alert is to be sent."""
    return Alerts(on_finding, url, str(place)) if on_finding or url else None


def to_payload(finding: Finding, url: str, place: str) -> dict[str, Any]:
    """The JSON of an alert: a message for Slack and Discord, by the URL's host, else all fields."""
    host = urlsplit(url).hostname or ""
    text = to_message(finding, place)
    if _is_of(host, SLACK_HOSTS):
        return {"text": text}
    if _is_of(host, DISCORD_HOSTS):
        return {"content": text[:DISCORD_CHARACTERS]}
    return {"text": text, "logdir": place, "finding": finding.to_dict()}


def to_message(finding: Finding, place: str) -> str:
    """The finding in some lines of plain text."""
    lines = [
        f"{finding.severity}: {finding.title}",
        f"run: {place}, from step {finding.first_step}",
        finding.advice,
    ]
    return "\n".join(lines)


def _is_of(host: str, domains: tuple[str, ...]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)

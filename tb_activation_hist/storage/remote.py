"""Directories behind a URL, through TensorBoard's own file layer: both open the same ones."""

from __future__ import annotations

import posixpath
from importlib import util
from typing import Any, Final
from urllib.parse import urlsplit

from tb_activation_hist.core.errors import LogdirError

LIBRARY_OF_SCHEME: Final = {
    "s3": "boto3",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "abfs": "adlfs",
    "az": "adlfs",
    "hdfs": "pyarrow",
    "sftp": "paramiko",
    "http": "aiohttp",
    "https": "aiohttp",
}
"""URL scheme -> the distribution that opens it, beside fsspec."""


def is_remote(logdir: str) -> bool:
    """Whether a log directory is a URL."""
    return "://" in logdir


def gfile() -> Any:
    """TensorBoard's file layer: TensorFlow's where that is installed, else its own with fsspec."""
    from tensorboard.compat import tf

    return tf.io.gfile


def list_files(logdir: str) -> list[tuple[str, str, str]]:
    """(directory relative to logdir, URL, name) of all files below; LogdirError when it fails."""
    require_folder(logdir)
    root = logdir.rstrip("/")
    try:
        walked = list(gfile().walk(root, onerror=_raise))
    # Which errors a storage raises is its own affair.
    except Exception as err:
        raise LogdirError(explain(logdir, "read", err)) from err
    return [
        (posixpath.relpath(directory, root), posixpath.join(directory, name), name)
        for directory, _, names in walked
        for name in names
    ]


def read_file(url: str) -> bytes:
    """All bytes of a file; OSError when it cannot be read."""
    try:
        with gfile().GFile(url, "rb") as file:
            data: bytes = file.read()
    # Which errors a storage raises is its own affair.
    except Exception as err:
        raise OSError(str(err) or type(err).__name__) from err
    return data


def require_folder(logdir: str) -> None:
    """LogdirError for a bucket alone: TensorBoard cannot list the root of a bucket."""
    parts = urlsplit(logdir)
    if parts.scheme in ("s3", "gs", "gcs") and not parts.path.strip("/"):
        msg = (
            f"The log directory {logdir!r} is a whole bucket, which TensorBoard cannot read. Name "
            f"a folder in it, such as {logdir.rstrip('/') + '/runs'!r}."
        )
        raise LogdirError(msg)


def explain(logdir: str, action: str, error: BaseException) -> str:
    """A sentence about a directory that cannot be read or written.

    action: ``read`` or ``written``. Where the library for the URL's scheme is missing, the sentence
    says how to install it.
    """
    scheme = urlsplit(logdir).scheme
    wanted = [LIBRARY_OF_SCHEME[scheme]] if scheme in LIBRARY_OF_SCHEME else []
    if scheme != "s3":
        wanted.append("fsspec")
    missing = [name for name in wanted if util.find_spec(name) is None]
    if missing:
        need = f"{scheme}:// needs {' and '.join(missing)}: pip install {' '.join(missing)}"
        return f"The log directory {logdir!r} cannot be {action}: {need}"
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"The log directory {logdir!r} cannot be {action}: {reason}"


def _raise(error: BaseException) -> None:
    """Without it the file layer takes a directory that cannot be listed for an empty one."""
    raise error

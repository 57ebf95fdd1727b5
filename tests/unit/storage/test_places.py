"""Where a run may be written to and read from: URLs, home directories, relative paths."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
import torch
from fsspec.registry import _registry as registered_protocols
from moto.server import ThreadedMotoServer
from torch import nn

from tb_activation_hist import (
    ActivationHistLogger,
    ActivationHistWarning,
    LogdirError,
    OptionError,
    read_histograms,
)
from tb_activation_hist.cli import main
from tb_activation_hist.storage import remote
from tests.unit.storage.object_store import ObjectStore


def record(logdir: str | Path, steps: int = 3, **options: object) -> ActivationHistLogger:
    """Record ReLU's outputs: half of 8 values at each step are zero."""
    model = nn.Sequential(nn.ReLU())
    with ActivationHistLogger(model, logdir, on_error="raise", **options) as hist:
        for _ in range(steps):
            model(torch.tensor([[-1.0, 1.0]] * 4))
            hist.step()
    return hist


def assert_recorded(logdir: str | Path, run: str, steps: int = 3) -> None:
    series = read_histograms(logdir)[run]["0"]
    assert series.steps.tolist() == list(range(1, steps + 1))
    assert series.zeros.tolist() == [4] * steps
    assert series.counts.sum(axis=1).tolist() == [8] * steps


@pytest.fixture(scope="module")
def bucket() -> str:
    """An S3 bucket of a server on this machine."""
    import boto3

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "S3_ENDPOINT": f"http://{host}:{port}",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        client = boto3.client("s3", endpoint_url=settings["S3_ENDPOINT"])
        client.create_bucket(Bucket="trainings")
        yield "s3://trainings"
    server.stop()


def test_a_run_in_s3_is_written_read_and_shown(
    bucket: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    record(f"{bucket}/mnist/lr=0.01")
    assert_recorded(f"{bucket}/mnist", "lr=0.01")
    assert_recorded(f"{bucket}/mnist/", "lr=0.01")
    assert_recorded(f"{bucket}/mnist/lr=0.01", ".")
    for command in ("show", "report", "doctor"):
        assert main([command, f"{bucket}/mnist"]) == 0
        assert "lr=0.01" in capsys.readouterr().out, command
    table = tmp_path / "table.csv"
    assert main(["export", f"{bucket}/mnist", "--format", "csv", "--output", str(table)]) == 0
    assert "lr=0.01,0,3," in table.read_text()


def test_a_run_in_s3_goes_on_after_its_last_step(bucket: str) -> None:
    for _ in range(2):
        record(f"{bucket}/resumed", steps=2)
    assert_recorded(f"{bucket}/resumed", ".", steps=4)


def test_a_whole_bucket_is_refused_by_logger_and_reader(bucket: str) -> None:
    for root in (bucket, f"{bucket}/"):
        for use in (record, read_histograms):
            with pytest.raises(LogdirError, match=r"whole bucket.*'s3://trainings/runs'"):
                use(root)


def test_a_bucket_that_is_not_there_is_said(bucket: str) -> None:
    assert bucket
    for use in (record, read_histograms):
        with pytest.raises(LogdirError, match="no-such-bucket"):
            use("s3://no-such-bucket/runs")


def test_an_fsspec_url_is_written_and_read() -> None:
    record("memory://places/a")
    assert_recorded("memory://places", "a")


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket of Google's storage, as its fsspec library would show it."""
    for protocol in ObjectStore.protocol:
        monkeypatch.setitem(registered_protocols, protocol, ObjectStore)
    monkeypatch.setattr(ObjectStore, "objects", {})
    return "gs://trainings"


def test_a_run_in_googles_storage_is_written_read_and_shown(
    google: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    record(f"{google}/mnist/lr=0.01")
    record(f"{google}/mnist/lr=0.1", steps=2)
    assert all(name.startswith("trainings/mnist/lr=0.") for name in ObjectStore.objects)
    assert_recorded(f"{google}/mnist", "lr=0.01")
    assert_recorded(f"{google}/mnist/", "lr=0.1", steps=2)
    assert_recorded(f"{google}/mnist/lr=0.01", ".")
    for command in ("show", "report", "doctor"):
        assert main([command, f"{google}/mnist"]) == 0
        assert "lr=0.01" in capsys.readouterr().out, command
    table = tmp_path / "table.csv"
    assert main(["export", f"{google}/mnist", "--format", "csv", "--output", str(table)]) == 0
    assert "lr=0.01,0,3," in table.read_text()


def test_a_run_in_googles_storage_goes_on_after_its_last_step(google: str) -> None:
    for _ in range(2):
        record(f"{google}/resumed", steps=2)
    assert_recorded(f"{google}/resumed", ".", steps=4)


def test_what_is_not_in_googles_storage_is_said(google: str) -> None:
    with pytest.raises(LogdirError, match="gs://trainings/nothing"):
        read_histograms(f"{google}/nothing")
    for use in (record, read_histograms):
        with pytest.raises(LogdirError, match=r"whole bucket.*'gs://trainings/runs'"):
            use(google)


def test_an_object_that_cannot_be_fetched_costs_its_own_records(
    google: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run in ("good", "bad"):
        record(f"{google}/mnist/{run}")
    fetch = ObjectStore._open

    def refuse(self: ObjectStore, path: str, *args: object, **options: object) -> object:
        if "/bad/" in path:
            # Google's library has errors of its own.
            raise RuntimeError("403, Forbidden")
        return fetch(self, path, *args, **options)

    monkeypatch.setattr(ObjectStore, "_open", refuse)
    with pytest.warns(ActivationHistWarning, match=r"Run 'bad': gs://.* cannot be read: 403, Forb"):
        assert list(read_histograms(f"{google}/mnist")) == ["good"]


@pytest.mark.parametrize(
    ("url", "library"), [("gs://bucket/runs", "gcsfs"), ("abfs://c/runs", "adlfs")]
)
def test_a_missing_library_is_named_with_its_install_command(url: str, library: str) -> None:
    assert importlib.util.find_spec(library) is None, f"{library} is installed: choose another"
    for use in (record, read_histograms):
        with pytest.raises(LogdirError, match=rf"needs {library}: pip install {library}$"):
            use(url)


def test_a_missing_boto3_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    absent = {"boto3"}
    monkeypatch.setattr(
        remote.util, "find_spec", lambda name: None if name in absent else find(name)
    )
    text = remote.explain("s3://b/runs", "read", ImportError("boto3 must be installed"))
    assert (
        text
        == "The log directory 's3://b/runs' cannot be read: s3:// needs boto3: pip install boto3"
    )


def test_an_unknown_scheme_is_said() -> None:
    for use in (record, read_histograms):
        with pytest.raises(LogdirError, match="nosuch"):
            use("nosuch://a/b")


def test_a_directory_that_cannot_be_listed_is_no_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def walk(top: str, onerror: object = None) -> list[object]:
        # As TensorFlow's: an error without a handler is dropped.
        if callable(onerror):
            onerror(PermissionError(13, "access denied", top))
        return []

    monkeypatch.setattr(remote.gfile(), "walk", walk)
    with pytest.raises(LogdirError, match="access denied"):
        read_histograms("memory://forbidden/runs")


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    hist = record("~/runs/a")
    assert hist.writer.logdir == str(tmp_path / "runs" / "a")
    assert not (tmp_path / "~").exists()
    assert_recorded("~/runs", "a")
    assert_recorded(Path("~/runs"), "a")


def test_a_later_change_of_directory_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outputs").mkdir()
    monkeypatch.chdir(tmp_path)
    model = nn.Sequential(nn.ReLU())
    with ActivationHistLogger(model, "runs", on_error="raise", flush_s=0.01) as hist:
        for _ in range(3):
            model(torch.tensor([[-1.0, 1.0]] * 4))
            hist.step()
            os.chdir(tmp_path / "outputs")
    assert_recorded(tmp_path / "runs", ".")
    assert list((tmp_path / "outputs").iterdir()) == []


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    blocking = tmp_path / "notes.txt"
    blocking.write_text("mine")
    for logdir in (blocking, blocking / "run"):
        with pytest.raises(LogdirError, match=r"notes\.txt' is a file. Pass a"):
            record(logdir)
    assert blocking.read_text() == "mine"


def test_pathlib_and_str_are_the_same(tmp_path: Path) -> None:
    record(tmp_path / "a")
    record(str(tmp_path / "b"))
    for run in ("a", "b"):
        assert_recorded(tmp_path, run)


def test_what_is_no_place_is_refused() -> None:
    with pytest.raises(OptionError, match=r"path, a URL or a SummaryWriter, but got 3\.14"):
        record(3.14)

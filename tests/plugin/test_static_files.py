"""Which files are served, with which types, and what a broken installation says."""

from __future__ import annotations

import pytest

from tb_activation_hist.plugin import static_files
from tests.plugin.site import Site

HOSTILE = [
    "../routes.py",
    "..%2froutes.py",
    "%2e%2e/routes.py",
    "....//routes.py",
    "/etc/passwd",
    "//etc/passwd",
    "..\\routes.py",
    "index.js/../../routes.py",
    "index.js%00.css",
    "",
    ".",
    "..",
    ".inputs",
    "C:\\windows\\win.ini",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_only_listed_files_are_served(client: Site, name: str) -> None:
    answer = client.get(f"/static/{name}")
    assert answer.status_code == 404
    assert answer.mimetype == "text/plain"
    assert "index.js" in answer.text


def test_the_page_is_served_with_our_own_mime_types(client: Site) -> None:
    answer = client.get("/static/index.js")
    assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
    for name in static_files.list_static_files():
        assert client.get(f"/static/{name}").status_code == 200
    assert static_files.mime_type("style.css") == "text/css"
    assert static_files.mime_type("secrets.py") is None


@pytest.mark.parametrize("broken", ["missing", "empty"])
def test_a_missing_page_says_what_to_do(broken: str, tmp_path, monkeypatch) -> None:
    if broken == "empty":
        (tmp_path / "static").mkdir()
        (tmp_path / "static" / "index.js").write_text(" \n")
    monkeypatch.setattr(static_files.resources, "files", lambda package: tmp_path)
    script = static_files.read_static_file("index.js").decode()
    assert "export function render()" in script
    assert "make page" in script
    assert "pip install --force-reinstall" in script
    assert static_files.read_static_file("style.css") is None
    assert static_files.read_static_file("../index.js") is None

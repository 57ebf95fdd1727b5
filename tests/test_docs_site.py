"""The site builds strictly, its links and anchors lead somewhere, and it has every document."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tools.docs_parameters import list_fields
from tools.docs_site import BROUGHT_IN

ROOT = Path(__file__).resolve().parent.parent


class Anchors(HTMLParser):
    """The ids of a page, and the addresses that it leads to or loads from."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids.update(filter(None, [found.get("id")]))
        if tag == "a" and found.get("href"):
            self.links.append(str(found["href"]))
        elif tag in {"img", "script", "link"} and found.get("rel") != "canonical":
            self.loaded += filter(None, [found.get("src"), found.get("href")])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Anchors]:
    # 404.html is served at any address, so its links begin at the site's root.
    found = [path for path in site.rglob("*.html") if path.name != "404.html"]
    return {path: Anchors(path.read_text(encoding="utf-8")) for path in found}


def test_bars_in_the_code_of_tables_have_no_backslash(site: Path) -> None:
    built = [site / "command_line.html", site / "explanation" / "bench.html"]
    assert [path.name for path in built if "\\|" in path.read_text(encoding="utf-8")] == []


def test_every_document_has_a_page(site: Path) -> None:
    documents = {path.relative_to(ROOT / "docs") for path in ROOT.glob("docs/**/*.md")}
    for page in documents | {Path(name) for name in BROUGHT_IN.values()}:
        built = page.with_name("index.html" if page.name == "README.md" else f"{page.stem}.html")
        assert (site / built).is_file(), page


def test_links_of_the_site_lead_somewhere(site: Path, pages: dict[Path, Anchors]) -> None:
    dead = []
    for page, anchors in pages.items():
        for link in {*anchors.links, *anchors.loaded}:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            known = pages[target].ids if target in pages else {parts.fragment}
            if not target.exists() or (parts.fragment and unquote(parts.fragment) not in known):
                dead.append(f"{page.relative_to(site)}: {link}")
    assert dead == []


def test_links_of_the_repository_lead_to_pages(site: Path, pages: dict[Path, Anchors]) -> None:
    home = pages[site / "index.html"]
    assert {"deployment.html", "reference/http_api.html"} & set(home.links)
    assert "images/mnist.png" in home.loaded
    assert "gallery.html" in {link.removeprefix("../") for link in pages[site / "faq.html"].links}


def test_links_to_other_hosts_are_well_formed(pages: dict[Path, Anchors]) -> None:
    for page, anchors in pages.items():
        for link in filter(lambda link: urlsplit(link).scheme, anchors.links):
            parts = urlsplit(link)
            assert parts.scheme == "https", (page, link)
            assert re.fullmatch(r"[\w-]+(\.[\w-]+)+", parts.netloc), (page, link)


def test_pages_load_nothing_from_other_hosts(pages: dict[Path, Anchors]) -> None:
    assert [link for each in pages.values() for link in each.loaded if "//" in link] == []


def test_the_reference_has_every_public_class_and_function(site: Path) -> None:
    reference = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")
    listing = (ROOT / "tests/golden/public_api.txt").read_text(encoding="utf-8")
    built = (site / "reference/api.html").read_text(encoding="utf-8")
    functions = re.findall(r"^([a-z]\w+)\(", listing, re.MULTILINE)
    classes = re.findall(r"^class (\w+)\(", listing, re.MULTILINE)
    assert functions
    assert classes
    for name in [*functions, *classes]:
        error = f'id="tb_activation_hist.core.errors.{name}"' in built
        assert error or re.search(rf"^::: \S+\.{name}$", reference, re.MULTILINE), name
    assert 'id="tb_activation_hist.core.histogram.HistogramSeries.quantile"' in built
    assert "Records histograms of a model" in built


def test_parameters_in_docstrings_are_lists(site: Path) -> None:
    page = (site / "reference" / "api.html").read_text(encoding="utf-8")
    assert re.search(r"<li>\s*(<p>)?<strong>logdir</strong>: a path, a URL that TensorBoard", page)


def test_only_lines_that_describe_a_field_become_items() -> None:
    text = "Counts: all.\n\nlo, hi: its ends,\nin order. rows: none.\nrows: 3.\n\nhttp://a: b"
    listed = "- **lo, hi**: its ends,\n    in order. rows: none.\n- **rows**: 3."
    assert list_fields(text) == f"Counts: all.\n\n{listed}\n\nhttp://a: b"

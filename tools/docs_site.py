"""MkDocs' hook: brings documents from outside of docs/ into the site, and mends their links.

The same Markdown is read on GitHub, where links are paths in the repository. A link to a document
that the site has leads to its page; a link to any other file of the repository leads to the
repository when REPOSITORY_URL is set, and is plain text otherwise.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
BROUGHT_IN = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "ARCHITECTURE.md": "explanation/architecture.md",
    "bench/README.md": "explanation/bench.md",
    "bench/findings/README.md": "explanation/findings_bench.md",
    "bench/findings/looks.md": "explanation/findings_looks.md",
    "bench/findings/first_set.md": "explanation/findings_first_set.md",
    "demo/README.md": "tutorials/demo.md",
    "examples/README.md": "tutorials/notebooks.md",
    "tb_activation_hist/plugin/http_api.md": "reference/http_api.md",
}
"""Path in the repository -> page of the site."""

OPTIONS_PAGE = "reference/options.md"
OPTIONS = re.compile(r"(?<=^## Options\n).*?(?=^## )", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
BADGES = re.compile(r"<!-- badges -->.*?<!-- end of badges -->", re.DOTALL)
"""Pictures from other hosts, which the site leaves out."""

EMPTY_BRACKETS = re.compile(r"(`[^`\n]*`)|\[\]")
"""Code, which stays, or brackets as in the type "number[]", which are no link without a target."""

CODE_IN_TABLE = re.compile(r"`([^`\n]*\\\|[^`\n]*)`")
"""Code with an escaped bar in a table: GitHub shows it without its backslash, MkDocs with it."""

CODE_BLOCK = re.compile(r"(^```.*?^```)", re.DOTALL | re.MULTILINE)
MORE = "More"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Lists what mkdocs.yml does not name: decisions, and documents that are new."""
    docs = Path(config.docs_dir)
    listed = set(pages_in(config.nav))
    decisions = ["decisions/README.md", *names(docs, "decisions/*.md", {"decisions/README.md"})]
    new = names(docs, "**/*.md", {*listed, *decisions})
    config.nav = [*(config.nav or []), {"Decisions": decisions}]
    if new:
        config.nav.append({MORE: new})
    return config


def pages_in(nav: Any) -> Iterable[str]:
    """The pages that a list of the navigation names, however deep."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for value in nav.values():
            yield from pages_in(value)
    else:
        for item in nav or []:
            yield from pages_in(item)


def names(docs: Path, pattern: str, without: set[str]) -> list[str]:
    found = {path.relative_to(docs).as_posix() for path in docs.glob(pattern)}
    return sorted(found - without)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the documents that lie outside of docs/, and the page of options."""
    for source, page in BROUGHT_IN.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    (options,) = OPTIONS.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    files.append(File.generated(config, OPTIONS_PAGE, content=f"# Options\n{options}"))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """The page's text with links that the site can follow; code stays as it is."""
    here = page.file.src_uri
    source = SOURCES.get(here, f"docs/{here}")
    parts = CODE_BLOCK.split(BADGES.sub("", markdown))
    parts[::2] = [with_site_links(part, source, here) for part in parts[::2]]
    return "".join(parts)


SOURCES = {page: source for source, page in BROUGHT_IN.items()} | {OPTIONS_PAGE: "README.md"}
"""Page of the site -> path in the repository, where these differ."""


def with_site_links(text: str, source: str, here: str) -> str:
    """The text of the document `source`, which is the page `here`, with its links rewritten."""

    def rewrite(found: re.Match[str]) -> str:
        picture, words, target = found.groups()
        if "://" in target or target.startswith(("#", "mailto:")):
            return found[0]
        path, _, anchor = target.partition("#")
        address = site_address(
            posixpath.normpath(posixpath.join(posixpath.dirname(source), path)), here
        )
        words = with_site_links(words, source, here)
        if address is None:
            return words
        return f"{picture}[{words}]({address}{'#' * bool(anchor)}{anchor})"

    linked = CODE_IN_TABLE.sub(with_plain_bars, LINK.sub(rewrite, text))
    return EMPTY_BRACKETS.sub(lambda found: found[1] or r"\[\]", linked)


def with_plain_bars(found: re.Match[str]) -> str:
    code = escape(found[1].replace(r"\|", "|"))
    # Nothing in it may be taken for Markdown.
    return f"<code>{re.sub(r'[][*_|]', lambda sign: f'&#{ord(sign[0])};', code)}</code>"


def site_address(path: str, here: str) -> str | None:
    """The address of a file of the repository from a page; None when it has none."""
    page = BROUGHT_IN.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else "")
    if page and (path in BROUGHT_IN or (ROOT / path).is_file()):
        return posixpath.relpath(page, posixpath.dirname(here) or ".")
    repository = os.environ.get("REPOSITORY_URL")
    return f"{repository}/blob/main/{path}" if repository else None

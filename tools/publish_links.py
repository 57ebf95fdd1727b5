"""Makes the README's links absolute, for PyPI: `python tools/publish_links.py URL REVISION`.

PyPI shows the README without the repository beside it. The workflow of a release runs this in its
own checkout before it builds the sdist; the links stay relative in the repository, so that forks,
branches and local copies lead to their own files. The same address becomes the project's link on
PyPI.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"(!?\[[^\[\]]*\]|\])\(([^)#:\s]+)((?:#[^)\s]*)?)\)")
ACTIONS = "../../actions/"


def main(arguments: list[str]) -> int:
    """Rewrites README.md and pyproject.toml in place."""
    repository, revision = arguments
    readme, project = ROOT / "README.md", ROOT / "pyproject.toml"
    readme.write_text(with_absolute_links(readme.read_text("utf-8"), repository, revision), "utf-8")
    project.write_text(with_urls(project.read_text("utf-8"), repository), "utf-8")
    return 0


def with_absolute_links(text: str, repository: str, revision: str) -> str:
    """The Markdown with links to files, pictures and workflows that begin with the repository."""

    def rewrite(found: re.Match[str]) -> str:
        words, path, anchor = found.groups()
        if path.startswith(ACTIONS):
            return f"{words}({repository}/actions/{path.removeprefix(ACTIONS)})"
        place = "raw" if words.startswith("!") else "blob"
        return f"{words}({repository}/{place}/{revision}/{path}{anchor})"

    return LINK.sub(rewrite, text)


def with_urls(project: str, repository: str) -> str:
    """pyproject.toml with the addresses that PyPI shows beside the description."""
    urls = f"""[project.urls]
Repository = "{repository}"
Issues = "{repository}/issues"
Changelog = "{repository}/blob/main/CHANGELOG.md"

"""
    return project.replace("[project.scripts]\n", f"{urls}[project.scripts]\n", 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

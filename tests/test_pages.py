"""The pages of the project: what they link to is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")])
_BLOCK = re.compile(r"```.*?```", re.DOTALL)
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def words(page: Path) -> str:
    """A page without its blocks of code."""
    return _BLOCK.sub("", page.read_text())


def anchor(heading: str) -> str:
    """As GitHub makes it of a heading: small letters, digits and hyphens."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def dead(page: Path, text: str) -> Iterator[str]:
    """The links within the project that lead nowhere."""
    for link in _LINK.findall(text):
        if link.startswith(("http", "mailto:")):
            continue
        name, _, part = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (
            part and part not in map(anchor, _HEADING.findall(words(target)))
        ):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert list(dead(page, words(page))) == []


def test_dead_links_are_seen() -> None:
    page = ROOT / "README.md"
    assert list(dead(page, "[a](docs/nothing.md) [b](docs/scale.md#no) [c](docs/scale.md)")) == [
        "docs/nothing.md",
        "docs/scale.md#no",
    ]

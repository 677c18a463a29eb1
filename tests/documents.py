"""The pages that people read, and what stands in them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
TOLD = [page for page in PAGES if page.name not in ("decisions.md", "benchmarks.md", "design.md")]
"""Those that say how it is used; the others also tell of what was."""


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def code(page: Path) -> list[str]:
    """Every line of code: of fenced blocks, and what stands in backticks."""
    fenced = re.findall(r"^```\w*\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    lines = "".join(fenced).replace("\\\n", " ").splitlines()
    return [*lines, *re.findall(r"`([^`\n]+)`", prose(page))]


def anchors(page: Path) -> set[str]:
    """The anchors GitHub gives to the headings of a page."""
    found = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", each)).strip().lower() for each in found)
    return {each.replace(" ", "-") for each in plain}


def links(page: Path) -> list[str]:
    text = re.sub(r"`[^`\n]*`", "", prose(page))
    return re.findall(r"\]\(([^)\s]+)\)", text)


def objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a text that stand alone on a line."""
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found


def rows(page: str) -> dict[str, list[str]]:
    """First cell of a table row, without backticks → the others."""
    found = re.findall(r"^\| `([^`|]+)` \|(.*)\|$", (DOCS / page).read_text(), re.MULTILINE)
    return {key: [cell.strip() for cell in rest.split("|")] for key, rest in found}

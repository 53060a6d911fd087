"""Markdown as tests need it: code, tables and links of a page."""

import re
import textwrap
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/**/*.md")))

_BLOCK: Final = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_SPAN: Final = re.compile(r"`([^`\n]+)`")
_LINK: Final = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_RULE: Final = re.compile(r"[|\s:-]+")

Table = list[list[str]]
"""Rows of cells, the heading first."""


@dataclass(frozen=True)
class Page:
    """A page by its text."""

    text: str

    @cached_property
    def prose(self) -> str:
        """The text without its blocks of code."""
        return _BLOCK.sub("", self.text)

    @property
    def spans(self) -> list[str]:
        """The pieces of code within the prose."""
        return spans(self.prose)

    @property
    def links(self) -> list[str]:
        """Where its links lead."""
        return _LINK.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """What a link to one of its headings may name."""
        plain = (
            re.sub(r"[^\w -]", "", heading.lower()) for heading in _HEADING.findall(self.prose)
        )
        return {heading.strip().replace(" ", "-") for heading in plain}

    def blocks(self, language: str) -> list[str]:
        """The blocks of code in this language."""
        return [
            textwrap.dedent(code) for name, code in _BLOCK.findall(self.text) if name == language
        ]

    def tables(self, *heading: str) -> list[Table]:
        """The tables whose first columns are these."""
        found = (_rows(lines) for lines in re.findall(r"(?:^\|.*\n)+", self.prose, re.MULTILINE))
        return [table for table in found if tuple(table[0][: len(heading)]) == heading]

    def rows(self, *heading: str) -> Table:
        """The rows of the one table that begins with these columns, without the heading."""
        (table,) = self.tables(*heading)
        return table[1:]

    @property
    def commands(self) -> list[str]:
        """What the page asks to type: lines of shells, and what follows a prompt in a session."""
        typed = "\n".join(self.blocks("sh")).replace("\\\n", " ").splitlines()
        sessions = "\n".join(self.blocks("console")).splitlines()
        return typed + [line.removeprefix("$ ") for line in sessions if line.startswith("$ ")]


def spans(text: str) -> list[str]:
    """The pieces of code in a text, such as a cell's."""
    return _SPAN.findall(text)


def _rows(lines: str) -> Table:
    rows = [line for line in lines.splitlines() if not _RULE.fullmatch(line)]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]

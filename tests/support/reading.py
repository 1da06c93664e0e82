"""Files that the program wrote, read back with parsers that are not its own."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from markdown_it.token import Token

_PLAIN = ("text", "text_special")


def markdown_tokens(text: str) -> list[Token]:
    """What a reader of GitHub's Markdown makes of a text, bare addresses linked."""
    return MarkdownIt("gfm-like", {"html": True}).parse(text)


def said(token: Token) -> str:
    """The text of an inline token that holds nothing but text and what we made bold."""
    for child in token.children or ():
        assert child.type in (*_PLAIN, "strong_open", "strong_close"), (child.type, token.content)
    return "".join(child.content for child in token.children or ())


def markdown_cells(text: str) -> list[list[str]]:
    """The rows of a text that is one table, whose cells hold text and nothing else."""
    tokens = markdown_tokens(text)
    assert [token.type for token in tokens].count("table_open") == 1
    assert tokens[0].type == "table_open"
    assert tokens[-1].type == "table_close"
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            assert all(child.type in _PLAIN for child in token.children or ()), token.content
            rows[-1].append("".join(child.content for child in token.children or ()))
    return rows


class Page(HTMLParser):
    """A page's elements, with their attributes and the texts in them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == [], self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))
        if tag != "meta":
            self._open.append(tag)
            self.texts.append((tag, ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self._open[-1] if self._open else "", data))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data[:80]!r}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data[:80]!r}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data[:80]!r}")

    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """Elements and the names of their attributes, without any text."""
        return [(tag, tuple(name for name, _ in attrs)) for tag, attrs in self.elements]

    def said(self, *tags: str) -> list[str]:
        """The texts in the elements of some kinds, in order."""
        found: list[str] = []
        for tag, text in self.texts:
            if tag in tags:
                if text == "":
                    found.append("")
                else:
                    found[-1] += text
        return found

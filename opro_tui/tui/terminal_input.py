"""What comes from the terminal, read by Textual but for what it would change on the way."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from textual import events
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from textual.message import Message

_PART = len(BRACKETED_PASTE_START) - 1
"""How much of a mark may have come before the rest of it; both are of one length."""
_TEXT = ("Cf", "Cn", "Co", "Zs")
"""What Python doesn't call printable and is written all the same: joiners and other formatting,
blanks of all widths, and characters younger than its Unicode."""


class ExactParser(XTermParser):
    """Textual's parser, but a paste comes as it is, and a joiner that is typed comes as text.

    Textual's own looks for keys in a paste as well: where it holds an escape character, a part of
    it comes as keys, ahead of the rest.
    """

    def __init__(self, debug: bool = False) -> None:
        self._pasted: list[str] | None = None
        self._last = ""
        super().__init__(debug)

    def feed(self, data: str) -> Iterable[Message]:
        """Read what came; "" is the end."""
        if not data:
            yield from super().feed(data)
        while data:
            kept = self._pasted
            data = yield from self._keys(data) if kept is None else self._paste(data, kept)

    def tick(self) -> Iterable[Message]:
        """Read what is complete as nothing more has come."""
        return map(_as_text, super().tick())

    def _keys(self, data: str) -> Generator[Message, None, str]:
        """Read keys; returns what comes behind the mark at which a paste begins."""
        end = self._end_of(BRACKETED_PASTE_START, data)
        if end is None:
            yield from map(_as_text, super().feed(data))
            return ""
        # Textual's part may be amid the mark: it gets the whole, and a paste of nothing.
        for message in super().feed(data[:end] + BRACKETED_PASTE_END):
            if not isinstance(message, events.Paste):
                yield _as_text(message)
        self._pasted = []
        return data[end:]

    def _paste(self, data: str, kept: list[str]) -> Generator[Message, None, str]:
        """Keep what is pasted; returns what comes behind the mark at which it ends."""
        end = self._end_of(BRACKETED_PASTE_END, data)
        kept.append(data[:end])
        if end is None:
            return ""
        text = "".join(kept).removesuffix(BRACKETED_PASTE_END)
        self._pasted = None
        if text:
            yield events.Paste(text)
        return data[end:]

    def _end_of(self, mark: str, data: str) -> int | None:
        """Where a mark ends that may have begun in what came before."""
        before = self._last
        at = (before + data).find(mark)
        self._last = (before + data)[-_PART:] if at < 0 else ""
        return None if at < 0 else at + len(mark) - len(before)


def _as_text(message: Message) -> Message:
    """A character that no widget takes from the keyboard as if it were pasted."""
    if not isinstance(message, events.Key) or "+" in message.key:
        return message
    typed = message.character or ""
    written = len(typed) == 1 and not typed.isprintable() and unicodedata.category(typed) in _TEXT
    return events.Paste(typed) if written else message

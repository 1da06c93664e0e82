"""A text area that edits any text without changing what nobody touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.document._document import Document, EditResult
from textual.document._document_navigator import DocumentNavigator
from textual.document._wrapped_document import WrappedDocument
from textual.widgets import TextArea

from opro_tui.tui.format import pictured

if TYPE_CHECKING:
    from textual import events
    from textual.document._document import Location


class ExactDocument(Document):
    r"""A text in which only `\n` ends a line.

    Textual's own splits at eleven characters and joins with one: a text that holds others, or two
    sorts of line ends, would come back changed from being looked at.
    """

    def __init__(self, text: str) -> None:
        super().__init__("")
        self._lines = text.split("\n")

    def replace_range(self, start: Location, end: Location, text: str) -> EditResult:
        """Put a text in place of a range."""
        (top, left), (bottom, right) = sorted((start, end))
        replaced = self.get_text_range((top, left), (bottom, right))
        before = self._lines[top][:left] if top < len(self._lines) else ""
        after = self._lines[bottom][right:] if bottom < len(self._lines) else ""
        lines = text.split("\n")
        lines[0] = before + lines[0]
        place = (top + len(lines) - 1, len(lines[-1]))
        lines[-1] += after
        self._lines[top : bottom + 1] = lines
        return EditResult(place, replaced)


class SafeTextArea(TextArea):
    """A text area that edits any text and draws only what does no harm."""

    _pictured_of: str | None = None
    _pictured = ""

    def _set_document(self, text: str, language: str | None) -> None:
        super()._set_document("", language)
        self.document = ExactDocument(text)
        self.wrapped_document = WrappedDocument(self.document, tab_width=self.indent_width)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self.move_cursor((0, 0))
        self._rewrap_and_refresh_virtual_size()

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn."""
        line = self.document.get_line(line_index)
        if line is not self._pictured_of:
            # A long line is asked for once for each row that it takes.
            self._pictured_of, self._pictured = line, pictured(line)
        return Text(self._pictured, end="", no_wrap=True)

    async def _on_paste(self, event: events.Paste) -> None:
        """Terminals end the lines of what is pasted in their own ways."""
        event.text = event.text.replace("\r\n", "\n").replace("\r", "\n")

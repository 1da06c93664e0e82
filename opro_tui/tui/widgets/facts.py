"""Names and what is said of them, wrapped so that the names stand out at every width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from opro_tui.tui import format as fmt
from opro_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from collections.abc import Iterable

LEAST = 20
EDGES = 3
"""Cells that padding and scrollbar take."""


class Facts(TextView):
    """A short list of facts to read."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - the name that widgets use
        super().__init__(id=id)
        self.facts: tuple[tuple[str, str], ...] = ()
        self._gap = "\n"

    def tell(self, facts: Iterable[tuple[str, str]], *, airy: bool = False) -> None:
        """Show other facts.

        Args:
            facts: Names, and what is said of them; foreign text is made harmless here.
            airy: Whether an empty line stands between them.
        """
        self.facts = tuple(facts)
        self._gap = "\n\n" if airy else "\n"
        self._wrap()

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self._wrap()

    def _wrap(self) -> None:
        indent = max((len(name) for name, _ in self.facts), default=0) + 1
        width = max(LEAST, self.size.width - EDGES - indent)
        blocks = []
        for name, text in self.facts:
            lines = []
            for line in fmt.harmless(text).split("\n"):
                cuts = fmt.wrap_offsets(line, width)
                ends = zip([0, *cuts], [*cuts, len(line)], strict=True)
                lines += [line[start:end].rstrip() for start, end in ends]
            head = Content.styled(f"{name:<{indent}}", "bold")
            blocks.append(head + Content(("\n" + " " * indent).join(lines)))
        self.show(Content(self._gap).join(blocks))

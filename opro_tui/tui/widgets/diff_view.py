"""The difference between two texts, with keys that jump from one to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from opro_tui.tui.differences import Comparison, lay_out
from opro_tui.tui.widgets.margin_text import MarginText

if TYPE_CHECKING:
    from opro_tui.tui.margin import MarginLine


class DiffView(MarginText):
    """A comparison, read only."""

    margin: ClassVar[int] = 3
    lights: ClassVar[bool] = False

    def __init__(self, *, id: str) -> None:  # noqa: A002 - the name that widgets use
        super().__init__(id=id)
        self.comparison: Comparison | None = None

    @property
    def filled(self) -> bool:
        """Whether there is something to see."""
        return self.comparison is not None

    def show(self, comparison: Comparison | None, *, empty: str = "") -> None:
        """Show another comparison, from its first difference on."""
        self.comparison, self.empty = comparison, empty
        self.at = -1
        self.scroll_home(animate=False)
        self.renew()
        if self.parts:
            self.reveal(self.parts[0])

    def lay_out(self, width: int) -> list[MarginLine]:
        """The comparison's lines."""
        return [] if self.comparison is None else lay_out(self.comparison, width)

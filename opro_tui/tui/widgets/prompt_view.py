"""A meta-prompt drawn exactly, its regions coloured, named in the margin and navigable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.tui.later import Later
from opro_tui.tui.widgets.margin_text import MarginText

if TYPE_CHECKING:
    from opro_tui.core.meta_prompt import MetaPrompt, Region
    from opro_tui.tui import regions
    from opro_tui.tui.margin import MarginLine
else:
    regions = Later("opro_tui.tui.regions")


class PromptView(MarginText):
    """A meta-prompt, read only."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - the name that widgets use
        super().__init__(id=id)
        self.prompt: MetaPrompt | None = None
        self.marks: regions.Marks | None = None

    @property
    def filled(self) -> bool:
        """Whether there is a prompt."""
        return self.prompt is not None

    @property
    def region_at(self) -> Region | None:
        """The marked region."""
        if self.prompt is None or not 0 <= self.at < len(self.prompt.regions):
            return None
        return self.prompt.regions[self.at]

    def show(
        self, prompt: MetaPrompt | None, marks: regions.Marks | None = None, *, empty: str = ""
    ) -> None:
        """Show another prompt; how far it was scrolled stays, and so does the marked region."""
        self.empty = empty
        if prompt == self.prompt and marks == self.marks:
            return
        before = self.region_at
        self.prompt, self.marks = prompt, marks
        self.renew()
        if before is not None and self.parts:
            self.at = self._found(before)
            self.post_message(self.Moved(self, self.at))

    def _found(self, before: Region) -> int:
        """Where a region of the last prompt is now: the same one, else what stands in its place."""
        now = self.prompt.regions if self.prompt else ()
        same = [p for p in self.parts if (now[p].kind, now[p].id) == (before.kind, before.id)]
        return min(same or self.parts, key=lambda part: abs(part - self.at))

    def lay_out(self, width: int) -> list[MarginLine]:
        """The prompt's lines."""
        if self.prompt is None:
            return []
        return regions.lay_out(self.prompt, width, self.marks or regions.NO_MARKS)

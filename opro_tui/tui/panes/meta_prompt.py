"""The exact text that the next step sends to the optimizer, or that a past one sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.content import Content

from opro_tui.tui.later import Later
from opro_tui.tui.panes.pane import Pane
from opro_tui.tui.parts import SEPARATOR, fitting
from opro_tui.tui.widgets.prompt_view import PromptView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType

    from opro_tui.core.meta_prompt import MetaPrompt
    from opro_tui.core.state import State, Step
    from opro_tui.tui import regions, view
    from opro_tui.tui.parts import Part
    from opro_tui.tui.view import Situation
else:
    regions = Later("opro_tui.tui.regions")
    view = Later("opro_tui.tui.view")


class SteppedPrompt(PromptView):
    """A meta-prompt between those of other steps."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "screen.older_prompt", "Older prompt", show=False),
        Binding("right", "screen.newer_prompt", "Newer prompt", show=False),
    ]


class MetaPromptPane(Pane):
    """The next meta-prompt with its regions, or a past one to look at."""

    def __init__(self) -> None:
        self.text = SteppedPrompt(id="prompt")
        super().__init__(self.text, id="meta-prompt", title="META-PROMPT")

    def draw(
        self,
        state: State,
        now: Situation,
        prompt: MetaPrompt | None,
        past: Step | None,
        marks: regions.Marks,
    ) -> None:
        """Draw a prompt.

        Args:
            state: The session's state.
            now: What is known beside it.
            prompt: The next prompt; None while it is being worked out.
            past: The step whose prompt is drawn instead.
            marks: What the person did to the regions.
        """
        if past is not None and past.prompt is not None:
            self.entitle(regions.past_title(past.number, past.prompt.tokens))
        else:
            self.entitle(view.meta_prompt_title(state, now))
        self.set_class(past is not None, "-past")
        empty = "Working out the next meta-prompt…"
        if now.missing_code:
            empty = "Only the task's own code can make the next one; < shows those that were sent."
        self.text.show(prompt, marks, empty=empty)

    def tell(self, parts: Sequence[Part]) -> None:
        """Say something about the marked region in the frame's lower edge."""
        room = max(0, self.size.width - 4)
        words = SEPARATOR.join(part.text for part in fitting(parts, room))
        content = Content(words)
        if self.border_subtitle != content.markup:
            self.border_subtitle = content

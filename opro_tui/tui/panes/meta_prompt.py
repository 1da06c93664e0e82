"""The exact text that the next step sends to the optimizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.tui import view
from opro_tui.tui.panes.pane import Pane
from opro_tui.tui.widgets.prompt_view import PromptView

if TYPE_CHECKING:
    from opro_tui.core.meta_prompt import MetaPrompt
    from opro_tui.core.state import State
    from opro_tui.tui.view import Situation


class MetaPromptPane(Pane):
    """The next meta-prompt with its regions."""

    def __init__(self) -> None:
        self.text = PromptView(id="prompt")
        super().__init__(self.text, id="meta-prompt")

    def draw(self, state: State, now: Situation, prompt: MetaPrompt | None) -> None:
        """Draw the next prompt; None while it is being worked out."""
        self.entitle(view.meta_prompt_title(state, now))
        self.text.show(prompt, state.pinned, empty="Working out the next meta-prompt…")

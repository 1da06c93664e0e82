"""What a person does with the screen itself: help, palette, messages, copy, mouse."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import getters
from textual.screen import Screen

from opro_tui.tui import bindings, screens
from opro_tui.tui.later import Later
from opro_tui.tui.panes.chart import ChartPane
from opro_tui.tui.panes.meta_prompt import MetaPromptPane

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.binding import ActiveBinding

    from opro_tui.core.state import State
    from opro_tui.tui import copying
    from opro_tui.tui.commands import Command
    from opro_tui.tui.copying import Copy
    from opro_tui.tui.panes.pane import Pane
    from opro_tui.tui.steering import Steering
    from opro_tui.tui.widgets.row_list import RowList
else:
    copying = Later("opro_tui.tui.copying")


PALETTE_WIDTH = 12


def _stays(active: ActiveBinding) -> bool:
    return active.binding.id in ("help", "quit")


class ScreenActions(Screen[None]):
    """The actions on the screen."""

    chart_pane = getters.query_one(ChartPane)

    steering: Steering
    keymap: Mapping[str, str]
    table: tuple[Command, ...]

    if TYPE_CHECKING:

        @property
        def state(self) -> State:
            """The session's state now."""

        @property
        def panes(self) -> list[Pane]:
            """The panes, in the order of Tab."""

        @property
        def list_in_focus(self) -> RowList:
            """The list that keys for a solution mean."""

        def say(self, text: str, *, severe: bool = False) -> None:
            """A short notice."""

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """What the footer shows: the keys of the active pane and the common ones that fit.

        Help and quit always stay.
        """
        found = super().active_bindings
        pane = self.active_pane
        here = "" if pane is None else pane.id or ""
        wide = self.has_class("-normal") or self.has_class("-wide")
        for key, each in found.items():
            if each.binding.id == "quit":
                label = self.table[-1].label
                label = label if wide else label.split()[0]
                found[key] = each._replace(binding=replace(each.binding, description=label))
        firsts = {each.binding.action: key for key, each in reversed(found.items())}
        shown = [key for key in firsts.values() if found[key].binding.show]
        room = self.app.size.width - (PALETTE_WIDTH if wide else 0)
        room -= sum(self._footer_width(found[key]) for key in shown if _stays(found[key]))
        kept = set()
        for key in found:
            command = bindings.BY_ID.get(found[key].binding.id or "")
            if key not in shown or _stays(found[key]):
                continue
            width = self._footer_width(found[key])
            mine = command is None or not command.panes or here in command.panes
            if width <= room and mine:
                room -= width
                kept.add(found[key].binding.action)
        for key, each in found.items():
            binding = each.binding
            if binding.show and binding.action not in kept and not _stays(each):
                found[key] = each._replace(binding=replace(binding, show=False))
        return found

    def _footer_width(self, active: ActiveBinding) -> int:
        """Cells that a key takes in the footer."""
        key = self.app.get_key_display(active.binding)
        return cell_len(key) + cell_len(active.binding.description) + 2

    def on_resize(self) -> None:
        """Show as many keys as there is room for."""
        self.refresh_bindings()

    @property
    def active_pane(self) -> Pane | None:
        """The pane that has, or last had, the focus."""
        return next((pane for pane in self.panes if pane.has_class("-active")), None)

    def action_help(self) -> None:
        """Show every action, those of the focused pane first."""
        pane = self.active_pane
        name = "" if pane is None else pane.id or ""
        self.app.push_screen(screens.HelpLayer(self.keymap, self.table, pane=name))

    def action_palette(self) -> None:
        """Open the palette."""
        self.app.action_command_palette()

    def action_messages(self) -> None:
        """Show every warning so far."""
        warnings = self.state.warnings
        text = "\n\n".join(f"step {item.step}: {item.message}" for item in warnings)
        self.app.push_screen(screens.Reader("Messages", text or "There are no warnings."))

    async def action_about(self) -> None:
        """Show what the session was made with, and whether its data is still what it was."""
        from opro_tui.engine.provenance import provenance
        from opro_tui.tui.edit_words import moment

        found = await provenance(self.steering.session)
        lines = [("made", moment(found.made)), *found.lines()[1:]]
        text = "\n".join(f"{name}: {words}" for name, words in lines)
        self.app.push_screen(screens.Reader("About this session", "", lines, copies=text))

    def action_mouse(self) -> None:
        """Give the mouse to the terminal, or take it back."""
        mouse = getattr(self.app, "action_mouse", None)
        if mouse is not None:
            mouse()

    @property
    def whole(self) -> str:
        """What a pager reads: the meta-prompt from its pane, else the selected solution."""
        pane = self.active_pane
        if isinstance(pane, MetaPromptPane):
            return "" if pane.text.prompt is None else pane.text.prompt.text
        key = self.list_in_focus.key
        return "" if key is None else self.state.candidates[key].text

    async def action_page(self) -> None:
        """Read what is there in the person's own pager."""
        if self.whole:
            await self.app.run_action("app.page")
        else:
            self.say("There is nothing to read here yet.")

    def action_copy(self) -> None:
        """Offer what can be copied from where the cursor is."""
        offers = self._copies()
        if not offers:
            self.say("There is nothing to copy yet.")
            return

        def answered(name: str | None) -> None:
            chosen = next((offer for offer in offers if offer.name == name), None)
            if chosen is not None:
                self._copy(chosen)

        self.app.push_screen(copying.menu(offers), answered)

    def _copies(self) -> list[Copy]:
        pane = self.active_pane
        if isinstance(pane, MetaPromptPane):
            return copying.of_prompt(pane.text.prompt, pane.text.region_at)
        if isinstance(pane, ChartPane):
            if pane.shows_picture:
                return copying.of_picture(pane.view.text)
            return copying.of_chart(self.chart_pane.chart.points)
        rows = self.list_in_focus
        return copying.of_rows(self.state, rows.key, rows.keys)

    def _copy(self, copy: Copy) -> None:
        """Send a text to the terminal; what terminals drop goes to a file if the person wants."""
        text = copy.text()
        if not copying.too_long(text):
            self.app.copy_to_clipboard(text)
            return

        def named(path: str | None) -> None:
            if path is not None:
                self.say(copying.write(path, text))

        self.app.push_screen(copying.ask_file(text, f"{self.steering.name}-{copy.file}"), named)

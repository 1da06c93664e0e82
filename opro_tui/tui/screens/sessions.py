"""The screen of sessions: what `opro-tui` alone opens, with all that is done there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from opro_tui.core.retention import KEPT_DAYS
from opro_tui.tui import screens
from opro_tui.tui import sessions_view as view
from opro_tui.tui.format import plural, safe
from opro_tui.tui.later import Later
from opro_tui.tui.messages import Failed, SessionAsked
from opro_tui.tui.options import options
from opro_tui.tui.screens.session_list import SessionList
from opro_tui.tui.session_commands import SESSION_COMMANDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from opro_tui.engine.listing import Entry
    from opro_tui.tui import copying
    from opro_tui.tui.archive import Archive
else:
    copying = Later("opro_tui.tui.copying")


class SessionsScreen(SessionList):
    """The list of sessions with everything that can be done to one, or to some."""

    def say(self, text: str) -> None:
        """A short notice, never read as markup."""
        self.notify(safe(text, 200), markup=False)

    def on_row_list_chosen(self) -> None:
        """Open the chosen session."""
        self.action_open()

    def action_open(self) -> None:
        """Open the selected session's workbench."""
        if self.selected is not None:
            self.post_message(SessionAsked(self.selected.name))

    def action_new(self) -> None:
        """Make a session."""
        if self.app.screen is not self:
            return

        def made(name: str | None) -> None:
            if name is not None:
                self.post_message(SessionAsked(name))

        self.app.push_screen(screens.NewSession(self.shelf), made)

    def action_demo(self) -> None:
        """Make a session on simulated models and open it; a second key while it is made is one."""
        if self._making_demo:
            return
        self._making_demo = True

        async def make() -> None:
            try:
                self.post_message(SessionAsked(await self.shelf.demo()))
            finally:
                self._making_demo = False

        self._work(make, "act", "The demo can't be made")

    def _names(self) -> set[str]:
        return {entry.name for entry in self.entries.values()}

    def action_rename(self) -> None:
        """Ask for another name."""
        entry = self.selected
        if entry is None:
            return
        taken = self._names() - {entry.name}

        def answered(new: str | None) -> None:
            if new is not None and new != entry.name:
                job = partial(self._done, self.shelf.rename, (entry.name, new), new)
                self._work(job, "act", "It can't be renamed")

        check = partial(view.name_problem, taken=taken)
        self.app.push_screen(
            screens.Prompt("Rename", "The session's name.", entry.name, check), answered
        )

    async def _done(
        self, act: Callable[..., Awaitable[None]], arguments: tuple[object, ...], name: str
    ) -> None:
        await act(*arguments)
        self.reload(name)

    def _ask_name(self, title: str, text: str, value: str, then: Callable[[str], None]) -> None:
        def answered(new: str | None) -> None:
            if new is not None:
                then(new)

        check = partial(view.name_problem, taken=self._names())
        self.app.push_screen(screens.Prompt(title, text, value, check), answered)

    def action_duplicate(self) -> None:
        """Make a session with the same task and settings."""
        entry = self.selected
        if entry is None:
            return

        def then(new: str) -> None:
            job = partial(self._done, self.shelf.duplicate, (entry.name, new), new)
            self._work(job, "act", "It can't be duplicated")

        async def ask() -> None:
            text = "A new session with the same task, present settings and starting solutions."
            self._ask_name("Duplicate", text, await self.shelf.free_name(entry.name), then)

        self._work(ask, "act", "It can't be duplicated")

    def action_fork(self) -> None:
        """Ask from which step to go on, and under which name."""
        entry = self.selected
        if entry is None:
            return

        async def ask() -> None:
            state = await self.shelf.state(entry.name)
            finished = [step.number for step in state.steps if step.finished_seq]
            if not finished:
                self.say("A fork goes on from a finished step; this session has none yet.")
                return
            self._ask_step(entry, max(finished))

        self._work(ask, "act", "It can't be forked")

    def _ask_step(self, entry: Entry, last: int) -> None:
        def answered(value: str | None) -> None:
            if value is not None:
                self._work(partial(name, int(value)), "act", "It can't be forked")

        async def name(step: int) -> None:
            text = f"Go on from step {step} of {safe(entry.name, 60)} under the name:"
            free = await self.shelf.free_name(f"{entry.name[:80]}-fork")
            self._ask_name("Fork", text, free, partial(fork, step))

        def fork(step: int, new: str) -> None:
            job = partial(self._done, self.shelf.fork, (entry.name, step, new), new)
            self._work(job, "act", "It can't be forked")

        text = (
            f"Share the past of {safe(entry.name, 60)} up to the results of which step? "
            f"0 to {last}; 0 is the starting solutions' scores."
        )
        check = partial(view.step_problem, last=last)
        self.app.push_screen(screens.Prompt("Fork", text, str(last), check), answered)

    def action_delete(self) -> None:
        """Delete what is marked, or what is selected, after saying what is lost."""
        wanted = [self.entries[id_] for id_ in self._lines if id_ in self.marked]
        if not wanted and self.selected is not None:
            wanted = [self.selected]
        if not wanted:
            self.say("The marked sessions are not among those shown. Escape shows all.")
            return
        ids = {entry.id for entry in wanted}
        forks = sum(e.parent in ids and e.id not in ids for e in self.entries.values())

        def answered(answer: str | None) -> None:
            if answer == "delete":
                names = [entry.name for entry in wanted]
                self._work(partial(self._delete, names), "act", "They can't be deleted")

        title = f"Delete {plural(len(wanted), 'session')}?"
        answers = (("keep", "n", "Keep"), ("delete", "y", "Delete"))
        self.app.push_screen(
            screens.Question(title, view.what_is_lost(wanted, forks), answers), answered
        )

    async def _delete(self, names: list[str]) -> None:
        problems = await self.shelf.delete(names)
        deleted = len(names) - len(problems)
        self.reload()
        if problems:
            self.post_message(Failed("Some are kept", "\n".join(problems)))
        if deleted:
            self.say(f"Deleted {plural(deleted, 'session')}; for {KEPT_DAYS} days u undeletes.")

    def action_undelete(self) -> None:
        """Choose a deleted session and bring it back."""

        async def ask() -> None:
            found = await self.shelf.deleted()
            if not found:
                self.say("No deleted session can be brought back.")
                return
            last = {gone.record.name: gone for gone in reversed(found)}
            options = [(name, view.kept_until(last[name])) for name in reversed(last)]
            note = "Of several with one name, the one deleted last comes back."
            self.app.push_screen(
                screens.Choose("Bring back which session?", options, note=note, label="session"),
                answered,
            )

        def answered(name: str | None) -> None:
            if name is not None:
                self._work(partial(bring_back, name), "act", "It can't be brought back")

        async def bring_back(name: str) -> None:
            new = await self.shelf.free_name(name)
            await self._done(self.shelf.undelete, (name, new), new)

        self._work(ask, "act", "The deleted sessions can't be read")

    def action_copy(self) -> None:
        """Offer what can be copied of the list."""
        if self.selected is None:
            return
        shown = [self.entries[id_] for id_ in self.rows.keys]
        offers = copying.of_sessions(self.selected, shown)

        def answered(name: str | None) -> None:
            chosen = next((offer for offer in offers if offer.name == name), None)
            if chosen is not None:
                self.app.copy_to_clipboard(chosen.text())

        self.app.push_screen(copying.menu(offers), answered)

    async def action_mouse(self) -> None:
        """Give the mouse to the terminal, or take it back."""
        await self.app.run_action("app.mouse")

    # Looking back

    @property
    def chart(self) -> str:
        """Which characters draw charts."""
        return options(self.shelf.config).chart

    @property
    def archive(self) -> Archive:
        """The sessions as the screens that look back read them."""
        from opro_tui.tui.archive import Archive

        return Archive(self.shelf.database, self.shelf.config)

    def action_replay(self) -> None:
        """Play the selected session again."""
        if self.selected is not None:
            self.app.push_screen(
                screens.ReplayScreen(self.archive, self.selected.name, chart=self.chart)
            )

    def action_costs(self) -> None:
        """Show what the selected session cost."""
        if self.selected is not None:
            self.app.push_screen(
                screens.CostsScreen(self.archive, self.selected.name, chart=self.chart)
            )

    def action_compare(self) -> None:
        """Compare the two marked sessions, or the marked one with the selected one."""
        ids = [id_ for id_ in self._lines if id_ in self.marked]
        selected = self.selected
        if len(ids) == 1 and selected is not None and selected.id not in ids:
            ids.append(selected.id)
        if len(ids) != 2:
            self.say("Mark two sessions with space, then compare them.")
            return
        # The older one is A: a fork then stands against its parent.
        first, second = (self.entries[id_].name for id_ in sorted(ids))
        self.app.push_screen(screens.CompareScreen(self.archive, first, second, chart=self.chart))

    def action_ablation(self) -> None:
        """Show the ablation that the selected session belongs to."""
        label = self.selected.label if self.selected is not None else None
        if label is not None:
            self.show_ablation(label.ablation)

    def show_ablation(self, name: str) -> None:
        """Show an ablation."""
        self.app.push_screen(screens.AblationScreen(self.archive, name, chart=self.chart))

    # Layers

    def action_help(self) -> None:
        """Show every action."""
        self.app.push_screen(screens.HelpLayer(self.keymap, SESSION_COMMANDS, "sessions"))

    def action_palette(self) -> None:
        """Open the palette."""
        self.app.action_command_palette()

    async def action_quit(self) -> None:
        """Leave the program; asks while something is being measured."""
        await self.app.action_quit()

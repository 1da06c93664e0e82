"""Running an ablation from the command line: checks, price, run, table, exit code."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from opro_tui.cli import ablation as telling
from opro_tui.cli import output
from opro_tui.cli.opening import database
from opro_tui.cli.signals import INTERRUPTED, signals
from opro_tui.core.errors import BadInput
from opro_tui.engine.ablation import plan, stored
from opro_tui.engine.ablation.price import price
from opro_tui.engine.ablation.report import to_json
from opro_tui.engine.ablation.runner import Ablation
from opro_tui.engine.ablation.table import read
from opro_tui.engine.loop import EXIT_CODES
from opro_tui.store.database import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from opro_tui.cli.root import App
    from opro_tui.core.events import Stopped
    from opro_tui.engine.ablation.outcome import Outcome
    from opro_tui.engine.ablation.plan import Cell
    from opro_tui.engine.ablation.runner import Options
    from opro_tui.engine.ablation.stored import Entry


class Ablating:
    """One call of `ablate`.

    Args:
        app: Says which database.
        name: The ablation's name.
        options: Budget, held-out scores and controls.
        planned: The sessions that were asked for; None goes on with those that are stored.
        plain: Whether no line is redrawn.
        as_json: Whether stdout gets the document and nothing else.
    """

    def __init__(
        self,
        app: App,
        name: str,
        options: Options,
        planned: Sequence[Cell] | None,
        *,
        plain: bool = False,
        as_json: bool = False,
    ) -> None:
        self._app = app
        self._name = name
        self._options = options
        self._planned = planned
        self._watcher = telling.Watcher(plain=plain)
        self._as_json = as_json

    async def dry_run(self) -> int:
        """Say arms and price; nothing of the database is changed."""
        async with self._looked_at() as store:
            work = self._work(store, await self._entries(store))
            await self._tell_price(store, await work.survey(readonly=True), output.say)
        return 0

    @asynccontextmanager
    async def _looked_at(self) -> AsyncIterator[Store]:
        """The database; where it lacks a planned session, one with all of them that goes again."""
        if self._planned is None:
            async with _existing(self._app, self._name) as store:
                yield store
            return
        if self._app.db.exists():
            async with database(self._app, readonly=True) as store:
                if not await plan.missing(store, self._planned):
                    yield store
                    return
        with TemporaryDirectory(prefix="opro-tui-") as folder:
            store = await Store.open(Path(folder) / "dry-run.db")
            try:
                await plan.make(store, self._planned)
                yield store
            finally:
                await store.close()

    async def run(self) -> int:
        """Make what is missing, say the price, run, and print the table."""
        opened = database(self._app)
        if self._planned is None:
            opened = _existing(self._app, self._name, readonly=False)
        async with opened as store:
            if self._planned is not None:
                await plan.make(store, self._planned)
            work = self._work(store, await self._entries(store))
            surveyed = await work.survey()
            await self._tell_price(store, surveyed, output.note)
            ended = await self._go(work)
            if self._watcher.broken_off:
                output.note(
                    "broken off; what was answered is kept, what was on its way may be billed;"
                    " the same command goes on"
                )
                return INTERRUPTED
            await self._tell_table(store)
        return self._end(ended)

    async def _entries(self, store: Store) -> list[Entry]:
        return await stored.entries(store, self._name)

    def _work(self, store: Store, everything: list[Entry]) -> Ablation:
        entries = everything
        if self._planned is not None:
            entries = plan.selected(everything, self._planned)
        config, options = self._app.config, self._options
        return Ablation(store, config, entries, options, self._watcher.tell, everything)

    async def _tell_price(
        self, store: Store, surveyed: Sequence[Outcome], say: Callable[[str], None]
    ) -> None:
        left = await price(store, surveyed, self._options, self._app.config)
        for line in telling.plan_lines(self._name, surveyed):
            say(line)
        for line in telling.price_lines(left, self._options):
            say(line)

    async def _go(self, work: Ablation) -> Stopped | None:
        self._watcher.follow(work)
        ended = None
        with signals(self._watcher.interruption(work)):
            try:
                async with self._watcher:
                    ended = await work.run()
            except asyncio.CancelledError:
                if not self._watcher.broken_off:
                    raise
        return ended

    async def _tell_table(self, store: Store) -> None:
        found = await read(store, await self._entries(store), self._app.config)
        if self._as_json:
            output.document(to_json(found, self._options))
            return
        for line in telling.lines(found):
            output.say(line)
        output.say(f"curves: opro-tui ablate --name {self._name} --show")

    def _end(self, ended: Stopped | None) -> int:
        if ended is None:
            return 0
        output.note(f"stopped: {output.one_line(ended.message)}")
        output.note("what was paid for is kept, and the same command goes on")
        return EXIT_CODES.get(ended.code, 1)


async def check_there(app: App, name: str) -> None:
    """Refuse a name that no ablation has.

    Raises:
        BadInput: There is none.
    """
    async with _existing(app, name) as store:
        await stored.entries(store, name)


async def show(app: App, name: str, *, as_json: bool) -> int:
    """Print the table of an ablation as it is; nothing is spent."""
    async with _existing(app, name) as store:
        found = await read(store, await stored.entries(store, name), app.config)
    if as_json:
        output.document(to_json(found))
        return 0
    for line in telling.lines(found):
        output.say(line)
    return 0


@asynccontextmanager
async def _existing(app: App, name: str, *, readonly: bool = True) -> AsyncIterator[Store]:
    """The database that an ablation is to be found in; a missing one is not created."""
    if not app.db.exists():
        raise BadInput(
            f"there is no ablation {name!r}",
            where="--name",
            todo=f"Give --task and --vary to make one; there is no database {app.db} yet.",
        )
    async with database(app, readonly=readonly) as store:
        yield store

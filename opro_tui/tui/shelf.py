"""The sessions screen's and the form's hands on the engine; each call closes the database.

Nothing here draws, and nothing there opens a database or asks a model.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import OproError
from opro_tui.core.names import check_name
from opro_tui.store import glance
from opro_tui.tui import warming
from opro_tui.tui.later import Later

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from opro_tui.config import Config
    from opro_tui.core.state import State
    from opro_tui.engine import create as creating
    from opro_tui.engine import discovery, listing, provenance
    from opro_tui.engine import offload as offloading
    from opro_tui.engine import preview as pricing
    from opro_tui.engine.create import Draft, Prepared
    from opro_tui.engine.discovery import ModelOffer
    from opro_tui.engine.listing import Entry
    from opro_tui.engine.preview import Preview
    from opro_tui.store import connection, database
    from opro_tui.store.database import Store
    from opro_tui.store.records import DeletedSession
else:
    creating = Later("opro_tui.engine.create")
    discovery = Later("opro_tui.engine.discovery")
    listing = Later("opro_tui.engine.listing")
    offloading = Later("opro_tui.engine.offload")
    pricing = Later("opro_tui.engine.preview")
    provenance = Later("opro_tui.engine.provenance")
    connection = Later("opro_tui.store.connection")
    database = Later("opro_tui.store.database")

DEMO = {"task": "sums", "optimizer": "simulated", "scorer": "simulated"}

KEYRING_SECONDS = 5.0
"""How long a form waits for a keyring, which is asked again when a key is needed."""


class Shelf:
    """All sessions of a database.

    Attributes:
        database: Its file, which may not exist yet.
        config: Providers and prices.
    """

    def __init__(self, database: Path, config: Config) -> None:
        self.database = database
        self.config = config

    @asynccontextmanager
    async def _store(self, *, write: bool = True) -> AsyncIterator[Store]:
        """The database; looking changes one that sessions are run in, and no other."""
        await warming.ready()
        looking = not write and not await asyncio.to_thread(connection.worked_on, self.database)
        store = await database.Store.open(self.database, readonly=looking, copying=looking)
        try:
            yield store
        finally:
            await store.close()

    async def entries(self) -> AsyncIterator[list[Entry]]:
        """The sessions, first as far as they are known at once; a missing database has none.

        Raises:
            StoreError: The database can't be read.
        """
        if not self.database.exists():
            yield []
            return
        async with self._store(write=False) as store:
            async for found in listing.entries(store):
                yield found

    async def stamp(self) -> object:
        """What is another once somebody, here or in another process, has stored something."""
        return await asyncio.to_thread(glance.stamp, self.database)

    async def state(self, name: str) -> State:
        """A session's state now."""
        async with self._store(write=False) as store:
            return await listing.state_of(store, name, self.config)

    async def free_name(self, base: str) -> str:
        """The base, or the first of base-2, base-3 … that is free."""
        if not self.database.exists():
            return base
        async with self._store(write=False) as store:
            return await store.free_name(base)

    async def rename(self, old: str, new: str) -> None:
        """Give a session another name.

        Raises:
            BadInput: It is none, or taken.
        """
        check_name(new)
        async with self._store() as store:
            await store.rename(old, new)

    async def duplicate(self, name: str, new: str) -> None:
        """Make a session with the same task and settings."""
        async with self._store() as store:
            await listing.duplicate(store, name, new, self.config)

    async def fork(
        self, name: str, step: int | None, new: str, values: Mapping[str, Any] | None = None
    ) -> None:
        """Make a session that goes on from another, as `engine.fork` has it.

        Raises:
            BadInput: The step isn't finished, the name is taken, or a setting can't change.
        """
        async with self._store() as store:
            await listing.fork(store, name, step, new, self.config, values)

    async def delete(self, names: list[str]) -> list[str]:
        """Delete sessions; returns what kept some from being deleted, one line each."""
        problems = []
        async with self._store() as store:
            for name in names:
                try:
                    await listing.delete(store, name)
                except OproError as error:
                    problems.append(str(error))
        return problems

    async def deleted(self) -> list[DeletedSession]:
        """The sessions that can be brought back, the one deleted last first."""
        if not self.database.exists():
            return []
        async with self._store(write=False) as store:
            return await store.deleted()

    async def undelete(self, name: str, new: str) -> None:
        """Bring back the session of a name that was deleted last, under another name or its own.

        Raises:
            BadInput: It is gone, or the name is taken.
        """
        async with self._store() as store:
            await store.undelete(name, new)

    async def demo(self) -> str:
        """Make a session on the simulated models; returns its name."""
        name = await self.free_name("demo")
        draft = creating.Draft(name=name, values=DEMO)
        return await self.create(await self.prepare(draft))

    async def prepare(self, draft: Draft) -> Prepared:
        """Check a draft and read its data, off the event loop.

        In a thread that the program doesn't wait for when it ends: a user's module may hang.

        Raises:
            BadInput: Something in it can't be used.
        """
        return await offloading.offload(partial(creating.prepare, draft, self.config), None)

    async def price(self, prepared: Prepared, steps: int) -> Preview:
        """What a draft would cost, off the event loop.

        Raises:
            OproError: It can't be priced.
        """

        def work() -> Preview:
            return asyncio.run(pricing.preview(prepared, self.config, steps))

        return await offloading.offload(work, None)

    async def missing_keys(self, prepared: Prepared) -> list[str]:
        """What keeps a draft's models from being called, one line each."""
        settings, task = prepared.settings, prepared.task
        return await discovery.missing_keys(settings, task, self.config, seconds=KEYRING_SECONDS)

    def unencrypted(self, prepared: Prepared) -> tuple[str, ...]:
        """Warnings of a draft's addresses at which others can read what is sent."""
        return provenance.unencrypted(prepared.settings, self.config)

    async def create(self, prepared: Prepared, name: str = "") -> str:
        """Store a new session; returns its name. Nothing is spent.

        Raises:
            BadInput: The name is taken.
        """
        if name:
            prepared = replace(prepared, draft=replace(prepared.draft, name=name))
        async with self._store() as store:
            return (await creating.create(store, prepared)).name

    async def offers(self) -> list[ModelOffer]:
        """The models that can be called from here."""
        return await discovery.find_models(self.config)

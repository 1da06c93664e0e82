"""Opening the database and a session for a command, and letting go of both."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from opro_tui import garbage
from opro_tui.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from opro_tui.cli.root import App
    from opro_tui.engine.session import Session
    from opro_tui.store.database import Store

    T = TypeVar("T")


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's asynchronous part.

    A signal that ends programs cancels it, as ^C does, so that what is half done is put away; where
    calls are in flight, the command listens itself.

    Raises:
        Abort: Such a signal came.
    """
    import asyncio

    import click

    from opro_tui.cli.signals import signals

    async def told() -> T:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - this is one

        def cancel(_number: int) -> None:
            task.cancel()

        with signals(cancel, ("SIGTERM", "SIGHUP")):
            return await work

    garbage.wake()
    try:
        return asyncio.run(told())
    except asyncio.CancelledError:
        raise click.Abort from None


@asynccontextmanager
async def database(app: App, *, readonly: bool = False) -> AsyncIterator[Store]:
    """The database; one that is to be written is created where there is none.

    One that an earlier version of the program left is migrated first, also to be read; but a file
    that no program works on (a recorded one, a backup) or that can't be written stays as it is, and
    a migrated copy of it is read.

    Raises:
        StoreError: It can't be opened.
    """
    from opro_tui.cli.output import note
    from opro_tui.store.connection import OlderSchema, worked_on
    from opro_tui.store.database import Store

    backup = None
    try:
        store = await Store.open(app.db, readonly=readonly)
        backup = store.backup
    except OlderSchema:
        if worked_on(app.db):
            migrated = await Store.open(app.db)
            backup = migrated.backup
            await migrated.close()
            store = await Store.open(app.db, readonly=readonly)
        else:
            store = await Store.open(app.db, readonly=readonly, copying=True)
            older = f"{app.db} is of an older version"
            note(f"{older}: a migrated copy is read, and the file is not changed")
    try:
        if backup is not None:
            note(f"{app.db} was brought up to date; what it was is kept as {backup.name}")
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def existing_database(app: App, name: str, *, readonly: bool = True) -> AsyncIterator[Store]:
    """The database that a session is to be found in; a missing one is not created.

    Raises:
        BadInput: There is no database, hence no such session.
        StoreError: It can't be opened.
    """
    if not app.db.exists():
        raise BadInput(
            f"there is no session {name!r}, for there is no database {app.db} yet",
            todo="Make one with `opro-tui demo` or `opro-tui new`.",
        )
    async with database(app, readonly=readonly) as store:
        yield store


def must_have(app: App, name: str) -> None:
    """Refuse a session that isn't there before a screen opens.

    Raises:
        BadInput: There is no such session.
        StoreError: The database can't be opened.
    """
    from opro_tui.store.glance import has_session

    if not has_session(app.db, name):
        wait_for(_find(app, name))


async def _find(app: App, name: str) -> None:
    async with existing_database(app, name) as store:
        await store.session(name)


@asynccontextmanager
async def opened(
    app: App, name: str, *, readonly: bool = True
) -> AsyncIterator[tuple[Store, Session]]:
    """A session with its database.

    Args:
        app: Says which database.
        name: The session.
        readonly: Only look, which also works while another process runs it.

    Raises:
        BadInput: There is no such session.
        SessionBusy: Another process runs it.
        StoreError: The database can't be opened.
    """
    from opro_tui.engine.session import Session

    async with existing_database(app, name, readonly=readonly) as store:
        session = await Session.open(store, name, app.config, readonly=readonly)
        try:
            yield store, session
        finally:
            await session.close()

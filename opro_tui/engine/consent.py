"""Making a stored session's task again, without running code that a stranger's file names."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput, CodeMissing
from opro_tui.core.usage import ROLES
from opro_tui.engine.offload import offload
from opro_tui.tasks import factory

if TYPE_CHECKING:
    from opro_tui.core.protocols import Task
    from opro_tui.core.settings import Settings
    from opro_tui.store.database import Store
    from opro_tui.store.records import SessionRecord

ALLOWED = "OPRO_TUI_ALLOW_PYTHON"
"""The environment variable with references that imported sessions may run, commas between."""


async def task_of(store: Store, record: SessionRecord) -> Task:
    """A stored session's task.

    Raises:
        CodeMissing: Its own code can't be had, or would run although nobody has agreed to it.
        BadInput: It can't be made.
    """
    await check_consent(store, record)
    examples = await store.examples(record.id)
    if not factory.python_references(record.task_spec):
        return factory.restore(record.task_spec, examples)
    try:
        # A user's module may take its time to import, which has limits of its own.
        return await offload(partial(factory.restore, record.task_spec, examples), None)
    except BadInput as error:
        raise CodeMissing(error.what, where=error.where, todo=error.todo) from error


async def task_to_look_at(store: Store, record: SessionRecord) -> Task:
    """A stored session's task for looking back: no code that it names is run, none need be there.

    Raises:
        CodeMissing: Nothing can be told of its scores without its own code, which can't be had.
        BadInput: It can't be made.
    """
    task = factory.restore_to_look(record.task_spec, await store.examples(record.id))
    return await task_of(store, record) if task is None else task


async def task_to_read(store: Store, record: SessionRecord) -> Task:
    """A stored session's task for a read-only session.

    A user's own task is made where its code can be had, for the next meta-prompt depends on it; a
    user's metric is never needed, for nothing is graded.

    Raises:
        BadInput: As `task_to_look_at`.
    """
    if record.task_spec.get("kind") == "python":
        with suppress(CodeMissing):
            return await task_of(store, record)
    return await task_to_look_at(store, record)


async def check_consent(store: Store, record: SessionRecord) -> None:
    """Refuse to run the code that an imported session, or what was made from one, names.

    Raises:
        CodeMissing: Nobody has agreed to it; names the code, and how to agree.
    """
    given = {name.strip() for name in os.environ.get(ALLOWED, "").split(",")}
    for reference in await strange_code(store, record):
        if reference not in given:
            own = record.imported is not None
            came = "was imported" if own else "comes from an imported session"
            again = ", or import the file again with --allow-python" if own else ""
            raise CodeMissing(
                f"{came} and would run the code {reference}",
                where=f"session {record.name}",
                todo=f"If you trust that code, set {ALLOWED}={reference}{again}.",
            )


async def strange_code(store: Store, record: SessionRecord) -> tuple[str, ...]:
    """The code of a session that a file named, and nobody agreed to when that was imported.

    A fork has what its parents' files named; a metric that the person gave a fork is none of that.
    """
    wanted = factory.python_references(record.task_spec)
    named: set[str] = set()
    seen: set[int] = set()
    while wanted:
        seen.add(record.id)
        if record.imported is not None and not record.imported.allow_python:
            named.update(factory.python_references(record.task_spec))
        if record.parent is None or record.parent in seen:
            break
        record = await store.session_by_id(record.parent)
    return tuple(reference for reference in wanted if reference in named)


async def strange_addresses(store: Store, record: SessionRecord, now: Settings) -> tuple[str, ...]:
    """The endpoints that a session's models are asked at and that a stranger's file named.

    Args:
        store: The database.
        record: The session.
        now: Its settings now; an address that the person gave it is none of those.
    """
    wanted = _addresses(now)
    named: set[str] = set()
    seen: set[int] = set()
    while wanted:
        seen.add(record.id)
        if record.imported is not None:
            named.update(_addresses(record.settings))
        if record.parent is None or record.parent in seen:
            break
        record = await store.session_by_id(record.parent)
    return tuple(address for address in wanted if address in named)


def _addresses(settings: Settings) -> tuple[str, ...]:
    found = (getattr(settings, f"{role}_url") for role in ROLES)
    return tuple(dict.fromkeys(address for address in found if address))

"""Making a stored session's task again, without running code that a stranger's file names."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput, CodeMissing
from opro_tui.tasks import factory

if TYPE_CHECKING:
    from opro_tui.core.protocols import Task
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
    check_consent(record)
    examples = await store.examples(record.id)
    try:
        return factory.restore(record.task_spec, examples)
    except BadInput as error:
        if factory.python_references(record.task_spec):
            raise CodeMissing(error.what, where=error.where, todo=error.todo) from error
        raise


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


def check_consent(record: SessionRecord) -> None:
    """Refuse to run the code that an imported session names, unless the person let it.

    Raises:
        CodeMissing: Nobody has agreed to it; names the code, and how to agree.
    """
    if record.imported is None or record.imported.allow_python:
        return
    given = {name.strip() for name in os.environ.get(ALLOWED, "").split(",")}
    for reference in factory.python_references(record.task_spec):
        if reference not in given:
            raise CodeMissing(
                f"was imported and would run the code {reference}",
                where=f"session {record.name}",
                todo=f"If you trust that code, set {ALLOWED}={reference}, or import the file again"
                " with --allow-python.",
            )

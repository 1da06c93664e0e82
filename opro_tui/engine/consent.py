"""Making a stored session's task again, without running code that a stranger's file names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput
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
        BadInput: It can't be made, or would run code that nobody has agreed to.
    """
    check_consent(record)
    return factory.restore(record.task_spec, await store.examples(record.id))


def check_consent(record: SessionRecord) -> None:
    """Refuse to run the code that an imported session names, unless the person let it.

    Raises:
        BadInput: Nobody has agreed to it; names the code, and how to agree.
    """
    if record.imported is None or record.imported.allow_python:
        return
    given = {name.strip() for name in os.environ.get(ALLOWED, "").split(",")}
    for reference in factory.python_references(record.task_spec):
        if reference not in given:
            raise BadInput(
                f"was imported and would run the code {reference}",
                where=f"session {record.name}",
                todo=f"If you trust that code, set {ALLOWED}={reference}, or import the file again"
                " with --allow-python.",
            )

"""Work that a screen starts and doesn't wait for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ParamSpec, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.dom import DOMNode
    from textual.worker import WorkType

P = ParamSpec("P")


def start(
    node: DOMNode,
    group: str,
    job: Callable[P, Awaitable[None]],
    *args: P.args,
    **options: P.kwargs,
) -> None:
    """Start a job that belongs to a screen; a later one of the same group overtakes it.

    The job is begun only by its worker: one that is overtaken before leaves nothing behind.
    """
    work = cast("WorkType[None]", partial(job, *args, **options))
    node.run_worker(work, group=group, exclusive=True, exit_on_error=False)

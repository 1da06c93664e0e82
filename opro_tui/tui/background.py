"""Work that a screen starts and doesn't wait for, or that waits for what was typed before."""

from __future__ import annotations

from functools import partial, wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from textual.dom import DOMNode
    from textual.screen import Screen
    from textual.worker import WorkType

WRITE_SECONDS = 0.005
"""What a frame has to be written in: the thread that writes it must not wait for what follows."""
P = ParamSpec("P")
S = TypeVar("S", bound="Screen[Any]")


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


def after_paint(screen: Screen[Any], job: Callable[[], object]) -> None:
    """Do something once a screen is painted and its frame is on its way to the terminal."""
    screen.call_after_refresh(screen.set_timer, WRITE_SECONDS, job)


def after_typing(action: Callable[[S], object]) -> Callable[[S], None]:
    """Let a screen's action wait until the field in focus has taken the keys typed before it.

    A key of priority is answered by the app at once, while those before it may still wait in the
    field's queue: what was typed quickly on a busy machine would be left out of what is saved.
    """

    @wraps(action)
    def later(screen: S) -> None:
        (screen.focused or screen).call_later(action, screen)

    return later

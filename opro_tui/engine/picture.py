"""The picture of a session: what its task draws of the solutions so far, off the event loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from opro_tui.core.errors import OproError
from opro_tui.core.picture import Picture, Seen, View
from opro_tui.engine.offload import offload

if TYPE_CHECKING:
    from opro_tui.core.protocols import Task
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State

SECONDS = 10.0
"""How long a user's own task may draw."""
MOST = 2000
"""Solutions that a picture is asked to show: the last so many and the best."""


def view(state: State, selected: int | None = None, zoom: int = 0) -> View:
    """What a picture of a session shall show.

    Args:
        state: The session.
        selected: The candidate that the person looks at, scored or not; None for the best.
        zoom: How often the window is halved.
    """
    best = state.best()
    chosen = None if selected is None else state.candidates.get(selected)
    ids = [id_ for id_ in sorted(state.ranking) if id_ not in state.dropped]
    return View(
        tuple(_seen(state.candidates[id_]) for id_ in ids[-MOST:]),
        None if best is None else _seen(best),
        None if chosen is None else _seen(chosen),
        zoom,
    )


def _seen(candidate: Candidate) -> Seen:
    score = candidate.score
    return Seen(candidate.id, candidate.text, None if score is None else score.value)


async def picture(
    task: Task, state: State, selected: int | None = None, zoom: int = 0
) -> Picture | None:
    """Draw a session, in a thread.

    Args:
        task: What is optimized.
        state: The session.
        selected: As for `view`.
        zoom: As for `view`.

    Returns:
        None for a task of which there is nothing to draw.

    Raises:
        OproError: The user's own task failed at it, or took too long.
    """
    draw = partial(_draw, task, state, selected, zoom)
    if task.trusted:
        return await asyncio.to_thread(draw)
    try:
        return await offload(draw, SECONDS)
    except TimeoutError:
        raise OproError("drawing took too long", where=task.name) from None
    except Exception as error:
        what = f"drawing failed ({type(error).__name__}: {str(error)[:200]})"
        raise OproError(what, where=task.name) from error


async def picture_if_any(task: Task, state: State) -> Picture | None:
    """The same of the best, for a report: a task that fails at it has none."""
    with suppress(OproError):
        return await picture(task, state)
    return None


def _draw(task: Task, state: State, selected: int | None, zoom: int) -> Picture | None:
    drawn = task.picture(view(state, selected, zoom))
    if drawn is not None and not isinstance(drawn, Picture):
        raise TypeError(f"picture gave {type(drawn).__name__} and no Picture")
    return drawn

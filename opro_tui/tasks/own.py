"""A user's own task: a class behind `python:module:Class`, or one that a package offers by name."""

from __future__ import annotations

import inspect
from functools import lru_cache, partial
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput
from opro_tui.core.protocols import Task
from opro_tui.tasks.user_code import Failed, Hangs, limited, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP = "opro_tui.tasks"
"""The entry points by which packages offer tasks."""
_BASE = "Derive the class from opro_tui.tasks.base.BaseTask."


@lru_cache(maxsize=1)
def installed() -> Mapping[str, str]:
    """The tasks that installed packages offer: name to `python:module:Class`."""
    found = {e.name: f"python:{e.module}:{e.attr}" for e in entry_points(group=GROUP)}
    return MappingProxyType(dict(sorted(found.items())))


def make(reference: str, seed: int, where: str = "", *, new: bool = False) -> Task:
    """Make the task that a reference names.

    Args:
        reference: `python:module:Class`.
        seed: Handed on where the class takes it.
        where: What the user wrote, for error texts.
        new: Whether a session is to be begun with it, so that it has to be sound.

    Raises:
        BadInput: There is no such class, it can't be made, or what it makes is no task.
    """
    where = where or f"--task {reference}"
    found = resolve(reference, "--task")
    try:
        return limited(partial(_make, found, seed, where, new))
    except Failed as error:
        raise BadInput(
            f"the task can't be made ({error})",
            where=where,
            todo="It is made without arguments, or with seed= where it takes that.",
        ) from error
    except Hangs as hangs:
        raise BadInput(
            f"the task is not made after {hangs}",
            where=where,
            todo="Mend it: what takes long belongs into compute() or grade().",
        ) from None


def _make(found: Any, seed: int, where: str, new: bool) -> Task:  # noqa: ANN401 - a user's class
    takes_seed = "seed" in inspect.signature(found).parameters
    task = found(seed=seed) if takes_seed else found()
    if not isinstance(task, Task):
        wanted = [name for name in _members() if not hasattr(task, name)]
        raise BadInput(
            f"{type(task).__name__} is no task: it lacks {', '.join(wanted)}",
            where=where,
            todo=_BASE,
        )
    if new and (problem := _problem(task)):
        raise BadInput(f"{type(task).__name__} is no task: {problem}", where=where)
    return task


def _members() -> list[str]:
    methods = [name for name, value in vars(Task).items() if inspect.isfunction(value)]
    names = [*Task.__annotations__, *methods]
    return [name for name in names if not name.startswith("_")]


def _problem(task: Task) -> str:
    """What is wrong with what a user's class says of itself, in a few words."""
    if not isinstance(task.name, str) or not task.name.strip():
        return "its name is no text"
    for flag in ("minimize", "bounded", "binary", "trusted"):
        if not isinstance(getattr(task, flag), bool):
            return f"its {flag} is neither True nor False"
    try:
        starts: Any = task.starting_solutions()
        starts = () if isinstance(starts, str) else tuple(starts)
        if not starts or not all(isinstance(text, str) for text in starts):
            return "its starting_solutions() gives no sequence of texts"
        for text in starts:
            reason = task.reject(task.clean(text)) if text else None
            if reason:
                return f"it rejects its own starting solution {text[:40]!r} ({str(reason)[:80]})"
    except Exception as error:  # noqa: BLE001 - whatever the user's code does
        return f"its starting solutions fail ({type(error).__name__}: {str(error)[:120]})"
    return ""

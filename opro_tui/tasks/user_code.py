"""Getting a user's function or class by its reference, `python:module:name`."""

from __future__ import annotations

import importlib
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from opro_tui.core.errors import BadInput, OproError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

SECONDS = 60.0
"""How long a user's module may take to be imported, or a user's class to be made."""

_hanging: dict[str, threading.Thread] = {}
"""Modules whose import never ended, with the thread that is still at it."""


class Failed(Exception):
    """A user's code raised something: its kind and words."""


class Hangs(Exception):
    """A user's code took too long: how long; the thread is still at it."""

    def __init__(self, thread: threading.Thread) -> None:
        super().__init__(f"{SECONDS:g} s")
        self.thread = thread


def limited(function: Callable[[], T]) -> T:
    """Call a function that runs a user's code, and wait for it no longer than SECONDS.

    It runs in a thread of its own, so that it can neither hang nor end the program.

    Raises:
        Hangs: It took longer; nothing can stop it, but it keeps nobody else.
        Failed: It raised something, or tried to end the program.
        OproError: As the function raises it.
    """
    done: list[T] = []
    failed: list[Exception] = []

    def work() -> None:
        try:
            done.append(function())
        except OproError as error:
            failed.append(error)
        except BaseException as error:  # noqa: BLE001 - whatever a user's code does
            failed.append(Failed(_in_words(error)))

    thread = threading.Thread(target=work, name="opro-user-code", daemon=True)
    thread.start()
    thread.join(SECONDS)
    if failed:
        raise failed[0]
    if not done:
        raise Hangs(thread)
    return done[0]


def _in_words(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {str(error)[:200]}".rstrip(": ")
    except BaseException:  # noqa: BLE001 - its own __str__ raised
        return type(error).__name__


def resolve(reference: str, what: str) -> Any:  # noqa: ANN401 - whatever the user's module has
    """Import what a reference names, with the working directory on the path.

    Args:
        reference: `python:module:name`, or without the prefix.
        what: The setting it came from, for error texts.

    Raises:
        BadInput: The reference is malformed, its module can't be imported in time or lacks the
            name, or what it names can't be called.
    """
    module_name, _, name = reference.removeprefix("python:").partition(":")
    if not all(part.isidentifier() for part in (*module_name.split("."), name)):
        raise BadInput(
            f"{reference!r} is no reference", where=what, todo="Write python:module:name."
        )
    module = _import(module_name, reference, what)
    found = getattr(module, name, None)
    if found is None:
        todo = nearest(name, [known for known in vars(module) if not known.startswith("_")])
        raise BadInput(f"{module_name} has no {name!r}", where=f"{what} {reference}", todo=todo)
    if not callable(found):
        raise BadInput(
            f"{name} is {type(found).__name__}, which can't be called", where=f"{what} {reference}"
        )
    return found


def _import(module_name: str, reference: str, what: str) -> Any:  # noqa: ANN401 - a module
    where = f"{what} {reference}"
    if module_name in _hanging and _hanging[module_name].is_alive():
        raise _too_slow(module_name, where)
    _hanging.pop(module_name, None)
    try:
        folder = str(Path.cwd())
    except OSError as error:
        raise BadInput(
            f"the working directory is gone ({error.strerror})", where=where, todo="Change it."
        ) from error
    known = folder in sys.path
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        return limited(lambda: importlib.import_module(module_name))
    except Hangs as hangs:
        _hanging[module_name] = hangs.thread
        raise _too_slow(module_name, where) from None
    except Failed as error:
        raise BadInput(
            f"{module_name} can't be imported ({error})",
            where=where,
            todo=f"It is looked for in {folder} and among the installed packages.",
        ) from error
    finally:
        with suppress(ValueError):
            sys.path.remove(folder)
        if not known:
            # What the module imports later is found too, but shadows nothing.
            sys.path.append(folder)


def _too_slow(module_name: str, where: str) -> BadInput:
    return BadInput(
        f"{module_name} is not imported after {SECONDS:g} s",
        where=where,
        todo="Mend it: what takes long belongs into a function.",
    )

"""Getting a user's function or class by its reference, `python:module:name`."""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from opro_tui.core.errors import BadInput, nearest


def resolve(reference: str, what: str) -> Any:  # noqa: ANN401 - whatever the user's module has
    """Import what a reference names, with the working directory on the path.

    Args:
        reference: `python:module:name`, or without the prefix.
        what: The setting it came from, for error texts.

    Raises:
        BadInput: The reference is malformed, its module can't be imported or lacks the name, or
            what it names can't be called.
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
    folder = str(Path.cwd())
    known = folder in sys.path
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(module_name)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | GeneratorExit):
            raise
        raise BadInput(
            f"{module_name} can't be imported ({type(error).__name__}: {str(error)[:200]})",
            where=f"{what} {reference}",
            todo=f"It is looked for in {folder} and among the installed packages.",
        ) from error
    finally:
        with suppress(ValueError):
            sys.path.remove(folder)
        if not known:
            # What the module imports later is found too, but shadows nothing.
            sys.path.append(folder)

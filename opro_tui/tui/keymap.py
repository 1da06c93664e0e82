"""The config file's `[keymap]`: other keys for the commands, checked before the screen opens."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS, Keys

from opro_tui.core.errors import BadInput, nearest
from opro_tui.tui.bindings import spelled
from opro_tui.tui.screens.every import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opro_tui.config import Config
    from opro_tui.tui.commands import Command

MODIFIERS = ("ctrl", "shift", "alt", "meta", "super", "hyper")


def keymap(config: Config) -> dict[str, str]:
    """The config file's `[keymap]`: command id to keys, as Textual names them.

    Raises:
        BadInput: An id or a key is unknown, or two commands of a screen want the same key.
    """
    table = config.keymap
    screens = tables()
    known = dict.fromkeys(command.id for commands in screens for command in commands)
    for name, keys in table.items():
        where = config.place("keymap", name)
        if name not in known:
            todo = nearest(name, known) or f"The commands are {', '.join(known)}."
            raise BadInput(f"unknown command {name!r} in keymap", where=where, todo=todo)
        if not isinstance(keys, str) or not keys.strip():
            todo = f'Write {name} = "ctrl+n".'
            raise BadInput(f"{name} has no keys in keymap", where=where, todo=todo)
    chosen = {
        name: ",".join(_key(each, config.place("keymap", name)) for each in _split(str(keys)))
        for name, keys in table.items()
    }
    for commands in screens:
        _refuse_clashes(commands, chosen, config)
    return chosen


def _split(keys: str) -> list[str]:
    """Keys at their commas; a comma alone is a key as well."""
    if keys.strip() == ",":
        return ["comma"]
    return [key.strip() for key in keys.split(",") if key.strip()]


def _key(key: str, where: str) -> str:
    """A key's name as Textual spells it.

    Raises:
        BadInput: There is no such key.
    """
    *modifiers, last = key.split("+") if key not in ("+", "ctrl++") else [key]
    last = last or "plus"
    wrong = [name for name in modifiers if name not in MODIFIERS]
    named = next(iter(Binding.make_bindings([Binding(last, "x", "x")]))).key
    if wrong or (len(last) > 1 and not _is_named(last)):
        known = (*MODIFIERS, *(each.value for each in Keys))
        todo = nearest((wrong or [last])[0], known) or "Write a letter, f2, ctrl+n or the like."
        raise BadInput(f"unknown key {key!r} in keymap", where=where, todo=todo)
    return "+".join([*modifiers, named])


def _is_named(name: str) -> bool:
    if any(name == each.value for each in Keys):
        return True
    try:
        unicodedata.lookup(name.replace("_", " "))
    except KeyError:
        return name in KEY_NAME_REPLACEMENTS.values()
    return True


def _refuse_clashes(commands: Iterable[Command], chosen: Mapping[str, str], config: Config) -> None:
    taken: dict[str, str] = {}
    for command in sorted(commands, key=lambda command: command.id in chosen):
        for key in _split(chosen.get(command.id, command.keys)):
            other = taken.setdefault(key, command.id)
            if other != command.id and command.id in chosen:
                raise BadInput(
                    f"{spelled(key)!r} is the key of {other} as well in keymap",
                    where=config.place("keymap", command.id),
                    todo=f"Give {command.id} another key, or {other}.",
                )

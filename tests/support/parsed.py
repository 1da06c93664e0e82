"""Style sheets that are read once for all apps of a process: a third of what opening one costs."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from unittest import mock

from textual.css.stylesheet import Stylesheet

if TYPE_CHECKING:
    from collections.abc import Iterator

PARSE = Stylesheet._parse_rules
KNOWN: dict[tuple[Any, ...], Any] = {}
COLOURS: dict[frozenset[Any], int] = {}


def _colours(sheet: Stylesheet) -> int:
    """A number for the sheet's variables; the sheet gets a new dictionary with new ones."""
    variables = sheet._variables
    given, number = sheet.__dict__.get("_numbered", (None, 0))
    if given is not variables:
        number = COLOURS.setdefault(frozenset(variables.items()), len(COLOURS))
        sheet.__dict__["_numbered"] = (variables, number)
    return number


def parse_rules(
    sheet: Stylesheet,
    css: str,
    read_from: Any,
    is_default_rules: bool = False,
    tie_breaker: int = 0,
    scope: str = "",
) -> Any:
    """The rules of a style sheet, as they were read first; nothing changes them afterwards."""
    place = (read_from, is_default_rules, tie_breaker, scope)
    key = (_colours(sheet), css, *place)
    if key not in KNOWN:
        KNOWN[key] = PARSE(sheet, css, *place)
    return KNOWN[key]


@contextlib.contextmanager
def parsed_once() -> Iterator[None]:
    """Let the style sheets of all apps share what was read."""
    with mock.patch.object(Stylesheet, "_parse_rules", parse_rules):
        yield

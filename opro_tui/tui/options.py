"""The config file's `[ui]` table, checked before the screen opens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput, nearest
from opro_tui.tui import themes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opro_tui.config import Config

NOTICES = ("bell", "desktop", "title")
CHARTS = ("blocks", "braille", "ascii")


@dataclass(frozen=True, slots=True)
class Options:
    """How the program looks and makes itself heard.

    Attributes:
        theme: A theme's name.
        mouse: Whether the program takes the mouse from the terminal.
        animations: Whether anything slides or fades.
        notify: How the end of a long run is told, of `NOTICES`.
        chart: Which characters draw the chart, of `CHARTS`.
    """

    theme: str = themes.DARK.name
    mouse: bool = True
    animations: bool = True
    notify: frozenset[str] = frozenset(NOTICES)
    chart: str = CHARTS[0]


def options(config: Config) -> Options:
    """Read the `[ui]` table.

    Raises:
        BadInput: A name or a value is unknown; says the line and the nearest.
    """
    reader = _Reader(config)
    for name in config.ui:
        if name not in Options.__dataclass_fields__:
            known = Options.__dataclass_fields__
            todo = nearest(name, known) or f"The options are {', '.join(known)}."
            reader.fail(name, f"unknown option {name!r}", todo)
    return Options(
        theme=reader.theme(),
        mouse=reader.flag("mouse"),
        animations=reader.flag("animations"),
        notify=reader.notify(),
        chart=reader.chart(),
    )


def _shown(value: object) -> str:
    """A value of any kind, as far as a message holds it."""
    return str(value)[:60]


class _Reader:
    def __init__(self, config: Config) -> None:
        self.config = config
        self.values: Mapping[str, Any] = config.ui

    def fail(self, name: str, what: str, todo: str) -> None:
        raise BadInput(f"{what} in ui", where=self.config.place("ui", name), todo=todo)

    def flag(self, name: str) -> bool:
        value = self.values.get(name, True)
        if not isinstance(value, bool):
            self.fail(name, f"{name} is neither true nor false", "Write true or false.")
        return bool(value)

    def theme(self) -> str:
        value = self.values.get("theme", themes.DARK.name)
        known = themes.known()
        if not isinstance(value, str) or value not in (*themes.SHORT, *known):
            names = (*themes.SHORT, *known)
            todo = nearest(_shown(value), names) or f"The themes are {', '.join(names)}."
            self.fail("theme", f"unknown theme {_shown(value)!r}", todo)
        elif value in themes.SHORT:
            return themes.SHORT[value]
        return str(value)

    def notify(self) -> frozenset[str]:
        value = self.values.get("notify", True)
        if isinstance(value, bool):
            return frozenset(NOTICES) if value else frozenset()
        chosen = [value] if isinstance(value, str) else value
        if not isinstance(chosen, list):
            todo = "Write true, false or some of [" + ", ".join(f'"{n}"' for n in NOTICES) + "]."
            self.fail("notify", "notify is neither a yes or no nor a list", todo)
        for each in chosen:
            if not isinstance(each, str) or each not in NOTICES:
                todo = nearest(_shown(each), NOTICES) or f"The ways are {', '.join(NOTICES)}."
                self.fail("notify", f"unknown way to notify {_shown(each)!r}", todo)
        return frozenset(chosen)

    def chart(self) -> str:
        value = self.values.get("chart", CHARTS[0])
        if value not in CHARTS:
            todo = nearest(_shown(value), CHARTS) or f"Write one of {', '.join(CHARTS)}."
            self.fail("chart", f"unknown kind of chart {_shown(value)!r}", todo)
        return str(value)

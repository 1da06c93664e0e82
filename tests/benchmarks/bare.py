"""Minimal Textual apps with the widgets of our first screens: one of ours, one of Textual's.

Nothing of this program is imported. The widgets stand in the same places: a line on top, frames
with a list or a text and what belongs to it, a line and the keys below. The footer shows as many
keys as ours does at first; the others are bound and not shown.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from textual.app import App
from textual.binding import Binding
from textual.containers import Container
from textual.widgets import Footer, Input, Log, OptionList, Static

if TYPE_CHECKING:
    from textual.app import ComposeResult

KEYS = [
    Binding("question_mark", "bell", "Help"),
    Binding("q", "quit", "Quit"),
    *(Binding(key, "bell", f"Do {key}", show=False) for key in "abcdefghijklmnoprstuvwxyz"),
]


class Panes(App[None]):
    """The workbench: text, two lists with a line under each, a chart with a picture behind it."""

    CSS = """
    #panes { layout: grid; grid-size: 2 2; height: 1fr; }
    .pane { border: round gray; }
    .pane OptionList, .pane Log { height: 1fr; }
    .line { height: 1; }
    .hidden { display: none; }
    """
    BINDINGS = KEYS

    def compose(self) -> ComposeResult:
        """Build it."""
        yield Static("above", classes="line")
        with Container(id="panes"):
            with _pane("TEXT"):
                yield Log()
            for title in ("FIRST", "SECOND"):
                with _pane(title):
                    yield OptionList("nothing yet")
                    yield Static("", classes="line")
            with _pane("CHART"):
                yield Static("nothing yet")
                yield Static("", classes="hidden")
        yield Static("below", classes="line")
        yield Footer(compact=True)


class Listed(App[None]):
    """The list of sessions: a field that is hidden at first, and a list."""

    AUTO_FOCUS = "OptionList"
    CSS = "OptionList { height: 1fr; } .line { height: 1; } .hidden { display: none; }"
    BINDINGS = KEYS

    def compose(self) -> ComposeResult:
        """Build it."""
        yield Static("above", classes="line")
        yield Input(classes="hidden")
        yield OptionList("nothing yet")
        yield Static("below", classes="line")
        yield Footer(compact=True)


def _pane(title: str) -> Container:
    pane = Container(classes="pane")
    pane.border_title = title
    return pane


if __name__ == "__main__":
    {"panes": Panes, "listed": Listed}[sys.argv[1]]().run()

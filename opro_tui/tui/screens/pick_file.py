"""A layer to find a data file: type or paste a path, or walk through the folders."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Input, Static

from opro_tui.core.errors import BadInput
from opro_tui.engine.discovery import DATA_SUFFIXES, peek
from opro_tui.paths import is_file
from opro_tui.tui import background
from opro_tui.tui.format import count, plain, plural, safe
from opro_tui.tui.parts import Cell
from opro_tui.tui.screens.choose import fitting
from opro_tui.tui.screens.layers import Layer
from opro_tui.tui.screens.new_session.form import clean_path
from opro_tui.tui.screens.new_session.words import data_lines
from opro_tui.tui.widgets.row_list import Column, RowList

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from opro_tui.tui.parts import Row

SUFFIXES = (*DATA_SUFFIXES, ".toml")
MOST_ENTRIES = 20_000
PEEK_ROWS = 5
PREVIEW_SECONDS = 0.12


@dataclass(frozen=True, slots=True)
class Item:
    """A folder or a file that can be used; `size` in bytes."""

    name: str
    folder: bool
    size: int = 0


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder holds.

    Attributes:
        items: Its folders, then its usable files, each by name.
        others: How many other files it holds.
        problem: Why it can't be listed; empty when it can.
    """

    items: tuple[Item, ...] = ()
    others: int = 0
    problem: str = ""


def read_folder(path: Path) -> Folder:
    """List a folder; blocks while it reads. What can't be listed is said, never raised."""
    items: list[Item] = []
    others = 0
    try:
        with os.scandir(path) as entries:
            for number, entry in enumerate(entries):
                if number >= MOST_ENTRIES:
                    break
                item = _item(entry)
                if item is None:
                    others += 1
                else:
                    items.append(item)
    except (OSError, ValueError) as error:
        return Folder(problem=str(getattr(error, "strerror", None) or error))
    items.sort(key=lambda item: (not item.folder, item.name.casefold()))
    return Folder(tuple(items), others)


def _item(entry: os.DirEntry[str]) -> Item | None:
    try:
        if entry.is_dir():
            return Item(entry.name, folder=True)
        if entry.is_file() and entry.name.lower().endswith(SUFFIXES):
            return Item(entry.name, folder=False, size=entry.stat().st_size)
    except OSError:
        return None
    return None


def divided(typed: str, base: Path) -> tuple[Path, str]:
    """The folder that a typed path lies in, and the rest that filters it.

    Args:
        typed: As it was typed or pasted; `~` is the person's own folder.
        base: What a relative path starts from.
    """
    text = clean_path(typed)
    if text in ("~", "..", "."):
        text += "/"
    try:
        head, slash, rest = text.rpartition("/")
        folder = Path(head + slash).expanduser() if slash else Path()
    except RuntimeError:
        return base, text
    return base / folder, rest


class PickFile(Layer[str]):
    """A file to be chosen.

    Args:
        typed: The path to begin with.
        base: The folder to begin in.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "Down", show=False),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("tab", "complete", "Complete", show=False, priority=True),
        Binding("alt+up,ctrl+up", "parent", "Parent folder", show=False),
    ]
    HINT = "Type or paste a path · ↑↓ · Tab completes · Enter takes · Ctrl+↑ up"

    field = getters.query_one("#query", Input)
    rows = getters.query_one("#options", RowList)

    def __init__(self, typed: str = "", base: Path | None = None) -> None:
        super().__init__("Data file")
        self.base = base or Path.cwd()
        self.typed = typed
        self.folder = Path()
        self.found = Folder()
        self._read: Path | None = None

    def compose(self) -> ComposeResult:
        """Build it."""
        with self.box(classes="finder picker"):
            yield Input(self.typed, id="query", compact=True, select_on_focus=False)
            yield Static(Content(""), id="folder")
            yield RowList((Column("name", 44), Column("size", 0)), id="options", led=True)
            yield Static(Content(""), id="preview")
            yield Static(plain(self.HINT), id="hint")

    def on_mount(self) -> None:
        """Start typing at once."""
        self.rows.can_focus = False
        self.field.focus()
        self._look()

    def on_input_changed(self) -> None:
        """Show the folder that is typed."""
        self._look()

    def _look(self) -> None:
        self.run_worker(self._list(), group="list", exclusive=True, exit_on_error=False)

    async def _list(self) -> None:
        folder, rest = divided(self.field.value, self.base)
        if folder != self._read:
            self.found = await asyncio.to_thread(read_folder, folder)
            self.folder = self._read = folder
        self._draw(rest)

    def _draw(self, rest: str) -> None:
        items = self.found.items
        hidden = not rest.startswith(".")
        names = ["" if hidden and item.name.startswith(".") else item.name for item in items]
        places = [place for place in fitting(rest, names) if names[place]]
        if self.found.problem:
            empty = f"This folder can't be read: {safe(self.found.problem, 100)}."
        elif not items:
            empty = "No folder and no data file here: .csv, .tsv, .jsonl, .json or .toml."
        else:
            empty = "Nothing here fits what is typed."
        self.rows.show(places, self._row, empty=empty)
        self.rows.action_jump(0)
        told = [f"{count(len(places))} of {count(len(items))} shown"]
        if self.found.others:
            told.append(f"{plural(self.found.others, 'other file')} hidden")
        told.append(safe(str(self.folder), 200))
        self.query_one("#folder", Static).update(plain(" · ".join(told)))
        self._show_preview()

    def _row(self, place: int) -> Row:
        item = self.found.items[place]
        if item.folder:
            return (Cell(f"{safe(item.name, 200)}/", "accent"), Cell("folder", "muted"))
        return (Cell(safe(item.name, 200), "strong"), Cell(_size(item.size), "muted"))

    @property
    def item(self) -> Item | None:
        """What the cursor is on."""
        return None if self.rows.key is None else self.found.items[self.rows.key]

    def on_row_list_highlighted(self) -> None:
        """Show the first rows of the file under the cursor."""
        self._show_preview()

    def _show_preview(self) -> None:
        self.run_worker(self._preview(), group="preview", exclusive=True, exit_on_error=False)

    async def _preview(self) -> None:
        place = self.query_one("#preview", Static)
        item = self.item
        if item is None or item.folder or item.name.lower().endswith(".toml"):
            place.update(Content(""))
            return
        await asyncio.sleep(PREVIEW_SECONDS)
        try:
            found = await asyncio.to_thread(peek, self.folder / item.name, rows=PEEK_ROWS)
            text = "\n".join(data_lines(found, place.size.width, "", ""))
        except BadInput as error:
            text = f"{error.what}. {error.todo}"
        place.update(plain(text))

    def action_move(self, by: int) -> None:
        """Move in the list while typing goes on."""
        self.rows.action_move(by)

    def action_page(self, pages: int) -> None:
        """Move in the list by pages."""
        self.rows.action_page(pages)

    @background.after_typing
    def action_complete(self) -> None:
        """Take over what the cursor is on; a folder is opened."""
        item = self.item
        if item is not None:
            self._type(self.folder / item.name, folder=item.folder)

    def action_parent(self) -> None:
        """Go to the folder above."""
        folder, _ = divided(self.field.value, self.base)
        self._type(folder.resolve().parent, folder=True)

    def _type(self, path: Path, *, folder: bool) -> None:
        self.field.value = f"{str(path).rstrip('/')}/" if folder else str(path)
        self.field.cursor_position = len(self.field.value)

    def on_row_list_chosen(self) -> None:
        """Take what was double-clicked."""
        self._take_item()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the file that is typed in full, else what the cursor is on."""
        folder, rest = divided(event.value, self.base)
        if rest and rest.lower().endswith(SUFFIXES) and is_file(folder / rest):
            self.dismiss(str(folder / rest))
        elif folder == self._read:
            self._take_item()

    def _take_item(self) -> None:
        item = self.item
        if item is None:
            return
        if item.folder:
            self._type(self.folder / item.name, folder=True)
        else:
            self.dismiss(str(self.folder / item.name))


def _size(size: int) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:,} {unit}"
        size //= 1000
    return f"{size:,} GB"

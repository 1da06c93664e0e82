"""What is written and not used yet survives closing, quitting, a kill and another editor."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import pytest
from textual.events import Key
from textual.widgets import Input, Static, TextArea

from opro_tui.engine.exchange.writing import write_json
from opro_tui.store.database import Store
from opro_tui.tui.drafts import PAUSE_SECONDS
from opro_tui.tui.screens.editor import Editor
from opro_tui.tui.screens.settings import LINES, SettingsLayer
from opro_tui.tui.screens.template_editor import TemplateEditor
from tests.tui.driving import SIZES, make_session, opened, run_out, screen_text, until
from tests.tui.test_external import script

if TYPE_CHECKING:
    from pathlib import Path

both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
HOSTILE = "[/b] \x1b[31m \ud800 =1+1"


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    await make_session(tmp_path / "sessions.db")
    return tmp_path / "sessions.db"


def stored(path: Path) -> dict[str, str]:
    """What is on the disk now."""
    with sqlite3.connect(path) as db:
        return dict(db.execute("SELECT name, text FROM drafts").fetchall())


@both_sizes
async def test_the_template_is_on_the_disk_while_it_is_typed(path, size) -> None:
    async with opened(path, size) as (app, pilot):
        saved = app.steering.state.template
        await pilot.press("e", "Z")
        app.screen.query_one("#note", Input).value = "why"
        await until(pilot, lambda: "why" in stored(path).get("template", ""))
        assert f"Z{saved.instructions[:20]}" in stored(path)["template"]
    # Never closed by the person: as after a kill, another run finds it.
    async with opened(path, size) as (app, pilot):
        await pilot.press("e")
        editor = app.screen
        assert isinstance(editor, TemplateEditor)
        assert editor.area("instructions").text == f"Z{saved.instructions}"
        assert editor.query_one("#note", Input).value == "why"
        assert "restored · ^L discards it" in screen_text(app)
        await pilot.press("ctrl+l")
        assert editor.area("instructions").text == saved.instructions
        await until(pilot, lambda: not stored(path))
        await pilot.press("escape", "e")
        assert "restored" not in screen_text(app)
        await pilot.press("Y", "ctrl+s")
        await run_out(app, pilot)
        assert app.steering.state.template.instructions == f"Y{saved.instructions}"
        await until(pilot, lambda: not stored(path))


@both_sizes
async def test_an_own_solution_survives_quitting_and_goes_once_it_is_used(path, size) -> None:
    async with opened(path, size) as (app, pilot):
        await pilot.press("a", *"w=3", "escape")
        await until(pilot, lambda: "Your draft is kept" in screen_text(app))
    assert stored(path) == {"add": "w=3"}
    async with opened(path, size) as (app, pilot):
        await pilot.press("a")
        assert isinstance(app.screen, Editor)
        assert app.screen.query_one(TextArea).text == "w=3"
        assert "Draft of" in str(app.screen.query_one("#problem", Static).content)
        app.screen.query_one(TextArea).text = "w=3, b=4"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(app.steering.state.edits))
        await until(pilot, lambda: not stored(path))
        await pilot.press("a")
        assert app.screen.query_one(TextArea).text == ""


async def test_what_can_not_be_saved_stays_a_draft(path) -> None:
    async with opened(path) as (app, pilot):
        await pilot.press("a", *"nonsense", "ctrl+s")
        await until(pilot, lambda: stored(path) == {"add": "nonsense"})
        assert not app.steering.state.edits


@both_sizes
async def test_a_setting_and_its_note_are_kept_and_discarded(path, size) -> None:
    def chosen(layer) -> None:
        place = next(
            i for i, x in enumerate(LINES) if x.definition and x.definition.name == "shown"
        )
        layer.rows.move_to(place)

    async with opened(path, size) as (app, pilot):
        await pilot.press("comma")
        chosen(app.screen)
        await pilot.press("enter", *"12", "tab", *"fewer", "escape")
        await until(pilot, lambda: "fewer" in stored(path).get("setting shown", ""))
    async with opened(path, size) as (app, pilot):
        await pilot.press("comma")
        layer = app.screen
        assert isinstance(layer, SettingsLayer)
        chosen(layer)
        await pilot.press("enter")
        assert (layer.field.value, layer.note.value) == ("12", "fewer")
        assert "restored; ^L discards it" in str(layer.query_one("#problem", Static).content)
        await pilot.press("ctrl+l")
        assert (layer.field.value, layer.note.value) == ("20", "")
        await until(pilot, lambda: not stored(path))
        await pilot.press(*"7", "enter")
        layer.field.value = "7"
        await pilot.press("enter")
        await until(pilot, lambda: app.steering.state.settings.shown == 7)
        await until(pilot, lambda: not stored(path))


async def test_drafts_are_in_no_export_and_go_with_their_session(path) -> None:
    store = await Store.open(path)
    record = await store.session("demo")
    await store.keep_drafts(record.id, {"add": HOSTILE, "template": "{broken"})
    assert (await store.drafts(record.id))["add"].text == HOSTILE
    exported = "".join([piece async for piece in write_json(store, "demo")])
    assert "{broken" not in exported
    assert "drafts" not in exported
    async with opened(path) as (app, pilot):
        await pilot.press("a")
        assert app.screen.query_one(TextArea).text == HOSTILE
        assert "\x1b" not in screen_text(app)
        await pilot.press("escape", "e")
        assert app.screen.draft is None
    await store.delete_now("demo")
    assert stored(path) == {}
    await store.close()


@pytest.mark.real_time
async def test_another_editor_writes_an_own_solution_and_what_it_saves_is_kept(
    path, tmp_path, monkeypatch
) -> None:
    from contextlib import contextmanager

    monkeypatch.setattr("opro_tui.tui.external.WATCH_SECONDS", 0.02)
    gate = tmp_path / "gate"
    body = f"printf 'w=1, b=2' > $1; while [ ! -e {gate} ]; do sleep 0.02; done"
    monkeypatch.setenv("VISUAL", script(tmp_path, body))
    async with opened(path) as (app, pilot):
        monkeypatch.setattr(app, "suspend", contextmanager(lambda: iter([None])))
        await pilot.press("a")
        pressed = asyncio.create_task(pilot.press("ctrl+e"))
        for _ in range(400):
            if stored(path):
                break
            await asyncio.sleep(0.01)
        found = stored(path)
        gate.touch()
        await pressed
        assert found == {"add": "w=1, b=2"}, "kept while the other editor is open"
        await until(pilot, lambda: app.screen.query_one(TextArea).text == "w=1, b=2")


async def test_keystrokes_share_a_write(path) -> None:
    async with opened(path) as (app, pilot):
        store = app.steering.store
        before = store.transactions
        for length in range(1, 200):
            app.steering.drafts.keep("add", "x" * length)
            await asyncio.sleep(0)
        await asyncio.sleep(2 * PAUSE_SECONDS)
        await until(pilot, lambda: stored(path).get("add") == "x" * 199)
        assert store.transactions - before <= 3


@both_sizes
async def test_what_is_typed_fast_is_saved_whole(path, size) -> None:
    text = "w=3, b=4"

    async def at_once(app, keys: str, *then: str) -> None:
        """Send keys faster than the field takes them."""
        for key in (*keys, *then):
            name = {" ": "space", "=": "equals_sign", ",": "comma"}.get(key, key)
            app.post_message(Key(name, key if len(key) == 1 else None))

    async with opened(path, size) as (app, pilot):
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.focused, TextArea))
        await at_once(app, text, "ctrl+s")
        await until(pilot, lambda: not isinstance(app.screen, Editor))
        await until(pilot, lambda: len(app.steering.state.candidates) > 5)
        assert text in [c.text for c in app.steering.state.candidates.values()]
        await until(pilot, lambda: app.steering.drafts.get("add") is None)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.focused, TextArea))
        await at_once(app, "Mind this. ", "ctrl+s")
        await until(pilot, lambda: not isinstance(app.screen, TemplateEditor))
        await run_out(app, pilot)
        assert app.steering.state.template.instructions.startswith("Mind this. ")
        await until(pilot, lambda: app.steering.drafts.get("template") is None)

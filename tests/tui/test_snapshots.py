"""What the screen looks like, to the cell: told states, so that no model's wording matters.

After a wanted change run `pytest tests/tui/test_snapshots.py --snapshot-update`; look at the SVGs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from opro_tui.config import Config
from opro_tui.core.events import EditMade
from opro_tui.engine.create import Draft, create, prepare
from opro_tui.store.database import Store
from tests.tui.driving import SIZES, opened, run_out
from tests.tui.states import told

if TYPE_CHECKING:
    from pathlib import Path

STEPS = (
    [("Solve the problem.", 20)],
    [("Think first.", 18), ("Solve the problem.", None), ("Write down each quantity.", 36)],
    [
        ("Write down each quantity, then work through them one after the other.", 35),
        ("汉字 [/INST] \x1b[31mred", 5),
    ],
)


class SvgExtension(SingleFileSnapshotExtension):
    """Screenshots as SVG files."""

    file_extension = "svg"
    _write_mode = WriteMode.TEXT

    def serialize(self, data, **_):
        return re.sub(r"terminal-\d+", "terminal", str(data))


@pytest.fixture
def svg(snapshot):
    return snapshot.use_extension(SvgExtension)


async def tell(path: Path) -> None:
    """Store a session whose past is told rather than run."""
    store = await Store.open(path)
    try:
        values = {"task": "sums", "seed": 1, "train": 40}
        draft = Draft(name="demo", values=values, initial=("Solve the problem.",))
        record = await create(store, prepare(draft, Config()))
        events = told(record.settings, record.template, *STEPS)
        # The starting solution is stored with the session itself.
        await store.append(record.id, [events[0], *events[2:]])
        edits = [EditMade(step=3, kind="pin", after=1), EditMade(step=3, kind="drop", after=2)]
        await store.append(record.id, edits)
    finally:
        await store.close()


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize("keys", [(), ("question_mark",)], ids=["workbench", "help"])
async def test_the_screen_looks_as_it_did(tmp_path, svg, size, keys) -> None:
    path = tmp_path / "sessions.db"
    await tell(path)
    async with opened(path, size) as (app, pilot):
        await run_out(app, pilot)
        await pilot.press(*keys)
        for area in app.screen.query("TextArea"):
            area.cursor_blink = False
        await pilot.pause()
        assert app.export_screenshot(simplify=True) == svg

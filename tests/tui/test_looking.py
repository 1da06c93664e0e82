"""Looking writes nothing, into the file or beside it, where no sessions are run."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from opro_tui.config import Config
from opro_tui.store.connection import connect
from opro_tui.tui.app import OproApp
from opro_tui.tui.replay_app import ReplayApp
from tests.tui.driving import until
from tests.tui.test_replay import replayed
from tests.tui.test_sessions_screen import fill, settled

if TYPE_CHECKING:
    from textual.pilot import Pilot

EXAMPLES = Path(__file__).parents[2] / "sessions" / "examples.db"


async def look_at_the_list(app: OproApp, pilot: Pilot[None]) -> None:
    await until(pilot, lambda: settled(app))
    assert app.sessions is not None
    assert all(entry.steps for entry in app.sessions.entries.values())
    await pilot.press("R")
    await until(pilot, lambda: settled(app))


async def look_at_the_bench(app: OproApp, pilot: Pilot[None]) -> None:
    await until(pilot, lambda: app.steering.opened and app.steering.forecast is not None)
    await pilot.press("down", "tab")


async def look_at_the_replay(app: OproApp, pilot: Pilot[None]) -> None:
    await replayed(app, pilot)
    await pilot.press("right", "end")


@pytest.mark.parametrize("what", ["list", "workbench", "replay"])
async def test_looking_at_the_examples_changes_nothing(tmp_path, what) -> None:
    path = tmp_path / "examples.db"
    shutil.copy(EXAMPLES, path)
    # What a summary is made from is there, and the summary itself isn't: it could be written.
    with closing(connect(path, readonly=False)) as db:
        db.execute("DELETE FROM summaries")
        db.commit()
    before = path.read_bytes()
    app, look = {
        "list": (OproApp(path, None, Config()), look_at_the_list),
        "workbench": (OproApp(path, "sums", Config(), watch=True), look_at_the_bench),
        "replay": (ReplayApp(path, "sums", Config()), look_at_the_replay),
    }[what]
    async with app.run_test(size=(120, 40)) as pilot:
        await look(app, pilot)
        await pilot.press("q")
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["examples.db"]


async def test_a_database_that_sessions_are_run_in_keeps_what_the_list_worked_out(
    tmp_path,
) -> None:
    path = tmp_path / "s.db"
    await fill(path, "alpha")
    with closing(connect(path, readonly=False)) as db:
        db.execute("DELETE FROM summaries")
        db.commit()
    app = OproApp(path, None, Config())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: settled(app))
    with closing(connect(path, readonly=True)) as db:
        assert db.execute("SELECT count(*) FROM summaries").fetchone()[0] == 1

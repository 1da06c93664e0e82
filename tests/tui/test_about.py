"""What a session was made with, on the screen; a changed data file is said when it is opened."""

from __future__ import annotations

import pytest

from opro_tui import __version__
from opro_tui.tui.screens.layers import Reader
from tests.support.sessions import own_data, write_examples
from tests.tui.driving import SIZES, make_session, opened, run_out, screen_text, until


@pytest.mark.parametrize("size", SIZES)
async def test_a_changed_file_is_said_and_shown(tmp_path, size):
    db = tmp_path / "s.db"
    values = own_data(tmp_path, optimizer="simulated", scorer="simulated")
    await make_session(db, **values)
    write_examples(tmp_path / "sums.jsonl", 9)
    async with opened(db, size) as (app, pilot):
        await until(pilot, lambda: len(app._notifications) == 1)
        (notice,) = app._notifications
        assert "has changed since this session was made" in notice.message
        await pilot.press("s")
        await run_out(app, pilot)
        assert [w.code for w in app.steering.state.warnings] == ["data_changed"]
        await pilot.press("I")
        await until(pilot, lambda: isinstance(app.screen, Reader))
        seen = " ".join(screen_text(app).split())
        assert "About this session" in seen
        assert f"opro-tui {__version__}" in seen
        assert "CHANGED since" in app.screen.copies
        assert "SHA-256" in seen
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.workbench)
    async with opened(db, size) as (app, pilot):
        await until(pilot, lambda: not any(w.group == "look back" for w in app.workers))
        assert not app._notifications

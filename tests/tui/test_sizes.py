"""Other sizes and other colours while a step runs: nothing breaks, and the focus stays."""

from __future__ import annotations

import pytest

from opro_tui.config import Config
from opro_tui.tui.screens.detail import DetailScreen
from opro_tui.tui.screens.workbench import Workbench
from tests.tui.driving import make_session, opened, run_out, screen_text, until

RESIZED = ((60, 20), (200, 50), (30, 8), (80, 24), (120, 40))


async def test_a_running_step_outlives_every_size_and_the_focus_stays(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("OPRO_TUI_SIMULATED_LATENCY", "0.1")
    path = tmp_path / "s.db"
    await make_session(path, "sums", candidates=2, train=10, test=4, concurrency=2)
    async with opened(path, (120, 40)) as (app, pilot):
        await pilot.press("s")
        await until(pilot, lambda: app.steering.state.scoring_progress()[0] > 1)
        panes = {pane.id: pane.body for pane in app.workbench.panes}
        for name in ("candidates", "meta-prompt", "trajectory"):
            panes[name].focus()
            await pilot.pause()
            for width, height in RESIZED:
                await pilot.resize_terminal(width, height)
                await pilot.pause()
                lines = screen_text(app).splitlines()
                assert len(lines) == height
                assert app.workbench.focused is panes[name]
                assert panes[name].size.height > 0
                if width >= 60:
                    assert lines[-1].lstrip().startswith("? Help")
        await run_out(app, pilot)
        assert app.steering.state.steps[-1].finished_seq
        assert isinstance(app.screen, Workbench)


async def test_layers_and_screens_outlive_every_size(tmp_path) -> None:
    path = tmp_path / "s.db"
    await make_session(path, "sums", candidates=2, train=4, test=4)
    async with opened(path, (120, 40)) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        for key in ("question_mark", "comma", "B", "enter", "e", "H", "r", "y"):
            await pilot.press(key)
            await pilot.pause()
            focused = app.focused
            for width, height in RESIZED:
                await pilot.resize_terminal(width, height)
                await pilot.pause()
                assert len(screen_text(app).splitlines()) == height
                assert app.focused is focused
            if key == "enter":
                assert isinstance(app.screen, DetailScreen)
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, Workbench))


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light", "opro-light", "opro-contrast"])
async def test_the_selected_row_can_be_told_in_every_theme(tmp_path, theme) -> None:
    path = tmp_path / "s.db"
    await make_session(path)
    async with opened(path, (80, 24), Config(ui={"theme": theme})) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        rows = app.workbench.trajectory.rows
        rows.focus()
        await pilot.pause()
        chosen, other = rows.render_line(1), rows.render_line(2)
        assert chosen.text.startswith("▌")
        plain = {segment.style.bgcolor for segment in other if segment.style}
        for segment in chosen:
            style = segment.style
            assert style is not None
            # Reversed, or on a ground that no other row has; and never a colour on itself.
            assert style.reverse or style.bgcolor not in plain
            assert app.native_ansi_color or style.color != style.bgcolor
            if app.native_ansi_color:
                assert style.reverse
                assert style.color is None or style.color.is_default
        rows.blur()
        await pilot.pause()
        assert rows.render_line(1).text.startswith("▏")

"""What people expect of a terminal program, beyond what each screen's own tests hold."""

from __future__ import annotations

from opro_tui.config import Config
from opro_tui.tui import copying, sessions_view, terminal
from opro_tui.tui.external import pager_command
from opro_tui.tui.screens.costs_view import ASCII_BLOCKS, bars
from opro_tui.tui.screens.layers import Prompt, Reader
from opro_tui.tui.search import kept
from tests.tui.driving import make_session, opened, run_out, screen_text


def test_over_a_network_less_is_drawn() -> None:
    assert terminal.frames_per_second({"SSH_TTY": "/dev/pts/1"}) == 5
    assert terminal.frames_per_second({}) > 5


def test_a_frozen_order_keeps_its_rows_and_new_ones_follow() -> None:
    assert kept((3, 1, 2), [2, 9, 1, 3, 8]) == [3, 1, 2, 9, 8]
    assert kept((3, 1, 2), [2, 3]) == [3, 2]


def test_what_can_be_done_with_marked_sessions_is_said() -> None:
    assert sessions_view.marked_line(0) == []
    assert "W compares it with the selected one" in sessions_view.marked_line(1)[0].text
    assert "W compares them" in sessions_view.marked_line(2)[0].text
    assert "x deletes them" in sessions_view.marked_line(5)[0].text


def test_a_pager_is_found_or_it_is_said_why_not() -> None:
    command, problem = pager_command({"PAGER": "cat -A", "PATH": "/usr/bin:/bin"})
    assert (command, problem) == (["cat", "-A"], "")
    assert "no such program" in pager_command({"PAGER": "nix-da", "PATH": "/usr/bin"})[1]
    assert "quotation mark" in pager_command({"PAGER": "less '"})[1]
    assert "No pager is known" in pager_command({"PATH": "/nowhere"})[1]


def test_a_cost_chart_says_its_ends_and_can_do_with_ascii() -> None:
    def drawn(width: int) -> list[str]:
        lines = bars([(0, 0.001), (1, 0.25)], width, 5, blocks=ASCII_BLOCKS)
        return ["".join(part for part, _ in line) for line in lines]

    text = "\n".join(drawn(31))
    assert "0.001 → 0.25" in text
    assert max(map(len, drawn(31))) == 31
    assert max(map(len, drawn(30))) <= 30
    assert text.replace("│", "|").replace("→", ">").isascii()


def test_the_mouse_flag_goes_before_the_config() -> None:
    config = Config(ui={"mouse": True, "theme": "dark"})
    assert config.with_ui(mouse=False).ui == {"mouse": False, "theme": "dark"}


async def test_freeze_copy_and_ctrl_c_over_a_layer(tmp_path) -> None:
    path = tmp_path / "s.db"
    await make_session(path)
    async with opened(path) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        rows = app.workbench.trajectory.rows
        rows.focus()
        before = rows.keys
        await pilot.press("Z", "s")
        await run_out(app, pilot)
        assert rows.keys[: len(before)] == before
        assert len(rows.keys) > len(before)
        assert "frozen, Z lets go" in screen_text(app)
        await pilot.press("Z")
        assert list(rows.keys) == [c.id for c in app.steering.state.ranked()]
        await pilot.press("m")
        assert isinstance(app.screen, Reader)
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert "Press Ctrl+C again to quit." in screen_text(app)
        app.copy_to_clipboard("x" * (terminal.CLIPBOARD_BYTES + 1))
        await pilot.pause()
        assert isinstance(app.screen, Prompt)
        file = tmp_path / "long.txt"
        app.screen.query_one("#value").value = str(file)
        await pilot.press("enter")
        assert len(file.read_text()) == terminal.CLIPBOARD_BYTES + 1
        assert copying.too_long(file.read_text())

from __future__ import annotations

from pathlib import Path

import pytest

from opro_tui.config import Config
from opro_tui.config_file import parse_config
from opro_tui.core.errors import BadInput
from opro_tui.tui import terminal
from opro_tui.tui.app import OproApp
from opro_tui.tui.keymap import keymap
from opro_tui.tui.options import NOTICES, options
from tests.tui.driving import make_session, opened, run_out, screen_text, until

FILE = Path("config.toml")


def read(text: str) -> Config:
    return parse_config(text, FILE)


def test_nothing_said_means_the_defaults() -> None:
    got = options(Config())
    assert (got.theme, got.mouse, got.animations, got.chart) == ("opro-dark", True, True, "blocks")
    assert got.notify == frozenset(NOTICES)


def test_everything_can_be_said() -> None:
    got = options(
        read(
            '[ui]\ntheme = "high-contrast"\nmouse = false\nanimations = false\n'
            'notify = ["bell"]\nchart = "ascii"'
        )
    )
    assert (got.theme, got.mouse, got.animations) == ("opro-contrast", False, False)
    assert (got.notify, got.chart) == (frozenset({"bell"}), "ascii")
    assert options(read("[ui]\nnotify = false")).notify == frozenset()
    assert options(read('[ui]\ntheme = "ansi-dark"')).theme == "ansi-dark"


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ('[ui]\nthem = "nord"', 2, "'theme'"),
        ('\n\n[ui]\ntheme = "nrod"', 4, "'nord'"),
        ('[ui]\nmouse = "no"', 2, "true or false"),
        ('[ui]\nnotify = ["bel"]', 2, "'bell'"),
        ("[ui]\nnotify = 3", 2, "Write true"),
        ('[ui]\nchart = "brale"', 2, "'braille'"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_nearest(text, line, hint) -> None:
    with pytest.raises(BadInput, match=rf"config\.toml, line {line}") as caught:
        OproApp(Path("none.db"), "demo", read(text))
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('[keymap]\nstepp = "n"', "'step'"),
        ('[keymap]\nstep = "ctlr+n"', "'ctrl'"),
        ('[keymap]\nstep = "pagedwon"', "'pagedown'"),
        ('[keymap]\nstep = ""', "has no keys"),
        ("[keymap]\nstep = 3", "has no keys"),
        ('[keymap]\nstep = "q"', "the key of quit"),
    ],
)
def test_wrong_keys_and_commands_are_named(text, hint) -> None:
    with pytest.raises(BadInput, match=r"config\.toml, line 2") as caught:
        keymap(read(text))
    assert hint in str(caught.value)


def test_keys_may_be_written_as_characters_or_names() -> None:
    got = keymap(read('[keymap]\nstep = "!, ctrl+n,f9"\nhelp = "ctrl+@"\nfork = "ctrl+slash"'))
    assert got["step"] == "exclamation_mark,ctrl+n,f9"
    assert got["fork"] == "ctrl+slash"
    assert keymap(Config(keymap={"settings": ","})) == {"settings": "comma"}


async def test_remapped_keys_work_and_a_bad_keymap_leaves_ways_out(tmp_path) -> None:
    path = tmp_path / "s.db"
    await make_session(path)
    config = read('[keymap]\nstep = "f9"\nquit = "f10"\n[ui]\ntheme = "light"\nchart = "ascii"')
    async with opened(path, config=config) as (app, pilot):
        assert "f9 Step" in screen_text(app)
        await pilot.press("f9")
        await run_out(app, pilot)
        assert app.steering.state.finished_steps == 1
        assert app.theme == "opro-light"
        pane = app.workbench.chart_pane
        await until(pilot, lambda: pane.pictured)
        drawn = pane.view.text
        assert "#" in drawn
        assert drawn.isascii()
        await pilot.press("full_stop")
        await pilot.pause()
        assert "#" in pane.chart.text
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert app.return_code == 0


def test_notices_take_the_way_that_the_terminal_knows() -> None:
    nine = terminal.notice("OPRO; TUI", "done\x1b[31m\x07", {"TERM": "xterm-kitty"})
    assert nine.startswith("\x1b]9;")
    assert nine.count("\x07") == 1
    assert "\x1b[31m" not in nine
    foot = terminal.notice("OPRO; TUI", "done", {"TERM": "foot"})
    assert foot == "\x1b]777;notify;OPRO, TUI;done\x07"
    assert terminal.title("a\x1b]0;b") == "\x1b]0;a␛]0;b\x07"


@pytest.mark.parametrize(
    ("notify", "took", "focused", "expected"),
    [
        (True, 30.0, True, {"bell", "desktop", "title"}),
        (True, 1.0, False, {"bell", "desktop", "title"}),
        (True, 1.0, True, {"title"}),
        (False, 30.0, False, set()),
        (["bell"], 30.0, True, {"bell"}),
        (["desktop"], 1.0, False, {"desktop"}),
    ],
)
def test_a_run_is_announced_when_it_was_long_or_one_looks_elsewhere(
    monkeypatch, notify, took, focused, expected
) -> None:
    app = OproApp(Path("none.db"), "demo", Config(ui={"notify": notify}))
    sent: list[str] = []
    clock = iter((100.0, 100.0 + took))
    monkeypatch.setattr("opro_tui.tui.host.time.monotonic", lambda: next(clock))
    monkeypatch.setattr(app, "send", sent.append)
    app.set_reactive(type(app).app_focus, focused)
    app.run_begins("demo")
    app.run_ends("demo", "step 1 done")
    kinds = {"\x07": "bell", "\x1b]9": "desktop", "\x1b]0": "title"}
    assert {kinds[text[:3]] for text in sent if text[:3] in kinds} == expected


async def test_the_mouse_is_given_back_and_taken(tmp_path, monkeypatch) -> None:
    path = tmp_path / "s.db"
    await make_session(path)
    async with opened(path) as (app, pilot):
        sent: list[str] = []
        monkeypatch.setattr(app, "send", sent.append)
        await pilot.press("M")
        assert sent == [terminal.MOUSE_OFF]
        assert "The terminal has the mouse" in screen_text(app)
        await pilot.press("M")
        assert sent[-1] == terminal.MOUSE_ON


async def test_no_color_leaves_no_colour(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    path = tmp_path / "s.db"
    await make_session(path)
    async with opened(path) as (app, _):
        segments = [s for strip in app.screen._compositor.render_strips() for s in strip]
        filtered = [
            found.style.color.get_truecolor()
            for segment in segments
            for found in app._filters[0].apply([segment], app.background_colors[0])
            if found.style and found.style.color
        ]
        assert app.no_color
        assert filtered
        assert all(max(c) - min(c) <= 2 for c in filtered)

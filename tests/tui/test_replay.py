from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from opro_tui.config import Config
from opro_tui.core.events import CandidateSampled, EditMade, StepFinished
from opro_tui.core.solution import Origin
from opro_tui.engine.session import Session
from opro_tui.store.database import Store
from opro_tui.tui.archive import Archive
from opro_tui.tui.screens import replay_view as view
from opro_tui.tui.screens.layers import Prompt
from opro_tui.tui.screens.replay import ReplayScreen
from tests.tui.driving import SIZES, opened, screen_text, until
from tests.tui.history import browsing, database, shown, told
from tests.tui.states import FACTS, HOSTILE

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from opro_tui.tui.app import OproApp

__all__ = ["database", "told"]


async def replayed(app: OproApp, pilot: Pilot[None]) -> ReplayScreen:
    """The replay, read."""
    await until(
        pilot, lambda: isinstance(app.screen, ReplayScreen) and app.screen.opened is not None
    )
    screen = app.screen
    assert isinstance(screen, ReplayScreen)
    return screen


def _unpriced(state):
    return replace(state, ledger={}, totals={})


def test_places_are_found_on_both_sides() -> None:
    places = (3, 7, 9)
    assert [view.after(places, place) for place in (0, 3, 8, 9)] == [3, 7, 9, None]
    assert [view.before(places, place) for place in (0, 3, 8, 99)] == [None, None, 7, 9]


def test_the_bar_and_a_click_on_it_agree() -> None:
    for width in (1, 2, 10, 79):
        for total in (0, 1, 5, 5000):
            assert sum(len(text) for text, _ in view.bar(total, total, width)) == width
            assert view.place_at(width - 1, total, width) == (total if width > 1 else 0)
            assert view.place_at(0, total, width) == 0
    marks = view.Marks(steps=(5, 10), edits=(5,), bests=(1,))
    line = "".join(text for text, _ in view.marks_line(marks, 10, 11))
    assert line == " ★   ▲    ┴"


@pytest.mark.parametrize("text", HOSTILE)
def test_an_event_is_one_harmless_line(text: str) -> None:
    event = CandidateSampled(step=1, id=2, text=text, origin=Origin.OPTIMIZER)
    edit = EditMade(step=1, kind="add", after={"id": 2, "text": text}, note=text)
    for words in (view.event_words(event, FACTS), view.event_words(edit, FACTS)):
        assert words
        assert all(character.isprintable() for character in words)


@pytest.mark.parametrize("size", SIZES)
async def test_a_replay_walks_events_steps_edits_and_bests(
    database: Path, size: tuple[int, int]
) -> None:
    async with opened(database, size) as (app, pilot):
        before = app.steering.state
        await pilot.press("P")
        screen = await replayed(app, pilot)
        replay = screen.replay
        assert replay is not None
        assert "REPLAY" in screen_text(app)
        await pilot.press("home")
        assert replay.place == 0
        await pilot.press("right", "full_stop", "left")
        assert replay.place == 1
        await pilot.press("home", "s")
        assert isinstance(replay.events[replay.place - 1], StepFinished)
        await pilot.press("down", "up")
        assert replay.place == screen.marks.steps[0]
        await pilot.press("home", "e")
        assert isinstance(replay.events[replay.place - 1], EditMade)
        await pilot.press("home", "b")
        assert replay.place == screen.marks.bests[0]
        assert replay.state.best_id is not None
        await pilot.press("end")
        assert replay.state == before
        await pilot.press("B")
        assert replay.place == screen.marks.bests[-1]
        await pilot.press("escape")
        assert app.screen is app.workbench
        assert app.steering.state is before


async def test_playing_goes_on_pauses_and_ends(database: Path) -> None:
    async with opened(database) as (app, pilot):
        await pilot.press("P")
        screen = await replayed(app, pilot)
        replay = screen.replay
        assert replay is not None
        await pilot.press("home", *["plus"] * 8)
        assert view.SPEEDS[screen.speed] == 64
        await pilot.press("space")
        await until(pilot, lambda: replay.place > 10)
        await pilot.press("space")
        assert not screen.playing
        place = replay.place
        await pilot.pause(0.2)
        assert replay.place == place
        replay.seek(len(replay.events) - 2)
        await pilot.press("space")
        await until(pilot, lambda: not screen.playing)
        assert replay.place == len(replay.events)


async def test_the_meta_prompt_is_that_of_the_step_replayed(database: Path) -> None:
    async with opened(database) as (app, pilot):
        await pilot.press("P")
        screen = await replayed(app, pilot)
        for place in screen.marks.steps:
            screen.seek(place)
            assert screen.state is not None
            step = screen.state.steps[-1]
            drawn = screen.prompt.text.prompt
            if step.prompt is None:
                assert drawn is None
            else:
                assert drawn is not None
                assert drawn.text == step.prompt.text


async def test_a_click_on_the_bar_goes_there(database: Path) -> None:
    async with opened(database, (80, 24)) as (app, pilot):
        await pilot.press("P")
        screen = await replayed(app, pilot)
        assert screen.replay is not None
        await pilot.click("#scrubber", offset=(1, 1))
        assert screen.replay.place == 0
        await pilot.click("#scrubber", offset=(78, 1))
        assert screen.replay.place == len(screen.replay.events)


async def test_escape_closes_it_from_every_pane(database: Path) -> None:
    async with opened(database) as (app, pilot):
        for pane in (0, 2):
            await pilot.press("P")
            screen = await replayed(app, pilot)
            screen.panes[pane].body.focus()
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.workbench)


@pytest.mark.parametrize("size", SIZES)
async def test_going_live_forks_at_the_last_finished_step(
    database: Path, size: tuple[int, int]
) -> None:
    async with browsing(database, size, replay="demo") as (app, pilot):
        screen = await replayed(app, pilot)
        assert screen.state is not None
        screen.seek(screen.marks.steps[1] + 1)
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press("ctrl+u", *"live", "enter")
        await until(pilot, lambda: app.screen is app.workbench and app.steering.opened)
        await until(pilot, lambda: app.steering.prompt is not None)
        assert app.steering.name == "live"
        assert app.steering.finished_steps == [0, 1]


async def test_going_live_under_a_taken_name_says_so(database: Path) -> None:
    async with browsing(database, (80, 24), replay="demo") as (app, pilot):
        await replayed(app, pilot)
        await pilot.press("end", "f")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press("ctrl+u", *"cooler", "enter")
        await until(pilot, lambda: "cooler" in screen_text(app) and "fork" in screen_text(app))
        assert not isinstance(app.screen, Prompt)


async def test_a_session_of_the_list_is_replayed(database: Path) -> None:
    async with browsing(database, (120, 40)) as (app, pilot):
        await pilot.press("P")
        await shown(app, pilot, ReplayScreen, lambda: "paused" in screen_text(app))
        await pilot.press("q")
        assert app.screen is app.sessions


async def test_a_long_session_opens_with_results_only(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opro_tui.tui.archive.FINE_EVENTS", 10)
    async with opened(database) as (app, pilot):
        await pilot.press("P")
        screen = await replayed(app, pilot)
        assert screen.opened is not None
        assert not screen.opened.fine
        assert "results only" in screen.scrubber.text
        coarse = screen.opened
        await pilot.press("end", "a")
        await until(pilot, lambda: screen.opened is not coarse)
        assert screen.opened.fine
        assert len(screen.opened.replay.events) == screen.opened.stored
        assert screen.state is not None
        assert _unpriced(screen.state) == _unpriced(coarse.replay.state)


async def test_seeking_is_quick_however_far(database: Path) -> None:
    archive = Archive(database, Config())
    found = await archive.replay("demo", fine=True)
    longest = 0.0
    for place in (0, len(found.replay.events), 1, len(found.replay.events) // 2):
        begin = time.perf_counter()
        found.replay.seek(place)
        longest = max(longest, time.perf_counter() - begin)
    assert longest < 0.1


async def test_no_session_and_no_model_is_touched(database: Path) -> None:
    store = await Store.open(database)
    session = await Session.open(store, "demo", Config())
    seq = session.state.last_seq
    try:
        async with browsing(database, (80, 24), replay="demo") as (app, pilot):
            await replayed(app, pilot)
            await pilot.press("home", "s", "e", "end")
        assert await store.last_seq(session.record.id) == seq
    finally:
        await session.close()
        await store.close()

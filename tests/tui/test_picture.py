"""A task's picture: any data in any size, and steering a session while looking at it."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.widgets import TextArea

from opro_tui.core.picture import Field, Kind, Line, Mark, Panel, Picture, Seen, View
from opro_tui.tasks import TaskOptions, load
from opro_tui.tui.format import harmless
from opro_tui.tui.options import CHARTS
from opro_tui.tui.picturing import paint, plain
from opro_tui.tui.screens.editor import Editor
from tests.tui.driving import SIZES, make_session, opened, run_out, screen_text, until
from tests.tui.states import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from opro_tui.tui.app import OproApp

both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
FLOATS = st.floats(width=64)
PLACES = st.tuples(FLOATS, FLOATS)
KINDS = st.sampled_from(list(Kind))
RANGES = st.tuples(st.floats(-1e9, 0), st.floats(0, 1e9))
PANELS = st.builds(
    Panel,
    title=st.sampled_from(HOSTILE),
    x=RANGES,
    y=RANGES,
    x_name=st.sampled_from(("", "w", *HOSTILE)),
    y_name=st.text(max_size=5),
    even=st.booleans(),
    field=st.none()
    | st.builds(Field, st.lists(st.lists(FLOATS, max_size=4).map(tuple), max_size=4).map(tuple)),
    lines=st.lists(
        st.builds(Line, st.lists(PLACES, max_size=4).map(tuple), KINDS, st.booleans()), max_size=3
    ).map(tuple),
    marks=st.lists(st.builds(Mark, PLACES, KINDS, st.sampled_from(("", "12", *HOSTILE)))).map(
        tuple
    ),
)


@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    st.lists(PANELS, min_size=1, max_size=3), st.integers(1, 130), st.integers(1, 40),
    st.sampled_from(CHARTS),
)  # fmt: skip
def test_any_picture_fits_its_room_and_is_harmless(panels, width, height, chart) -> None:
    picture = Picture("x", tuple(panels), HOSTILE[:3], ((Kind.BEST, HOSTILE[0]),))
    lines = paint(picture, width, height, chart)
    assert len(lines) <= height
    for line in plain(picture, width, height, chart):
        assert harmless(line) == line
        assert cell_len(line) <= max(width, 1)


@pytest.mark.parametrize("chart", CHARTS)
def test_what_matters_has_signs_of_its_own(chart) -> None:
    task = load(TaskOptions(task="linear-regression:w=15,b=14", seed=1)).task
    texts = ("w=12, b=11", "w=16, b=18", "w=18, b=19")
    tried = tuple(Seen(n, text, task.compute(text).score) for n, text in enumerate(texts, 1))
    text = "\n".join(plain(task.picture(View(tried, tried[1], tried[2])), 70, 20, chart))
    signs = "o*@X" if chart == "ascii" else "•★◆◎"
    assert all(sign in text for sign in signs)
    assert chart != "ascii" or text.isascii()


def test_even_scales_keep_a_square_square() -> None:
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    marks = tuple(Mark(corner, Kind.NODE) for corner in corners)
    panel = Panel("", (0.0, 1.0), (0.0, 1.0), even=True, marks=marks)
    for chart in CHARTS:
        lines = plain(Picture("x", (panel,)), 60, 11, chart)
        sign = "o" if chart == "ascii" else "●"
        rows = [row for row, line in enumerate(lines) if sign in line]
        line = lines[rows[0]]
        wide, tall = line.rindex(sign) - line.index(sign), rows[-1] - rows[0]
        assert math.isclose(wide, 2 * tall, abs_tol=2)


async def drawn(app: OproApp, pilot: Pilot[None]) -> None:
    """Let the picture come about."""
    await until(pilot, lambda: app.workbench.chart_pane.pictured)
    await app.workers.wait_for_complete([w for w in app.workers if w.group == "picture"])
    await pilot.pause()


def header(app: OproApp) -> str:
    """The screen's first line."""
    return screen_text(app).splitlines()[0]


@both_sizes
async def test_a_person_steers_a_trip_and_sees_the_gap_change(tmp_path, size) -> None:
    path = tmp_path / "s.db"
    await make_session(path, "tsp:n=8")
    async with opened(path, size) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        await drawn(app, pilot)
        pane, bench = app.workbench.chart_pane, app.workbench
        # On the small screen the key shows it alone; on the large one it stands there already.
        if size[0] < 100:
            await pilot.press("full_stop")
        await drawn(app, pilot)
        assert pane.shows_picture
        assert "to the proven optimum" in screen_text(app)
        before = pane.view.picture.reference.gap(bench.state.best().score.value)
        assert before > 0.1
        if size[0] < 100:
            await pilot.press("C")
        # A tour of one's own: the optimum, which the picture shows.
        optimum = app.steering.session.task.optimum().tour
        await pilot.press("a", *",".join(map(str, optimum)), "ctrl+s")
        await until(pilot, lambda: bool(bench.state.waiting()))
        await pilot.press("s")
        await run_out(app, pilot)
        await drawn(app, pilot)
        assert "is as short as the proven optimum" in pane.view.picture.captions[0]
        assert "gap 0 %" in header(app)
        # Dropped, it is the best no longer, and the gap is as before or smaller.
        bench.trajectory.rows.focus()
        await pilot.press("g", "d")
        await until(pilot, lambda: bool(bench.state.dropped))
        await drawn(app, pilot)
        gap = pane.view.picture.reference.gap(bench.state.best().score.value)
        assert 0 < gap <= before
        assert "gap 0 %" not in header(app)
        # Pinned, it is back, and so is its gap.
        await pilot.press("p")
        await until(pilot, lambda: bool(bench.state.pinned))
        await drawn(app, pilot)
        assert "gap 0 %" in header(app)


@both_sizes
async def test_the_picture_follows_the_cursor_and_the_zoom(tmp_path, size) -> None:
    path = tmp_path / "s.db"
    await make_session(path)
    async with opened(path, size) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        await drawn(app, pilot)
        view = app.workbench.chart_pane.view
        await pilot.press("C", "full_stop")
        await drawn(app, pilot)
        assert [pane.id for pane in app.workbench.panes if pane.region.height] == ["chart"]
        await pilot.press("j", "j")
        await drawn(app, pilot)
        key = app.workbench.trajectory.rows.key
        assert key != app.workbench.state.best_id
        assert f"selected {app.workbench.state.candidates[key].text}" in view.text
        wide = view.picture.panels[0].x
        await pilot.press("plus")
        await drawn(app, pilot)
        near = view.picture.panels[0].x
        assert near[1] - near[0] == pytest.approx((wide[1] - wide[0]) / 2)
        assert "2×" in screen_text(app)
        await pilot.press("minus", "y", "p")
        await until(pilot, lambda: "true pair" in app.clipboard)
        await pilot.press("full_stop")
        assert "SCORE BY STEP" in screen_text(app)
        await pilot.press("C")
        assert app.workbench.trajectory.region.height


async def test_a_task_without_a_picture_keeps_the_chart(tmp_path) -> None:
    path = tmp_path / "s.db"
    await make_session(path, "sums", train=4)
    async with opened(path, (120, 40)) as (app, pilot):
        await app.workers.wait_for_complete([w for w in app.workers if w.group == "picture"])
        await pilot.press("full_stop")
        assert not app.workbench.chart_pane.pictured
        assert "SCORE BY STEP" in screen_text(app)
        assert not any(
            command.title == "Picture" for command in app.get_system_commands(app.screen)
        )


OWN = """
import time
from opro_tui.core.picture import Kind, Mark, Panel, Picture
from opro_tui.core.protocols import Grade
from opro_tui.tasks.base import BaseTask

class Word(BaseTask):
    name = "word"
    def starting_solutions(self):
        return ("abc", "de")
    def compute(self, solution):
        return Grade(float(len(solution)), solution)
    def picture(self, view):
        if view.zoom:
            raise RuntimeError("no nearer [b]than[/b] this")
        marks = tuple(Mark((float(s.id), s.score), Kind.TRIED) for s in view.tried)
        return Picture("words", (Panel("lengths", (0.0, 9.0), (0.0, 9.0), marks=marks),))
"""


async def test_a_tasks_own_picture_is_drawn_and_its_faults_are_told(tmp_path, monkeypatch) -> None:
    (tmp_path / "own_picture_x.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    sys.modules.pop("own_picture_x", None)
    path = tmp_path / "s.db"
    await make_session(path, "python:own_picture_x:Word")
    async with opened(path, (120, 40)) as (app, pilot):
        await drawn(app, pilot)
        assert "WORDS" in screen_text(app)
        await pilot.press("C", "full_stop", "plus")
        view = app.workbench.chart_pane.view
        await until(pilot, lambda: view.picture is None)
        await pilot.pause()
        assert "no nearer [b]than[/b] this" in screen_text(app)
        await pilot.press("minus")
        await until(pilot, lambda: view.picture is not None)


@both_sizes
async def test_the_replay_shows_the_picture_of_each_moment(tmp_path: Path, size) -> None:
    path = tmp_path / "s.db"
    await make_session(path, "tsp:n=8")
    async with opened(path, size) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        await pilot.press("P")
        await until(pilot, lambda: getattr(app.screen, "opened", None) is not None)
        screen = app.screen
        await until(pilot, lambda: screen.chart.pictured)
        if size[0] < 100:
            await pilot.press("p")
        await pilot.press("end")

        async def settled() -> str:
            await app.workers.wait_for_complete([w for w in app.workers if w.group == "picture"])
            await pilot.pause()
            return screen.chart.view.picture.captions[0]

        late = await settled()
        await pilot.press("home")
        early = await settled()
        assert early.startswith("the proven optimum")
        assert late != early
        assert "TOUR" in screen_text(app)


@both_sizes
async def test_a_tour_that_is_refused_stays_in_its_editor_with_the_reason(tmp_path, size) -> None:
    path = tmp_path / "s.db"
    await make_session(path, "tsp:n=8")
    async with opened(path, size) as (app, pilot):
        await pilot.press("a", *("comma" if c == "," else c for c in "0,1,2"), "ctrl+s")
        await until(pilot, lambda: "3 of 8 nodes" in screen_text(app))
        assert isinstance(app.screen, Editor)
        assert app.screen.query_one(TextArea).text == "0,1,2"
        assert not app.steering.state.edits

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opro_tui.config import Config
from opro_tui.core.edits import Edits
from opro_tui.core.events import EditMade
from opro_tui.core.reducer import fold
from opro_tui.tui import charting
from opro_tui.tui.charting import GLYPHS, Point, plot, scale, series
from tests.tui.driving import SIZES, make_session, opened, run_out, screen_text, until
from tests.tui.states import FACTS, LOSS, empty, steps

both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])


def lines(drawn: charting.Plot) -> list[str]:
    return ["".join(text for text, _ in line) for line in drawn.lines]


def test_the_series_follows_the_steps_and_their_edits() -> None:
    state = empty()
    state = fold(state, [EditMade(step=1, kind="pin", after=1, seq=1)])
    state = steps(state, [("a", 10)], [("b", 20), ("c", 30)], [("d", 5)])
    points = series(state)
    assert [point.step for point in points] == [0, 1, 2]
    assert [point.best for point in points] == [0.25, 0.75, 0.75]
    assert points[1].mean == 0.625
    assert [point.edits for point in points] == [(), ("pin #1",), ()]


@pytest.mark.parametrize("kind", list(GLYPHS))
def test_best_mean_band_and_edits_have_signs_of_their_own(kind) -> None:
    points = [
        Point(0, 0.2, 0.1, 0.3, 1, 0.2),
        Point(1, 0.6, 0.5, 0.7, 2, 0.4, ("pin #1",)),
        Point(2, 0.8, 0.7, 0.9, 3, 0.5),
    ]
    glyphs = GLYPHS[kind]
    drawn = plot(points, FACTS, 40, 12, glyphs=glyphs)
    text = "\n".join(lines(drawn))
    assert glyphs.mean in text
    assert glyphs.band in text
    assert glyphs.edit in lines(drawn)[-2]
    tones = {tone for line in drawn.lines for _, tone in line}
    assert {"best", "accent", "pinned"} <= tones
    if kind == "ascii":
        assert text.isascii()


def test_a_better_best_stands_higher_and_a_lower_loss_lower() -> None:
    axis = scale([Point(0, 0.2), Point(1, 0.8)], FACTS)
    assert axis.share(0.8) > axis.share(0.2)
    loss = scale([Point(0, 900.0), Point(1, 100.0)], LOSS)
    assert not loss.log
    assert loss.share(100.0) < loss.share(900.0)


def test_objectives_over_decades_take_a_logarithmic_scale() -> None:
    axis = scale([Point(0, 1e6), Point(1, 1e3), Point(2, 1.0)], LOSS)
    assert axis.log
    assert axis.share(1e3) == pytest.approx(0.5)
    with_zero = scale([Point(0, 1e6), Point(1, 1e2), Point(2, 0.0)], LOSS)
    assert with_zero.share(0.0) == 0.0
    assert not scale([Point(0, -5.0), Point(1, 1e9)], LOSS).log


FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=64)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(FLOATS | st.none(), FLOATS), min_size=1, max_size=30),
    st.integers(5, 90),
    st.integers(4, 30),
    st.sampled_from(sorted(GLYPHS)),
)
def test_any_figures_fill_exactly_their_room(values, width, height, kind) -> None:
    points = [Point(n, best, best, best, 1, mean) for n, (best, mean) in enumerate(values)]
    width = max(width, charting.LABEL + 8)
    drawn = plot(points, LOSS, width, height, glyphs=GLYPHS[kind], cursor=len(points) - 1)
    assert len(drawn.lines) == height
    assert {len(line) for line in lines(drawn)} == {width}


def test_a_thousand_steps_fit() -> None:
    points = [Point(n, n / 1000, None, None, 1, n / 2000, ("pin #1",)) for n in range(1001)]
    drawn = plot(points, FACTS, 34, 14)
    assert {len(line) for line in lines(drawn)} == {34}
    assert lines(drawn)[-1].split() == ["0", "1000"]


@both_sizes
async def test_the_chart_opens_walks_and_closes(tmp_path, size) -> None:
    path = tmp_path / "s.db"
    await make_session(path)
    async with opened(path, size) as (app, pilot):
        await until(pilot, lambda: app.workbench.chart_pane.pictured)
        assert ("MAP" in screen_text(app)) == (size[0] >= 100)
        await pilot.press("s")
        await run_out(app, pilot)
        app.workbench.trajectory.rows.focus()
        await pilot.press("C")
        await pilot.pause()
        shown = [pane.id for pane in app.workbench.panes if pane.region.height]
        assert shown == ["chart"]
        assert "log scale" in screen_text(app) or "mean" in screen_text(app)
        await pilot.press("left")
        assert "step 1 · best" in app.workbench.chart_pane.chart.text
        await pilot.press("left", "left")
        assert "step 0 · best" in app.workbench.chart_pane.chart.text
        await pilot.press("escape")
        assert app.workbench.chart_pane.chart.cursor is None
        await pilot.press("C")
        await pilot.pause()
        assert app.workbench.trajectory.rows.has_focus
        assert app.workbench.trajectory.region.height


async def test_tab_reaches_the_chart_only_where_it_is_in_sight(tmp_path) -> None:
    path = tmp_path / "s.db"
    await make_session(path)
    async with opened(path, (120, 40)) as (app, pilot):
        seen = set()
        for _ in range(4):
            await pilot.press("tab")
            seen.add(app.workbench.active_pane.id)
        assert seen == {"meta-prompt", "candidates", "trajectory", "chart"}
        await pilot.resize_terminal(80, 24)
        app.workbench.trajectory.rows.focus()
        seen = set()
        for _ in range(4):
            await pilot.press("tab")
            seen.add(app.workbench.active_pane.id)
        assert seen == {"meta-prompt", "candidates", "trajectory"}


def test_a_step_without_scores_is_left_out() -> None:
    state = steps(empty(), [("a", 10)])
    bare = replace(state.steps[0], best=None, mean=None)
    assert series(replace(state, steps=(bare,))) == ()


@both_sizes
async def test_the_ascii_chart_is_ascii_whatever_it_says(tmp_path, size) -> None:
    path = tmp_path / "sessions.db"
    await make_session(path, "sums", candidates=2, train=8, test=4)
    async with opened(path, size, Config(ui={"chart": "ascii"})) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        await app.steering.edit(Edits(settings={"temperature": "0.5"}))
        await pilot.press("s")
        await run_out(app, pilot)
        await pilot.press("C")
        await pilot.pause()
        chart = app.workbench.chart_pane.chart
        for key in ("home", "right", "right", "escape"):
            assert chart.text.isascii(), chart.text
            drawn = "".join(chart.render_line(y).text for y in range(chart.content_size.height))
            assert drawn.isascii()
            await pilot.press(key)
            await pilot.pause()
        await pilot.press("C", "B")
        await until(pilot, lambda: bool(app.screen.query("#cost-chart")))
        drawing = app.screen.query_one("#cost-chart")
        await until(pilot, lambda: "0" in drawing.text)
        assert drawing.text.isascii()

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opro_tui.config import Config
from opro_tui.core.statistics import difference
from opro_tui.tui import measuring
from opro_tui.tui.archive import Archive
from opro_tui.tui.measuring import CONFIRM, EVALUATE
from opro_tui.tui.screens import compare_view as view
from opro_tui.tui.screens import measure_view
from opro_tui.tui.screens.choose import Choose
from opro_tui.tui.screens.compare import CompareScreen
from opro_tui.tui.screens.layers import Question
from opro_tui.tui.screens.measure import MeasureScreen
from opro_tui.tui.shelf import Shelf
from tests.tui.driving import SIZES, opened, screen_text, until
from tests.tui.history import browsing, database, shown, told
from tests.tui.states import FACTS, LOSS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["database", "told"]


def test_the_words_say_what_the_test_allows() -> None:
    one = [1.0] * 10 + [0.0] * 30
    other = [1.0] * 40
    better = difference(one, other, binary=True, seed=0)
    assert better is not None
    words = view.in_words(better, FACTS, held_out=True)
    assert "B is better, beyond noise." in words
    assert "+75.0 points" in words
    assert "exact McNemar test p < 0.001" in words
    same = difference(one, one, binary=True, seed=0)
    assert same is not None
    words = view.in_words(same, FACTS, held_out=False)
    assert "can't be told apart" in words
    assert "flatters both" in words
    loss = difference([3.0, 2.0, 4.0], [1.0, 1.0, 2.0], binary=False, seed=0)
    assert loss is not None
    assert "B is better" in view.in_words(loss, LOSS, held_out=True)


def test_curves_fit_and_mark_where_both_are() -> None:
    first = [(0.0, 0.5), (1.0, 0.6), (2.0, 0.9)]
    second = [(0.0, 0.5), (1.0, 0.6), (2.0, 0.6)]
    lines = view.curves(first, second, FACTS, "step", 40, 10)
    text = "\n".join("".join(text for text, _ in line) for line in lines)
    assert all(sign in text for sign in view.SIGNS)
    assert len(lines) == 10
    assert max(map(len, text.splitlines()[:8])) <= 40
    assert view.curves([], [], FACTS, "step", 40, 10)[0][0][0].startswith("nothing")


@pytest.mark.parametrize("size", SIZES)
async def test_two_marked_sessions_are_compared_then_evaluated(
    database: Path, size: tuple[int, int]
) -> None:
    async with browsing(database, size) as (app, pilot):
        await pilot.press("W")
        assert app.screen is app.sessions, "one must be marked first"
        await pilot.press("home", "space", "W")
        await shown(app, pilot, CompareScreen, lambda: "parted after step 1" in screen_text(app))
        screen = app.screen
        assert isinstance(screen, CompareScreen)
        await until(pilot, lambda: len(screen.wanted) == 2)
        assert "Not measured yet" in screen.facts.content.plain
        assert "flatters both" in screen.facts.content.plain
        assert screen.compared is not None
        arms = screen.compared.found.first, screen.compared.found.second
        assert len(screen.rows.keys) == sum(len(arm.edits) for arm in arms) > 1
        assert all(c.isprintable() or c == "\n" for c in screen_text(app))
        await pilot.press("x")
        assert "by tokens" in screen_text(app)
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "20 answers" in screen_text(app)
        await pilot.press("s")
        await until(
            pilot,
            lambda: screen.compared is not None and screen.compared.found.held_out is not None,
        )
        assert screen.compared.found.held_out is not None
        assert screen.compared.found.held_out.n == 20
        assert "95 % interval" in screen.facts.content.plain
        assert screen.wanted == ()
        await pilot.press("escape")
        assert app.screen is app.sessions


async def test_the_workbench_compares_with_a_chosen_session(database: Path) -> None:
    async with opened(database) as (app, pilot):
        await pilot.press("W")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        assert "a fork of this one" in screen_text(app)
        await pilot.press("enter")
        await shown(app, pilot, CompareScreen, lambda: "parted after step 1" in screen_text(app))
        await pilot.press("r")
        await until(pilot, lambda: "A ● cooler" in screen_text(app))
        await pilot.press("escape")
        assert app.screen is app.workbench


@pytest.mark.parametrize("size", SIZES)
async def test_confirm_asks_with_the_price_and_reports(
    database: Path, size: tuple[int, int]
) -> None:
    async with opened(database, size) as (app, pilot):
        await pilot.press("F")
        await shown(app, pilot, MeasureScreen, lambda: "s measures" in screen_text(app))
        screen = app.screen
        assert isinstance(screen, MeasureScreen)
        assert "best of" in screen_text(app)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("escape")
        assert not app.steering.state.measured
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("s")
        await until(pilot, lambda: screen.job is not None and screen.job.finished)
        await until(pilot, lambda: bool(screen.rows.keys))
        events = app.steering.state.measured
        assert {event.kind for event in events} == {CONFIRM}
        assert measuring.looks(app.steering.state) == 0
        await until(pilot, lambda: "on fresh examples" in screen_text(app))
        assert not app.steering.running


async def test_a_look_at_the_test_split_is_counted(database: Path) -> None:
    async with opened(database) as (app, pilot):
        await pilot.press("X")
        await shown(app, pilot, MeasureScreen, lambda: "s measures" in screen_text(app))
        assert "0 looks" in screen_text(app)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "will be number 1" in screen_text(app)
        await pilot.press("s")
        await until(pilot, lambda: "1 look at the test split" in screen_text(app))
        event = app.steering.state.measured[-1]
        assert (event.kind, event.split) == (EVALUATE, "test")
        row = measure_view.row(event, app.steering.state)
        training = app.steering.state.candidates[event.candidate].score
        assert training is not None
        drop = event.score.value - training.value
        words = f"{100 * drop:+.1f}"
        assert row[6].text.replace("−", "-") == ("0.0" if words in ("+0.0", "-0.0") else words)


async def test_escape_stops_and_keeps_what_was_paid(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(database, Config())
    async with archive.session("demo", write=True) as session:
        offer = await measuring.offer(session, EVALUATE)
    job = measuring.Measuring(archive, (offer,))
    calls = 0
    real = measuring.Measuring._measure

    async def stopping(self: measuring.Measuring, session: object, each: object) -> None:
        stream = session.measure

        async def few(*arguments: object) -> object:
            nonlocal calls
            async for event in stream(*arguments):
                yield event
                calls += 1
                if calls == 3:
                    job.stop()

        monkeypatch.setattr(session, "measure", few)
        await real(self, session, each)

    monkeypatch.setattr(measuring.Measuring, "_measure", stopping)
    stopped = await job.run()
    assert stopped is not None
    assert stopped.code == "person"
    assert 0 < job.done < 20
    monkeypatch.undo()
    again = measuring.Measuring(archive, (offer,))
    assert await again.run() is None
    assert again.done + job.done == 20
    assert len(again.found) == 1


@pytest.mark.parametrize("size", SIZES)
async def test_other_conditions_are_said_before_any_difference(
    database: Path, size: tuple[int, int]
) -> None:
    shelf = Shelf(database, Config())
    await shelf.fork("demo", 1, "exact", {"metric": "exact", "qa": "no"})
    async with Archive(database, Config()).session("exact", write=True) as session:
        async for _ in session.run(1):
            pass
    async with browsing(database, size) as (app, pilot):
        app.push_screen(CompareScreen(Archive(database, Config()), "demo", "exact"))
        await shown(app, pilot, CompareScreen, lambda: "not the same" in screen_text(app))
        screen = app.screen
        assert isinstance(screen, CompareScreen)
        said = screen.facts.content.plain
        assert "metric: A numeric · B exact" in said
        assert "qa: A yes · B no" in said
        assert "Answers are graded in two ways: nothing is paired." in said
        assert said.index("NOT THE SAME") < said.index("Held out:")
        assert any(
            "fork demo at step 1" in cell.text
            for row in view.edits(screen.compared)
            for cell in row
        )


@pytest.mark.parametrize("size", SIZES)
async def test_the_best_is_measured_on_another_task(
    database: Path, size: tuple[int, int], tmp_path: Path
) -> None:
    lines = "\n".join(f"What is {n} + {7 - n}?,7" for n in range(40))
    (tmp_path / "sevens.csv").write_text(f"input,target\n{lines}\n", encoding="utf-8")
    async with opened(database, size) as (app, pilot):
        await pilot.press("X")
        await shown(app, pilot, MeasureScreen, lambda: "s measures" in screen_text(app))
        screen = app.screen
        assert isinstance(screen, MeasureScreen)
        await pilot.press("o", *str(tmp_path / "sevens.csv"), "enter")
        await until(pilot, lambda: screen.offer is not None and screen.offer.there is not None)
        assert "TRANSFER TO ANOTHER TASK" in screen_text(app)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("s")
        await until(pilot, lambda: bool(app.steering.state.measured))
        event = app.steering.state.measured[-1]
        assert event.kind == "transfer"
        assert measuring.looks(app.steering.state) == 0
        assert measure_view.row(event, app.steering.state)[5].text == ""
        await until(pilot, lambda: screen.job is not None and screen.job.finished)
        await until(pilot, lambda: "measured already" in screen_text(app))
        assert "on sevens.csv" in screen_text(app)
        await pilot.press("o", *"x", "enter")
        await until(pilot, lambda: "unknown task" in screen_text(app))

"""The screen of an ablation: curves that can be told apart, the table, and what opens from it."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from opro_tui.config import Config
from opro_tui.core.ablation import Walk
from opro_tui.core.usage import Usage
from opro_tui.engine.ablation import plan, stored
from opro_tui.engine.ablation import table as tables
from opro_tui.engine.ablation.runner import Ablation, Options
from opro_tui.engine.ablation.table import Figure, Row, Table
from opro_tui.engine.ablation.vary import groups, variants
from opro_tui.engine.create import Draft
from opro_tui.store.database import Store
from opro_tui.tui import charting
from opro_tui.tui.app import OproApp
from opro_tui.tui.screens import ablation_view as view
from opro_tui.tui.screens.ablation import AblationScreen
from opro_tui.tui.screens.help import HelpLayer
from opro_tui.tui.screens.problem import Problem
from opro_tui.tui.screens.replay import ReplayScreen
from tests.tui.driving import SIZES, screen_text, until
from tests.tui.states import FACTS, LOSS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from textual.pilot import Pilot

HOSTILE = "\x1b[31m[b]@click=quit[/b]\u202e =1+1"


async def tell(path: Path) -> None:
    """Two arms beside a base, one of them with a hostile text, twice, and a session of its own."""
    values = {"task": "sums", "train": 6, "test": 4, "candidates": 3}
    draft = Draft(name="base", values=values)
    base = plan.base_of(draft, Config())
    wanted = groups(["order=descending", f'initial="{HOSTILE}"'])
    arms = tuple(variants(wanted, base.settings, None))  # type: ignore[arg-type]
    made = plan.Plan(name="abl", draft=draft, variants=arms, repetitions=2, steps=1)
    store = await Store.open(path)
    await plan.make(store, plan.cells(made, Config()))
    entries = await stored.entries(store, "abl")
    await Ablation(store, Config(), entries, Options(one_shot=True), lambda _: None).run()
    await store.rename("abl-order-descending-1", "[b]x[/b]")
    await store.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ablation") / "sessions.db"
    asyncio.run(tell(path))
    return path


@pytest.fixture
def database(kept: Path, tmp_path: Path) -> Path:
    return shutil.copy(kept, tmp_path / "sessions.db")


@asynccontextmanager
async def showing(
    database: Path, size: tuple[int, int], name: str = "abl", kind: str = "blocks"
) -> AsyncIterator[tuple[OproApp, Pilot[None], AblationScreen]]:
    config = Config(ui={"chart": kind})
    app = OproApp(database, None, config, ablation=name)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, AblationScreen | Problem))
        screen = next(s for s in app.screen_stack if isinstance(s, AblationScreen))
        yield app, pilot, screen


async def read(pilot: Pilot[None], screen: AblationScreen) -> None:
    await until(pilot, lambda: screen.shown is not None and bool(screen.rows.keys))


@pytest.mark.parametrize("size", SIZES)
async def test_curves_and_table_together(database: Path, size: tuple[int, int]) -> None:
    async with showing(database, size) as (app, pilot, screen):
        await read(pilot, screen)
        text = screen_text(app)
        assert "SIMULATED" in text
        assert "order=descending" in text
        assert "one-shot control" in text
        assert "− A held out" in text
        assert "MEAN OVER REPETITIONS" in text
        assert all(sign in screen.chart.text for sign in "ABCD")
        assert all(c.isprintable() or c == "\n" for c in text)
        assert "\u202e" not in text
        assert max(map(len, screen.chart.text.splitlines())) <= size[0]
        assert "simulated: says nothing about LLMs" in screen.notes.content.plain
        assert app.screen is screen


@pytest.mark.parametrize("kind", ["blocks", "braille", "ascii"])
async def test_every_kind_of_chart(database: Path, kind: str) -> None:
    async with showing(database, (80, 24), kind=kind) as (_, pilot, screen):
        await read(pilot, screen)
        text = screen.chart.text
        assert all(sign in text for sign in "ABCD")
        if kind == "ascii":
            assert text.isascii()
        if kind == "braille":
            assert any("\u2800" < c <= "\u28ff" for c in text)


async def test_one_repetition_by_itself_and_what_opens(database: Path) -> None:
    async with showing(database, (120, 40)) as (app, pilot, screen):
        await read(pilot, screen)
        await pilot.press("right_square_bracket")
        assert screen.repetition == 1
        assert "repetition 1" in screen.header.text
        assert all(len(row.outcomes) == 1 for row in screen.shown.rows)
        await pilot.press("down")
        assert screen.session_name == "[b]x[/b]"
        await pilot.pause()
        assert "session [b]x[/b]" in screen.status.text
        await pilot.press("n", "n")
        assert screen.repetition == 0
        await pilot.press("left_square_bracket")
        assert screen.repetition == 2
        await pilot.press("y")
        assert app.clipboard.startswith("sign,arm,done,of,training_mean")
        assert HOSTILE[:3] not in app.clipboard
        await pilot.press("P")
        await until(pilot, lambda: isinstance(app.screen, ReplayScreen))
        await pilot.press("escape")
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpLayer))
        assert "Show one repetition by itself" in screen_text(app)
        await pilot.press("escape", "enter")
        await until(pilot, lambda: app.steering.opened)
        assert app.steering.name == "abl-order-descending-2"


@pytest.mark.parametrize("size", SIZES)
async def test_from_the_list_of_sessions(database: Path, size: tuple[int, int]) -> None:
    app = OproApp(database, None, Config())
    async with app.run_test(size=size, notifications=True) as pilot:
        assert app.sessions is not None
        await until(pilot, lambda: app.sessions.loaded)
        await until(pilot, lambda: all(entry.known for entry in app.sessions.entries.values()))
        labels = {entry.name: entry.label for entry in app.sessions.entries.values()}
        assert all(label is not None and label.ablation == "abl" for label in labels.values())
        assert len(labels) == 8
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AblationScreen))
        await read(pilot, app.screen)
        await pilot.press("escape")
        assert app.screen is app.sessions
        await pilot.press("slash", *"abl-base-2", "enter")
        assert "ablation abl, repetition 2" in app.sessions.facts.text


async def test_other_sessions_offer_none(tmp_path: Path) -> None:
    from tests.tui.driving import make_session

    await make_session(tmp_path / "s.db")
    app = OproApp(tmp_path / "s.db", None, Config())
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.sessions is not None and app.sessions.loaded)
        await pilot.press("A")
        await pilot.pause()
        assert app.screen is app.sessions


async def test_what_another_process_adds_is_shown(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opro_tui.tui.screens import ablation as module

    monkeypatch.setattr(module, "WATCH_SECONDS", 0.05)
    store = await Store.open(database)
    values = {"task": "sums", "train": 6, "test": 4, "candidates": 3}
    draft = Draft(name="base", values=values)
    made = plan.Plan(name="live", draft=draft, variants=(), repetitions=1, steps=1)
    await plan.make(store, plan.cells(made, Config()))
    async with showing(database, (80, 24), "live") as (_, pilot, screen):
        await read(pilot, screen)
        assert "not complete" in screen.header.text
        assert "no step is finished yet" in screen.chart.text
        entries = await stored.entries(store, "live")
        await Ablation(store, Config(), entries, Options(), lambda _: None).run()
        await until(pilot, lambda: screen.whole is not None and screen.whole.complete)
        assert "A" in screen.chart.text
    await store.close()


async def test_an_ablation_that_is_not_there(database: Path) -> None:
    async with showing(database, (80, 24), "nothing") as (app, pilot, _):
        await until(pilot, lambda: isinstance(app.screen, Problem))
        assert "there is no ablation" in screen_text(app)


# The view


def arm(place: int, curve: tuple[tuple[int, float], ...]) -> Row:
    empty = Figure()
    return Row(
        place=place,
        sign=tables._sign(place),
        arm=f"arm {place}",
        control=False,
        outcomes=(),
        pairs=(),
        training=empty,
        held_out=empty,
        training_gain=empty,
        held_out_gain=empty,
        curve=curve,
        paid=Usage(),
        alone=Usage(),
    )


def drawn(rows: list[Row], width: int = 60, height: int = 12, kind: str = "blocks") -> list[str]:
    found = Table("abl", tuple(rows), FACTS, simulated=False, repetitions=1)
    axis = charting.scale([charting.Point(s, v) for row in rows for s, v in row.curve], FACTS)
    lines = view.curves(found, width, height, glyphs=charting.GLYPHS[kind], scale=axis)
    return ["".join(text for text, _ in line) for line in lines]


def test_letters_of_curves_that_meet_stand_beside_each_other() -> None:
    lines = drawn([arm(0, ((0, 0.5), (1, 0.9))), arm(1, ((0, 0.5), (1, 0.6)))])
    assert any("│AB" in line for line in lines)
    assert lines[-1].startswith("A 90.0  B 60.0")
    assert len(lines) == 12
    assert all(len(line) <= 60 for line in lines)


def test_many_arms_that_meet_are_a_star() -> None:
    lines = drawn([arm(place, ((0, 0.5), (1, 0.5))) for place in range(8)])
    assert any("*" in line for line in lines[:-1])
    assert lines[-1].endswith("* several")


def test_long_runs_keep_their_letters_apart() -> None:
    curve = tuple((step, 0.3 + step / 1000) for step in range(200))
    lines = drawn([arm(0, curve), arm(1, tuple((s, v + 0.2) for s, v in curve))])
    letters = sum(line.count("A") for line in lines[:-1])
    assert 2 <= letters <= 12


@pytest.mark.parametrize("size", [(8, 5), (20, 6), (3, 4), (200, 60)])
def test_any_size_can_be_drawn(size: tuple[int, int]) -> None:
    rows = [arm(0, ((0, 0.5), (3, 0.9))), arm(1, ())]
    for kind in charting.GLYPHS:
        assert len(drawn(rows, *size, kind)) <= max(1, size[1])


def test_figures_in_words() -> None:
    assert view.figure(Figure((0.5,), 0.5, 0.3, 0.7), FACTS) == "50.0 (30.0–70.0)"
    assert view.figure(Figure((0.5, 0.6), 0.55), FACTS) == "50.0, 60.0"
    assert view.figure(Figure((0.5, 0.5), 0.5), FACTS) == "50.0, 50.0"
    assert view.figure(Figure((0.5, 0.5, 0.5), 0.5), FACTS) == "50.0"
    assert view.figure(Figure(), FACTS) == "–"
    assert view.gained(Figure((0.1,), 0.1, -0.1, 0.3), FACTS) == "+10.0 (−10.0 … +30.0) ~"
    assert view.gained(Figure((0.1,), 0.1, 0.05, 0.3), FACTS) == "+10.0 (+5.0 … +30.0)"
    assert view.gained(Figure((-3.0, 2.0), -0.5), LOSS) == "−3, +2"
    assert Walk(((0, 1.0),), 0, over=True).at(5) == 1.0

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from opro_tui.config import Config
from opro_tui.core.money_report import Effort, Line, report, table
from opro_tui.core.usage import ROLES, Usage
from opro_tui.engine.report import costs_json
from opro_tui.tui.archive import Archive
from opro_tui.tui.screens import costs_view as view
from opro_tui.tui.screens.costs import CostsScreen
from opro_tui.tui.screens.layers import Prompt
from tests.tui.driving import SIZES, opened, run_out, screen_text, until
from tests.tui.history import browsing, database, shown, told
from tests.tui.states import empty

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["database", "told"]


async def test_totals_agree_with_costs_json(database: Path) -> None:
    costs = await Archive(database, Config()).costs("demo")
    data = costs_json(costs.state)
    found = costs.report
    for role in ROLES:
        own = [line for line in found.roles if line.role == role]
        used = own[0].used if own else Usage()
        assert used.to_json() == data["total"][role]
    wholes = {line.step: line for line in found.steps if not line.role}
    assert {step["step"]: step["cost_usd"] for step in data["steps"]} == {
        number: line.used.cost_usd for number, line in wholes.items()
    }
    assert found.cumulative[-1][1] == found.whole.used == costs.state.usage()
    rows = table(found)
    totals = {row[1]: row for row in rows if row[0] == "all"}
    calls = sum(int(row[2]) for row in rows[1:] if row[0] != "all")
    assert int(totals["all"][2]) == calls == found.whole.used.calls


async def test_the_store_tells_time_and_retries(database: Path) -> None:
    costs = await Archive(database, Config()).costs("demo")
    whole = costs.report.whole
    assert whole.effort.calls == whole.used.calls
    assert whole.effort.milliseconds >= 0
    assert whole.effort.extra_tokens == 0


def test_unknown_stays_unknown() -> None:
    used = Usage(calls=2, input_tokens=None, output_tokens=5, cost_pico=None)
    line = Line(1, "scorer", used, Effort(), said=100)
    assert line.error is None
    assert line.saved_pico is None
    texts = [cell.text for cell in view.row(line)]
    assert "?" in texts
    assert "$?" in texts
    assert "0" not in texts


def test_what_the_providers_cache_did_is_said_where_it_did_something() -> None:
    used = Usage(calls=2, input_tokens=900, cached_tokens=300, cache_write_tokens=300)
    line = Line(1, "optimizer", replace(used, cache_saved_pico=-5_000_000_000), Effort())
    labels = [column.label for column in view.columns([line])]
    texts = [cell.text for cell in view.row(line)]
    assert texts[labels.index("to cache")] == "300"
    assert texts[labels.index("saved")] == "−$0.0050"
    assert "300 written to it: $0.0050 more than it saved" in view._cache(line.used)
    assert "saved is unknown" in view._cache(replace(used, cache_saved_pico=None))
    without = view.columns([replace(line, used=Usage(calls=2))])
    hidden = {column.label for column in without if column.from_width > 10_000}
    assert {"to cache", "saved", "cached"} <= hidden


def test_the_forecast_error_leaves_out_what_no_step_foretells() -> None:
    used = Usage(calls=3, input_tokens=1000, output_tokens=250)
    line = Line(1, "scorer", used, Effort(extra_tokens=150), said=1000)
    assert line.error == pytest.approx(0.1)
    assert view.percent(0.1) == "+10 %"
    assert view.percent(-0.031) == "−3.1 %"


def test_a_session_without_steps_has_a_report() -> None:
    found = report(empty(), {})
    assert found.steps == ()
    assert found.error is None
    assert found.per_point is None
    assert view.bars([], 20, 5) == [[("nothing yet", "muted")]]


def test_the_chart_fits_and_rises() -> None:
    points = [(step, float(step)) for step in range(500)]
    for width, height in ((10, 3), (40, 8), (90, 12)):
        lines = view.bars(points, width, height)
        assert len(lines) == height
        assert all(sum(len(text) for text, _ in line) <= width for line in lines)
    top = view.bars([(0, 0.0), (1, 1.0)], 30, 5)[0]
    assert top[1][0].strip() == "█" * 6


@pytest.mark.parametrize("size", SIZES)
async def test_the_screen_shows_steps_totals_and_waste(
    database: Path, size: tuple[int, int]
) -> None:
    async with opened(database, size) as (app, pilot):
        await pilot.press("dollar_sign")
        await shown(app, pilot, CostsScreen, lambda: "all roles" in screen_text(app))
        screen = app.screen
        assert isinstance(screen, CostsScreen)
        said = dict(screen.facts.facts)
        assert "genai-prices" in said["prices"]
        assert "median over 3 steps" in said["forecast"]
        assert "improved" in said["waste"]
        assert screen.status.text
        await pilot.press("escape")
        assert app.screen is app.workbench


async def test_it_follows_the_run(database: Path) -> None:
    async with opened(database) as (app, pilot):
        await pilot.press("s")
        await pilot.press("dollar_sign")
        await shown(app, pilot, CostsScreen, lambda: "all roles" in screen_text(app))
        await until(pilot, lambda: not app.steering.running)
        screen = app.screen
        assert isinstance(screen, CostsScreen)
        await pilot.pause(1.2)
        await until(
            pilot,
            lambda: (
                screen.costs is not None
                and screen.costs.report.whole.used == app.steering.state.usage()
            ),
        )
        await pilot.press("escape")
        await run_out(app, pilot)


async def test_the_table_goes_to_a_file_and_to_the_clipboard(
    database: Path, tmp_path: Path
) -> None:
    async with browsing(database, (80, 24)) as (app, pilot):
        await pilot.press("dollar_sign")
        await shown(app, pilot, CostsScreen, lambda: "all roles" in screen_text(app))
        screen = app.screen
        assert isinstance(screen, CostsScreen)
        assert screen.costs is not None
        await pilot.press("y")
        assert list(csv.reader(io.StringIO(app.clipboard))) == table(screen.costs.report)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        target = tmp_path / "costs.csv"
        app.screen.query_one("#value").value = str(target)
        await pilot.press("enter")
        await until(pilot, lambda: target.exists())
        assert target.read_bytes().decode() == app.clipboard

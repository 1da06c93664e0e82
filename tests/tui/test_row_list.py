from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.app import App

from opro_tui.tui import format as fmt
from opro_tui.tui.parts import Cell
from opro_tui.tui.widgets.row_list import Column, RowList
from opro_tui.tui.widgets.whole_text import WholeText
from tests.tui.driving import make_session, opened, run_out, until

COLUMNS = (Column("#", 4, right=True), Column("wide", 10, from_width=60), Column("text", 0))


class Lists(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.rows = RowList(COLUMNS, id="rows")
        self.made: list[int] = []
        self.told: list[int] = []

    def compose(self):
        yield self.rows

    def make(self, key: int):
        self.made.append(key)
        return (Cell(str(key)), Cell("w"), Cell(f"text [b]{key}[/b] " + "x" * 200))

    def on_row_list_highlighted(self, event: RowList.Highlighted) -> None:
        self.told.append(event.key)

    def lines(self) -> list[str]:
        return [strip.text for strip in self.screen._compositor.render_strips()]


async def test_only_rows_in_sight_are_made() -> None:
    app = Lists()
    async with app.run_test(size=(80, 20)) as pilot:
        app.rows.show(range(20_000), app.make)
        await pilot.pause()
        assert len(set(app.made)) < 40
        app.rows.focus()
        await pilot.press("end")
        assert app.rows.key == 19_999
        assert "19999"[:3] in app.lines()[-1]


async def test_the_cursor_follows_its_row_and_never_the_other_way_round() -> None:
    app = Lists()
    async with app.run_test(size=(80, 20)) as pilot:
        app.rows.show([1, 2, 3], app.make)
        await pilot.pause()
        app.rows.show([9, 1, 2, 3], app.make)
        assert app.rows.key == 9, "a cursor that was never moved stays on top"
        app.rows.focus()
        await pilot.press("j", "j")
        assert app.rows.key == 2
        app.told.clear()
        app.rows.show([3, 2, 8, 7, 1], app.make)
        await pilot.pause()
        assert app.rows.key == 2
        assert app.told == []
        app.rows.show([3, 7], app.make)
        await pilot.pause()
        assert app.told == [7]


async def test_the_cursor_stays_in_sight_when_its_row_sinks() -> None:
    app = Lists()
    async with app.run_test(size=(80, 10)) as pilot:
        app.rows.show(range(100), app.make)
        app.rows.focus()
        await pilot.press("j")
        app.rows.show([*range(50, 100), *range(50)], app.make)
        await pilot.pause()
        assert app.rows.key == 1
        assert any(line.startswith("▌   1") for line in app.lines())


async def test_text_is_no_markup_and_narrow_lists_leave_columns_out() -> None:
    app = Lists()
    async with app.run_test(size=(80, 10)) as pilot:
        app.rows.show([5], app.make)
        await pilot.pause()
        assert "[b]5[/b]" in app.lines()[1]
        assert "wide" in app.lines()[0]
        assert app.lines()[1].rstrip().endswith("…")
        await pilot.resize_terminal(50, 10)
        await pilot.pause()
        assert "wide" not in app.lines()[0]


async def test_a_click_moves_the_cursor() -> None:
    app = Lists()
    async with app.run_test(size=(80, 10)) as pilot:
        app.rows.show([5, 6, 7], app.make)
        await pilot.pause()
        await pilot.click(RowList, offset=(10, 3))
        assert app.rows.key == 7


async def test_an_empty_list_says_what_it_will_hold() -> None:
    app = Lists()
    async with app.run_test(size=(80, 10)) as pilot:
        app.rows.show([], app.make, empty="Nothing yet.\ns fills it.")
        await pilot.press("j", "enter", "end")
        await pilot.pause()
        assert "Nothing yet." in app.lines()[0]
        assert "s fills it." in app.lines()[1]


async def test_only_what_changed_is_drawn_again(monkeypatch) -> None:
    drawn: list[str] = []
    compose = RowList._compose_row

    def counted(self, row, *rest, **how):
        drawn.append(row[0].text)
        return compose(self, row, *rest, **how)

    monkeypatch.setattr(RowList, "_compose_row", counted)
    app = Lists()
    async with app.run_test(size=(80, 20)) as pilot:
        app.rows.show(range(5000), app.make)
        app.rows.focus()
        await pilot.pause()
        drawn.clear()
        await pilot.press("j")
        assert set(drawn) <= {"0", "1"}, "two rows for a cursor that moves by one"
        await pilot.press("pagedown", "pagedown", "pageup")
        drawn.clear()
        await pilot.press("pageup")
        assert len(drawn) <= 2, "rows that were drawn before are kept"

        def make(key):
            return (Cell(str(key)), Cell("w"), Cell("other" if key == 3 else app.make(key)[2].text))

        drawn.clear()
        app.rows.show(range(5000), make)
        await pilot.pause()
        assert drawn == ["3"]
        assert "other" in "\n".join(app.lines())


def test_a_whole_text_is_wrapped_into_the_lines_there_are() -> None:
    whole = WholeText(id="w")
    whole.text = "one two three four five six seven"
    assert whole.lines(14, 3) == ["one two three ", "four five six ", "seven"]
    assert whole.lines(14, 2) == ["one two three ", "four five six…"]
    whole.text = "汉字" * 20
    assert all(cell_len(line) <= 11 for line in whole.lines(11, 2))
    whole.text = ""
    assert whole.lines(10, 2) == [""]


@pytest.mark.parametrize(("size", "there"), [((80, 24), False), ((120, 40), True)])
async def test_where_there_is_room_the_selected_solution_is_read_in_full(
    tmp_path, size, there
) -> None:
    path = tmp_path / "s.db"
    await make_session(path, "sums", candidates=3, train=6, test=4)
    async with opened(path, size) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        pane = app.workbench.trajectory
        pane.rows.focus()
        await pilot.press("end", "home")
        for _ in range(3):
            await pilot.press("down")
            text = app.steering.state.candidates[pane.rows.key].text
            await until(pilot, lambda: pane.whole.text == fmt.safe(text, 400))  # noqa: B023
        assert pane.whole.display is there or not pane.has_class("-long")
        await pilot.press("slash", *"no such text")
        await until(pilot, lambda: pane.whole.text == "")

"""The form for a new session, the file picker and the lists of choices."""

from __future__ import annotations

import asyncio
import csv
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, Static

from opro_tui.config import Config, Provider
from opro_tui.core.errors import BadInput
from opro_tui.engine.create import Draft, prepare
from opro_tui.engine.discovery import peek
from opro_tui.engine.preview import preview
from opro_tui.store.database import Store
from opro_tui.tui.app import OproApp
from opro_tui.tui.screens.choose import Choose, closeness, fitting
from opro_tui.tui.screens.layers import Question
from opro_tui.tui.screens.new_session import form, words
from opro_tui.tui.screens.new_session.screen import NewSession
from opro_tui.tui.screens.pick_file import PickFile, divided, read_folder
from tests.support.loopback import LoopbackServer
from tests.tui.driving import SIZES, screen_text, until
from tests.tui.states import HOSTILE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from textual.pilot import Pilot


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Check without waiting for typing to rest."""
    monkeypatch.setattr("opro_tui.tui.screens.new_session.screen.DEBOUNCE", 0.01)


both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
OFFLINE = Config(
    providers={
        "openai": Provider("openai", "openai", api_key_env="OPENAI_API_KEY"),
        "lab": Provider("lab", "openai", "https://lab.example.com/v1", "LAB_KEY"),
    }
)


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def tickets(folder: Path, count: int = 24) -> Path:
    queues = ("billing", "technical", "sales")
    rows = [(f"I have question {i} about {queues[i % 3]}.", queues[i % 3]) for i in range(count)]
    return write_csv(folder / "my data" / "tickets.csv", ("ticket", "queue"), rows)


@asynccontextmanager
async def filling(
    folder: Path, size: tuple[int, int] = (120, 40), config: Config = OFFLINE
) -> AsyncIterator[tuple[OproApp, Pilot[None], NewSession]]:
    """The app with the form open."""
    app = OproApp(folder / "s.db", None, config)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.sessions is not None and app.sessions.loaded)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, NewSession))
        page = app.screen
        assert isinstance(page, NewSession)
        await until(pilot, lambda: bool(page.offers))
        yield app, pilot, page


async def fill(pilot: Pilot[None], page: NewSession, **texts: str) -> None:
    """Fill fields, and let what is typed be checked."""
    for name, text in texts.items():
        page.rows[name].input.value = text
    await pilot.pause()
    await checked(pilot, page)


async def checked(pilot: Pilot[None], page: NewSession) -> None:
    await until(pilot, lambda: not page.checking.stale and not page.checking.busy)


@both_sizes
async def test_from_a_csv_of_ones_own_to_a_first_step(tmp_path, size) -> None:
    path = tickets(tmp_path)
    async with filling(tmp_path, size) as (app, pilot, page):
        assert "Choose a task" in screen_text(app)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, PickFile))
        picker = app.screen
        picker.field.value = f"{tmp_path}/"
        await until(pilot, lambda: picker.item is not None and picker.item.name == "my data")
        await pilot.press("enter")
        await until(pilot, lambda: picker.item is not None and picker.item.name == path.name)
        await until(pilot, lambda: "I have question 0" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is page)
        assert page.rows["task"].text == str(path)
        await checked(pilot, page)
        text = screen_text(app)
        assert "▸ ticket" in text
        assert "◎ queue" in text
        assert "guessed" in text
        assert "✓ Ready" in text
        assert page.checking.guesses["name"] == "tickets"
        await fill(pilot, page, train="9", candidates="2")
        assert page.rows["train"].told == "9, held out 15"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen is app.workbench and app.steering.opened)
        assert app.steering.name == "tickets"
        session = app.steering.session
        assert session.record.settings.metric == "multiple-choice"
        assert session.record.settings.input == "ticket"
        assert app.steering.state.usage().calls == 0
        await until(pilot, lambda: app.steering.prompt is not None)
        await pilot.press("s")
        await until(pilot, lambda: app.steering.state.finished_steps == 1)


WRONG = (
    ("train", "-3", "count"),
    ("train", "500", "There are 24"),
    ("test", "23", "give at most"),
    ("candidates", "many", "whole number"),
    ("temperature", "9", "0 to 2"),
    ("steps", "0", "whole number"),
    ("budget", "free", "dollars"),
    ("optimizer", "opnai/gpt", "'openai'"),
    ("scorer", "gpt", "provider/model"),
    ("input", "tiket", "no column"),
    ("metric", "numeric", "numeric"),
    ("position", "middle", "A_begin"),
    ("name", "x" * 101, "name"),
)


@pytest.mark.parametrize("train", ["-3", "500"])
async def test_a_guessed_metric_stays_while_another_field_is_wrong(tmp_path, train) -> None:
    async with filling(tmp_path) as (_, pilot, page):
        await fill(pilot, page, task=str(tickets(tmp_path)))
        metric = page.rows["metric"]
        assert metric.told.startswith("guessed")
        await fill(pilot, page, train=train)
        assert page.rows["train"].problem
        assert metric.input.placeholder == "multiple-choice"
        assert metric.told.startswith("guessed")
        numbers = write_csv(tmp_path / "n.csv", ("q", "a"), [(f"{k} + 1", k + 1) for k in range(9)])
        await fill(pilot, page, task=str(numbers))
        assert metric.input.placeholder != "multiple-choice"  # that was guessed for other data


async def test_without_a_second_column_nothing_is_said_to_be_guessed(tmp_path) -> None:
    write_csv(tmp_path / "open.csv", ["ticket"], [[f"ticket {k}"] for k in range(6)])
    async with filling(tmp_path) as (_, pilot, page):
        await fill(pilot, page, task=str(tmp_path / "open.csv"))
        assert page.checking.told["input"].startswith("guessed")
        assert not page.checking.told["target"]
        assert page.checking.problem.startswith(("open.csv: ", str(tmp_path)))


async def test_bad_values_are_explained_beside_their_field(tmp_path) -> None:
    path = tickets(tmp_path)
    async with filling(tmp_path) as (app, pilot, page):
        await fill(pilot, page, task=str(path))
        for name, text, explained in WRONG:
            await fill(pilot, page, **{name: text})
            assert explained in page.rows[name].problem, (name, text)
            assert "--" not in page.rows[name].problem
            page.rows[name].input.value = ""
        await checked(pilot, page)
        assert not any(row.problem for row in page.rows.values())
        assert "✓ Ready" in screen_text(app)


@both_sizes
async def test_creating_goes_to_the_field_that_is_wrong(tmp_path, size) -> None:
    async with filling(tmp_path, size) as (app, pilot, page):
        await pilot.press("ctrl+s")
        assert "Choose a task" in screen_text(app)
        await fill(pilot, page, task="sums", temperature="9")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: page.rows["temperature"].input.has_focus)
        assert "out of range" in screen_text(app)
        assert app.screen is page


@both_sizes
async def test_the_price_is_told_by_role_and_follows_the_fields(tmp_path, size) -> None:
    async with filling(tmp_path, size) as (app, pilot, page):
        models = {"optimizer": "openai/gpt-5-mini", "scorer": "openai/gpt-5-nano"}
        await fill(pilot, page, task="sums", train="10", **models)
        text = screen_text(app)
        assert "OPENAI_API_KEY" in text
        assert "first step" in text.lower()
        assert "10 steps" in text
        assert "optimizer" in text
        assert "scorer" in text
        first = page.checking.preview
        assert first is not None
        cost = first.planned.cost_range
        assert cost is not None
        assert cost[1] > 0
        await fill(pilot, page, steps="100")
        assert "100 steps" in screen_text(app)
        again = page.checking.preview
        assert again is not None
        assert (again.planned.cost_range or (0, 0))[1] > cost[1]
        await fill(pilot, page, scorer="lab/own")
        text = " ".join(screen_text(app).split())
        assert 'set [prices."lab/own"]' in text
        assert "$?" in text


async def test_a_missing_key_does_not_prevent_creation(tmp_path) -> None:
    async with filling(tmp_path) as (app, pilot, page):
        models = {"optimizer": "openai/gpt-5-mini", "scorer": "openai/gpt-5-mini"}
        await fill(pilot, page, task="sums", name="priced", **models)
        assert "creates it all the same" in " ".join(screen_text(app).split())
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.steering.opened)
        assert app.steering.name == "priced"
        assert not app.steering.session.record.simulated


async def test_models_are_listed_and_completed(tmp_path) -> None:
    with LoopbackServer(models=("llama-local",)) as server:
        config = Config(providers={"lab": Provider("lab", "openai", server.url)})
        async with filling(tmp_path, config=config) as (app, pilot, page):
            page.rows["optimizer"].input.focus()
            await pilot.press("down")
            await until(pilot, lambda: isinstance(app.screen, Choose))
            text = screen_text(app)
            assert "lab/llama-local" in text
            assert "simulated" in text
            await pilot.press(*"llama", "enter")
            await until(pilot, lambda: app.screen is page)
            assert page.rows["optimizer"].text == "lab/llama-local"
            scorer = page.rows["scorer"].input
            scorer.focus()
            await pilot.press(*"sim")
            await until(pilot, lambda: scorer._suggestion == "simulated")
            await pilot.press("enter")
            assert scorer.value == "simulated"
            assert scorer.has_focus
            await pilot.press("enter")
            assert not scorer.has_focus


@both_sizes
async def test_presets_are_found_by_typing(tmp_path, size) -> None:
    async with filling(tmp_path, size) as (app, pilot, page):
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press(*"objcount")
        await pilot.pause()
        assert "bbh/object_counting" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is page)
        assert page.rows["task"].text == "bbh/object_counting"
        await checked(pilot, page)
        assert page.rows["data_dir"].display
        await until(pilot, lambda: "bbh/object_counting.json" in page.rows["data_dir"].problem)
        await fill(pilot, page, task="linear-regression", data_dir="")
        assert not page.rows["data_dir"].display
        assert "not used" in page.rows["scorer"].told


async def test_starting_solutions_take_many_lines(tmp_path) -> None:
    async with filling(tmp_path) as (app, pilot, page):
        await fill(pilot, page, task="sums")
        page.initial.text = "First line,\nsecond line.\n---\nAnother one."
        await pilot.pause()
        await checked(pilot, page)
        page.initial.focus()
        await pilot.press("tab")
        assert not page.initial.has_focus
        assert page.initial.text.count("\n") == 3
        await pilot.press("f2")
        await until(pilot, lambda: app.steering.opened)
        texts = [c.text for c in app.steering.state.candidates.values()]
        assert texts == ["First line,\nsecond line.", "Another one."]


async def test_other_settings_unfold(tmp_path) -> None:
    async with filling(tmp_path, (80, 24)) as (app, pilot, page):
        await fill(pilot, page, task="sums")
        page.more.query_one("CollapsibleTitle").focus()
        await pilot.press("enter")
        await until(pilot, lambda: "seed" in page.rows)
        await fill(pilot, page, seed="7", review="perhaps")
        assert "neither yes nor no" in page.rows["review"].problem
        await fill(pilot, page, review="yes")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.steering.opened)
        assert app.steering.state.settings.seed == 7
        assert app.steering.state.settings.review


async def test_escape_asks_when_something_was_typed(tmp_path) -> None:
    async with filling(tmp_path) as (app, pilot, page):
        await pilot.press(*"sums", "escape")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("escape")
        assert app.screen is page
        assert page.rows["task"].text == "sums"
        await pilot.press("escape", "y")
        await until(pilot, lambda: app.screen is app.sessions)
        assert not (tmp_path / "s.db").exists()


async def test_the_mouse_lists_and_creates(tmp_path) -> None:
    async with filling(tmp_path) as (app, pilot, page):
        await pilot.click("#row-task .more")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("escape")
        await fill(pilot, page, task="sums", train="5")
        page.query_one("#create").scroll_visible(animate=False)
        await pilot.pause()
        await pilot.click("#create")
        await until(pilot, lambda: app.steering.opened)
        assert app.steering.name == "sums"


async def test_a_name_that_was_taken_meanwhile_is_said(tmp_path) -> None:
    async with filling(tmp_path) as (app, pilot, page):
        await fill(pilot, page, task="linear-regression", name="same")
        await app.shelf.create(
            await app.shelf.prepare(Draft(name="same", values={"task": "linear-regression"}))
        )
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "already" in page.rows["name"].problem)
        assert page.rows["name"].input.has_focus
        store = await Store.open(tmp_path / "s.db")
        assert len(await store.sessions()) == 1
        await store.close()


@both_sizes
async def test_hostile_data_is_shown_and_does_nothing(tmp_path, size) -> None:
    cells = [text for text in HOSTILE if "\0" not in text and "\ud800" not in text]
    rows = [(text, "yes") for text in cells] * 2
    path = write_csv(tmp_path / "[bold] 汉字.csv", ("[@click=app.quit]x[/]", "answer"), rows)
    async with filling(tmp_path, size) as (app, pilot, page):
        await pilot.press("ctrl+o")
        app.screen.query_one(Input).value = str(path)[:-2]
        await until(pilot, lambda: "[/INST] solve" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is page)
        await checked(pilot, page)
        shown = str(page.query_one("#data", Static).content)
        assert "[/INST] solve" in shown
        assert "▸ [@click=app.quit]x[/]" in shown
        assert "\x1b" not in screen_text(app) + shown


# The file picker


@both_sizes
async def test_the_picker_survives_every_folder(tmp_path, size) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.pdf").write_text("x")
    (tmp_path / "broken.csv").write_text('a,b\n"1')
    tickets(tmp_path)
    async with filling(tmp_path, size) as (app, pilot, page):
        await pilot.press("ctrl+o")
        picker = app.screen
        assert isinstance(picker, PickFile)

        async def typed(text: str, shown: str) -> None:
            picker.field.value = text
            await until(pilot, lambda: shown in screen_text(app))

        await typed(f"{tmp_path}/", "other file")
        await typed(f"{tmp_path}/brok", "malformed")
        await typed(f"{tmp_path}/empty/", "No folder and no data file")
        await typed(f"{tmp_path}/nowhere/x", "can't be read")
        await typed(f"'{tmp_path}/my data/tic", "tickets.csv")
        await pilot.press("tab")
        assert picker.field.value.endswith("my data/tickets.csv")
        picker.field.value = f"{tmp_path}/my"
        await until(pilot, lambda: picker.item is not None)
        await pilot.press("ctrl+up")
        await until(pilot, lambda: picker.folder == tmp_path.parent)
        await pilot.press("escape")
        assert app.screen is page


def test_paths_are_taken_as_they_are_pasted(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    base = Path("/base")
    assert divided("~/data/x.c", base) == (tmp_path / "data", "x.c")
    assert divided("~", base) == (tmp_path, "")
    assert divided("", base) == (base, "")
    assert divided("sub/x", base) == (base / "sub", "x")
    assert divided("/a/b/", base) == (Path("/a/b"), "")
    assert form.clean_path(' "/a b/c.csv" ') == "/a b/c.csv"
    assert form.clean_path(r"/a\ b/c.csv") == "/a b/c.csv"
    assert form.clean_path("file:///a%20b/c.csv") == "/a b/c.csv"
    assert divided("~nobody-of-that-name/x", base)[1]


def test_folders_list_folders_first_and_what_can_be_used(tmp_path) -> None:
    for name in ("b.CSV", "a.jsonl", "c.txt"):
        (tmp_path / name).write_text("x")
    (tmp_path / "z").mkdir()
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    found = read_folder(tmp_path)
    assert [item.name for item in found.items] == ["z", "a.jsonl", "b.CSV"]
    assert found.others == 2
    assert read_folder(tmp_path / "nul\0").problem
    assert read_folder(tmp_path / "c.txt").problem


# What the form means


def test_closeness_prefers_what_stands_together() -> None:
    names = ["bbh/object_counting", "sums", "bbh/snarks", "a data file of counts"]
    assert fitting("count", names)[0] == 0
    assert fitting("snk", names) == [2]
    assert fitting("", names) == [0, 1, 2, 3]
    assert closeness("zz", "sums") is None


def test_empty_fields_leave_settings_to_their_defaults(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    texts = {"task": "'~/x.csv'", "train": " ", "candidates": "4", "name": "", "steps": "3"}
    draft = form.draft(texts, {"name": "x", "input": "q"}, "")
    assert draft.values == {"task": str(tmp_path / "x.csv"), "candidates": "4"}
    assert draft.name == "x"
    assert draft.initial == ()


@pytest.mark.parametrize(
    ("where", "field"),
    [
        ("--train", "train"),
        ("--data-dir /x", "data_dir"),
        ("/tmp/x.csv: train", "train"),
        ("/tmp/x.csv: input", "input"),
        ("--initial", "initial"),
        ("NAME", "name"),
        ("/tmp/x.csv, line 4", "task"),
    ],
)
def test_errors_find_their_field(where, field) -> None:
    assert form.place_of(BadInput("x", where=where)) == field


def test_names_are_suggested_from_tasks() -> None:
    assert form.base_name("/a b/my data.csv") == "my-data"
    assert form.base_name("bbh/navigate") == "navigate"
    assert form.base_name("linear-regression:w=3") == "linear-regression"
    assert form.base_name("[").strip() == "session"


async def test_prices_fit_their_columns() -> None:
    values = {"task": "sums", "train": 10, "optimizer": "openai/gpt-5-mini", "scorer": "simulated"}
    found = await preview(prepare(Draft(name="s", values=values), Config()), Config(), 10)
    table = words.price_table(found)
    assert len({len(text) for text, tone in table if tone in ("", "muted", "strong") and text}) == 1
    lines = words.price_lines(found)
    assert lines[0][0].startswith("first step")
    assert lines[1][0].startswith("10 steps")


def test_a_preview_of_data_fits_its_width(tmp_path) -> None:
    path = write_csv(
        tmp_path / "x.csv", [f"c{i}" for i in range(12)], [[f"{'汉' * 30}"] * 12 for _ in range(9)]
    )
    found = peek(path)
    assert not found.more
    lines = words.data_lines(found, 60, "c0", "c1")
    assert len(lines) == words.ROWS_SHOWN + 2
    assert all(len(line) <= 60 for line in lines)
    assert "of 9 rows" in lines[-1]


def test_the_beginning_of_a_long_file_is_enough(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("opro_tui.tasks.data.PEEK_BYTES", 100)
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": "汉字汉字"}\n' * 400)
    found = peek(path, rows=3)
    assert len(found.rows) == 3
    assert found.more
    assert found.columns == ("a",)


async def test_checks_run_one_at_a_time(tmp_path) -> None:
    """Typing goes on while a check runs; the last text wins."""
    async with filling(tmp_path) as (_, pilot, page):
        running = most = 0
        inner = page.checking._look_at

        async def counted(*arguments: object) -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.05)
            try:
                await inner(*arguments)
            finally:
                running -= 1

        page.checking._look_at = counted
        for text in ("sum", "sums", "linear-regression"):
            page.rows["task"].input.value = text
            await pilot.pause(0.3)
        await checked(pilot, page)
        assert most == 1
        assert page.checking.prepared is not None
        assert page.checking.prepared.task.name == "linear-regression"


async def test_how_a_file_was_read_is_said_in_the_picker_and_the_form(tmp_path) -> None:
    path = tmp_path / "tickets.csv"
    text = "Nachricht;team\n" + "".join(f"Größe {i}, bitte;{'ab'[i % 2]}x\n" for i in range(12))
    path.write_bytes(text.encode("cp1252"))
    async with filling(tmp_path, (80, 24)) as (app, pilot, page):
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, PickFile))
        app.screen.field.value = str(path)
        await until(pilot, lambda: "columns parted by semicolons" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is page)
        await checked(pilot, page)
        assert "! columns parted by semicolons, read as Windows-1252" in screen_text(app)
        assert page.rows["metric"].input.placeholder == "multiple-choice"
        note = str(page.query_one("#initial-note", Static).render())
        assert "answer with it alone: ax, bx." in note
        page.rows["optimizer"].input.focus()
        await pilot.press("down")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.pause()
        assert "provider/NAME" in screen_text(app)
        await pilot.press(*"zz")
        await pilot.pause()
        assert "Enter takes what is typed" in screen_text(app)


async def test_a_list_begins_at_what_holds_though_it_was_not_typed(tmp_path) -> None:
    async with filling(tmp_path) as (app, pilot, page):
        await fill(pilot, page, task=str(tickets(tmp_path)))
        page.rows["metric"].input.focus()
        await pilot.press("down")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is page)
        assert page.rows["metric"].text == "multiple-choice"


async def test_a_budget_below_the_first_step_is_said_before_it_is_created(tmp_path) -> None:
    async with filling(tmp_path) as (_, pilot, page):
        await fill(pilot, page, task=str(tickets(tmp_path)), budget_tokens="10")
        assert page.checking.keys[-1].startswith("The budget of 10 tokens ends within the first")


@both_sizes
async def test_an_address_that_is_not_encrypted_is_said_by_its_field(tmp_path, size) -> None:
    """As it is typed, and under the form; the workbench says it once more."""
    far = Provider("far", "openai", "http://far.invalid/v1")
    near = Provider("near", "openai", "http://127.0.0.1:9/v1")
    config = Config(providers={"far": far, "near": near})
    words_of = lambda: " ".join(screen_text(app).split())  # noqa: E731
    async with filling(tmp_path, size, config) as (app, pilot, page):
        page.rows["optimizer"].input.focus()
        await pilot.press(*"far/m")
        assert page.rows["optimizer"].warned == words.NOT_ENCRYPTED
        await until(pilot, lambda: "! not encrypted: others" in words_of())
        page.rows["optimizer"].input.value = ""
        await fill(pilot, page, task=str(tickets(tmp_path)), optimizer="near/m", scorer="near/m")
        assert page.rows["optimizer"].warned == ""
        assert "not encrypted" not in words_of()
        page.more.collapsed = False
        await until(pilot, lambda: "scorer_url" in page.rows)
        page.rows["scorer_url"].input.focus()
        await pilot.press(*"http://10.0.0.8/v1")
        await until(pilot, lambda: "! not encrypted: others" in words_of())
        assert page.rows["scorer_url"].warned == words.NOT_ENCRYPTED
        assert page.rows["scorer"].warned == ""
        await checked(pilot, page)
        told = (
            "! http://10.0.0.8/v1 is not encrypted: others can read prompts, answers and the key on"
            " their way. Give it an https:// address. Ctrl+S creates it all the same."
        )
        shown = words_of() if size == SIZES[0] else str(page.query_one("#state").render())
        assert told in " ".join(shown.split())
        page.rows["scorer_url"].input.value = "https://10.0.0.8/v1"
        await pilot.pause()
        assert page.rows["scorer_url"].warned == ""
        page.rows["scorer_url"].input.value = "http://10.0.0.8/v1"
        await checked(pilot, page)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen is app.workbench and app.steering.opened)
        await until(pilot, lambda: "Not encrypted" in words_of())
        assert "http://10.0.0.8/v1 is not encrypted" in words_of()
        assert "https:// address" in words_of()


@both_sizes
async def test_what_is_wrong_with_a_task_is_said_once(tmp_path, size) -> None:
    async with filling(tmp_path, size) as (app, pilot, page):
        await fill(pilot, page, task="no-such-task")
        problem = page.rows["task"].problem
        assert problem
        text = " ".join(screen_text(app).split())
        assert text.count("no-such-task'") == 1
        assert "Put right what stands beside task." in text


@both_sizes
async def test_starting_solutions_can_be_written_in_ones_own_editor(
    tmp_path, monkeypatch, size
) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "Written\\nout there." > "$1"\n')
    editor.chmod(0o700)
    monkeypatch.setenv("VISUAL", str(editor))
    async with filling(tmp_path, size) as (app, pilot, page):
        monkeypatch.setattr(app, "suspend", nullcontext)
        await fill(pilot, page, task="sums")
        await pilot.press("ctrl+e")
        assert page.initial.text == ""
        page.initial.focus()
        await pilot.press("ctrl+e")
        await until(pilot, lambda: page.initial.text == "Written\nout there.")
        await checked(pilot, page)
        assert page.initial.has_focus
        page.initial.undo()
        assert page.initial.text == ""


async def test_a_heading_over_choices_is_never_cut(tmp_path) -> None:
    async with filling(tmp_path) as (app, pilot, _):
        app.push_screen(Choose("Beside which solution?", [("#1", "a")], label="solution"))
        await pilot.pause()
        assert "solution about" in " ".join(screen_text(app).split())
        await pilot.press("escape")
        app.push_screen(Choose("A long title", [("a", "b")]))
        await pilot.pause()
        assert "a long title about" in " ".join(screen_text(app).split())

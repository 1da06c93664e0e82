"""A candidate in full, and the scorer tried: on the real screen, with hostile texts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, TextArea

from opro_tui.core.protocols import Example, Message
from opro_tui.engine.detail import Answer, Exchange
from opro_tui.tui import answers as said
from opro_tui.tui import trial_words
from opro_tui.tui.answers import Show
from opro_tui.tui.screens.choose import Choose
from opro_tui.tui.screens.detail import DetailScreen, default_beside
from opro_tui.tui.screens.help import HelpLayer
from opro_tui.tui.screens.trial import TrialScreen
from opro_tui.tui.screens.workbench import Workbench
from tests.tui.driving import SIZES, make_session, opened, run_out, screen_text, stepped_once, until
from tests.tui.states import FACTS, HOSTILE, empty

if TYPE_CHECKING:
    from pathlib import Path

both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
STORABLE = [text for text in HOSTILE if text and "\ud800" not in text and "\x00" not in text]


@pytest.fixture
async def stepped(kept, tmp_path) -> Path:
    path = tmp_path / "s.db"
    await stepped_once(kept / "stepped.db", path, train=12)
    return path


def harmless(app) -> bool:
    return all(c.isprintable() or c == "\n" for c in screen_text(app))


def an_answer(**changes) -> Answer:
    values = {
        "example": Example(3, "2+2?", "4"),
        "messages": (Message("user", "Q: 2+2?"),),
        "text": "It is 4.",
        "parsed": "4",
        "score": 1.0,
        "flags": (),
        "from_store": False,
    }
    return Answer(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "✓ right"),
        ({"score": 0.0}, "✗ wrong"),
        ({"score": 0.25}, "◐ 25 %"),
        ({"score": 0.0, "parsed": None}, "✗ unread"),
        ({"score": 0.0, "parsed": None, "flags": ("truncated",)}, "✗ truncated"),
        ({"score": 0.0, "parsed": None, "flags": ("context_overflow",)}, "✗ too long"),
    ],
)
def test_a_verdict_has_a_sign_and_a_word(changes, word) -> None:
    assert said.verdict(an_answer(**changes), FACTS).text == word


def test_filters_list_what_they_say() -> None:
    answers = [
        an_answer(),
        an_answer(example=Example(4, "", ""), score=0.0),
        an_answer(example=Example(5, "", ""), score=0.0, parsed=None, flags=("empty",)),
    ]
    exchanged = Exchange(fixed=(3,), broken=(4,), both=3)
    found = {show: said.listed(answers, show, exchanged) for show in Show}
    assert found == {
        Show.ALL: [0, 1, 2],
        Show.WRONG: [1, 2],
        Show.UNREAD: [2],
        Show.FLAGGED: [2],
        Show.FIXED: [0],
        Show.BROKEN: [1],
    }


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_answers_are_drawn_harmless(text) -> None:
    answer = an_answer(
        example=Example(0, text, text), text=text, parsed=text, messages=(Message("user", text),)
    )
    drawn = said.exchange(answer, FACTS).plain
    assert all(c.isprintable() or c == "\n" for c in drawn)
    for cell in said.row(answer, FACTS, None):
        assert all(c.isprintable() for c in cell.text)


def test_a_megabyte_is_cut_and_the_rest_counted() -> None:
    drawn = said.long_text("x" * 1_000_000).plain
    assert len(drawn) < 110_000
    assert drawn.endswith("988,000 characters more")


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([an_answer()], ""),
        ([an_answer(flags=("truncated",))], "max-output-tokens"),
        ([an_answer(flags=("empty",))], "max-output-tokens"),
        ([an_answer(flags=("refused",)), an_answer()], "1 of 2 were refused"),
        ([an_answer(flags=("context_overflow",))], "shorten the instruction"),
        ([an_answer(parsed=None), an_answer()], "In 1 of 2 answers the metric"),
    ],
)
def test_what_can_not_be_read_is_offered_a_remedy(answers, words) -> None:
    found = trial_words.remedy(answers, empty().settings)
    assert words in found
    assert bool(found) == bool(words)


@both_sizes
async def test_enter_shows_a_candidate_in_full(stepped, size) -> None:
    async with opened(stepped, size) as (app, pilot):
        state = app.steering.state
        app.workbench.trajectory.rows.focus()
        await pilot.press("G", "enter")
        screen = app.screen
        assert isinstance(screen, DetailScreen)
        await until(pilot, lambda: len(screen.answers) == 12)
        text = screen_text(app)
        assert f"#{screen.key}" in text
        assert f"BESIDE #{state.best_id}, the best" in text
        assert "12 of 12 shown" in text
        assert "verdict" in text
        assert screen.used is not None
        if size[0] > 100:
            assert "cost $0" in text
            assert "REQUEST · user message" in text
            assert "RAW ANSWER" in text
        await pilot.press("escape")
        assert isinstance(app.screen, Workbench)


@both_sizes
async def test_examples_are_filtered_and_read_in_full(stepped, size) -> None:
    async with opened(stepped, size) as (app, pilot):
        app.workbench.trajectory.rows.focus()
        await pilot.press("G", "i")
        screen = app.screen
        await until(pilot, lambda: screen.loaded)
        await pilot.press("w")
        await pilot.pause()
        wrong = [place for place, each in enumerate(screen.answers) if each.score < 1]
        assert list(screen.rows.keys) == wrong
        assert f"[wrong {len(wrong)}]" in screen_text(app)
        await pilot.press("w")
        assert len(screen.rows.keys) == 12
        for show in ("wrong", "unread", "flagged", "fixed", "broken", "all"):
            await pilot.press("f")
            await pilot.pause()
            assert screen.show == show
        await pilot.press("F")
        assert screen.show == "broken"
        await pilot.press("f", "j", "enter")
        assert app.focused is screen.answer
        await pilot.press("z")
        await pilot.pause()
        text = screen_text(app)
        assert screen.answers[1].text.split()[0] in text
        await pilot.press("y")
        assert "REQUEST" in app.clipboard


async def test_another_solution_is_chosen_and_the_list_walked(stepped) -> None:
    async with opened(stepped) as (app, pilot):
        app.workbench.trajectory.rows.focus()
        keys = app.workbench.trajectory.rows.keys
        await pilot.press("enter")
        screen = app.screen
        await until(pilot, lambda: screen.loaded)
        assert screen.key == keys[0]
        assert screen.beside == keys[1] == default_beside(app.steering.state, keys[0])
        await pilot.press("b")
        assert isinstance(app.screen, Choose)
        await pilot.press(*f"#{keys[-1]} ", "enter")
        await until(pilot, lambda: app.screen is screen)
        assert screen.beside == keys[-1]
        assert "lost of 12 shared examples" in screen.other.content.plain
        await pilot.press("n")
        await until(pilot, lambda: screen.loaded)
        assert screen.key == keys[1]
        assert screen.beside == keys[-1]
        await pilot.press("N", "N")
        assert screen.key == keys[0]
        await pilot.press("tab", "tab", "y")
        await pilot.pause()
        assert app.clipboard
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpLayer)
        assert "Go to the next pane" in screen_text(app)


async def test_the_detail_follows_a_candidate_that_is_being_scored(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("OPRO_TUI_SIMULATED_LATENCY", "0.1")
    path = tmp_path / "s.db"
    await make_session(path, "sums", train=20, concurrency=2)
    async with opened(path) as (app, pilot):
        await pilot.press("s")
        app.workbench.candidates.rows.focus()
        await pilot.press("enter")
        screen = app.screen
        assert isinstance(screen, DetailScreen)
        await until(pilot, lambda: 0 < len(screen.answers) < 20)
        before = len(screen.answers)
        await until(pilot, lambda: len(screen.answers) > before)
        assert "scored" in screen_text(app)
        await pilot.press("escape", "x")
        await run_out(app, pilot)


@both_sizes
async def test_computed_scores_have_a_detail_too(tmp_path, size) -> None:
    path = tmp_path / "s.db"
    await make_session(path)
    async with opened(path, size) as (app, pilot):
        await pilot.press("s")
        await run_out(app, pilot)
        app.workbench.trajectory.rows.focus()
        await pilot.press("G", "enter")
        screen = app.screen
        await until(pilot, lambda: screen.loaded)
        assert len(screen.answers) == 1
        await pilot.press("enter", "z")
        await pilot.pause()
        assert "No model is asked" in screen_text(app)
        assert "exact" in screen.other.content.plain
        await pilot.press("escape", "T")
        await pilot.pause()
        assert isinstance(app.screen, Workbench)


@both_sizes
async def test_the_scorer_is_tried_after_its_price_is_shown(tmp_path, size) -> None:
    path = tmp_path / "s.db"
    await make_session(path, "sums", train=12)
    async with opened(path, size) as (app, pilot):
        await pilot.press("T")
        screen = app.screen
        assert isinstance(screen, TrialScreen)
        await until(pilot, lambda: "3 answers ≈" in screen_text(app))
        assert app.steering.state.usage("scorer").calls == 0
        await pilot.press("n")
        field = screen.query_one(Input)
        field.value = "99"
        await pilot.pause()
        assert "from 1 to 12" in screen_text(app)
        await pilot.press("enter", "T")
        assert not screen.asking
        field.value = "2"
        await until(pilot, lambda: "2 answers ≈" in screen_text(app))
        await pilot.press("T")
        await until(pilot, lambda: len(screen.answers) == 2 and not screen.asking)
        text = screen_text(app)
        assert "2 asked" in text
        assert "request and answer" in text
        assert app.steering.state.usage("scorer").calls == 2
        await pilot.press("e")
        app.screen.query_one(TextArea).text = "Think [hard]."
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen is screen)
        assert not screen.answers
        await until(pilot, lambda: screen.price is not None)
        await pilot.press("T")
        await until(pilot, lambda: len(screen.answers) == 2 and not screen.asking)
        assert "Think [hard]." in screen.answers[0].messages[-1].content
        await pilot.press("escape")
        assert isinstance(app.screen, Workbench)
        assert not app.steering.state.steps


@pytest.mark.parametrize("stopped", [True, False])
async def test_a_trial_goes_on_when_it_is_left_unless_it_was_stopped(
    tmp_path, monkeypatch, stopped
) -> None:
    monkeypatch.setenv("OPRO_TUI_SIMULATED_LATENCY", "0.1")
    path = tmp_path / "s.db"
    await make_session(path, "sums", train=12)
    async with opened(path) as (app, pilot):
        await pilot.press("T")
        screen = app.screen
        screen.query_one(Input).value = "12"
        await until(pilot, lambda: screen.price is not None and screen.price.calls == 12)
        await pilot.press("T")
        await until(pilot, lambda: len(screen.answers) >= 1)
        if stopped:
            await pilot.press("x")
        await pilot.press("escape")
        assert isinstance(app.screen, Workbench)
        await until(pilot, lambda: not screen.asking)
        calls = app.steering.state.usage("scorer").calls
        assert calls < 6 if stopped else calls == 12


async def test_a_solution_is_chosen_to_be_tried(stepped) -> None:
    async with opened(stepped) as (app, pilot):
        app.workbench.trajectory.rows.focus()
        last = app.workbench.trajectory.rows.keys[-1]
        await pilot.press("T", "b")
        await pilot.press(*f"#{last} ", "enter")
        screen = app.screen
        assert isinstance(screen, TrialScreen)
        assert screen.instruction == app.steering.state.candidates[last].text
        await until(pilot, lambda: screen.price is not None)
        await pilot.press("r")
        await until(pilot, lambda: len(screen.answers) == 3)
        assert all(answer.from_store for answer in screen.answers)
        await pilot.press("B")
        best = app.steering.state.best()
        assert screen.instruction == best.text


@both_sizes
async def test_hostile_data_do_no_harm_in_details_and_trials(tmp_path, size) -> None:
    data = tmp_path / "hostile.jsonl"
    rows = [{"question": f"{n} {text}", "answer": text} for n, text in enumerate(STORABLE)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = tmp_path / "s.db"
    own = {"input": "question", "target": "answer", "metric": "exact", "max_length": 20_000}
    await make_session(path, str(data), train=6, candidates=3, **own)
    async with opened(path, size) as (app, pilot):
        await pilot.press("T")
        screen = app.screen
        await until(pilot, lambda: screen.price is not None)
        await pilot.press("T")
        await until(pilot, lambda: len(screen.answers) == 3 and not screen.asking)
        for _ in range(3):
            assert harmless(app)
            await pilot.press("j")
        await pilot.press("tab", "z", "pagedown")
        await pilot.pause()
        assert harmless(app)
        await pilot.press("escape", "s")
        await run_out(app, pilot)
        app.workbench.trajectory.rows.focus()
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.loaded)
        for _ in range(6):
            assert harmless(app)
            await pilot.press("j")
        await pilot.press("escape", "l")
        await pilot.pause()
        assert harmless(app)

"""The judge and the critique on the real screen, with hostile words of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import TextArea

from opro_tui.core.events import CritiqueWritten, Evaluation
from opro_tui.core.judgement import Judgement
from opro_tui.core.protocols import Example, Message
from opro_tui.engine.detail import Answer, Judged
from opro_tui.tui import answers as said
from opro_tui.tui.screens.editor import Editor
from opro_tui.tui.screens.replay_view import event_words
from opro_tui.tui.screens.trial import TrialScreen
from tests.tui.driving import SIZES, make_session, opened, run_out, screen_text, until
from tests.tui.states import FACTS, HOSTILE
from tests.tui.test_new_session import at_once, checked, fill, filling, write_csv

if TYPE_CHECKING:
    from pathlib import Path

both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
AT_ONCE = at_once


def judged(*scores: float | None, reason: str = "Too curt.", reply: str = "x") -> Answer:
    found = tuple(
        Judged((Message("user", reason),), reply, Judgement(1, score, reason)) for score in scores
    )
    known = [score for score in scores if score is not None]
    return Answer(
        example=Example(3, "Reply.", ""),
        messages=(Message("user", "Reply."),),
        text="Sorry.",
        parsed=" ".join(map(str, known)) or None,
        score=sum(known) / len(known) if known else 0.0,
        flags=() if len(known) == len(scores) else ("unreadable_grade",),
        from_store=False,
        judged=found,
    )


def test_a_grade_is_shown_with_each_reason_and_their_spread() -> None:
    assert said.verdict(judged(0.5), FACTS).text == "◐ 50 %"
    assert said.verdict(judged(1.0), FACTS).text == "● 100 %"
    assert said.verdict(judged(0.0), FACTS).text == "○ 0 %"
    assert said.verdict(judged(None), FACTS).text == "✗ grade unreadable"
    text = said.exchange(judged(0.2, 0.6), FACTS).plain
    for words in ("0.2: Too curt.", "0.6: Too curt.", "deviation 0.28", "RAW REPLY 2 of 2"):
        assert words in text
    assert "none read: Too curt." in said.exchange(judged(None), FACTS).plain
    assert said.spread_of([judged(0.2, 0.6), judged(0.5)]) == pytest.approx(0.2828, abs=1e-3)
    assert said.spread_of([judged(0.5)]) is None


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_reasons_replies_and_critiques_are_drawn_harmless(text) -> None:
    drawn = said.exchange(judged(0.5, reason=text, reply=text), FACTS).plain
    assert all(c.isprintable() or c == "\n" for c in drawn)
    said_so = (Judgement(1, 0.5, text),)
    events = (
        Evaluation(step=1, candidate=2, example=3, score=0.5, judgements=said_so),
        CritiqueWritten(step=1, call=2, text=text),
    )
    for event in events:
        assert all(c.isprintable() for c in event_words(event, FACTS))


@both_sizes
async def test_the_form_asks_for_a_judge_where_it_is_one_s_metric(tmp_path: Path, size) -> None:
    path = write_csv(tmp_path / "letters.csv", ("letter",), [(f"Complaint {n}",) for n in range(9)])
    async with filling(tmp_path, size) as (app, pilot, page):
        await fill(pilot, page, task=str(path))
        assert not page.rows["judge"].display
        assert not page.rows["rubric"].display
        assert "judge lets a model grade" in page.checking.problem
        await fill(pilot, page, metric="judge", train="3")
        assert page.rows["judge"].display
        assert page.checking.problem == ""
        assert page.checking.guesses["judge"] == "simulated"
        roles = [role.role for role in page.checking.preview.first.roles]
        assert roles == ["optimizer", "scorer", "judge"]
        await fill(pilot, page, judge="opnai/x")
        assert "openai" in page.rows["judge"].problem
        await fill(pilot, page, judge="simulated", rubric="Is it kind?")
        await checked(pilot, page)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen is app.workbench and app.steering.opened)
        assert app.steering.state.settings.rubric == "Is it kind?"
        await pilot.press("T")
        await until(pilot, lambda: isinstance(app.screen, TrialScreen))
        page = app.screen
        await until(pilot, lambda: page.price is not None)
        await pilot.press("T")
        await until(pilot, lambda: len(page.answers) == 3 and not page.asking)
        assert "judge simulated" in screen_text(app) or size[0] == 80
        whole = page.answer.content.plain
        for words in ("JUDGE'S REQUEST", "Is it kind?", "JUDGE'S RAW REPLY", "Simulated judge: "):
            assert words in whole


@both_sizes
async def test_the_critique_is_asked_for_edited_and_sent(tmp_path: Path, size) -> None:
    path = tmp_path / "s.db"
    await make_session(path, "sums", train=6, candidates=2, critique=True)
    async with opened(path, size) as (app, pilot):
        await pilot.press("f8")
        assert app.steering.state.critique is None  # step 1 writes its own
        await pilot.press("s")
        await run_out(app, pilot)
        await pilot.press("f8")
        await until(pilot, lambda: app.steering.state.critique_of(2) is not None)
        await run_out(app, pilot)
        view = app.workbench.prompt_pane.text
        await until(pilot, lambda: "Simulated critique" in view.prompt.text)
        place = next(i for i, r in enumerate(view.prompt.regions) if r.kind == "critique")
        view.focus()
        view.reveal(place)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Editor))
        app.screen.query_one(TextArea).text = "Mine alone."
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.steering.state.critique_of(2) == "Mine alone.")
        await until(pilot, lambda: "Mine alone." in view.prompt.text)
        await pilot.press("s")
        await run_out(app, pilot)
        assert "Mine alone." in app.steering.state.steps[2].prompt.text

from __future__ import annotations

import asyncio
import sys

import pytest

from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput, CodeMissing, OproError
from opro_tui.core.events import (
    CallFinished,
    CandidateSampled,
    CandidateScored,
    Evaluation,
    Outcome,
)
from opro_tui.core.protocols import Completion, Finish
from opro_tui.core.solution import Origin
from opro_tui.core.statistics import mcnemar, score_of
from opro_tui.core.usage import Usage
from opro_tui.engine import offload as offloading
from opro_tui.engine import regrade as regrading
from opro_tui.engine.create import Start
from opro_tui.store.database import Store
from opro_tui.store.records import CallAnswer, CallIntent
from tests.support.own_code import METRIC, run_and_forget
from tests.support.sessions import make, make_and_run, opened, own_data, run
from tests.tui.states import HOSTILE


@pytest.fixture
async def ran(tmp_path):
    await make_and_run(
        tmp_path / "s.db", own_data(tmp_path), 2, warm=(Start("Think.", 0.25), Start("Count."))
    )
    return tmp_path / "s.db"


async def hand_made(path, folder, rows):
    """A session with one solution per row of (answer, finish) on three examples, graded exactly."""
    store = await Store.open(path)
    await make(store, own_data(folder, train=3, metric="exact"))
    session_id = (await store.session("s")).id
    async with opened(path) as session:
        train, examples = session.state.facts.train, session.task.examples
        first = session.state.next_candidate
        for number, row in enumerate(rows, start=first):
            sampled = CandidateSampled(step=0, id=number, text="x" * number, origin=Origin.START)
            await store.append(session_id, [sampled])
            values, unparsed, flagged = [], 0, 0
            for place, answer in enumerate(row):
                text, finish = answer if isinstance(answer, tuple) else (answer, Finish.STOP)
                text = text.replace("{t}", examples[train[place]].target)
                completion = Completion(text, finish)
                grade = await regrading.grade(session.task, examples[train[place]], completion)
                values.append(grade.score)
                unparsed += grade.parsed is None
                flagged += bool(grade.flags)
                intent = CallIntent(
                    key=bytes([number, place] * 8),
                    role="scorer",
                    purpose="score",
                    step=0,
                    model="simulated",
                    endpoint="simulated",
                )
                call = await store.begin_call(session_id, intent)
                done = CallFinished(
                    step=0,
                    call=call,
                    role="scorer",
                    purpose="score",
                    outcome=Outcome.ANSWERED,
                    usage=Usage(calls=1),
                )
                evaluation = Evaluation(
                    step=0,
                    candidate=number,
                    example=train[place],
                    score=grade.score,
                    parsed=grade.parsed,
                    flags=grade.flags,
                    call=call,
                )
                await store.finish_call(session_id, done, CallAnswer((completion,)), [evaluation])
            score = score_of(
                values, binary=True, bounded=True, seed=0, unparsed=unparsed, flagged=flagged
            )
            await store.append(session_id, [CandidateScored(step=0, candidate=number, score=score)])
    await store.close()


async def test_the_same_metric_changes_nothing(ran):
    async with opened(ran, readonly=True) as session:
        before = session.state
        for metric in (None, "numeric"):
            looked = []
            found = await regrading.regrade(
                session, metric, watch=lambda *seen, looked=looked: looked.append(seen)
            )
            assert found.state == before
            assert (found.up, found.down, found.moved) == (0, 0, 0)
            assert looked == sorted(looked)
            assert looked[-1] == (found.answers, found.answers)
        assert session.state is before


async def test_imported_scores_are_marked_and_nothing_is_stored(ran):
    store = await Store.open(ran)
    record = await store.session("s")
    seq = await store.last_seq(record.id)
    async with opened(ran, readonly=True) as session:
        found = await regrading.regrade(session, "contains")
        assert [row.candidate.text for row in found.rows if not row.graded] == ["Think."]
        assert found.kept == 1
        assert await regrading.verdicts(session, 1, "contains") == ()
    assert await store.last_seq(record.id) == seq
    await store.close()


async def test_another_metric_ranks_exactly_as_its_grades_say(tmp_path):
    path = tmp_path / "s.db"
    await hand_made(
        path,
        tmp_path,
        [
            ("{t}", "{t}", "no"),
            ("I say it is {t} of them", "well, {t} it is then", "so {t} again I think"),
            (("{t}", Finish.LENGTH), ("", Finish.STOP), ("{t}", Finish.REFUSAL)),
        ],
    )
    async with opened(path, readonly=True) as session:
        one, two, three = session.state.ranking[0], *sorted(session.state.ranking)[1:]
        found = await regrading.regrade(session, "contains")
        listed = await regrading.verdicts(session, two, "contains")
    assert [row.candidate.id for row in found.rows] == [two, one, three]
    rows = {row.candidate.id: row for row in found.rows}
    assert (rows[two].old.value, rows[two].new.value) == (0.0, 1.0)
    assert (rows[two].up, rows[two].down, rows[two].test.p) == (3, 0, mcnemar(3, 0))
    assert (rows[one].up, rows[one].down) == (0, 0)
    assert rows[three].new == rows[three].old
    assert rows[three].new.flagged == 3
    assert (found.old_best, found.new_best) == (one, two)
    assert [verdict.new.score for verdict in regrading.differing(listed)] == [1.0, 1.0, 1.0]
    assert listed[0].text.startswith("I say")


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_answers_are_graded_and_kept_as_they_are(tmp_path, text):
    path = tmp_path / "s.db"
    await hand_made(path, tmp_path, [(text, "{t}", text)])
    async with opened(path, readonly=True) as session:
        for metric in ("exact", "contains", "json", "regex:(.+)"):
            found = await regrading.regrade(session, metric)
            assert found.answers == 3
        (two,) = session.state.ranking
        assert (await regrading.verdicts(session, two, "exact"))[0].text == text


async def test_a_solution_scored_again_is_graded_on_the_answers_it_was_scored_on(ran):
    async with opened(ran) as session:
        await session.edit(Edits(rescore=(2,)))
        assert session.state.candidates[2].replicate == 1
        found = await regrading.regrade(session)
        assert (found.up, found.down, found.kept) == (0, 0, 1)
        await run(session)
        assert (await regrading.regrade(session)).kept == 1


async def test_a_users_metric_is_run_with_its_time_out_and_its_errors_end_it(
    ran, monkeypatch, tmp_path
):
    (tmp_path / "eyes_metric.py").write_text(
        "import time\n"
        "def share(answer, target):\n    return 0.25\n"
        "def slow(answer, target):\n    time.sleep(0.3)\n    return 1\n"
        "def bad(answer, target):\n    raise KeyError(answer[:3])\n"
    )
    monkeypatch.chdir(tmp_path)
    async with opened(ran, readonly=True) as session:
        found = await regrading.regrade(session, "python:eyes_metric:share")
        assert {row.new.value for row in found.rows} == {0.25}
        assert not found.verdicts
        with pytest.raises(OproError, match="the metric raised KeyError"):
            await regrading.regrade(session, "python:eyes_metric:bad")
        monkeypatch.setattr(offloading.offload, "__defaults__", (0.05,))
        some = await regrading.verdicts(session, 2, "python:eyes_metric:slow")
        assert {verdict.new.flags for verdict in some} == {("timeout",)}
    sys.modules.pop("eyes_metric")


async def test_what_cannot_be_graded_is_bad_input(ran, tmp_path):
    async with opened(ran, readonly=True) as session:
        for metric, what in (
            ("judge", "not free"),
            ("nope", "unknown metric"),
            ("regex:(", "invalid"),
            ("regex:", "empty"),
            ("boolean", "neither true nor false"),
            ("python:nowhere:f", "can't be imported"),
        ):
            with pytest.raises(BadInput, match=what):
                await regrading.regrade(session, metric)
        with pytest.raises(BadInput, match=r"no scored solution #99. Ids go from 1"):
            await regrading.verdicts(session, 99)
    other = tmp_path / "other.db"
    await make_and_run(other, {"task": "linear-regression", "candidates": 2}, 1)
    async with opened(other, readonly=True) as session:
        with pytest.raises(BadInput, match="computes its scores: there are no answers"):
            await regrading.regrade(session, "exact")


async def test_with_its_own_code_gone_another_metric_still_grades(tmp_path, monkeypatch):
    path = tmp_path / "s.db"
    await run_and_forget(path, "metric", monkeypatch, steps=1)
    async with opened(path, readonly=True) as session:
        assert (await regrading.regrade(session, "numeric")).answers
        for metric in (None, METRIC):
            with pytest.raises(BadInput, match="can't be imported"):
                await regrading.regrade(session, metric)


async def test_imported_code_needs_consent(ran, monkeypatch):
    async with opened(ran, readonly=True) as session:

        async def no(_store, _record):
            raise CodeMissing("no")

        monkeypatch.setattr(regrading, "check_consent", no)
        with pytest.raises(CodeMissing):
            await regrading.regrade(session, None)
        assert await regrading.regrade(session, "exact")


async def test_it_can_be_broken_off_between_two_batches(ran, monkeypatch):
    monkeypatch.setattr(regrading, "BATCH", 1)
    async with opened(ran, readonly=True) as session:
        seen, begun = [], asyncio.Event()

        def watch(done, total):
            seen.append((done, total))
            begun.set()

        work = asyncio.create_task(regrading.regrade(session, "exact", watch=watch))
        await begun.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert seen[-1][0] < seen[-1][1]


def test_a_metrics_name_is_checked_without_importing_anything():
    for name in ("exact", "json", "regex:(a)", "python:os.path:join"):
        assert regrading.check_metric(name) is None
    for name in ("judge", "exakt", "regex:(", "python:os", "python:a b:c", ""):
        assert regrading.check_metric(name)
    assert "Did you mean 'exact'" in str(regrading.check_metric("exakt"))

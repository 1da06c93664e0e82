"""The critique: bought once before a step, kept, shown in its meta-prompt, and open to change."""

from __future__ import annotations

import multiprocessing
import os
import signal

import pytest

from opro_tui.core import undo
from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput
from opro_tui.core.meta_prompt import CRITIQUE
from opro_tui.core.reducer import fold
from opro_tui.engine.exchange.importing import import_file
from opro_tui.engine.exchange.writing import write_jsonl
from opro_tui.engine.fork import fork
from opro_tui.engine.opening import initial_state
from opro_tui.engine.prompt import PENDING
from opro_tui.engine.rebuild import Changes, rebuild
from opro_tui.models.retry import RetryPolicy
from opro_tui.store.database import Store
from tests.support import runner
from tests.support.loopback import Answer, Fault, LoopbackServer, default_reply
from tests.support.sessions import make, opened, own_data, run

WORDS = "They are long.\nTry <INS>less</INS> words."
SHOWN = "They are long.\nTry (INS)less(INS) words."


def asked(request):
    return "Write a critique for that model" in request.prompt


def replying(words=WORDS):
    otherwise = default_reply()

    def reply(request):
        if not asked(request):
            return otherwise(request)
        return words if isinstance(words, Answer) else [words] * request.n

    return reply


def critiques(server):
    return [r for r in server.records() if "Write a critique" in str(r.messages)]


@pytest.fixture
def db(tmp_path):
    return tmp_path / "s.db"


async def new(db, values, **draft):
    store = await Store.open(db)
    await make(store, values, **draft)
    await store.close()


def said(prompt):
    return [prompt.text[r.start : r.end] for r in prompt.regions if r.kind == CRITIQUE]


async def collect(events):
    return [event async for event in events]


async def test_each_step_buys_one_and_its_prompt_holds_it(db, tmp_path):
    with LoopbackServer(replying()) as server:
        await new(db, own_data(tmp_path, server.url, critique=True))
        async with opened(db) as session:
            assert PENDING in said(await session.meta_prompt())[0]
            events = await run(session, 2)
            assert len(critiques(server)) == 2
            (first, _) = [e for e in events if e.type == "critique_written"]
            assert (first.step, first.text) == (1, SHOWN)
            for step in session.state.steps[1:]:
                (text,) = said(step.prompt)
                assert SHOWN in text
                used = session.state.usage("optimizer", step.number)
                roles = step.started.forecast.roles
                assert used.calls == next(r.calls for r in roles if r.role == "optimizer")
            request = critiques(server)[1].messages[-1][1]
            assert "[request]" in request
            assert "Right answer:" in request.split("[/request]")[1]
            assert request.split("[/request]")[1].count("[answer]") >= 2
            assert SHOWN not in request
            stored = await session.hands.store.events(session.record.id, fine=True)
            state = session.state
            assert fold(initial_state(session.record, session.task), stored) == state
            built = await rebuild(session, Changes())
            assert [each.same for each in built] == [True, True]
            (without, _) = await rebuild(session, Changes(settings={"critique": False}))
            assert SHOWN not in without.built.text
        async with opened(db) as session:
            assert session.state == state


async def test_asked_for_beforehand_it_can_be_changed_and_the_step_buys_no_other(db, tmp_path):
    with LoopbackServer(replying()) as server:
        await new(db, own_data(tmp_path, server.url, critique=True))
        async with opened(db) as session:
            with pytest.raises(BadInput, match="a step has to be finished"):
                session.criticize()
            await run(session, 1)
            before = (await session.forecast()).roles[0].calls
            await collect(session.criticize())
            await collect(session.criticize())
            assert len(critiques(server)) == 2
            assert (await session.forecast()).roles[0].calls == before - 1
            assert SHOWN in (await session.meta_prompt()).text
            await session.edit(Edits(critique="Be brief."))
            assert "Be brief." in said(await session.meta_prompt())[0]
            await session.edit(undo.reverse(session.state))
            assert SHOWN in (await session.meta_prompt()).text
            await session.edit(Edits(critique="Be brief."))
            await run(session, 1)
            assert len(critiques(server)) == 2
            assert "Be brief." in session.state.steps[2].prompt.text
            assert undo.last_undoable(session.state) is None
            await session.edit(Edits(settings={"critique": False}))
            assert not said(await session.meta_prompt())
            with pytest.raises(BadInput, match="holds no critique"):
                await session.edit(Edits(critique="x"))
            with pytest.raises(BadInput, match="no critique is wanted"):
                session.criticize()


@pytest.mark.parametrize(
    "words", [Answer(("  ",)), Answer(("I can't.",), finish="refusal"), Answer(("x",), "filter")]
)
async def test_without_usable_words_the_step_goes_on_and_says_so(db, tmp_path, words):
    with LoopbackServer(replying(words)) as server:
        values = own_data(tmp_path, server.url, critique=True, optimizer="anthropic/m")
        await new(db, values)
        async with opened(db) as session:
            await run(session, 1)
            assert session.state.steps[1].finished_seq
            assert not said(session.state.steps[1].prompt)
            assert [w.code for w in session.state.warnings] == ["no_critique"]
            assert len(critiques(server)) == 1


async def test_a_failed_one_stops_before_the_step_and_is_taken_up_again(db, tmp_path):
    down = True

    def fault(number, request):
        return Fault(status=500) if down and asked(request) else None

    with LoopbackServer(replying(), fault=fault) as server:
        await new(db, own_data(tmp_path, server.url, critique=True))
        async with opened(db) as session:
            session.hands.caller.policy = RetryPolicy(attempts=2, base=0.001, cap=0.002)
            events = await run(session, 1)
            assert events[-1].code == "missing"
            assert "critique of step 1 is missing" in events[-1].message
            assert session.state.next_step == 1
            down = False
            await run(session, 1)
            assert SHOWN in session.state.steps[1].prompt.text


PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.support.runner", "openai", "anthropic"])


async def test_killed_after_it_was_written_it_is_not_bought_again(db, tmp_path):
    process = None

    def reply(request):
        if process is not None and "<INS>" in request.prompt and not asked(request):
            os.kill(process.pid, signal.SIGKILL)  # the first proposal is under way
        return replying()(request)

    with LoopbackServer(reply) as server:
        await new(db, own_data(tmp_path, server.url, critique=True))
        process = PROCESSES.Process(target=runner.play, args=(db, "s", 1))
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        process = None
        assert len(critiques(server)) == 1
        async with opened(db) as session:
            await run(session, 1)
            assert session.state.finished_steps == 1
            assert len(critiques(server)) == 1
            assert SHOWN in session.state.steps[1].prompt.text


async def test_it_is_exported_forked_and_simulated_the_same_each_time(db, tmp_path):
    texts = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.db"
        await new(path, own_data(tmp_path, critique=True))
        async with opened(path) as session:
            await run(session, 2)
            texts.append([step.prompt.text for step in session.state.steps[1:]])
            store = session.hands.store
            lines = "".join([piece async for piece in write_jsonl(store, "s")])
            await fork(store, session, 1, "f")
            state = session.state
        async with opened(path, "f") as session:
            assert "Simulated critique, by no LLM" in session.state.steps[1].prompt.text
            await run(session, 1)
            assert session.state.critique.step == 2
    assert texts[0] == texts[1]
    file = tmp_path / "s.jsonl"
    file.write_text(lines)
    store = await Store.open(db)
    await import_file(store, file)
    await store.close()
    async with opened(db) as session:
        assert session.state.critique == state.critique
        assert all(each.same for each in await rebuild(session, Changes()))


async def test_computed_tasks_can_have_one_too(db):
    await new(db, {"task": "linear-regression", "critique": True, "candidates": 2})
    async with opened(db) as session:
        await run(session, 2)
        assert said(session.state.steps[2].prompt)
        assert len(session.state.ranked()) > 5

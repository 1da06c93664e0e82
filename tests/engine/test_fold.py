"""fold(live) = fold(stored) = fold(exported and imported), coarse = fine, for made-up sessions."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput
from opro_tui.core.events import Outcome
from opro_tui.core.reducer import fold
from opro_tui.engine.exchange.importing import import_file
from opro_tui.engine.exchange.writing import write_jsonl
from opro_tui.engine.fork import fork
from opro_tui.engine.opening import initial_state
from opro_tui.store.database import Store
from tests.store.samples import intent, outcome
from tests.support.sessions import make, opened, own_data, run

RELAXED = hypothesis_settings(
    max_examples=6,
    phases=(Phase.explicit, Phase.generate),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
EDITS = (
    lambda state: Edits(pin=(best(state),), note="keep"),
    lambda state: Edits(drop=(best(state),)),
    lambda state: Edits(add=(f"Add it up, then check {state.last_seq}.",)),
    lambda state: Edits(settings={"temperature": 0.5}, note="calmer"),
    lambda state: Edits(template={"instructions": "{trajectory}\n{exemplars}\nOne more."}),
    lambda state: Edits(rescore=(best(state),)),
    lambda state: Edits(pin_exemplar=(state.facts.train[0],)),
)
DEEDS = st.lists(
    st.one_of(
        st.just(("run",)),
        st.tuples(st.just("edit"), st.integers(0, len(EDITS) - 1)),
        st.tuples(st.just("break"), st.integers(1, 40)),
        st.tuples(st.just("lose"), st.sampled_from([Outcome.FAILED, None])),
        st.tuples(st.just("fork"), st.integers(0, 1)),
    ),
    min_size=4,
    max_size=8,
)


def best(state):
    found = state.best()
    return found.id if found else 1


async def do(store, db, name, deed, number):
    """One thing that happens to a session; returns the name of the session to go on with."""
    async with opened(db, name) as session:
        if deed[0] == "run":
            await run(session, 1)
        elif deed[0] == "edit":
            with contextlib.suppress(BadInput):
                await session.edit(EDITS[deed[1]](session.state))
        elif deed[0] == "break":
            stream, left = session.run(1), deed[1]
            async for _ in stream:
                left -= 1
                if not left:
                    break
            await stream.aclose()
        elif deed[0] == "lose":
            waiting = session.state.waiting()
            candidate = waiting[0].id if waiting else 1
            step = session.state.steps[-1].number
            lost = intent(candidate=candidate, step=step)
            call = await store.begin_call(session.record.id, lost)
            if deed[1] is not None:
                event = replace(outcome(call, deed[1]), candidate=candidate, step=step)
                await store.finish_call(session.record.id, event, None)
        elif session.state.finished_steps or session.state.steps:
            with contextlib.suppress(BadInput):
                await fork(store, session, deed[1], f"arm{number}")
                return f"arm{number}"
        return name


async def check(store, db, name, folder):
    async with opened(db, name) as session:
        await session.refresh()
        live, record, task = session.state, session.record, session.task
    start = initial_state(record, task)
    coarse = fold(start, await store.events(record.id))
    fine = await store.events(record.id, fine=True)
    assert coarse == live
    assert fold(start, fine) == live
    one_by_one = start
    for event in fine:
        one_by_one = fold(one_by_one, (event,))
    assert one_by_one == live
    path = folder / f"{name}.jsonl"
    path.write_bytes("".join([piece async for piece in write_jsonl(store, name)]).encode())
    other = await Store.open(folder / f"{name}-other.db")
    done = await import_file(other, path)
    for way in (False, True):
        events = await other.events(done.record.id, fine=way)
        assert fold(initial_state(done.record, task), events) == live
    await other.close()
    return len(fine)


@given(DEEDS, st.booleans())
@RELAXED
async def test_every_way_to_a_state_leads_to_the_same(deeds, computed):
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        db = folder / "s.db"
        values = {"optimizer": "simulated", "scorer": "simulated"}
        if computed:
            values |= {"task": "linear-regression:w=36,b=-1", "candidates": 3}
        else:
            values = own_data(folder, train=3, candidates=2, **values)
        store = await Store.open(db)
        await make(store, values)
        names = ["s"]
        for number, deed in enumerate([("run",), *deeds]):
            name = await do(store, db, names[-1], deed, number)
            names += [name] if name not in names else []
        for name in names:
            await check(store, db, name, folder)
        await store.close()

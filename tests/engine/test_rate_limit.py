"""A step on an endpoint that takes only so many requests a second, over real HTTP."""

from __future__ import annotations

from collections import Counter

import pytest

from opro_tui.cli.figures import duration
from opro_tui.core.events import CallFinished, Warned
from opro_tui.models.held_back import HeldBack
from opro_tui.store.database import Store
from tests.support.limits import Sliding, limited
from tests.support.loopback import LoopbackServer
from tests.support.sessions import make, opened, own_data, run, write_examples

TRAIN = 75


@pytest.mark.parametrize("how", [None, "whole"])
async def test_no_answer_is_lost_or_bought_twice_and_refusals_are_few(tmp_path, how):
    write_examples(tmp_path / "sums.jsonl", TRAIN + 10)
    fault = limited(Sliding(100), how)
    with LoopbackServer(fault=fault, latency=0.02) as server:
        store = await Store.open(tmp_path / "s.db")
        values = own_data(tmp_path, server.url, train=TRAIN, test=0, concurrency=32, candidates=1)
        await make(store, values, initial=("A.", "B."))
        await store.close()
        async with opened(tmp_path / "s.db") as session:
            events = await run(session, 1)
            assert all(session.state.candidates[id_].score.n == TRAIN for id_ in (1, 2, 3))
            assert session.traffic.gates
    answered = Counter(record.messages for record in server.records())
    assert set(answered.values()) == {1}
    finished = [event for event in events if isinstance(event, CallFinished)]
    assert len(finished) == len(answered) == 3 * TRAIN + 1
    assert {str(event.outcome) for event in finished} == {"answered"}
    assert not [event for event in events if isinstance(event, Warned)]
    assert len(server.records(status=429)) <= 64
    records = server.records(status=None)
    assert max(r.ended for r in records) - min(r.started for r in records) < 6


def test_what_holds_calls_back_is_said_in_few_words():
    assert HeldBack(12, 3.2).words(duration) == "rate limited: 12 at once, next in 0:03"
    assert HeldBack(4, 0.1).words(duration) == "rate limited: 4 at once"
    text = HeldBack(1, 120, 3600).words(duration)
    assert text == "rate limited: 1 at once, next in 2:00 (it asks for 1:00:00)"

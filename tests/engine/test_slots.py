"""Never more calls without a stored outcome than may be in flight, and no slot stands idle."""

from __future__ import annotations

import pytest

from opro_tui.core.events import Evaluation
from opro_tui.store.threads import Writer
from tests.support.loopback import LoopbackServer
from tests.support.replies import Fault
from tests.support.sessions import make_and_run, opened, own_data, write_examples
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(60)
OPEN = "SELECT count(*) FROM calls WHERE outcome IS NULL"


@pytest.fixture
def open_calls(monkeypatch):
    """How many calls had no outcome after each transaction."""
    seen = []
    transaction = Writer._transaction

    def watched(self, db, batch):
        results = transaction(self, db, batch)
        if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'calls'").fetchone():
            seen.append(db.execute(OPEN).fetchone()[0])
        return results

    monkeypatch.setattr(Writer, "_transaction", watched)
    return seen


async def test_the_database_never_holds_more_open_calls_than_may_be_in_flight(tmp_path, open_calls):
    write_examples(tmp_path / "sums.jsonl", 40)
    with LoopbackServer(latency=0.005) as server:
        values = own_data(tmp_path, server.url, train=40, test=0, concurrency=5)
        await make_and_run(tmp_path / "s.db", values, 1)
        assert max(open_calls) == 5
        assert server.most_in_flight == 5
        assert len(server.records()) == 1 + 40 * 5


async def test_an_answer_makes_room_before_it_is_on_the_disk(tmp_path):
    write_examples(tmp_path / "sums.jsonl", 30)
    with LoopbackServer(latency=0.002) as server:
        values = own_data(tmp_path, server.url, train=30, test=0, candidates=1, concurrency=3)
        await make_and_run(tmp_path / "s.db", values, 0)
        async with opened(tmp_path / "s.db") as session:
            before = session._store.transactions
            async for _ in session.run(1):
                pass
            calls = len(server.records())
            # An answer and the intent behind it share a transaction: less than one and a half each.
            assert session._store.transactions - before < 1.5 * calls


async def test_a_run_broken_off_leaves_no_call_open_that_was_not_sent(tmp_path):
    write_examples(tmp_path / "sums.jsonl", 30)
    slow = LoopbackServer(fault=lambda number, _: Fault(delay=0.0 if number < 9 else 5.0))
    with slow as server:
        values = own_data(tmp_path, server.url, train=30, test=0, concurrency=4)
        await make_and_run(tmp_path / "s.db", values, 0)
        async with opened(tmp_path / "s.db") as session:
            stream = session.run(1)
            async for event in stream:
                if isinstance(event, Evaluation) and session.state.usage("scorer").calls >= 6:
                    break
            await until(lambda: server.in_flight == 4)  # the quick ones are answered
            await stream.aclose()
            noted = session.state.usage().unknown
            assert noted <= 4
            sent = len(server.ledger)
        async with opened(tmp_path / "s.db") as session:
            used = session.state.usage()
            assert used.unknown == noted
            assert used.calls + used.unknown == sent

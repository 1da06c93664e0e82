"""kill -9 at seeded moments: what was committed is not bought again, and the end is the same."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
from random import Random

import pytest

from opro_tui.store.database import Store
from tests.support import runner
from tests.support.loopback import LoopbackServer, default_reply
from tests.support.sessions import make, make_and_run, opened, own_data

STEPS = 2
CONCURRENCY = 4
KILLS = 4
# A process with all imported, of which each run is a fork: the kill is as real, the start quick.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.support.runner", "openai", "anthropic"])


async def new(path, values):
    store = await Store.open(path)
    await make(store, values)
    await store.close()


class Killer:
    """A reply hook that kills the running process when the n-th request since its start arrives."""

    def __init__(self):
        self.answer = default_reply()
        self.process = None
        self.countdown = 0

    def __call__(self, request):
        self.countdown -= 1
        if self.countdown == 0 and self.process is not None:
            os.kill(self.process.pid, signal.SIGKILL)
        return self.answer(request)


def start(path):
    process = PROCESSES.Process(target=runner.play, args=(path, "s", STEPS))
    process.start()
    return process


def ended(process):
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode


def answered(path):
    with sqlite3.connect(path) as db:
        return db.execute("SELECT count(*) FROM answers").fetchone()[0]


async def final(path):
    async with opened(path, readonly=True) as session:
        state = session.state
        return [
            (c.id, c.text, c.step, c.rejected, c.score and c.score.value)
            for c in state.candidates.values()
        ], state.usage()


@pytest.mark.parametrize("seed", range(3))
async def test_killed_again_and_again(tmp_path, seed):
    with LoopbackServer() as calm:
        path = tmp_path / "calm.db"
        await make_and_run(path, own_data(tmp_path, calm.url, concurrency=CONCURRENCY), STEPS)
        undisturbed = len(calm.ledger)
        expected, usage = await final(path)
    moments = Random(seed)
    killer = Killer()
    with LoopbackServer(killer, latency=0.002) as server:
        path = tmp_path / "killed.db"
        await new(path, own_data(tmp_path, server.url, concurrency=CONCURRENCY))
        for _ in range(KILLS):
            # What is missing has still to be asked, so that this moment always comes.
            killer.countdown = moments.randint(1, (undisturbed - answered(path)) // 2)
            killer.process = start(path)
            assert ended(killer.process) == -signal.SIGKILL
            with sqlite3.connect(path) as db:
                assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        killer.process, killer.countdown = None, 0
        assert ended(start(path)) == 0
        found, spent = await final(path)
        assert found == expected
        assert spent.calls == usage.calls == undisturbed
        assert spent.unknown <= KILLS * CONCURRENCY
        extra = len(server.ledger) - spent.calls
        assert 0 <= extra <= spent.unknown
        assert answered(path) == spent.calls

"""kill -9 while a batch is sent, waited for and read: it is taken up, and bought once."""

from __future__ import annotations

import os
import signal
import threading
from random import Random

import pytest

from tests.engine.test_batch import CONFIG, PRICES, batched, new, outcome, rows
from tests.engine.test_kill import PROCESSES, ended
from tests.support import runner
from tests.support.batches import BatchDesk
from tests.support.loopback import LoopbackServer
from tests.support.sessions import make_and_run, opened

STEPS = 2
MOMENTS = {
    "openai/m": ("upload", "created", "results"),
    "anthropic/m": ("create", "created", "look", "reading"),
}
"""Before it is sent, before its name is stored, while waiting, before and while reading."""


@pytest.fixture(autouse=True)
def environment(tmp_path, monkeypatch):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG + PRICES)
    monkeypatch.setenv("OPRO_TUI_CONFIG", str(path))
    return {"OPRO_TUI_CONFIG": str(path)}


class Killer:
    """Kills the running process at the n-th call of a name on the desk since it started."""

    def __init__(self):
        self.process = None
        self.at, self.countdown, self.delay = "", 0, 0.0

    def __call__(self, name):
        if self.process is None or name != ("results" if self.at == "reading" else self.at):
            return
        self.countdown -= 1
        if self.countdown:
            return
        if self.at == "reading":
            threading.Timer(self.delay, self._kill).start()
        else:
            self._kill()

    def _kill(self):
        os.kill(self.process.pid, signal.SIGKILL)


def start(path, environment):
    process = PROCESSES.Process(target=runner.play, args=(path, "s", STEPS, environment))
    process.start()
    return process


async def final(path):
    async with opened(path, readonly=True) as session:
        return outcome(session.state), session.state.usage()


@pytest.mark.parametrize("scorer", MOMENTS)
async def test_killed_at_every_moment(tmp_path, environment, scorer):
    values = {"scorer": scorer, "train": 12}
    with LoopbackServer(desk=BatchDesk()) as calm:
        path = tmp_path / "calm.db"
        await make_and_run(path, batched(tmp_path, calm.url, **values), STEPS)
        expected, usage = await final(path)
    random = Random(scorer)
    killer = Killer()
    desk = BatchDesk(looks=3, seen=killer)
    with LoopbackServer(desk=desk) as server:
        path = tmp_path / "killed.db"
        await new(path, batched(tmp_path, server.url, **values))
        kills = 0
        for at in MOMENTS[scorer]:
            killer.at, killer.countdown = at, random.choice([1, 2]) if at == "look" else 1
            killer.delay = random.choice([0.0, 0.003, 0.006])
            killer.process = start(path, environment)
            code = ended(killer.process)
            assert code in (0, -signal.SIGKILL)
            kills += code != 0
            assert rows(path, "PRAGMA integrity_check") == [("ok",)]
            assert not desk.twice()
        killer.process = None
        assert ended(start(path, environment)) == 0
        assert kills >= len(MOMENTS[scorer]) - 1
        found, spent = await final(path)
        assert found == expected
        assert not desk.twice()
        assert (spent.calls, spent.unknown, spent.cost_pico) == (usage.calls, 0, usage.cost_pico)
        assert rows(path, "SELECT count(*) FROM calls WHERE outcome IS NULL") == [(0,)]

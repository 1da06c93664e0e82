"""An ablation killed half-way and resumed: nothing committed is bought again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
from typing import TYPE_CHECKING, Any

from tests.support import runner
from tests.support.loopback import LoopbackServer, default_reply
from tests.support.sessions import write_examples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Cli

# A process with all imported, of which each run is a fork: the kill is as real, the start quick.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.support.runner", "openai", "anthropic"])
VARY = ("--vary", "order=ascending,descending", "--vary", "temperature=0,1")
SIZE = ("--train", 6, "--test", 4, "--candidates", 3, "--concurrency", 4)


def start(argv: tuple[object, ...], folder: Path, db: str) -> Any:
    own = ("XDG", "OPRO")
    environment = {name: value for name, value in os.environ.items() if name.startswith(own)}
    environment["OPRO_TUI_DB"] = str(folder / db)
    words = [str(word) for word in ("ablate", *argv, "--headless")]
    process = PROCESSES.Process(
        target=runner.command, args=(words, environment, folder / f"{db}.log")
    )
    process.start()
    return process


def ended(process: Any) -> int:
    process.join(60)
    assert process.exitcode is not None
    return int(process.exitcode)


def count(path: Path, sql: str) -> int:
    with sqlite3.connect(path) as db:
        return int(db.execute(sql).fetchone()[0])


def answered(path: Path) -> int:
    return count(path, "SELECT count(*) FROM answers")


def result(cli: Cli, db: str) -> list[Any]:
    """All that an ablation came to, but for calls whose outcome a kill left open.

    The server takes the prompt of a call that was made twice from its cache the second time.
    """
    data = cli.ok("--db", cli.folder / db, "ablate", "--show", "--json").json
    assert data["complete"]
    for arm in data["arms"]:
        for each in (arm, *arm["sessions"]):
            for usage in (each["usage"], each["alone"]):
                for name in ("unknown", "cached_tokens", "cache_write_tokens", "cache_saved_usd"):
                    usage.pop(name)
    return list(data["arms"])


class Killer:
    """A reply hook that kills the running process when the n-th request since its start arrives."""

    def __init__(self) -> None:
        self.answer = default_reply()
        self.process: Any = None
        self.countdown = 0

    def __call__(self, request: Any) -> Any:
        self.countdown -= 1
        if self.countdown == 0 and self.process is not None:
            os.kill(self.process.pid, signal.SIGKILL)
        return self.answer(request)


def on(url: str, folder: Path) -> tuple[object, ...]:
    data = write_examples(folder / "sums.jsonl")
    models = ("--optimizer", "openai/m", "--scorer", "anthropic/m")
    urls = ("--optimizer-url", url, "--scorer-url", url)
    columns = ("--input", "question", "--target", "answer", "--metric", "numeric")
    return ("--task", data, *columns, *models, *urls, *SIZE, *VARY, "--steps", 1)


def test_killed_on_a_server_that_counts(cli: Cli) -> None:
    folder = cli.folder
    with LoopbackServer() as calm:
        assert ended(start(on(calm.url, folder), folder, "calm.db")) == 0
        undisturbed = len(calm.ledger)
        assert undisturbed == answered(folder / "calm.db")
        expected = result(cli, "calm.db")
    killer = Killer()
    moments = [undisturbed // 4, undisturbed // 2]
    with LoopbackServer(killer, latency=0.002) as server:
        argv = on(server.url, folder)
        kills = 0
        for killer.countdown in moments:
            killer.process = start(argv, folder, "killed.db")
            assert ended(killer.process) == -signal.SIGKILL
            kills += 1
        killer.process = None
        assert ended(start(argv, folder, "killed.db")) == 0
        path = folder / "killed.db"
        assert result(cli, "killed.db") == expected
        assert answered(path) == undisturbed
        unknown = count(path, "SELECT count(*) FROM calls WHERE outcome = 2")
        assert 0 <= len(server.ledger) - undisturbed <= unknown <= kills * 4


def test_killed_on_simulated_models(cli: Cli) -> None:
    folder = cli.folder
    argv = ("--task", "sums", *SIZE, *VARY, "--steps", 1, "--repetitions", 2, "--one-shot")
    assert ended(start(argv, folder, "calm.db")) == 0
    whole = answered(folder / "calm.db")
    process = start(argv, folder, "killed.db")
    path = folder / "killed.db"
    wait(lambda: path.exists() and half_way(path, whole // 2), process)
    os.kill(process.pid, signal.SIGKILL)
    assert ended(process) == -signal.SIGKILL
    paid = answered(path)
    assert whole // 2 <= paid < whole
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        before = set(db.execute('SELECT id, "key" FROM calls WHERE outcome = 0'))
    assert ended(start(("--name", "ablation", "--one-shot"), folder, "killed.db")) == 0
    assert answered(path) == whole
    assert result(cli, "killed.db") == result(cli, "calm.db")
    with sqlite3.connect(path) as db:
        after = set(db.execute('SELECT id, "key" FROM calls WHERE outcome = 0'))
    assert before <= after
    keys = [key for _, key in after]
    assert len(set(keys)) == len(keys)


def half_way(path: Path, wanted: int) -> bool:
    try:
        return answered(path) >= wanted
    except sqlite3.Error:
        return False


def wait(done: Callable[[], bool], process: Any) -> None:
    """Until something is so, looking often; the process must not end before."""
    for _ in range(6000):
        if done():
            return
        process.join(0.005)
        assert process.exitcode is None, "it ended before it could be killed"
    raise AssertionError("it took too long")

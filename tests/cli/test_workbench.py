"""In a terminal, `open`, `new` and `demo` hand over to the workbench."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import ROOT
from tests.support.loopback import LoopbackServer

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, str]]:
    seen: list[tuple[Any, str]] = []

    def run_workbench(database: Any, name: str, config: Any, *, readonly: bool = False) -> int:
        assert "openai" in config.providers
        seen.append((database, name))
        return 0

    def run_demo(database: Any, config: Any) -> int:
        return run_workbench(database, "demo, behind the screen", config)

    monkeypatch.setattr("opro_tui.tui.app.run_workbench", run_workbench)
    monkeypatch.setattr("opro_tui.tui.app.run_demo", run_demo)
    monkeypatch.setattr("opro_tui.cli.output.interactive", lambda: True)
    return seen


def test_the_workbench_opens_in_a_terminal(cli: Cli, opened: list[tuple[Any, str]]) -> None:
    cli.ok("new", "s", "--task", "sums")
    cli.ok("open", "s")
    cli.ok("demo")
    cli.ok("demo", "--seed", "1")
    cli.ok("demo", "--task", "linear-regression")
    cli.ok("new", "t", "--task", "sums", "--headless")
    names = ["s", "s", "demo, behind the screen", "demo", "demo-2"]
    assert opened == [(cli.db, name) for name in names]
    assert cli.ok("show", "demo", "--json").json["status"] == "new"
    assert "there is no session 'x'" in cli.refused("open", "x")


@pytest.mark.parametrize(("answer", "left"), [(b"n\n", True), (b"y\n", False), (b"\x03", True)])
def test_delete_asks_in_a_terminal(small: Cli, answer: bytes, left: bool) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "opro_tui", "delete", "s"])
    written = b""
    while b"[y/N]" not in written:
        written += os.read(terminal, 1000)
    os.write(terminal, answer)
    while True:
        if answer == b"\x03" and not select.select([terminal], [], [], 0.5)[0]:
            # readline misses a ^C that comes in the moment in which it takes over the terminal.
            os.write(terminal, answer)
            continue
        try:
            data = os.read(terminal, 1000)
        except OSError:
            break
        if not data:
            break
        written += data
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    assert b"Traceback" not in written
    assert code == (130 if answer == b"\x03" else 0)
    assert (len(small.ok("list", "--json").json) == 1) is left


def begun(cli: Cli, server: LoopbackServer, *argv: object) -> subprocess.Popen[bytes]:
    process = cli.process(*argv)
    while not server.in_flight:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.05)
    return process


def test_an_interrupted_try_keeps_what_is_in_flight(cli: Cli) -> None:
    with LoopbackServer(latency=0.3) as server:
        url = ("--optimizer-url", server.url, "--scorer-url", server.url)
        models = ("--optimizer", "openai/optimizer", "--scorer", "openai/scorer")
        cli.ok("new", "s", "--task", "sums", *models, *url, "--headless")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asked = len(server.ledger)
            process = begun(cli, server, "try", "s", "--examples", 9)
            process.send_signal(number)
            _, err = process.communicate(timeout=20)
            assert process.returncode == 130
            assert b"Traceback" not in err
            assert b"stopping: 1 call in flight will be kept" in err
            assert b"what was paid for is kept. The same command goes on." in err
            assert len(server.ledger) == asked + 1
        assert all(record.delivered for record in server.ledger)
        used = cli.ok("show", "s", "--json").json["usage"]["scorer"]
        assert (used["calls"], used["unknown"]) == (3, 0)
        server.latency = 30
        process = begun(cli, server, "try", "s", "--examples", 9)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert b"again to break off" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
        assert process.returncode == 130
        assert b"broken off" in err

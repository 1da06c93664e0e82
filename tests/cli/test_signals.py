"""What signals and closed terminals do to a command: it ends in order, with what is paid for."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from opro_tui.cli import signals as ours
from opro_tui.engine.exchange import files
from tests.cli.conftest import ROOT
from tests.support.loopback import LoopbackServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.cli.conftest import Cli


def new(cli: Cli, server: LoopbackServer) -> None:
    url = ("--optimizer-url", server.url, "--scorer-url", server.url)
    models = ("--optimizer", "openai/optimizer", "--scorer", "openai/scorer")
    size = ("--train", 10, "--candidates", 2, "--concurrency", 2)
    cli.ok("new", "s", "--task", "sums", *size, *models, *url, "--headless")


def in_flight(server: LoopbackServer, process: subprocess.Popen[bytes]) -> None:
    """Wait until a call is."""
    while not server.in_flight or len(server.ledger) < 3:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.02)


def all_kept(cli: Cli, server: LoopbackServer) -> bool:
    used = cli.ok("show", "s", "--json").json["usage"]
    assert all(record.delivered for record in server.ledger)
    assert all(each["unknown"] == 0 for each in used.values())
    return sum(each["calls"] for each in used.values()) == len(server.ledger)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_closed_terminal_ends_a_run_as_a_signal_does(cli: Cli, as_json: bool) -> None:
    with LoopbackServer(latency=0.25) as server:
        new(cli, server)
        ours_, theirs = pty.openpty()
        argv = ["run", "s", *(["--json"] if as_json else [])]
        leader = "import fcntl, runpy, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
        program = (
            f"{leader} sys.argv[1:] = {argv!r}; runpy.run_module('opro_tui', None, '__main__')"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=ROOT,
            start_new_session=True,
        )
        os.close(theirs)
        in_flight(server, process)
        os.close(ours_)
        assert process.wait(20) == 130
        assert all_kept(cli, server)


def test_nohup_has_a_run_outlive_its_terminal(cli: Cli) -> None:
    with LoopbackServer(latency=0.1) as server:
        new(cli, server)
        ignored = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            process = cli.process("run", "s")
        finally:
            signal.signal(signal.SIGHUP, ignored)
        in_flight(server, process)
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=30)
        assert process.returncode == 0
    assert cli.ok("show", "s", "--json").json["steps"] == 1


def test_what_reads_the_events_may_go_and_calls_in_flight_are_kept(cli: Cli) -> None:
    with LoopbackServer(latency=0.15) as server:
        new(cli, server)
        process = cli.process("run", "s", "--json")
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["type"] == "step_started"
        process.stdout.close()
        assert process.wait(20) == 1
        assert all_kept(cli, server)


@pytest.mark.parametrize("command", [("confirm", "s"), ("evaluate", "s"), ("critique", "s")])
def test_what_buys_answers_outside_of_steps_keeps_those_in_flight(
    cli: Cli, command: tuple[str, ...]
) -> None:
    with LoopbackServer() as server:
        new(cli, server)
        cli.ok("run", "s")
        cli.ok("edit", "s", "--critique")
        server.latency = 0.3
        server.ledger.clear()
        process = cli.process(*command)
        while not server.in_flight:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.02)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
        assert process.returncode == (0 if command[0] == "critique" else 130), err
        assert b"in flight will be kept, for 8 s" in err
        assert server.ledger
        assert all(record.delivered for record in server.ledger)
        used = cli.ok("show", "s", "--json").json["usage"]
        assert all(each["unknown"] == 0 for each in used.values())


@pytest.mark.parametrize(("number", "ends"), [(signal.SIGTERM, True), (signal.SIGINT, False)])
async def test_only_a_signal_that_nobody_repeats_breaks_off_by_itself(
    monkeypatch: pytest.MonkeyPatch, number: int, ends: bool
) -> None:
    monkeypatch.setattr(ours, "GRACE_SECONDS", 0.05)
    asked: list[int] = []

    async def work() -> str:
        interruption = ours.Interruption(lambda: asked.append(1), lambda: "all")
        with ours.signals(interruption):
            os.kill(os.getpid(), number)
            try:
                await asyncio.sleep(0.4)
            except asyncio.CancelledError:
                assert interruption.broken_off
                return "broken off"
        return "done"

    assert await asyncio.create_task(work()) == ("broken off" if ends else "done")
    assert asked == [1]


async def test_a_file_whose_writing_is_cancelled_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = files._open
    loop = asyncio.get_running_loop()
    path = tmp_path / "out" / "s.md"
    path.parent.mkdir()

    def slow(target: Path) -> object:
        loop.call_soon_threadsafe(writing.cancel)
        return make(target)

    async def pieces() -> AsyncIterator[str]:
        yield "text"

    monkeypatch.setattr(files, "_open", slow)
    writing = asyncio.create_task(files.write_file(path, pieces(), database=tmp_path / "s.db"))
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert list(path.parent.iterdir()) == []


def test_an_interrupt_while_it_is_imported_leaves_no_traceback(cli: Cli) -> None:
    program = """
import os, signal, sys
import opro_tui.cli

class Pressed:
    def find_spec(self, name, *_):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Pressed())
opro_tui.cli.main(["list"])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=ROOT)
    assert done.returncode == -signal.SIGINT
    assert done.stderr == b""

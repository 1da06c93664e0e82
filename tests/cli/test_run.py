from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.loopback import Fault, LoopbackServer

if TYPE_CHECKING:
    import subprocess

    from tests.cli.conftest import Cli

PUBLIC = {"step_started", "prompt_built", "candidate_sampled", "candidate_rejected", "evaluation",
          "candidate_scored", "step_finished", "edit", "warning", "stopped"}  # fmt: skip


def new(cli: Cli, server: LoopbackServer, *argv: object) -> None:
    url = ("--optimizer-url", server.url, "--scorer-url", server.url)
    models = ("--optimizer", "openai/optimizer", "--scorer", "openai/scorer")
    size = ("--task", "sums", "--train", 10, "--candidates", 2)
    cli.ok("new", "s", *size, *models, *url, "--headless", *argv)


def events(output: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.decode().splitlines()]


def wait_until(condition: Any) -> None:
    limit = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def finish(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=20)
    return process.returncode, out.decode(), err.decode()


def test_a_run_tells_forecast_scores_rejects_and_spend(small: Cli) -> None:
    text = small.ok("run", "s", "--steps", 2).out
    assert "simulated models" in text
    assert "step 0 (starting solutions): ≈" in text
    for step in (1, 2):
        assert text.index(f"step {step}: ≈") < text.index(f"step {step} done")
    assert "±" in text
    assert "best of" in text
    assert "$0" in text
    assert text.splitlines()[-1].startswith("done: best of")


def test_json_is_one_public_event_a_line_and_nothing_else(small: Cli) -> None:
    lines = events(small.ok("run", "s", "--steps", 2, "--json").stdout)
    assert {line["type"] for line in lines} <= PUBLIC
    assert {"step_started", "evaluation", "candidate_scored"} <= {line["type"] for line in lines}
    assert all({"type", "seq", "session", "step", "at"} <= set(line) for line in lines)
    seqs = [line["seq"] for line in lines]
    assert seqs == sorted(set(seqs))
    assert [x["step"] for x in lines if x["type"] == "step_finished"] == [0, 1, 2]
    scored = [line for line in lines if line["type"] == "candidate_scored"]
    shown = small.ok("show", "s", "--json").json["trajectory"]
    assert {s["candidate"]: s["score"]["value"] for s in scored} == {
        s["id"]: s["score"] for s in shown
    }


def test_review_samples_and_says_how_to_go_on(cli: Cli) -> None:
    cli.ok("new", "s", "--task", "sums", "--train", 6, "--candidates", 4, "--review", "--headless")
    text = cli.ok("run", "s").out
    assert "wait for review" in text
    assert "opro-tui edit s --veto" in text
    shown = cli.ok("show", "s", "--json").json
    assert shown["status"] == "reviewing"
    waiting = [int(x.split()[0][1:]) for x in text.splitlines() if x.strip().startswith("#")
               and "  waits  " in x]  # fmt: skip
    cli.ok("edit", "s", "--veto", waiting[0], "--add", "Count on your fingers.")
    cli.ok("run", "s")
    shown = cli.ok("show", "s", "--json").json
    ids = {solution["id"] for solution in shown["trajectory"]}
    assert waiting[0] not in ids
    assert set(waiting[1:]) <= ids
    assert "Count on your fingers." in {s["text"] for s in shown["trajectory"]}


def test_the_budget_stops_with_3(cli: Cli) -> None:
    argv = ("--task", "sums", "--train", 8, "--budget-tokens", 2000, "--headless")
    cli.ok("new", "s", *argv)
    result = cli("run", "s", "--steps", 5)
    assert result.code == 3
    assert "stopped: " in result.out
    assert "edit s --budget" in result.out
    used = cli.ok("show", "s", "--json").json["usage"]
    assert sum(u["input_tokens"] + u["output_tokens"] for u in used.values()) <= 2000


def test_an_unknown_price_refuses_a_dollar_budget(cli: Cli) -> None:
    models = ("--optimizer", "ollama/m", "--scorer", "ollama/m", "--budget", 1)
    message = cli.refused("new", "s", "--task", "sums", *models)
    assert "price" in message
    assert "--budget-tokens" in message
    assert not cli.db.exists()


def test_a_dead_endpoint_is_1_and_run_resumes(cli: Cli) -> None:
    failing = {"on": True}

    def fault(number: int, request: object) -> Fault | None:
        return Fault(status=401, message="no such key") if failing["on"] else None

    with LoopbackServer(fault=fault) as server:
        new(cli, server)
        result = cli("run", "s")
        assert result.code == 1
        assert "stopped: " in result.out
        assert "opro-tui run s" in result.out
        assert cli.ok("show", "s", "--json").json["status"] == "incomplete"
        failing["on"] = False
        assert "going on with what was unfinished" in cli.ok("run", "s").out
        assert cli.ok("show", "s", "--json").json["steps"] == 1


def test_the_first_signal_keeps_what_is_in_flight(cli: Cli) -> None:
    with LoopbackServer(latency=0.25) as server:
        new(cli, server, "--concurrency", 3)
        process = cli.process("run", "s", "--json")
        wait_until(lambda: len(server.records()) >= 3)
        process.send_signal(signal.SIGINT)
        code, out, err = finish(process)
        assert code == 130
        assert re.search(r"calls? in flight will be kept; again to break off", err)
        assert "Traceback" not in err
        assert events(out.encode())[-1]["code"] == "person"
        kept = len(server.records())
        assert len(server.ledger) == kept
        server.latency = 0
        cli.ok("run", "s")
        scored = [record.messages for record in server.records(model="scorer")]
        assert len(scored) == len(set(scored))
        usage = cli.ok("show", "s", "--json").json["usage"]
        assert usage["scorer"]["calls"] == len(scored)
        assert usage["scorer"]["unknown"] == 0


def test_the_second_signal_breaks_off(cli: Cli) -> None:
    with LoopbackServer(latency=30) as server:
        new(cli, server)
        process = cli.process("run", "s")
        wait_until(lambda: server.in_flight)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert b"again to break off" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        code, _, err = finish(process)
        assert code == 130
        assert "broken off" in err
        assert "Traceback" not in err
    assert cli.ok("show", "s", "--json").json["status"] == "incomplete"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_stop_gently(cli: Cli, number: int) -> None:
    with LoopbackServer(latency=0.1) as server:
        new(cli, server, "--concurrency", 2)
        process = cli.process("run", "s")
        wait_until(lambda: server.in_flight)
        process.send_signal(number)
        assert finish(process)[0] == 130
        assert all(record.delivered for record in server.ledger)


def test_a_busy_session_can_be_looked_at_but_not_written(cli: Cli) -> None:
    with LoopbackServer(latency=0.3) as server:
        new(cli, server, "--concurrency", 1)
        process = cli.process("run", "s")
        wait_until(lambda: server.in_flight)
        for command in ("run", "try", "delete"):
            result = cli(command, "s", *(["--yes"] if command == "delete" else []))
            assert result.code == 1, result
            assert f"process {process.pid}" in result.err
        assert cli("edit", "s", "--candidates", 3).code == 1
        assert cli.ok("show", "s", "--json").json["status"] == "running"
        for command in ("list", "costs", "meta-prompt", "examples"):
            cli.ok(command, "s") if command != "list" else cli.ok(command)
        process.send_signal(signal.SIGINT)
        assert finish(process)[0] == 130


def test_progress_on_a_terminal_is_one_line_and_taken_away(cli: Cli) -> None:
    with LoopbackServer(latency=0.1) as server:
        new(cli, server, "--concurrency", 2)
        ours, theirs = os.openpty()
        fcntl.fcntl(ours, fcntl.F_SETFL, os.O_NONBLOCK)
        process = cli.process("run", "s", "--json", stderr=theirs)
        out, _ = process.communicate(timeout=20)
        os.close(theirs)
        written = os.read(ours, 1_000_000).decode()
        os.close(ours)
    assert process.returncode == 0
    assert "step 0 · scoring" in written
    assert "of 10" in written
    assert "/s · " in written
    assert " left" in written
    assert "spent" in written
    assert "\n" not in written
    assert written.rsplit("\r", 2)[1].strip() == ""
    assert written.endswith("\r")
    assert events(out)[-1]["type"] == "step_finished"

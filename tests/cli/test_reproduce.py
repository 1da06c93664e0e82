"""`reproduce`: tables for people, JSON for programs, and going on."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.loopback import Fault, LoopbackServer

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def test_linear_regression_beside_the_paper(cli: Cli) -> None:
    done = cli.ok("reproduce", "linear-regression", "--repetitions", 2)
    assert "ours: simulated: a local search, not an LLM" in done.out
    assert "w=36, b=-1  2 of 2" in done.out
    row = next(line for line in done.out.splitlines() if "w=2, b=30" in line)
    assert row.endswith("31.4±6.3       42.8±9.7  38.0±15.9")
    assert "174.0±28.2" in done.out
    assert "reproduce-lr-15-14-2 found in step" in done.err
    names = [session["name"] for session in cli.ok("list", "--json").json]
    assert len(names) == 14
    assert "reproduce-lr-36--1-2" in names
    assert "step 1" in cli.ok("replay", "reproduce-lr-15-14-1").out
    again = cli.ok("reproduce", "linear-regression", "--repetitions", 2)
    assert again.out == done.out
    assert again.err.count("kept from before") == 14


def test_tours_beside_the_paper(cli: Cli) -> None:
    argv = ("reproduce", "tsp", "--n", 10, 7, "--repetitions", 2, "--steps", 60, "--instances", 3)
    out = cli.ok(*argv).out
    assert "optima proven in 4 of 4 sessions" in out
    assert "our heuristics on 3 problems a row" in out
    ours = next(line for line in out.splitlines() if "n=10" in line)
    assert "ours" in ours
    assert ours.endswith("2 of 2")
    theirs = next(line for line in out.splitlines() if "gpt-3.5-turbo" in line)
    assert theirs.endswith("46.8±9.3  5 of 5")
    data = cli.ok(*argv, "--json").json
    assert (data["experiment"], data["simulated"], data["complete"]) == ("tsp", True, True)
    first, second = data["rows"]
    assert (first["n"], second["n"]) == (10, 7)
    assert first["ours"]["gap"]["n"] == first["ours"]["proven"] == 2
    assert first["heuristics"]["nearest neighbour"]["gap"]["n"] == 3
    assert first["heuristics"]["farthest insertion"]["gap"]["stderr"] >= 0
    assert first["paper"]["gpt-4"]["steps"] == {"mean": 9.6, "spread": 3.0}
    assert second["paper"] == {}
    assert [each["name"] for each in first["sessions"]] == [
        "reproduce-tsp-10-1",
        "reproduce-tsp-10-2",
    ]
    assert all(each["reused"] for each in first["sessions"])
    assert data["usage"]["cost_usd"] == 0


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("gsm8k",), "no experiment 'gsm8k'"),
        (("tsp", "--n", 3), "from 5 to 100"),
        (("tsp", "--n", "x"), "no number"),
        (("linear-regression", "--n", 10), "tsp only"),
        (("tsp", "--optimizer", "opnai/m"), "opnai"),
        (("tsp", "--repetitions", 0), "--repetitions"),
    ],
)
def test_bad_input_changes_nothing(cli: Cli, argv: tuple[object, ...], said: str) -> None:
    assert said in cli.refused("reproduce", *argv)
    assert cli.ok("list", "--json").json == []


def test_a_failing_endpoint_is_told_and_the_code_is_one(cli: Cli) -> None:
    with LoopbackServer(fault=lambda number, request: Fault(status=401)) as server:
        argv = ("reproduce", "tsp", "--n", 6, "--optimizer", "openai/m", "--json")
        failed = cli(*argv, "--repetitions", 1, "--optimizer-url", server.url)
    assert failed.code == 1
    assert "reproduce-tsp-6-1" in failed.err
    assert "the same command goes on" in failed.err
    assert b'"complete": false' in failed.stdout


def test_a_missing_key_is_told_before_anything_is_stored(cli: Cli) -> None:
    failed = cli("reproduce", "tsp", "--optimizer", "openai/gpt-4")
    assert failed.code == 1
    assert "OPENAI_API_KEY" in failed.err
    assert cli.ok("list", "--json").json == []


def test_an_interruption_keeps_what_is_done(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPRO_TUI_SIMULATED_LATENCY", "0.05")
    argv = ("reproduce", "tsp", "--n", 60, "--repetitions", 1, "--steps", 200, "--instances", 0)
    name = "reproduce-tsp-60-1"
    process = cli.process(*argv)
    deadline = time.monotonic() + 20
    shown = cli("show", name, "--json")
    while time.monotonic() < deadline and (shown.code or shown.json["steps"] < 2):
        time.sleep(0.1)
        shown = cli("show", name, "--json")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "stopping: " in err.decode()
    assert "the same command goes on" in err.decode()
    assert 2 <= cli.ok("show", name, "--json").json["steps"] < 200

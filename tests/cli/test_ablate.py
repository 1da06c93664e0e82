"""`ablate`: the price first, a table, JSON, going on, and what is refused."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.loopback import LoopbackServer
from tests.support.sessions import write_examples

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

SMALL = ("--task", "sums", "--train", 6, "--test", 4, "--candidates", 3, "--steps", 1)


def test_price_progress_table_and_document(cli: Cli) -> None:
    argv = (*SMALL, "--vary", "order=ascending,descending", "--one-shot")
    done = cli.ok("ablate", *argv)
    assert "2 arms × 1 repetition, 1 step each" in done.err
    assert "  base: order=ascending" in done.err
    assert "left: 3 sessions, 1 one-shot control among them" in done.err
    assert "at most, if no answer were shared: ≈ " in done.err
    assert "repetition 1, order=descending: 1 of 1 step · 2 of 3 sessions done" in done.err
    assert "  C  one-shot control" in done.out
    assert "− A held out" in done.out
    assert "simulated: says nothing about LLMs" in done.out
    assert "opro-tui ablate --name ablation --show" in done.out
    again = cli.ok("ablate", "--name", "ablation", "--json")
    assert again.err.count("kept from before") == 3
    assert "nothing is left to buy" in again.err
    data = again.json
    assert data == cli.ok("ablate", "--show", "--json").json | {
        "budget_usd": None,
        "budget_tokens": None,
    }
    assert set(data) == {
        *("name", "task", "optimizer", "scorer", "simulated", "note", "minimize", "repetitions"),
        *("steps", "complete", "budget_usd", "budget_tokens", "arms", "usage"),
    }
    assert [arm["arm"] for arm in data["arms"]] == ["base", "order=descending", "one-shot control"]
    assert set(data["arms"][0]) == {
        *("sign", "arm", "control", "done", "of", "training", "held_out", "training_gain"),
        *("held_out_gain", "curve", "usage", "alone", "sessions"),
    }
    assert data["complete"]
    assert {s["name"] for s in cli.ok("list", "--json").json} == {
        "ablation-base-1",
        "ablation-order-descending-1",
        "ablation-one-shot-1",
    }
    assert cli.ok("ablate", "--show").out in done.out


def test_a_dry_run_stores_nothing(cli: Cli) -> None:
    argv = ("ablate", *SMALL, "--vary", "temperature=0,1", "--repetitions", 2, "--dry-run")
    out = cli.ok(*argv).out
    assert "left: 4 sessions" in out
    assert "  optimizer: ≈ " in out
    assert not cli.db.exists()


def test_two_repetitions_show_both_values(cli: Cli) -> None:
    argv = (*SMALL, "--vary", "temperature=0", "--repetitions", 2, "--no-held-out")
    out = cli.ok("ablate", *argv).out
    assert "− A training" in out
    assert "held out   " not in out
    assert "two repetitions are too few for an interval" in out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--vary", "order=random"), "--task: is missing"),
        (("--name", "nothing"), "there is no ablation 'nothing'"),
        (("--name", "a b", *SMALL), "no name for an ablation"),
        ((*SMALL, "--vary", "ordr=random"), "can't be varied"),
        ((*SMALL, "--vary", "temperature=3"), "--vary temperature"),
        ((*SMALL, "--review"), "not for an ablation"),
        ((*SMALL, "--max-steps", 3), "Give --steps"),
        ((*SMALL, "--repetitions", 0), "--repetitions"),
        (("--task", "sums", "--optimizer", "openai/m"), "--scorer: is missing"),
        ((*SMALL, "--vary", "solutions=nowhere.csv"), "nowhere.csv"),
        ((*SMALL, "--vary", "optimizer=ollama/x", "--budget", 1), "price of ollama/x is unknown"),
        (("--show", "--name", "x"), "there is no ablation"),
    ],
)
def test_bad_input_changes_nothing(cli: Cli, argv: tuple[object, ...], said: str) -> None:
    assert said in cli.refused("ablate", *argv)
    assert not cli.db.exists()


def test_other_flags_for_the_same_name_are_refused(cli: Cli) -> None:
    cli.ok("ablate", *SMALL, "--vary", "order=random")
    hint = "It is an ablation: `opro-tui ablate --name ablation --show` shows it."
    assert hint in cli.refused("open", "ablation")
    said = cli.refused("ablate", *SMALL, "--vary", "order=random", "--shown", 5)
    assert "ablation-base-1 was made with --shown 20, not 5" in said
    assert "Give the same flags as then, or another --name." in said


def on(server: LoopbackServer, cli: Cli) -> tuple[Any, ...]:
    data = write_examples(cli.folder / "sums.jsonl")
    columns = ("--input", "question", "--target", "answer", "--metric", "numeric")
    models = ("--optimizer", "openai/m", "--scorer", "openai/m")
    urls = ("--optimizer-url", server.url, "--scorer-url", server.url)
    shape = ("--train", 6, "--test", 4, "--steps", 1)
    return ("ablate", "--task", data, *columns, *models, *urls, *shape, "--vary", "order=random")


def test_the_budget_ends_it_with_3_and_a_larger_one_goes_on(cli: Cli, server: Any) -> None:
    stopped = cli(*on(server, cli), "--budget-tokens", 700, "--max-output-tokens", "scorer=9")
    assert stopped.code == 3
    assert "Raise --budget-tokens to go on" in stopped.err
    assert "runs unfinished" in stopped.out or "run unfinished" in stopped.out
    before = len(server.ledger)
    assert cli.ok("ablate", "--name", "ablation", "--budget-tokens", 10**7).code == 0
    calls = cli.ok("ablate", "--show", "--json").json["usage"]["calls"]
    assert calls == len(server.ledger) > before


def test_dollars_are_a_hard_stop_over_all_arms(cli: Cli, server: Any) -> None:
    prices = '[prices."openai/m"]\ninput = 10.0\noutput = 30.0\n'
    (cli.folder / "config.toml").write_text(prices, encoding="utf-8")
    limits = ("--max-output-tokens", "scorer=20", "--max-output-tokens", "optimizer=20")
    argv = (*on(server, cli), *limits)
    stopped = cli(*argv, "--budget", 0.02, "--json")
    assert stopped.code == 3
    assert "of $0.02 are spent" in stopped.err
    data = json.loads(stopped.out)
    assert data["budget_usd"] == 0.02
    assert 0 < data["usage"]["cost_usd"] <= 0.02
    assert not data["complete"]
    done = cli.ok("ablate", "--name", "ablation", "--budget", 5, "--concurrency", 2, "--json").json
    assert done["complete"]
    assert done["usage"]["calls"] == len(server.ledger)
    assert 0.02 < done["usage"]["cost_usd"] < 5


def test_an_interrupt_is_130_and_the_same_command_goes_on(cli: Cli) -> None:
    with LoopbackServer(latency=0.05) as server:
        argv = (*on(server, cli), "--concurrency", 1)
        process = cli.process(*argv)
        deadline = time.monotonic() + 40
        while len(server.ledger) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=40)
        assert process.returncode == 130, err
        assert b"the same command goes on" in err
        server.latency = 0.0
        data = cli.ok(*argv, "--json").json
        assert data["complete"]
        assert data["usage"]["calls"] == len(server.ledger)
        assert data["usage"]["unknown"] == 0

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def demo(cli: Cli, name: str, *argv: object) -> Any:
    cli.ok("demo", "--headless", "--name", name, *argv)
    return cli.ok("show", name, "--json").json


def comparable(shown: Any) -> Any:
    return [(s["id"], s["text"], s["score"], s["step"]) for s in shown["trajectory"]]


def test_it_improves_and_is_deterministic_by_seed(cli: Cli) -> None:
    one = demo(cli, "one", "--steps", 8, "--seed", 1)
    start = next(s for s in one["trajectory"] if s["step"] == 0)
    assert one["best"]["score"] > start["score"] + 0.1
    assert one["steps"] == 8
    assert one["usage"]["scorer"]["cost_usd"] == 0
    again = demo(cli, "again", "--steps", 8, "--seed", 1)
    assert comparable(again) == comparable(one)
    other = demo(cli, "other", "--steps", 1, "--seed", 2)
    first = [s for s in comparable(one) if s[-1] <= 1]
    assert {text for _, text, *_ in comparable(other)} != {text for _, text, *_ in first}


def test_names_are_free_ones_and_everything_is_labelled(cli: Cli) -> None:
    first = cli.ok("demo", "--headless", "--steps", 1)
    assert "simulated models: nothing here is evidence about LLMs" in first.out
    assert "best of" in first.out
    assert "session demo-2" in cli.ok("demo", "--headless", "--steps", 1).out
    assert {row["name"] for row in cli.ok("list", "--json").json} == {"demo", "demo-2"}
    assert "already" in cli.refused("demo", "--headless", "--name", "demo")
    assert all(row["simulated"] for row in cli.ok("list", "--json").json)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_linear_regression_finds_the_exact_pair(cli: Cli, seed: int) -> None:
    argv = ("--task", "linear-regression", "--steps", 40, "--seed", seed)
    shown = demo(cli, "line", *argv)
    assert shown["best"]["text"] == "w=15, b=14"
    assert shown["status"] == "stopped"
    assert shown["best"]["score"] == min(s["score"] for s in shown["trajectory"])
    assert shown["usage"]["scorer"]["calls"] == 0
    assert "cannot be beaten" in cli.ok("show", "line").out

"""`evaluate --on`: what a found instruction is worth on another task."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.loopback import LoopbackServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli


def other(folder: Path, rows: int = 40) -> Path:
    """A task file with answers that are all 7."""
    lines = (json.dumps({"q": f"What is {n} + {7 - n}?", "a": "7"}) for n in range(rows))
    (folder / "other.jsonl").write_text("\n".join(lines), encoding="utf-8")
    file = folder / "other.toml"
    file.write_text(
        'name = "sevens"\ndataset = "other.jsonl"\ninput = "q"\ntarget = "a"\nmetric = "numeric"\n'
        "[split]\ntrain = 10\ntest = 20\n",
        encoding="utf-8",
    )
    return file


@pytest.fixture
def played(small: Cli) -> Cli:
    small.ok("run", "s")
    return small


def test_transfer_has_a_row_of_its_own_and_is_counted_apart(played: Cli) -> None:
    file = other(played.folder)
    played.ok("evaluate", "s")
    (row,) = played.ok("evaluate", "s", "--on", file, "--json").json
    assert (row["kind"], row["split"], row["n"]) == ("transfer", "on sevens", 20)
    assert (row["train_score"], row["drop"], row["looks"]) == (None, None, 1)
    said = played.ok("evaluate", "s", "--on", file, "--top", 2)
    assert "transfer on sevens, looks there so far: 3" in said.out
    assert "2 × 20 examples" in said.err
    held = played.ok("evaluate", "s", "--json").json
    assert held[0]["looks"] == 2
    assert held[0]["split"] == "test"
    report = played.ok("export", "s", "--format", "md").out
    assert "on sevens" in report
    assert "on sevens" not in report.split("##")[0]


def test_answers_are_bought_once_from_the_scorer_in_the_session_s_position(cli: Cli) -> None:
    with LoopbackServer(lambda request: ["The answer is 7."] * request.n) as server:
        url = ("--scorer-url", server.url, "--optimizer", "simulated", "--scorer", "openai/m")
        cli.ok("new", "s", "--task", "sums", "--train", 4, "--position", "Q_end", *url,
               "--initial", "Mind the sign.", "--headless")  # fmt: skip
        cli.ok("run", "s")
        before = len(server.ledger)
        argv = ("evaluate", "s", "--on", other(cli.folder), "--solution", 1, "--examples", 8)
        (row,) = cli.ok(*argv, "--json").json
        assert (row["score"], row["n"]) == (1.0, 8)
        asked = [record.messages[-1][1] for record in server.ledger[before:]]
        assert len(asked) == 8
        assert all("?\nMind the sign." in text for text in asked)
        cli.ok(*argv)
        assert len(server.ledger) == before + 8


def test_it_survives_export_and_import(played: Cli) -> None:
    played.ok("evaluate", "s", "--on", other(played.folder))
    file = played.folder / "s.json"
    played.ok("export", "s", "--format", "json", "-o", file)
    played.ok("rename", "s", "old")
    played.ok("import", file)
    assert "on sevens" in played.ok("export", "s", "--format", "md").out
    data = file.read_text(encoding="utf-8")
    played.ok("rename", "s", "older")
    for wrong in ("test", "train"):
        file.write_text(data.replace('"on sevens"', f'"{wrong}"'), encoding="utf-8")
        assert "is no split for transfer" in played.refused("import", file)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--on", "tsp"), "--on: tsp computes its scores"),
        (("--on", "gsm9k"), "--on: unknown task 'gsm9k'. Did you mean 'gsm8k'"),
        (("--on", "sums"), "is the session's own task"),
        (("--on", "bbh/navigate"), "no --data-dir is given"),
        (("--examples", 3), "goes with --on only"),
    ],
)
def test_bad_input(played: Cli, argv: tuple[object, ...], said: str) -> None:
    assert said in played.refused("evaluate", "s", *argv)


def test_a_session_without_instructions_has_nothing_to_transfer(cli: Cli) -> None:
    cli.ok("new", "t", "--task", "tsp:n=6", "--headless")
    cli.ok("run", "t")
    assert "no instructions" in cli.refused("evaluate", "t", "--on", "sums")

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


@pytest.fixture
def ran(small: Cli) -> Cli:
    small.ok("run", "s")
    return small


def regions(cli: Cli, kind: str) -> list[int]:
    data = cli.ok("meta-prompt", "s", "--json").json
    return [region["id"] for region in data["regions"] if region["kind"] == kind]


def show(cli: Cli) -> Any:
    return cli.ok("show", "s", "--json").json


def test_no_change_is_bad_input(ran: Cli) -> None:
    assert "nothing to change" in ran.refused("edit", "s")
    assert "nothing to change" in ran.refused("edit", "s", "--note", "why")


def test_pins_and_drops_change_the_next_prompt(ran: Cli) -> None:
    ids = [solution["id"] for solution in show(ran)["trajectory"]]
    text = ran.ok("edit", "s", "--shown", 1, "--pin", ids[-1], "--drop", ids[0], ids[1]).out
    assert f"pinned #{ids[-1]}" in text
    assert f"dropped #{ids[0]}" in text
    assert "shown: 20 → 1" in text
    assert "next meta-prompt, step 2" in text
    assert regions(ran, "solution") == [ids[-1]]
    ran.ok("edit", "s", "--unpin", ids[-1], "--undrop", f"{ids[0]},{ids[1]}")
    assert regions(ran, "solution") == [ids[0]]
    assert "it is so already" in ran.ok("edit", "s", "--unpin", ids[-1]).out


def test_exemplars_by_number(ran: Cli) -> None:
    train = [e["index"] for e in ran.ok("examples", "s", "--split", "train", "--json").json]
    ran.ok("edit", "s", "--exemplars", 2, "--pin-exemplar", train[0], train[5])
    assert sorted(regions(ran, "exemplar")) == sorted([train[0], train[5]])
    ran.ok("edit", "s", "--drop-exemplar", train[0])
    assert train[0] not in regions(ran, "exemplar")
    test = ran.ok("examples", "s", "--split", "test", "--json").json[0]["index"]
    assert "not in the training set" in ran.refused("edit", "s", "--pin-exemplar", test)


def test_all_or_nothing(ran: Cli) -> None:
    before = show(ran)["edits"]
    assert "there is no solution #99" in ran.refused("edit", "s", "--temperature", 0.5, "--pin", 99)
    assert "fork" in ran.refused("edit", "s", "--temperature", 0.5, "--scorer", "openai/x")
    assert "--temperature" in ran.refused("edit", "s", "--temperature", 7, "--pin", 1)
    assert show(ran)["edits"] == before


def test_own_solutions_are_scored_with_the_next(ran: Cli) -> None:
    text = ran.ok("edit", "s", "--add", "Use your head.", "- slowly -", "--note", "mine").out
    assert text.count("added #") == 2
    edits = show(ran)["edits"]
    assert {edit["note"] for edit in edits} == {"mine"}
    assert set(edits[0]) == {"seq", "step", "at", "kind", "before", "after", "note"}
    ran.ok("run", "s")
    own = {s["text"] for s in show(ran)["trajectory"] if s["origin"] == "person"}
    assert own == {"Use your head.", "- slowly -"}
    assert "the same as #" in ran.refused("edit", "s", "--add", "Use your head.")


def test_starred_settings_and_the_texts(ran: Cli) -> None:
    file = ran.folder / "texts.toml"
    file.write_text('instructions = "Best of {x}: {trajectory}"\n', encoding="utf-8")
    argv = ("--order", "descending", "--score-buckets", 0, "--threshold", 0, "--budget", "none")
    ran.ok("edit", "s", "--meta-prompt", file, "--review", *argv)
    settings = show(ran)["settings"]
    assert (settings["order"], settings["score_buckets"]) == ("descending", 0)
    assert (settings["review"], settings["threshold"], settings["budget"]) == (True, 0, None)
    assert ran.ok("meta-prompt", "s").out.startswith("Best of {x}: ")
    assert "Score:" not in ran.ok("meta-prompt", "s").out
    ran.ok("edit", "s", "--no-review", "--max-output-tokens", "optimizer=50")
    assert show(ran)["settings"]["max_output_tokens"] == {"optimizer": 50}


def test_odd_bytes_survive(ran: Cli) -> None:
    text = "Say \x07 \ud800 “ü” {score} <INS>"
    result = ran("edit", "s", "--add", text)
    assert result.code in (0, 2)
    assert b"\x07" not in result.stdout + result.stderr
    json.loads(ran.ok("show", "s", "--json").out)
    ran("run", "s")
    ran.ok("show", "s")
    json.loads(ran.ok("show", "s", "--json").out)


def test_an_address_that_is_not_encrypted_is_said(ran: Cli) -> None:
    told = "warning: http://models.invalid/v1 is not encrypted"
    edit = ("edit", "s", "--optimizer", "openai/m", "--optimizer-url")
    assert told in ran.ok(*edit, "http://models.invalid/v1").out
    assert "warning" not in ran.ok(*edit, "https://models.invalid/v1").out

"""`rebuild`: past meta-prompts under other settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def test_the_table_the_diff_and_the_json(small: Cli) -> None:
    small.ok("run", "s", "--steps", 2)
    before = small.ok("show", "s", "--json").json
    assert "each is what was sent, to the byte" in small.ok("rebuild", "s").out
    told = small.ok("rebuild", "s", "--shown", 1, "--exemplars", 0).out
    assert "2 meta-prompts rebuilt with shown 1, exemplars 0; nothing is bought or changed" in told
    assert "`opro-tui edit s --shown 1 --exemplars 0`" in told
    sent = small.ok("meta-prompt", "s", "--step", 2).out
    diff = small.ok("rebuild", "s", "--shown", 1, "--step", 2).out
    removed = [line[2:] for line in diff.splitlines() if line.startswith("− ")]
    assert removed
    assert all(line in sent for line in removed)
    found = small.ok("rebuild", "s", "--shown", 1, "--step", 2, "--json").json
    assert set(found) == {"name", "simulated", "settings", "texts", "metric", "steps"}
    assert found["settings"] == {"shown": 1}
    (step,) = found["steps"]
    assert set(step) == {
        "step", "same", "sent", "rebuilt", "requests", "input_tokens", "cost_usd",
    }  # fmt: skip
    assert step["sent"]["text"] + "\n" == sent
    assert len(step["rebuilt"]["solutions"]) == 1
    assert step["input_tokens"] < 0
    every = small.ok("rebuild", "s", "--metric", "regex:(.)", "--json").json
    assert [item["step"] for item in every["steps"]] == [1, 2]
    assert every["steps"][0]["sent"]["text"] is None
    assert small.ok("show", "s", "--json").json == before


def test_other_texts_and_bad_input(small: Cli) -> None:
    assert "no step has sent" in small.refused("rebuild", "s", "--shown", 1)
    small.ok("run", "s")
    file = small.folder / "p.toml"
    file.write_text('solution_separator = "==\\u001b[31m==\\n"\n')
    told = small.ok("rebuild", "s", "--meta-prompt", file, "--step", 1).out
    assert "other texts (solution_separator)" in told
    assert "\x1b" not in told
    assert "step 7 has no meta-prompt" in small.refused("rebuild", "s", "--step", 7)
    assert "out of range" in small.refused("rebuild", "s", "--shown", "x")
    assert "unknown metric" in small.refused("rebuild", "s", "--metric", "exxact")
    assert "No such option" in small.refused("rebuild", "s", "--temperature", 1)

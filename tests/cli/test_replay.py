"""`replay` without a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def test_the_story_is_told_again(cli: Cli) -> None:
    told = cli.ok("demo", "--headless", "--steps", 2, "--seed", 3, "--name", "s").out
    cli.ok("edit", "s", "--pin", 1, "--note", "a \x1b[31mreason")
    found = cli.ok("replay", "s").out
    for line in told.splitlines():
        if line.startswith("  #"):
            assert line in found
    assert "edit: pin 1 (a" in found
    assert "\x1b" not in found
    assert "simulated" in found
    short = cli.ok("replay", "s", "--step", 1).out
    assert "step 1 done" in short
    assert "step 2" not in short
    assert "step 7 did not finish" in cli.refused("replay", "s", "--step", 7)

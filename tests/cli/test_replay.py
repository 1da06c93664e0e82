"""`replay` without a terminal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.support.own_code import run_and_forget

if TYPE_CHECKING:
    import pytest

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


def test_a_session_without_its_code_is_looked_at_and_not_run(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("metric", "task"):
        folder = cli.folder / kind
        folder.mkdir()
        path = folder / "s.db"
        asyncio.run(run_and_forget(path, kind, monkeypatch))
        told = cli.ok("--db", path, "replay", "s").out
        assert "step 2 done" in told
        assert "step 1 done" in cli.ok("--db", path, "replay", "s", "--step", 1).out
        for command in ("show", "best", "costs", "export"):
            extra = ("--format", "json") if command == "export" else ()
            assert cli.ok("--db", path, command, "s", *extra).out
        assert "s" in cli.ok("--db", path, "list").out
        refused = cli.refused("--db", path, "run", "s")
        assert "eyes_own_code can't be imported" in refused

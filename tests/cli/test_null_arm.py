from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def test_a_control_is_made_priced_run_and_compared(small: Cli) -> None:
    small.ok("run", "s", "--steps", 2)
    out = small.ok("null-arm", "s", "--as", "c").out
    assert "6 candidates, as many as steps 1–2 did, at most 3 candidates a request" in out
    assert "nothing is spent yet" in out
    assert small.ok("show", "c", "--json").json["steps"] == 0
    small.ok("run", "c")
    out = small.ok("compare", "s", "c").out
    assert "c is the control of s: all 6 candidates of steps 1–2 in one step" in out
    assert "it says nothing of other tasks" in out
    data = small.ok("compare", "s", "c", "--json").json
    assert (data["a"]["control"], data["b"]["control"]) == (False, True)
    assert data["a"]["sampled"] == data["b"]["sampled"] == 6


def test_without_steps_there_is_no_control(small: Cli) -> None:
    assert "Run steps first" in small.refused("null-arm", "s", "--as", "c")
    small.ok("run", "s")
    assert "already" in small.refused("null-arm", "s", "--as", "s")
    assert len(small.ok("list", "--json").json) == 1

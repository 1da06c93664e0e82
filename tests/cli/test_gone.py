"""An endpoint that goes away in mid-step, without the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opro_tui.models.retry import RetryPolicy
from tests.support.loopback import LoopbackServer

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

QUICK = RetryPolicy(base=0.02, cap=0.2)


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = RetryPolicy.delay
    monkeypatch.setattr(RetryPolicy, "delay", lambda _, *how: waits(QUICK, *how))


@pytest.mark.usefixtures("_quick")
def test_a_pause_says_what_is_missing_and_run_goes_on(cli: Cli) -> None:
    with LoopbackServer(latency=0.01) as server:
        models = ("--optimizer", "openai/optimizer", "--scorer", "openai/scorer")
        url = ("--optimizer-url", server.url, "--scorer-url", server.url)
        size = ("--train", 10, "--candidates", 2, "--concurrency", 2)
        cli.ok("new", "s", "--task", "sums", *size, *models, *url, "--headless")
        server.fault = lambda number, _: server.vanish() if number == 14 else None
        paused = cli("run", "s")
        assert paused.code == 1
        assert "evaluations of #2, #3 are missing: openai/scorer at http://127.0.0.1" in paused.out
        assert "opro-tui run s" in paused.out
        assert cli.ok("show", "s", "--json").json["status"] == "incomplete"
        server.fault = None
        server.come_back()
        assert "going on with what was unfinished" in cli.ok("run", "s").out
        shown = cli.ok("show", "s", "--json").json
        assert shown["steps"] == 1
        assert all(each["n"] == each["of"] for each in shown["trajectory"])
        answered = [record for record in server.records() if record.delivered]
        assert sum(each["calls"] for each in shown["usage"].values()) == len(answered)
        asked = [record.messages for record in answered if record.model == "scorer"]
        assert len(asked) == len(set(asked))

"""`--scoring batch` and the command `batch`, against a server that takes batches."""

from __future__ import annotations

import signal
import time

import pytest

from tests.support.batches import BatchDesk
from tests.support.loopback import LoopbackServer
from tests.support.sessions import write_examples

CONFIG = """
[batch]
first_look = 0.05
longest_wait = 0.1
[prices."openai/m"]
input = 1
output = 3
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    monkeypatch.setenv("OPRO_TUI_CONFIG", str(path))
    return tmp_path


def new(cli, folder, url, *more):
    data = write_examples(folder / "sums.jsonl", 12)
    models = [f"--{role}{end}" for role in ("optimizer", "scorer") for end in ("", "-url")]
    values = ["openai/m", url] * 2
    given = [word for pair in zip(models, values, strict=True) for word in pair]
    columns = ("--input", "question", "--target", "answer", "--metric", "numeric")
    sizes = ("--train", 4, "--candidates", 2, "--scoring", "batch", "--headless")
    return cli.ok("new", "s", "--task", data, *columns, *given, *sizes, *more)


def test_a_run_is_left_and_its_batch_taken_up_or_cancelled(cli, folder):
    desk = BatchDesk(looks=10**6)
    with LoopbackServer(desk=desk) as server:
        said = new(cli, folder, server.url).out
        assert "≈ $" in said
        assert cli.ok("batch", "s").out == (
            "no batch was sent yet; `--scoring batch` scores in batches\n"
        )
        assert "has no batch under way" in cli.refused("batch", "s", "--cancel")
        process = cli.process("run", "s")
        for _ in range(400):
            if desk.calls.count("look") > 1:
                break
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert b"stopping: what is in a batch goes on at the provider" in err
        assert b"batch batch_1 goes on at the provider" in out
        assert b"`opro-tui run s` takes it up" in out
        line = cli.ok("batch", "s").out
        assert line.startswith("step 0 · batch_1 · openai/m · sent ")
        assert "in_progress, 0 of 4 done" in line
        assert "`opro-tui run s` takes up what is under way" in line
        said = cli.ok("batch", "s", "--cancel").out
        assert "asked to end batch batch_1" in said
        assert desk.batches["batch_1"].cancelled
        # The next one is through at the first look.
        desk.seen = lambda name: setattr(desk, "looks", 1) if name == "create" else None
        cli.ok("run", "s")
        states = cli.ok("batch", "s", "--json").json
        assert [each["status"] for each in states] == ["taken_in"] * 3
        assert states[0]["cancelled"]
        assert [each["requests"] for each in states] == [4, 4, 8]
        assert "can't be had together" in cli.refused("batch", "s", "--cancel", "--give-up")
        steps = cli.ok("costs", "s", "--json").json["steps"]
        assert steps[0]["usage"]["scorer"]["calls"] == 4
        cost = steps[0]["usage"]["scorer"]["cost_usd"]
        usage = steps[0]["usage"]["scorer"]
        whole = (usage["input_tokens"] + 3 * usage["output_tokens"]) / 1e6
        assert cost == pytest.approx(whole / 2)


def test_a_batch_that_is_gone_is_let_go_by_hand(cli, folder):
    desk = BatchDesk(looks=10**6)
    with LoopbackServer(desk=desk) as server:
        new(cli, folder, server.url)
        process = cli.process("run", "s")
        for _ in range(400):
            if desk.calls.count("look") > 1:
                break
            time.sleep(0.02)
        process.kill()
        process.wait(30)
        desk.batches.clear()
        failed = cli("run", "s")
        assert failed.code == 1
        assert "does not know the batch batch_1" in failed.out
        assert "unknown, 0 of 4 done" in cli.ok("batch", "s").out
        assert "4 calls of unknown outcome" in cli.ok("batch", "s", "--give-up").out
        desk.looks = 1
        cli.ok("run", "s")
        assert cli.ok("costs", "s", "--json").json["total"]["scorer"]["unknown"] == 4

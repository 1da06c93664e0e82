"""Whole sessions over real wire formats: what is printed is what the server saw."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.loopback import LoopbackServer, answering
from tests.support.wire import CHAT, MESSAGES

if TYPE_CHECKING:
    from tests.cli.conftest import Cli
    from tests.support.wire import Record

DATASETS = Path(__file__).parents[2].parent / "shared" / "datasets"
TOKENS = {
    "input_tokens": "input_tokens",
    "cached_tokens": "cached",
    "output_tokens": "output_tokens",
    "reasoning_tokens": "reasoning",
}

TEMPLATE = """\
instructions = '''Old {ones} with scores:
{trajectory}
Problems: {exemplars}
Write <INS>…</INS> {once} {trajectory}'''
solution_format = "[{solution}] -> {score};"
exemplar_format = "({input} = {target})"
solution_separator = " | "
exemplar_separator = "\\n"
"""


def counted(records: list[Record]) -> dict[str, int]:
    found = {ours: sum(getattr(r, theirs) for r in records) for ours, theirs in TOKENS.items()}
    return {"calls": len(records), **found}


def printed(usage: dict[str, Any]) -> dict[str, int]:
    return {name: usage[name] for name in ("calls", *TOKENS)}


@pytest.mark.skipif(not DATASETS.exists(), reason="the benchmarks' files are not here")
def test_gsm8k_agrees_with_the_server_call_by_call(cli: Cli, server: LoopbackServer) -> None:
    urls = ("--optimizer-url", server.url, "--scorer-url", server.url)
    models = ("--optimizer", "openai/m", "--scorer", "anthropic/m")
    data = ("--task", "gsm8k", "--data-dir", DATASETS, "--train", 40)
    made = cli.ok("new", "g", *data, *models, *urls, "--headless").out
    assert "40 to train on" in made
    assert "price unknown" in made
    assert server.ledger == []
    examples = cli.ok("examples", "g", "--split", "train", "--json").json
    assert len(examples) == 40
    server.reply = answering({e["input"]: e["target"] for e in examples})
    tried = cli.ok("try", "g", "--json").json
    assert [r.messages[-1][1] for r in server.records(MESSAGES)] == [
        trial["messages"][-1]["content"] for trial in tried
    ]
    cli.ok("run", "g", "--steps", 3)

    shown = cli.ok("show", "g", "--json").json
    costs = cli.ok("costs", "g", "--json").json
    optimizer, scorer = server.records(CHAT), server.records(MESSAGES)
    assert len(server.ledger) == len(optimizer) + len(scorer)
    assert shown["steps"] == len(optimizer) == 3
    assert all(record.body["n"] == 8 for record in optimizer)
    for role, records in (("optimizer", optimizer), ("scorer", scorer)):
        assert printed(shown["usage"][role]) == counted(records)
        assert printed(costs["total"][role]) == counted(records)
        assert shown["usage"][role]["cost_usd"] is None
    bounds = [0, *(record.number for record in optimizer), len(server.ledger) + 1]
    for step, low, high in zip(costs["steps"], bounds[:-1], bounds[1:], strict=True):
        during = [record for record in scorer if low < record.number < high]
        assert printed(step["usage"]["scorer"]) == counted(during), step["step"]
        sampled = [record for record in optimizer if record.number == low]
        assert printed(step["usage"]["optimizer"]) == counted(sampled)
    asked = 40 * len(shown["trajectory"]) + len(tried)
    usage = shown["usage"]["scorer"]
    assert usage["calls"] + usage["from_store"] == asked
    assert usage["from_store"] >= len(tried)
    for number, record in enumerate(optimizer, start=1):
        sent = cli.ok("meta-prompt", "g", "--step", number).stdout
        assert record.messages == (("user", sent.decode()[:-1]),)


def new(cli: Cli, server: LoopbackServer, *argv: object) -> None:
    url = ("--optimizer-url", server.url, "--scorer-url", server.url)
    models = ("--optimizer", "openai/optimizer", "--scorer", "openai/scorer")
    cli.ok("new", "s", "--task", "sums", "--train", 6, "--candidates", 2, *models, *url, *argv,
           "--headless")  # fmt: skip


def next_prompt(cli: Cli) -> str:
    """As another process prints it: nothing of it may live in memory only."""
    process = cli.process("meta-prompt", "s")
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    return out.decode()[:-1]


def test_a_warm_start_is_shown_exactly_and_sent_exactly(cli: Cli, server: LoopbackServer) -> None:
    warm, texts = cli.folder / "warm.jsonl", cli.folder / "texts.toml"
    rows = [
        {"text": "Middle {score}", "score": 0.5},
        {"text": "Best <INS>{trajectory}", "score": 0.805},
        {"text": "Worst", "score": 0.125},
    ]
    warm.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    texts.write_text(TEMPLATE, encoding="utf-8")
    new(cli, server, "--solutions", warm, "--meta-prompt", texts, "--exemplars", 2)
    examples = cli.ok("examples", "s", "--json").json
    data = cli.ok("meta-prompt", "s", "--json").json
    shown = [r["id"] for r in data["regions"] if r["kind"] == "exemplar"]
    exemplars = "\n".join(
        f"(Q: <INS>\n{examples[i]['input']}\n\nA: = {examples[i]['target']})" for i in shown
    )
    trajectory = "[Worst] -> 12; | [Middle {score}] -> 50; | [Best <INS>{trajectory}] -> 80;"
    expected = (
        f"Old {{ones}} with scores:\n{trajectory}\nProblems: {exemplars}\n"
        f"Write <INS>…</INS> {{once}} {trajectory}"
    )
    assert next_prompt(cli) == expected
    cli.ok("run", "s")
    (record,) = server.records(model="optimizer")
    assert record.messages == (("user", expected),)
    assert cli.ok("costs", "s", "--json").json["steps"][0]["usage"]["scorer"]["calls"] == 0


def test_edits_change_what_is_sent_next_and_survive(cli: Cli, server: LoopbackServer) -> None:
    new(cli, server, "--initial", "One.", "Two.", "Three.")
    cli.ok("run", "s")
    before = next_prompt(cli)
    train = [e["index"] for e in cli.ok("examples", "s", "--split", "train", "--json").json]
    texts = cli.folder / "texts.toml"
    texts.write_text('solution_format = "<{solution}={score}>"\n', encoding="utf-8")
    cli.ok("edit", "s", "--pin", 1, "--drop", 2, "--pin-exemplar", train[4], "--temperature", 0.25,
           "--meta-prompt", texts, "--add", "Mine.")  # fmt: skip
    after = next_prompt(cli)
    assert after != before
    assert "<One.=" in after
    assert "<Two.=" not in after
    question = cli.ok("examples", "s", "--json").json[train[4]]["input"]
    assert question in after
    cli.ok("run", "s")
    record = server.records(model="optimizer")[-1]
    assert record.messages == (("user", after),)
    assert record.body["temperature"] == 0.25
    assert any("Mine." in r.messages[-1][1] for r in server.records(model="scorer"))
    assert "<Mine.=" in next_prompt(cli)

"""Every command there is, as lines and as JSON, while models, data and names are hostile."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from opro_tui.config import Config
from opro_tui.engine.session import Session
from opro_tui.store.database import Store
from tests.cli.test_hostile import ACTS
from tests.support import every_command, hostile_session
from tests.support.every_command import as_json, command_lines, drawn_session
from tests.support.hostile import SHORT
from tests.support.hostile_session import CELLS, NAME, Sayings
from tests.support.loopback import Fault, LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Cli


SHORT_LINES = tuple(SHORT[name] for name in ("osc", "c1", "bidi", "nul", "log line", "rich style"))


@pytest.fixture(scope="module")
def sayings() -> Sayings:
    return Sayings()


@pytest.fixture(scope="module")
def models(sayings: Sayings) -> Iterator[LoopbackServer]:
    with LoopbackServer(sayings) as running:
        yield running


@pytest.fixture(scope="module")
def told(models: LoopbackServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("every")
    asyncio.run(hostile_session.make_at(models.url, folder, CELLS))
    return folder


@pytest.fixture
def over(told: Path, cli: Cli) -> Cli:
    shutil.copytree(told, cli.folder, dirs_exist_ok=True)
    for line in drawn_session():
        cli.ok(*line)
    return cli


def strictly(text: str) -> Any:
    """JSON as the strictest reader takes it: no NaN, and no name twice in an object."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({name for name, _ in pairs}) == len(pairs), pairs
        return dict(pairs)

    def never(word: str) -> None:
        raise AssertionError(word)

    return json.loads(text, object_pairs_hook=once, parse_constant=never)


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, names included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def said_by(over: Cli, line: tuple[str, ...]) -> list[Any]:
    """The JSON documents that a command prints; a failure prints none, and a line on stderr."""
    result = over(*line)
    assert "unexpected" not in result.err, (line, result.err)
    for text in (result.out, result.err):
        assert not ACTS.search(text), (line, text)
    if result.code:
        assert (result.code, result.out) in ((1, ""), (2, "")), (line, result)
        assert result.err.count("\n") <= 2, (line, result.err)
        return []
    assert result.out.endswith("\n")
    documents = result.out.splitlines() if line[0] == "run" else [result.out]
    return [strictly(document) for document in documents]


def check_carried(over: Cli, said: dict[str, list[Any]], sayings: Sayings) -> None:
    """Texts are in the JSON as they were said, stored and given."""

    async def stored() -> dict[int, str]:
        store = await Store.open(over.db, readonly=True)
        session = await Session.open(store, NAME, Config(), readonly=True)
        found = {each.id: each.text for each in session.state.candidates.values()}
        await session.close()
        await store.close()
        return found

    kept = asyncio.run(stored())
    for solution in said["show"][0]["trajectory"]:
        assert solution["text"] == kept[solution["id"]]
    events = said["run"]
    sampled = [event for event in events if event["type"] == "candidate_sampled"]
    assert len(sampled) >= hostile_session.CANDIDATES
    assert all(event["text"] == kept[event["id"]] for event in sampled)
    assert all(each["text"] == kept[each["id"]] for found in said["confirm"] for each in found)
    answers = {trial["answer"] for trials in said["try"] for trial in trials}
    assert answers <= set(sayings.said)
    assert len(answers) > 1
    rows = [json.loads(row) for row in (over.folder / "rows.jsonl").read_text().splitlines()]
    listed = {each["index"]: each for each in said["examples"][0]}
    assert [listed[n]["input"] for n in range(len(rows))] == [row["question"] for row in rows]
    assert [listed[n]["target"] for n in range(len(rows))] == [r["answer"].strip() for r in rows]
    assert said["meta-prompt"][1]["text"] in {e["text"] for e in events if "text" in e} | {
        over.ok("meta-prompt", NAME, "--step", 1, "--json").json["text"]
    }


def test_every_commands_json_is_json_and_holds_texts_as_they_are(
    over: Cli, models: LoopbackServer, sayings: Sayings
) -> None:
    said: dict[str, list[Any]] = {}
    for name, several in command_lines(over.folder, models.url).items():
        if not every_command.takes_json(name):
            for line in several:
                assert over(*line).code in (0, 1, 2), line
            continue
        for line in as_json({name: several})[name]:
            said.setdefault(name, []).extend(said_by(over, line))
    empty = [name for name, documents in said.items() if not documents]
    assert not empty
    check_carried(over, said, sayings)


def test_every_command_prints_nothing_that_acts(over: Cli, models: LoopbackServer) -> None:
    failed = []
    for name, several in command_lines(over.folder, models.url).items():
        for line in several:
            result = over(*line)
            assert "unexpected" not in result.err, (line, result.err)
            assert "Traceback" not in result.err, (line, result.err)
            for text in (result.out, result.err):
                # What is printed to the byte is made harmless on terminals; another test sees it.
                assert name in ("export", "best", "meta-prompt") or not ACTS.search(text), line
            failed += [(line, result)] if result.code else []
    told = [(line[0], re.findall("✗.*", result.out)) for line, result in failed]
    assert {line[0] for line, _ in failed} <= {"open", "compare"}, told


def test_hostile_failures_of_endpoints_stay_text(over: Cli, models: LoopbackServer) -> None:
    faults = [
        Fault(status=status, code=text, param=text, message=text, headers={"x-request-id": "a b"})
        for status, text in zip((400, 401, 403, 404, 422, 400), SHORT_LINES, strict=True)
    ]
    over.ok("edit", "--critique", "--", NAME)
    try:
        for number, fault in enumerate(faults):
            models.fault = lambda *_, fault=fault: fault
            for line in (
                ("run", NAME),
                ("run", NAME, "--json"),
                ("try", NAME, "--instruction", f"something new {number}"),
                ("try", NAME, "--instruction", f"something new {number}", "--json"),
                ("critique", NAME),
            ):
                result = over(*line)
                assert result.code == 1, (line, result)
                assert "unexpected" not in result.err
                assert not ACTS.search(result.out + result.err), (line, result)
                if "--json" in line:
                    for each in result.out.splitlines() if line[0] == "run" else ():
                        strictly(each)
    finally:
        models.fault = None


@pytest.mark.parametrize("count", ["1e30", str(10**30), str(2**63), "-1", "true", "1e999", "NaN"])
def test_an_answer_is_kept_whatever_its_tokens_are_said_to_be(
    over: Cli, models: LoopbackServer, count: str
) -> None:
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    usage = ",".join(f'"{name}":{count}' for name in names)
    message = '{"role":"assistant","content":"It is 5."}'
    choice = f'{{"index":0,"finish_reason":"stop","message":{message}}}'
    body = f'{{"id":"x","model":"m","choices":[{choice}],"usage":{{{usage}}}}}'
    models.fault = lambda *_: Fault(status=200, body=body)
    try:
        trials = over.ok("try", NAME, "--instruction", f"count {count}", "--json").json
    finally:
        models.fault = None
    assert {trial["answer"] for trial in trials} == {"It is 5."}
    over.ok("costs", NAME, "--json")

"""An endpoint that sends the keys back wherever it can: they are neither printed nor written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from opro_tui.cli import invoke
from tests.support.batches import BatchDesk
from tests.support.replies import Fault
from tests.trust.planted import HEADER, KEY, planted

if TYPE_CHECKING:
    from tests.support.batches import Batch

COMMANDS = """\
new s {new} --train 4 --test 4 --candidates 2 --json
try s --examples 1 --json
run s --json
edit s --critique --note why --add another
critique s
run s
show s --json
show s
list --json
costs s --json
costs s --csv
best s
examples s --json
meta-prompt s --json
meta-prompt s --step 1
evaluate s --json
confirm s --json
lineage s --json
regrade s --metric exact --json
rebuild s --shown 1 --json
fork s --at 1 --as f
compare s f --json
null-arm s --as n
replay s
batch s --json
ablate {new} --train 2 --test 2 --vary candidates=1,2 --steps 1 --json
reproduce linear-regression --optimizer lab/m --repetitions 1 --steps 1 --json
rename f g
delete g
list --deleted --json
undelete g
vacuum
doctor --json
doctor
export s --format json -o {folder}/s.json
export s --format jsonl -o {folder}/s.jsonl
export s --format csv -o {folder}/s.csv
export s --format md -o {folder}/s.md
export s --format html -o {folder}/s.html
export s --format promptfoo -o {folder}/s.yaml
export s --format dspy -o {folder}/s.dspy
import {folder}/s.jsonl
""".splitlines()
REFUSED = """\
new s {new} --train 4 --test 4 --candidates 2 --json
try s --examples 1 --json
run s --json
run s
show s --json
costs s --json
evaluate s --json
confirm s --json
ablate {new} --train 2 --test 2 --vary candidates=1,2 --steps 1 --json
reproduce linear-regression --optimizer lab/m --repetitions 1 --steps 1 --json
doctor --json
replay s
export s --format jsonl -o {folder}/s.jsonl
""".splitlines()


def typed(lines: list[str], user: Any) -> dict[str, int]:
    """Run commands with a log of all there is; returns their exit codes."""
    codes = {}
    for line in lines:
        words = line.replace("{folder}", str(user.folder)).split()
        if "{new}" in words:
            at = words.index("{new}")
            words[at : at + 1] = user.arguments()
        codes[line] = invoke(["--db", str(user.db), "--log-level", "debug", *words])
    return codes


def test_every_command_that_works(tmp_path: Any, monkeypatch: Any, capfd: Any) -> None:
    with planted(tmp_path, monkeypatch, models=("m", KEY, f"x-{HEADER}")) as user:
        codes = typed(COMMANDS, user)
        printed = "".join(capfd.readouterr())
        assert user.search(printed) >= 10
    assert {line: code for line, code in codes.items() if code} == {}
    assert "Add [key] or [key] up." in printed


def test_every_command_that_is_refused(tmp_path: Any, monkeypatch: Any, capfd: Any) -> None:
    refusal = Fault(
        status=403,
        message=f"{KEY} with {HEADER} may not",
        code=KEY,
        headers={"x-request-id": KEY, "retry-after": KEY},
    )
    with planted(tmp_path, monkeypatch, fault=lambda *_: refusal) as user:
        codes = typed(REFUSED, user)
        printed = "".join(capfd.readouterr())
        user.search(printed)
    assert [codes[line] for line in REFUSED[1:4]] == [1, 1, 1]
    assert "[key] with [key] may not" in printed


class Telling(BatchDesk):
    """Takes batches, and writes the keys into all that it says of them."""

    def __init__(self, **more: Any) -> None:
        super().__init__(looks=3, **more)
        self.item = lambda number, _: (
            Fault(status=(400, 429, 500)[number % 3], message=f"no {KEY}, no {HEADER}", code=KEY)
            if number % 2
            else None
        )
        self.spoil = lambda data: b"".join(self._told(line) for line in data.splitlines())

    def _told(self, line: bytes) -> bytes:
        found = json.loads(line)
        found["id"] = KEY
        if isinstance(found.get("response"), dict):
            found["response"]["request_id"] = KEY
        return json.dumps(found).encode() + b"\n" + f'{{"custom_id": "{KEY}", "x": 1}}\n'.encode()

    def _shown(self, batch: Batch) -> dict[str, Any]:
        shown = super()._shown(batch)
        for name in ("status", "processing_status"):
            if name in shown and not batch.ended:
                shown[name] = f"waiting for {KEY}"
        return shown | {"metadata": shown.get("metadata", {}) | {"key": KEY}}


@pytest.mark.parametrize("kind", ["openai", "openai-responses", "anthropic"])
def test_batches(tmp_path: Any, monkeypatch: Any, capfd: Any, kind: str) -> None:
    desk = Telling()
    with planted(tmp_path, monkeypatch, kind, desk=desk) as user:
        batched = "new s {new} --train 4 --test 0 --candidates 2 --scoring batch --json"
        typed([batched, "run s --json", "batch s --json", "run s", "batch s"], user)
        typed(
            ["show s --json", "costs s --json", f"export s --format json -o {user.folder}/x"], user
        )
        printed = "".join(capfd.readouterr())
        assert user.search(printed) >= 3
        assert desk.bought
    assert "no [key], no [key]" in printed


def test_a_batch_that_fails_as_a_whole(tmp_path: Any, monkeypatch: Any, capfd: Any) -> None:
    desk = BatchDesk(looks=1)
    desk.seen = lambda _: [setattr(each, "error", f"bad {KEY}") for each in desk.batches.values()]
    with planted(tmp_path, monkeypatch, desk=desk) as user:
        batched = "new s {new} --train 4 --test 0 --candidates 2 --scoring batch --json"
        typed([batched, "run s", "batch s --json", "show s --json"], user)
        printed = "".join(capfd.readouterr())
        user.search(printed)
    assert "bad [key]" in printed

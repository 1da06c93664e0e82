"""kill -9 in the middle of writing: what was acknowledged is there, and nothing is broken."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from opro_tui.core.events import Evaluation
from opro_tui.store.database import Store

ROOT = Path(__file__).parents[2]
CHILD = """
import asyncio, sys
from pathlib import Path
from opro_tui.store.database import Store
from tests.store.samples import answer, evaluated, intent, new_session, outcome

async def one(store, session, number):
    key = number.to_bytes(16, "big")
    call = await store.begin_call(session, intent(key, example=number))
    print("begun", call, number, flush=True)
    await store.finish_call(
        session, outcome(call), answer(f"text {number}"), [evaluated(0, 1, number, call=call)]
    )
    print("done", call, number, flush=True)

async def main():
    store = await Store.open(Path(sys.argv[1]))
    session = (await new_session(store)).id
    number = 0
    while True:
        await asyncio.gather(*(one(store, session, number + i) for i in range(8)))
        number += 8

asyncio.run(main())
"""


def killed(path: Path, after: int) -> list[str]:
    """What a writing process had printed when it was killed after so many lines."""
    command = [sys.executable, "-c", CHILD, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(after)]
        child.send_signal(signal.SIGKILL)
        return lines + child.stdout.readlines()


@pytest.mark.parametrize("seed", range(4))
async def test_everything_acknowledged_survives_a_kill(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "s.db"
    lines = killed(path, random.Random(seed).randrange(40, 900))
    begun: dict[int, int] = {}
    done: dict[int, int] = {}
    for line in lines:
        if line.endswith("\n"):
            what, call, number = line.split()
            (begun if what == "begun" else done)[int(call)] = int(number)

    store = await Store.open(path)
    assert await store.integrity() == "ok"
    session = (await store.session("s")).id
    events = await store.events(session, fine=True)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    graded = {event.example for event in events if isinstance(event, Evaluation)}
    assert set(done.values()) <= graded
    keys = {number: number.to_bytes(16, "big") for number in begun.values()}
    found = await store.find_answers(list(keys.values()))
    for number in done.values():
        assert found[keys[number]].completions[0].text == f"text {number}"
    # An answer and its evaluation are one: either both are there or none.
    assert {int.from_bytes(key, "big") for key in found} >= set(done.values())
    assert {answer.example for answer in found.values()} <= graded
    open_calls = {call.id for call in await store.unfinished_calls(session)}
    assert len(open_calls) <= 8
    assert {call for call in begun if call not in done} <= open_calls | {
        answer.call for answer in found.values()
    }
    await store.close()

"""The processes of the benchmark of a step: the server, the bare SDK, and our own step.

`python -m tests.benchmarks.step_parts serve|floor|aiohttp|ours …`; each prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from opro_tui.core.events import StepFinished, StepStarted
from tests.support.sessions import make_and_run, opened, own_data, write_examples

OPTIMIZER = "Write new instructions; each stands in <INS>.\n" * 40


def question(example: int) -> str:
    """What the bare calls ask; as long as our own requests."""
    return f"What is {example} + {example * 7}?"


async def floor(
    url: str, solutions: int, train: int, slots: int, *, aiohttp: bool
) -> dict[str, float]:
    """The calls of a step on the bare SDK, behind a semaphore; as it comes, or on aiohttp."""
    from openai import AsyncOpenAI, DefaultAioHttpClient, DefaultAsyncHttpxClient

    http_client = DefaultAioHttpClient() if aiohttp else DefaultAsyncHttpxClient()

    gate = asyncio.Semaphore(slots)
    async with AsyncOpenAI(
        base_url=url, api_key="none", max_retries=0, http_client=http_client
    ) as client:

        async def ask(prompt: str, **more: Any) -> Any:
            async with gate:
                return await client.chat.completions.create(
                    model="m", messages=[{"role": "user", "content": prompt}], **more
                )

        await asyncio.gather(*(ask(f"Q: {question(i)}\nA: Warm up.") for i in range(train)))
        wall, cpu = time.perf_counter(), time.process_time()
        await ask(OPTIMIZER, n=solutions)
        await asyncio.gather(
            *(
                ask(f"Q: {question(i)}\nA: Work out each quantity in order {n}.")
                for i in range(train)
                for n in range(solutions)
            )
        )
        return {
            "wall": time.perf_counter() - wall,
            "cpu": time.process_time() - cpu,
            "calls": solutions * train + 1,
        }


async def ours(path: str) -> dict[str, float]:
    """A step of a stored session, headless: sampled, scored, every call stored."""
    found: dict[str, float] = {}
    async with opened(Path(path)) as session:
        step = 0
        async for event in session.run(2):  # the first opens the connections
            if isinstance(event, StepStarted):
                step, wall, cpu = event.step, time.perf_counter(), time.process_time()
            elif isinstance(event, StepFinished):
                found = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        scored = [c.score for c in session.state.candidates.values() if c.step == step]
        found["calls"] = 1 + sum(score.n for score in scored if score is not None)
    return found


def prepare(folder: Path, url: str, solutions: int, train: int, slots: int) -> Path:
    """A session that ran a step; returns its database."""
    write_examples(folder / "sums.jsonl", train)
    values = own_data(
        folder,
        url,
        scorer="openai/m",
        train=train,
        test=0,
        candidates=solutions,
        concurrency=slots,
    )
    path = folder / "sessions.db"
    asyncio.run(make_and_run(path, values, 1, initial=("Warm up.",)))
    return path


def serve(latency: float, count: int) -> None:
    """Answer until standard input closes; each prompt for proposals gets other ones."""
    from tests.support.loopback import LoopbackRequest, LoopbackServer

    def reply(request: LoopbackRequest) -> list[str]:
        if "<INS>" in request.prompt:
            texts = [f"Work out each quantity in order {n}." for n in range(count)]
            return [f"<INS>{request.number}: {text}</INS>" for text in texts][: request.n]
        return ["The answer is 8."]

    with LoopbackServer(reply, latency=latency) as server:
        print(json.dumps(server.url), flush=True)
        sys.stdin.read()


def main() -> None:
    """Be one of the processes."""
    what, *arguments = sys.argv[1:]
    if what == "serve":
        serve(float(arguments[0]), int(arguments[1]))
    elif what in ("floor", "aiohttp"):
        url, *numbers = arguments
        calls = floor(url, *(int(number) for number in numbers), aiohttp=what == "aiohttp")
        print(json.dumps(asyncio.run(calls)))
    else:
        print(json.dumps(asyncio.run(ours(arguments[0]))))


if __name__ == "__main__":
    main()

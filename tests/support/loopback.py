"""A real HTTP/1.1 server on the loopback that answers as OpenAI's and Anthropic's endpoints do.

Its answers are a function of the request, it counts what it was asked and what it answered, and it
fails on demand. By hand: `python -m tests.support.loopback --port 8123`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from opro_tui.core.hashing import digest
from tests.support.batches import BatchDesk
from tests.support.connection import Connection
from tests.support.replies import Fault, answering, default_reply, storm
from tests.support.wire import MESSAGES, Answer, Counts, LoopbackRequest, Record, count, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.support.replies import FaultHook, Reply

__all__ = [
    "Answer",
    "Fault",
    "LoopbackRequest",
    "LoopbackServer",
    "Record",
    "answering",
    "default_reply",
    "storm",
]

_CACHED_FROM = 128
_OLD_ANTHROPIC = "2023-06-01"
_SAMPLING = ("temperature", "top_p", "top_k")


class LoopbackServer:
    """The server, in a thread of its own; use it as a context manager.

    Args:
        reply: Texts for a request; called in the server's thread.
        fault: What goes wrong with a request, by its number.
        latency: Seconds before each answer.
        seed: For the default reply.
        port: 0 picks a free one.
        key: If given, requests need it as a bearer token or `x-api-key`, else they get 401.
        refuse: Parameters that are always answered with 400.
        max_n: The most completions one request gets, whatever it asks for.
        models: What `/v1/models` lists.
        desk: What takes batches; None answers 404 to them.
        cache_from: The fewest tokens that a prompt marked for caching must have.
    """

    def __init__(
        self,
        reply: Reply | None = None,
        *,
        fault: FaultHook | None = None,
        latency: float = 0.0,
        seed: int = 0,
        port: int = 0,
        key: str | None = None,
        refuse: Iterable[str] = (),
        max_n: int = 128,
        models: Iterable[str] = ("m", "optimizer", "scorer"),
        desk: BatchDesk | None = None,
        cache_from: int = 0,
    ) -> None:
        self.reply = reply or default_reply(seed)
        self.fault = fault
        self.latency = latency
        self.key = key
        self.refuse = frozenset(refuse)
        self.max_n = max_n
        self.models = tuple(models)
        self.desk = desk
        if desk is not None:
            desk.server = self
        self.cache_from = cache_from
        self.ledger: list[Record] = []
        self.errors: list[BaseException] = []
        self.connections = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.port = port
        self._seen: set[bytes] = set()
        self.open: set[Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._ready = threading.Event()
        self._failed: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="loopback", daemon=True)

    @property
    def root(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The base URL for every provider kind."""
        return f"{self.root}/v1"

    def start(self) -> Self:
        """Listen; returns when connections are accepted."""
        self._thread.start()
        self._ready.wait()
        if self._failed:
            raise self._failed
        return self

    def stop(self) -> None:
        """Break what is open and end the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def vanish(self, seconds: float | None = None) -> None:
        """Be gone: break what is open, and refuse connections for a while or until `come_back`."""
        self._loop.call_soon_threadsafe(self._vanish, seconds)

    def come_back(self) -> None:
        """Listen again, at the same address."""
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def _vanish(self, seconds: float | None) -> None:
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for connection in list(self.open):
            connection.abort()
        if seconds is not None:
            self._loop.call_later(seconds, lambda: self._loop.create_task(self._listen()))

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await self._loop.create_server(
                lambda: Connection(self), "127.0.0.1", self.port, backlog=1024
            )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.stop()
        if self.errors and kind is None:
            raise self.errors[0]

    def records(
        self, path: str | None = None, model: str | None = None, status: int | None = 200
    ) -> list[Record]:
        """Records of a path, model and status; None takes all."""
        return [
            record
            for record in list(self.ledger)
            if (path is None or record.path == path)
            and (model is None or record.model == model)
            and (status is None or record.status == status)
        ]

    def summary(self) -> dict[str, Any]:
        """Answers and tokens by path and model, and requests by status."""
        answered: dict[str, dict[str, int]] = {}
        statuses: dict[str, int] = {}
        for record in list(self.ledger):
            statuses[str(record.status)] = statuses.get(str(record.status), 0) + 1
            if record.status == HTTPStatus.OK:
                row = answered.setdefault(
                    f"{record.path} {record.model}",
                    dict.fromkeys(
                        ("calls", "completions", "input_tokens", "cached", "output_tokens"), 0
                    ),
                )
                row["calls"] += 1
                for name in ("completions", "input_tokens", "cached", "output_tokens"):
                    row[name] += getattr(record, name)
        return {
            "requests": len(self.ledger),
            "status": statuses,
            "answered": answered,
            "connections": self.connections,
            "most_in_flight": self.most_in_flight,
        }

    def _run(self) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._listen())
        except OSError as error:
            self._failed = error
            self._ready.set()
            return
        assert self._server is not None
        self.port = self._server.sockets[0].getsockname()[1]
        self._ready.set()
        try:
            loop.run_forever()
        finally:
            if self._server is not None:
                self._server.close()
            for connection in list(self.open):
                connection.abort()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()

    def knows_key(self, headers: Mapping[str, str]) -> bool:
        """Whether a request may be answered."""
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        return not self.key or self.key in (bearer, headers.get("x-api-key"))

    def refused_by(self, request: LoopbackRequest, fault: Fault) -> str | None:
        """A parameter of a request that is not taken."""
        names = set(self.refuse) | ({fault.refuse} if fault.refuse else set())
        if request.path == MESSAGES:
            names.add("n")
            if request.headers.get("anthropic-version", "") > _OLD_ANTHROPIC:
                names.update(_SAMPLING)
        return next((name for name in sorted(names) if name in request.body), None)

    def count_answer(self, request: LoopbackRequest, answer: Answer) -> Counts:
        """Tokens of an answer; a prompt seen before, or marked, is read from the cache.

        As at the real endpoints a call that is under way beside the first finds nothing there yet.
        """
        total = tokens_of(request)
        cached = written = 0
        if request.path != MESSAGES:
            mark = digest(request.path, request.model, request.messages)
            if mark in self._seen:
                cached = total // _CACHED_FROM * _CACHED_FROM
            self._seen.add(mark)
        elif request.prefix is not None and (size := count(request.prefix)) >= self.cache_from:
            mark = digest(request.path, request.model, request.prefix)
            cached, written = (size, 0) if mark in self._seen else (0, size)
            self._seen.add(mark)
        output = sum(count(text) for text in answer.texts) + answer.reasoning_tokens
        return Counts(total, cached, written, output, answer.reasoning_tokens)


def main() -> None:
    """Serve until interrupted, then print what was asked and answered."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.loopback", description=__doc__)
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--key", help="demand this API key")
    parser.add_argument("--refuse", action="append", default=[], help="a parameter to refuse")
    parser.add_argument("--max-n", type=int, default=128)
    parser.add_argument("--batch", type=float, metavar="SECONDS", help="take batches, too")
    parser.add_argument("--storm", type=int, metavar="SEED", help="inject faults of every sort")
    args = parser.parse_args()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    fault = None if args.storm is None else storm(args.storm)
    with LoopbackServer(
        fault=fault,
        latency=args.latency,
        seed=args.seed,
        port=args.port,
        key=args.key,
        refuse=args.refuse,
        max_n=args.max_n,
        desk=None if args.batch is None else BatchDesk(seconds=args.batch),
    ) as server:
        print(f"listening on {server.url} (GET /ledger shows what was asked)", flush=True)
        stopped.wait()
        print(json.dumps(server.summary(), indent=2), flush=True)


if __name__ == "__main__":
    main()

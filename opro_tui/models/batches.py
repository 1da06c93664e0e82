"""What providers' batch endpoints have in common: limits, refusals, results read line by line."""

from __future__ import annotations

import asyncio
import json
import re
from abc import ABC, abstractmethod
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

from opro_tui.core.errors import ModelError, ParameterRefused
from opro_tui.models import errors

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Awaitable,
        Collection,
        Mapping,
        Sequence,
    )

    from opro_tui.core.protocols import BatchLook, Request, Response, Traits
    from opro_tui.models.adapter import Adapter, Json

T = TypeVar("T")

FULL = "Set --scoring full."
NOT_SENT = "not_sent"
"""The kind of an error that came before anything was sent that could be billed."""
UNANSWERED = "unanswered"
"""The kind of an error about a request that an ended batch says nothing about."""
PAGE = 100
PAGES = 20
"""Pages of a provider's list of batches that are looked through for one that was sent lately."""
SKEW = 900.0
"""Seconds by which a provider's clock may be behind ours."""
WHILE = 3600.0
"""Seconds within which the sending of a batch has surely ended."""
QUICK = 60.0
"""Seconds that a look at a batch may take."""
_NONE = frozenset((404, 405, 501))
_MANY = 1000
_NAME = re.compile(r"[\w.:-]{1,200}", re.ASCII)
"""What a provider may call a batch or a file."""


class ProviderBatches(ABC):
    """Batches behind an adapter's endpoint.

    Args:
        adapter: Whose requests they take; an answer reads the same as one to a single call.
    """

    first_look = 5.0
    most_requests: int
    most_bytes: int

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter

    @property
    def where(self) -> str:
        """The model and its endpoint, for errors."""
        return self.adapter.context.where

    @abstractmethod
    def entry(self, name: str, arguments: Json) -> Json:
        """One request of a batch, JSON-ready."""

    @abstractmethod
    async def _submit(self, client: Any, entries: list[Json], tag: str) -> str:  # noqa: ANN401
        """Send a batch; returns its name."""

    @abstractmethod
    async def _look(self, client: Any, remote: str) -> BatchLook:  # noqa: ANN401
        """How far a batch is."""

    @abstractmethod
    def _lines(self, client: Any, remote: str) -> AsyncGenerator[bytes]:  # noqa: ANN401
        """The results' lines, as bytes."""

    @abstractmethod
    def _result(self, line: Json, sent: set[str]) -> Response:
        """The answer of a result's line.

        Raises:
            ModelError: It has none.
        """

    @abstractmethod
    async def _cancel(self, client: Any, remote: str) -> None:  # noqa: ANN401
        """Ask to end a batch."""

    @abstractmethod
    async def _find(
        self,
        client: Any,  # noqa: ANN401
        tag: str,
        count: int,
        since: float,
        known: Collection[str],
    ) -> list[tuple[str, bool]]:
        """As `find`."""

    def split(self, requests: Sequence[tuple[str, Request]], traits: Traits) -> list[int]:
        """How many of the requests, in order, go into each batch by the provider's limits."""
        counts, size = [0], 0
        for name, request in requests:
            length = self._length(name, request, traits)
            if counts[-1] and (counts[-1] >= self.most_requests or size + length > self.most_bytes):
                counts.append(0)
                size = 0
            counts[-1] += 1
            size += length
        return counts if counts[-1] else []

    def _length(self, name: str, request: Request, traits: Traits) -> int:
        return len(line_of(self.entry(name, self.adapter.arguments(request, traits)[0])))

    async def submit(
        self, requests: Sequence[tuple[str, Request]], traits: Traits, tag: str
    ) -> str:
        """Send a batch under a tag; returns the provider's name for it."""
        entries, sent = [], set[str]()
        for place, (name, request) in enumerate(requests):
            arguments, names = self.adapter.arguments(request, traits)
            entries.append(self.entry(name, arguments))
            sent |= names
            if not place % _MANY:
                await asyncio.sleep(0)  # thousands of them must not hold up the screen
        client = await self.adapter.client()
        try:
            return await self._asked(self._submit(client, entries, tag), sent)
        except ParameterRefused:
            raise
        except ModelError as error:
            if error.status not in _NONE or _names_a_model(error):
                raise
            raise ModelError(
                "the endpoint takes no batches",
                where=self.where,
                todo=FULL,
                kind="no_batches",
                fatal=True,
                status=error.status,
            ) from None

    async def look(self, remote: str) -> BatchLook:
        """How far a batch is."""
        client = await self.adapter.client()
        try:
            return await self._asked(self._look(client, remote), seconds=QUICK)
        except ModelError as error:
            raise self._gone(error, remote) from None

    async def results(
        self, remote: str, sent: Mapping[str, Request], traits: Traits
    ) -> AsyncGenerator[tuple[str, Response | ModelError]]:
        """The results of a batch that ended, as they are read, in any order."""
        client = await self.adapter.client()
        async with aclosing(self._lines(client, remote)) as lines:
            while (line := await self._asked(anext(lines, None))) is not None:
                try:
                    found = self._read(line)
                except ModelError:
                    if line.endswith(b"\n"):
                        continue  # nobody can say what it answers
                    raise  # it was cut off
                name = found.get("custom_id")
                if not isinstance(name, str):
                    continue  # nobody can say what it answers
                request = sent.get(name)
                names = set[str]()
                if request is not None:
                    names = self.adapter.arguments(request, traits)[1]
                try:
                    yield name, self._result(found, names)
                except ModelError as error:
                    yield name, error

    async def cancel(self, remote: str) -> None:
        """Ask the provider to end a batch."""
        client = await self.adapter.client()
        try:
            await self._asked(self._cancel(client, remote), seconds=QUICK)
        except ModelError as error:
            raise self._gone(error, remote) from None

    async def find(
        self, tag: str, count: int, since: float, known: Collection[str]
    ) -> list[tuple[str, bool]]:
        """Batches that may have been sent under a tag, each with whether it surely was."""
        client = await self.adapter.client()
        try:
            return await self._asked(self._find(client, tag, count, since - SKEW, known))
        except ModelError as error:
            if error.status in _NONE and not known:
                return []  # who takes no batches has none
            raise

    async def _asked(
        self, work: Awaitable[T], sent: Collection[str] = (), seconds: float | None = None
    ) -> T:
        try:
            async with asyncio.timeout(seconds or self.adapter.timeout):
                return await work
        except Exception as error:
            ours = self.adapter.explained(error, sent)
            if ours is error:
                raise
            raise ours from None

    def _gone(self, error: ModelError, remote: str) -> ModelError:
        """A 404 for a batch is no matter of the model's."""
        if error.status not in (404, 410):
            return error
        return ModelError(
            f"the endpoint does not know the batch {remote} (any more)",
            where=self.where,
            todo="Check the key and the URL; `opro-tui batch NAME --give-up` lets it go.",
            kind="not_found",
            fatal=True,
            status=error.status,
        )

    def _read(self, line: bytes) -> Json:
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise errors.malformed(self.adapter.context, "a result is no object")
        return found

    def body(self, raw: Any) -> Json:  # noqa: ANN401 - an SDK's raw response
        """The object in a response.

        Raises:
            ModelError: There is none.
        """
        return self._read(raw.http_response.content)

    def name_in(self, body: Json) -> str:
        """A batch's name.

        Raises:
            ModelError: It has none.
        """
        name = body.get("id")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise errors.malformed(self.adapter.context, "the batch has no id")
        if errors.without(name, self.adapter.context.secrets) != name:
            raise errors.malformed(self.adapter.context, "the batch's id is the key that was sent")
        return name


def _names_a_model(error: ModelError) -> bool:
    return "model" in error.what.removeprefix("the endpoint does not know this model or address")


def line_of(entry: Json) -> bytes:
    """A line of JSON with its end."""
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


async def lines_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The lines of a stream with their ends; only a newline is one, whatever texts may hold."""
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line.strip():
                yield line + b"\n"
    if rest.strip():
        yield rest


def count_in(counts: object, *names: str) -> int:
    """The sum of some counts of an object; what is none counts 0."""
    if not isinstance(counts, dict):
        return 0
    found = (counts.get(name) for name in names)
    return sum(each for each in found if type(each) is int and each >= 0)


def objects_in(data: object) -> list[Json]:
    """The objects of a list; none where it is no list."""
    return [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []


def cancelled(where: str) -> ModelError:
    """What became of the requests of a batch that was cancelled before their turn."""
    return ModelError(
        "the batch was cancelled before its turn", where=where, kind="cancelled", retryable=True
    )


def expired(where: str) -> ModelError:
    """What became of the requests that the provider didn't get to in time."""
    return ModelError(
        "the provider did not get to it within a day", where=where, kind="expired", retryable=True
    )


def unanswered(where: str) -> ModelError:
    """What became of a request that an ended batch says nothing about."""
    return ModelError(
        "the batch ended without an answer to it", where=where, kind=UNANSWERED, retryable=True
    )

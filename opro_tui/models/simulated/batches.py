"""Simulated batches: nothing is sent, and what a provider would keep stands in their name."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from opro_tui.core.errors import ModelError
from opro_tui.core.protocols import BatchLook

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Mapping, Sequence

    from opro_tui.core.protocols import Request, Response, Traits

_PREFIX = "simulated"


class _Answering(Protocol):
    latency: float

    def answer(self, request: Request, traits: Traits) -> Response: ...


class SimulatedBatches:
    """Batches that are through after as long as their requests would take one by one.

    Their name holds what is needed to take them up again: how many requests they have, and when
    they began.
    """

    first_look = 0.2

    def __init__(self, model: _Answering) -> None:
        self._model = model

    def split(self, requests: Sequence[tuple[str, Request]], traits: Traits) -> list[int]:  # noqa: ARG002
        """There are no limits."""
        return [len(requests)] if requests else []

    async def submit(
        self,
        requests: Sequence[tuple[str, Request]],
        traits: Traits,  # noqa: ARG002
        tag: str,
    ) -> str:
        """Begin one."""
        return f"{_PREFIX}-{tag}-{len(requests)}-{time.time_ns() // 1_000_000}"

    async def look(self, remote: str) -> BatchLook:
        """How far it is: so many requests a second, whether anyone looks or not."""
        count, began = _parts(remote)
        passed = time.time() - began / 1000
        latency = self._model.latency
        done = count if latency <= 0 else min(count, max(0, int(passed / latency)))
        status = "completed" if done == count else "in_progress"
        return BatchLook(status, count, done, done == count)

    async def results(
        self,
        remote: str,  # noqa: ARG002
        sent: Mapping[str, Request],
        traits: Traits,
    ) -> AsyncGenerator[tuple[str, Response | ModelError]]:
        """The answers to the requests that are still known."""
        for name, request in sent.items():
            yield name, self._model.answer(request, traits)

    async def cancel(self, remote: str) -> None:
        """Nothing runs anywhere, so there is nothing to end.

        Raises:
            ModelError: Always.
        """
        raise ModelError(
            "a simulated batch costs nothing and can't be cancelled",
            where=remote,
            todo="`opro-tui batch NAME --give-up` lets it go.",
        )

    async def find(
        self,
        tag: str,  # noqa: ARG002
        count: int,  # noqa: ARG002
        since: float,  # noqa: ARG002
        known: Collection[str],  # noqa: ARG002
    ) -> list[tuple[str, bool]]:
        """Nothing is kept anywhere: one whose name was lost is begun again."""
        return []


def _parts(remote: str) -> tuple[int, int]:
    """How many requests a batch has, and when it began in milliseconds since 1970."""
    try:
        prefix, _, count, began = remote.split("-")
        if prefix == _PREFIX:
            return int(count), int(began)
    except ValueError:
        pass
    raise ModelError("is no simulated batch", where=remote, kind="not_found", fatal=True)

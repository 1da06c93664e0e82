"""Anthropic's message batches: the requests go up in one call, a file of results comes back."""

from __future__ import annotations

import time
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING, Any

from opro_tui.core.protocols import BatchLook
from opro_tui.models import errors
from opro_tui.models.anthropic import VERSION_WITH_TEMPERATURE
from opro_tui.models.batches import (
    PAGE,
    PAGES,
    SKEW,
    WHILE,
    ProviderBatches,
    cancelled,
    count_in,
    expired,
    lines_of,
    objects_in,
    unanswered,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection

    from opro_tui.core.protocols import Response
    from opro_tui.models.adapter import Json

_THROUGH = ("succeeded", "errored", "canceled", "expired")
_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


class AnthropicBatches(ProviderBatches):
    """Batches of messages. They carry no note of ours: the requests' names begin with the tag."""

    most_requests = 100_000
    most_bytes = 200_000_000  # 256 MB, of which the SDK may use some for blanks

    def entry(self, name: str, arguments: Json) -> Json:
        """One request of the list that goes up."""
        return {"custom_id": name, "params": arguments}

    async def _submit(self, client: Any, entries: list[Json], tag: str) -> str:  # noqa: ANN401, ARG002
        headers = {}
        if any("temperature" in entry["params"] for entry in entries):
            headers = {"anthropic-version": VERSION_WITH_TEMPERATURE}
        raw = await client.messages.batches.with_raw_response.create(
            requests=entries, extra_headers=headers
        )
        return self.name_in(self.body(raw))

    async def _look(self, client: Any, remote: str) -> BatchLook:  # noqa: ANN401
        body = self.body(await client.messages.batches.with_raw_response.retrieve(remote))
        counts = body.get("request_counts")
        status = str(body.get("processing_status"))
        was_cancelled = bool(body.get("cancel_initiated_at"))
        return BatchLook(
            status=errors.clean(
                status.replace("canceling", "cancelling"), self.adapter.context.secrets
            ),
            total=count_in(counts, "processing", *_THROUGH),
            done=count_in(counts, *_THROUGH),
            ended=status == "ended",
            left_over=(cancelled if was_cancelled else unanswered)(self.where),
        )

    async def _lines(self, client: Any, remote: str) -> AsyncGenerator[bytes]:  # noqa: ANN401
        streaming = client.messages.batches.with_streaming_response
        async with streaming.results(remote) as response:
            async for line in lines_of(response.iter_bytes()):
                yield line

    def _result(self, line: Json, sent: set[str]) -> Response:
        result = line.get("result")
        kind = result.get("type") if isinstance(result, dict) else None
        if not isinstance(result, dict) or kind not in _THROUGH:
            raise unanswered(self.where)
        if kind == "canceled":
            raise cancelled(self.where)
        if kind == "expired":
            raise expired(self.where)
        if kind == "errored":
            return self._errored(result.get("error"), sent)
        message = result.get("message")
        if not isinstance(message, dict):
            raise unanswered(self.where)
        return self.adapter.answer(message, {}, sent)

    def _errored(self, body: object, sent: set[str]) -> Response:
        inner = body.get("error") if isinstance(body, dict) else None
        kind = inner.get("type") if isinstance(inner, dict) else None
        return self.adapter.refused(_STATUS.get(str(kind), 500), body, {}, sent)

    async def _cancel(self, client: Any, remote: str) -> None:  # noqa: ANN401
        await client.messages.batches.with_raw_response.cancel(remote)

    async def _find(
        self,
        client: Any,  # noqa: ANN401
        tag: str,
        count: int,
        since: float,
        known: Collection[str],
    ) -> list[tuple[str, bool]]:
        found: list[tuple[str, bool]] = []
        options: Json = {}
        for _ in range(PAGES):
            raw = await client.messages.batches.with_raw_response.list(limit=PAGE, **options)
            body = self.body(raw)
            batches = objects_in(body.get("data"))
            recent = [each for each in batches if _made(each) >= since]
            for batch in recent:
                name = self.name_in(batch)
                total = count_in(batch.get("request_counts"), "processing", *_THROUGH)
                if name in known or total != count or _made(batch) > since + SKEW * 2 + WHILE:
                    continue
                if batch.get("processing_status") != "ended":
                    found.append((name, False))  # only its results will tell
                elif await self._is_tagged(client, name, tag):
                    return [(name, True)]
            if len(recent) < len(batches) or not batches or not body.get("has_more"):
                break
            options = {"after_id": self.name_in(batches[-1])}
        return found

    async def _is_tagged(self, client: Any, remote: str, tag: str) -> bool:  # noqa: ANN401
        async with aclosing(self._lines(client, remote)) as lines:
            first = await anext(lines, b"{}")
        return str(self._read(first).get("custom_id")).startswith(f"{tag}-")


def _made(batch: Json) -> float:
    """When a batch was made, in seconds since 1970; one that doesn't say it is as good as new."""
    try:
        return datetime.fromisoformat(str(batch.get("created_at"))).timestamp()
    except ValueError:
        return time.time()

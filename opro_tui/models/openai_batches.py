"""OpenAI's batches: a file of requests goes up, a file of answers and one of errors come back."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import ModelError
from opro_tui.core.protocols import BatchLook
from opro_tui.models import errors
from opro_tui.models.batches import (
    NOT_SENT,
    PAGE,
    PAGES,
    ProviderBatches,
    cancelled,
    count_in,
    expired,
    line_of,
    lines_of,
    objects_in,
    unanswered,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection

    from opro_tui.core.protocols import Response
    from opro_tui.models.adapter import Adapter, Json

TAG = "opro_tui"
"""The name under which a batch's metadata hold our tag."""
_ENDED = frozenset(("completed", "failed", "expired", "cancelled"))


class OpenAIBatches(ProviderBatches):
    """Batches of chat completions or Responses.

    Args:
        adapter: Whose requests they take.
        path: Where a single one would go: `/v1/chat/completions` or `/v1/responses`.
    """

    most_requests = 50_000
    most_bytes = 195_000_000  # 200 MB

    def __init__(self, adapter: Adapter, path: str) -> None:
        super().__init__(adapter)
        self._path = path

    def entry(self, name: str, arguments: Json) -> Json:
        """One line of the file that goes up."""
        return {"custom_id": name, "method": "POST", "url": self._path, "body": arguments}

    async def _submit(self, client: Any, entries: list[Json], tag: str) -> str:  # noqa: ANN401
        data = await asyncio.to_thread(lambda: b"".join(line_of(entry) for entry in entries))
        file = await self._upload(client, f"{tag}.jsonl", data)
        try:
            raw = await client.batches.with_raw_response.create(
                completion_window="24h",
                endpoint=self._path,
                input_file_id=file,
                metadata={TAG: tag},
            )
        except Exception as error:
            ours = self.adapter.explained(error)
            if isinstance(ours, ModelError) and ours.status is not None and ours.status < 500:
                with suppress(Exception):  # it was refused: nobody will ask for the file
                    await client.files.delete(file)
            raise
        return self.name_in(self.body(raw))

    async def _upload(self, client: Any, name: str, data: bytes) -> str:  # noqa: ANN401
        try:
            raw = await client.files.with_raw_response.create(
                file=(name, data, "application/jsonl"), purpose="batch"
            )
            return self.name_in(self.body(raw))
        except Exception as error:
            ours = self.adapter.explained(error)
            if not isinstance(ours, ModelError) or (ours.status or 500) < 500:
                raise
            what = f"the batch could not be uploaded: {ours.what}"
            raise ModelError(
                what, where=ours.where, todo=ours.todo, kind=NOT_SENT, retryable=ours.retryable
            ) from None

    async def _look(self, client: Any, remote: str) -> BatchLook:  # noqa: ANN401
        return self._seen(await self._retrieve(client, remote))

    async def _retrieve(self, client: Any, remote: str) -> Json:  # noqa: ANN401
        return self.body(await client.batches.with_raw_response.retrieve(remote))

    def _seen(self, body: Json) -> BatchLook:
        status = str(body.get("status"))
        counts = body.get("request_counts")
        left_over = {"cancelled": cancelled, "expired": expired}.get(status, unanswered)(self.where)
        failures = body.get("errors")
        found = failures.get("data") if isinstance(failures, dict) else None
        if status == "failed":
            first = found[0] if isinstance(found, list) and found else {}
            left_over = errors.from_status(400, {"error": first}, {}, self.adapter.context, ())
        return BatchLook(
            status=errors.clean(status, self.adapter.context.secrets),
            total=count_in(counts, "total"),
            done=count_in(counts, "completed", "failed"),
            ended=status in _ENDED,
            left_over=left_over,
        )

    async def _lines(self, client: Any, remote: str) -> AsyncGenerator[bytes]:  # noqa: ANN401
        body = await self._retrieve(client, remote)
        for name in ("output_file_id", "error_file_id"):
            file = body.get(name)
            if not isinstance(file, str) or not file:
                continue
            async with client.files.with_streaming_response.content(file) as response:
                async for line in lines_of(response.iter_bytes()):
                    yield line

    def _result(self, line: Json, sent: set[str]) -> Response:
        response, failure = line.get("response"), line.get("error")
        if not isinstance(response, dict):
            raise self._failure(failure)
        status, body = response.get("status_code"), response.get("body")
        if not isinstance(status, int) or not isinstance(body, dict):
            raise unanswered(self.where)
        if status >= 400:
            return self.adapter.refused(status, body, {}, sent)
        return self.adapter.answer(body, {}, sent, (response.get("request_id"),))

    def _failure(self, failure: object) -> ModelError:
        code = failure.get("code") if isinstance(failure, dict) else None
        if code == "batch_expired":
            return expired(self.where)
        if code == "batch_cancelled":
            return cancelled(self.where)
        return errors.from_status(500, {"error": failure}, {}, self.adapter.context, ())

    async def _cancel(self, client: Any, remote: str) -> None:  # noqa: ANN401
        await client.batches.with_raw_response.cancel(remote)

    async def _find(
        self,
        client: Any,  # noqa: ANN401
        tag: str,
        count: int,  # noqa: ARG002 - the tag says it
        since: float,
        known: Collection[str],  # noqa: ARG002
    ) -> list[tuple[str, bool]]:
        options: Json = {}
        for _ in range(PAGES):
            raw = await client.batches.with_raw_response.list(limit=PAGE, **options)
            body = self.body(raw)
            batches = objects_in(body.get("data"))
            for batch in batches:
                metadata = batch.get("metadata")
                if isinstance(metadata, dict) and metadata.get(TAG) == tag:
                    return [(self.name_in(batch), True)]
            made = [each.get("created_at") for each in batches]
            oldest = min((at for at in made if type(at) is int), default=0)
            if not batches or not body.get("has_more") or oldest < since:
                break
            options = {"after": self.name_in(batches[-1])}
        return []

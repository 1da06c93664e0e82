"""The part of the store that keeps batches."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from opro_tui.store import batches
from opro_tui.store.file import StoreFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.store.records import (
        BatchCall,
        BatchIntent,
        CallIntent,
        StoredAnswer,
        StoredBatch,
    )


class BatchFile(StoreFile):
    """A database of batches, among other things."""

    async def begin_batch(
        self, session: int, intent: BatchIntent, calls: Sequence[CallIntent]
    ) -> tuple[StoredBatch | None, dict[bytes, StoredAnswer]]:
        """Store a batch and its calls before it is sent, in one transaction.

        Returns:
            The batch, None when nothing is left to send; and the answers, by request key, that
            were bought meanwhile and are not asked for again.
        """
        return await self._write(
            partial(batches.begin, session=session, intent=intent, calls=calls)
        )

    async def batches(self, session: int, *, live: bool = False) -> list[StoredBatch]:
        """A session's own batches, the oldest first: all, or those that haven't ended."""
        return await self._read(partial(batches.of_session, session=session, live=live))

    async def batches_under_way(self) -> list[tuple[str, StoredBatch]]:
        """All batches that haven't ended, each with its session's name."""
        return await self._read(batches.under_way)

    async def exported_batches(self, session: int, upto: int) -> list[StoredBatch]:
        """The batches that the calls of a session up to a place were in, ancestors' included."""
        return await self._read(partial(batches.of_lineage, session=session, upto=upto))

    async def batch_calls(self, batch: int) -> list[BatchCall]:
        """The calls of a batch that have no outcome yet."""
        return await self._read(partial(batches.open_calls, batch=batch))

    async def batch_sent(self, batch: int, remote: str) -> StoredBatch:
        """Keep the name under which a provider took a batch."""
        return await self._write(partial(batches.sent, batch=batch, remote=remote))

    async def forget_batch(self, batch: int) -> None:
        """Remove a batch that was never sent, with its calls."""
        await self._write(partial(batches.forget, batch=batch))

    async def batch_cancelled(self, batch: int) -> None:
        """Keep that a person asked the provider to end a batch."""
        await self._write(partial(batches.cancel, batch=batch))

    async def batch_ended(self, batch: int) -> None:
        """Keep that every call of a batch has its outcome."""
        await self._write(partial(batches.end, batch=batch))

    async def known_batches(self, endpoint: str) -> set[str]:
        """A provider's names of all batches of an endpoint that are known here."""
        return await self._read(partial(batches.remotes, endpoint=endpoint))

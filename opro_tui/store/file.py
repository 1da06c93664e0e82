"""A store's file: how it is opened and closed, and the two threads that work on it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from opro_tui.core.errors import StoreError
from opro_tui.store.connection import EXPLAINED, drop_copy, explain, prepare
from opro_tui.store.threads import Reader, Writer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path
    from typing import TypeVar

    from opro_tui.store.connection import Prepared

    T = TypeVar("T")


class StoreFile:
    """A database file with the thread that writes it and the one that reads it.

    Attributes:
        path: The file.
        readonly: Whether it was opened for reading only.
        copy: The migrated copy that is read in the file's stead; None for the file itself.
        backup: What the file was before it was migrated now; None where it wasn't.
    """

    def __init__(self, path: Path, writer: Writer | None, reader: Reader, made: Prepared) -> None:
        self.path, self.copy, self.readonly = path, made.copy, writer is None
        self.backup = made.backup
        self._writer, self._reader = writer, reader

    @classmethod
    async def open(cls, path: Path, *, readonly: bool = False, copying: bool = False) -> Self:
        """Open a database; one that doesn't exist is created, an older one is migrated.

        Args:
            path: The file.
            readonly: Neither create nor migrate nor write.
            copying: Let an older one be read from a migrated copy, which goes with the store.

        Raises:
            StoreError: It can't be opened, is no database of ours, or a newer program's.
        """
        try:
            made = await asyncio.to_thread(prepare, path, readonly=readonly, copying=copying)
        except (*EXPLAINED, ValueError) as error:
            raise explain(error, path) from error
        writer = None if readonly else Writer(path)
        return cls(path, writer, Reader(made.copy or path, readonly=readonly), made)

    async def close(self) -> None:
        """Store what is queued, then let go of the file."""
        self._reader.stop()
        if self._writer is not None:
            self._writer.stop(after=self._reader.join)
            await asyncio.to_thread(self._writer.join)
        await asyncio.to_thread(self._reader.join)
        if self.copy is not None:
            await asyncio.to_thread(drop_copy, self.copy)

    @property
    def transactions(self) -> int:
        """How many transactions were committed since it was opened."""
        return self._writer.transactions if self._writer else 0

    def _write(
        self, job: Callable[[sqlite3.Connection], T], *, paid: bool = False
    ) -> asyncio.Future[T]:
        if self._writer is None:
            raise StoreError(
                "was opened for reading only", where=str(self.path), todo="Open it for writing."
            )
        return self._writer.run(job, paid=paid)

    async def _read(self, job: Callable[[sqlite3.Connection], T]) -> T:
        return await self._reader.run(job)

"""A session has one writer: a lock that the operating system lets go of when its owner dies."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from opro_tui.core.errors import SessionBusy

if TYPE_CHECKING:
    from pathlib import Path


def written_elsewhere(database: Path) -> frozenset[int]:
    """The sessions of a database that another process holds the right to write, by id."""
    folder = database.with_name(database.name + ".locks")
    owned = [file.stem for file in folder.glob("*.owner")]
    ids = [int(name) for name in owned if name.isascii() and name.isdigit()]
    return frozenset(id_ for id_ in ids if WriterLock(database, id_, "").held_elsewhere)


LOOK_SECONDS = 0.2


class WriterLock:
    """The right to write one session of one database."""

    def __init__(self, database: Path, session: int, name: str) -> None:
        folder = database.with_name(database.name + ".locks")
        self._owner = folder / f"{session}.owner"
        self._lock = FileLock(folder / f"{session}.lock", mode=0o600)
        self._name = name

    def acquire(self) -> None:
        """Take it at once.

        Raises:
            SessionBusy: Another process has it.
        """
        self._owner.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            # Those who only look whether it is taken hold it for a moment themselves.
            self._lock.acquire(timeout=LOOK_SECONDS, poll_interval=LOOK_SECONDS / 10)
        except Timeout:
            raise SessionBusy(
                f"is being run by {self._who()}",
                where=f"session {self._name}",
                todo="Wait for it, stop it, or follow it with `opro-tui open`.",
            ) from None
        data = {"pid": os.getpid(), "host": socket.gethostname()}
        self._owner.write_text(json.dumps(data), encoding="utf-8")

    def release(self) -> None:
        """Let go of it."""
        if self._lock.is_locked:
            self._owner.unlink(missing_ok=True)
            self._lock.release()

    @property
    def held_elsewhere(self) -> bool:
        """Whether another process has it now."""
        if self._lock.is_locked or not self._owner.exists():
            # Who has it has left a name there; whoever only looks leaves nothing behind.
            return False
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            return True
        self._lock.release()
        return False

    def _who(self) -> str:
        with contextlib.suppress(OSError, ValueError, KeyError):
            data = json.loads(self._owner.read_text(encoding="utf-8"))
            return f"process {int(data['pid'])} on {str(data['host'])[:60]}"
        return "another process"

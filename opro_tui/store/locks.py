"""A session has one writer: a lock that the operating system lets go of when its owner dies."""

from __future__ import annotations

import json
import os
import shlex
import socket
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from opro_tui.core.errors import SessionBusy

if TYPE_CHECKING:
    from collections.abc import Sequence

LOOK_SECONDS = 0.2
_MAX = 60
_COMMANDS = frozenset(
    ("run", "open", "new", "demo", "try", "edit", "critique", "confirm", "evaluate", "regrade")
) | frozenset(("ablate", "reproduce", "batch"))


@dataclass(frozen=True, slots=True)
class Owner:
    """Who writes a session.

    Attributes:
        pid: Its process.
        host: The machine that it runs on.
        program: What was started, such as `opro-tui run`; empty when it didn't say.
        since: When it took the session, in seconds since 1970; 0 when it didn't say.
    """

    pid: int
    host: str
    program: str = ""
    since: float = 0.0

    def __str__(self) -> str:
        what = f" ({self.program})" if self.program else ""
        words = f"process {self.pid}{what} on {self.host}"
        if self.since > 0:
            words += f" since {datetime.fromtimestamp(self.since, UTC):%Y-%m-%d %H:%M} UTC"
        return words


def written_elsewhere(database: Path) -> frozenset[int]:
    """The sessions of a database that another process holds the right to write, by id."""
    ids = _owned(database)
    return frozenset(id_ for id_ in ids if WriterLock(database, id_, "").held_elsewhere)


def writers(database: Path) -> list[str]:
    """Who writes sessions of a database now, in words, each once."""
    found = []
    for id_ in _owned(database):
        lock = WriterLock(database, id_, "")
        if lock.held_elsewhere:
            found.append(lock.who)
    return list(dict.fromkeys(found))


def _owned(database: Path) -> list[int]:
    names = [file.stem for file in _folder(database).glob("*.owner")]
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())


def _folder(database: Path) -> Path:
    return database.with_name(database.name + ".locks")


def program(argv: Sequence[str]) -> str:
    """What was started, without its arguments, which may be anything: `opro-tui run`."""
    name = Path(argv[0]).name if argv else ""
    if name == "__main__.py":
        name = Path(argv[0]).parent.name.replace("_", "-")
    words = [word for word in argv[1:] if word in _COMMANDS]
    return " ".join([name, *words[:1]]).strip()[:_MAX]


class WriterLock:
    """The right to write one session of one database."""

    def __init__(self, database: Path, session: int, name: str) -> None:
        folder = _folder(database)
        self._owner = folder / f"{session}.owner"
        self._lock = FileLock(folder / f"{session}.lock", mode=0o600)
        self._name = name

    def acquire(self) -> None:
        """Take it at once; what a process that died has left is taken over.

        Raises:
            SessionBusy: Another process has it.
        """
        self._owner.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            # Those who only look whether it is taken hold it for a moment themselves.
            self._lock.acquire(timeout=LOOK_SECONDS, poll_interval=LOOK_SECONDS / 10)
        except Timeout:
            raise SessionBusy(
                f"is being run by {self.who}",
                where=f"session {self._name}",
                todo="Wait for it, stop it, or follow it with"
                f" `opro-tui open {shlex.quote(self._name)} --read-only`.",
            ) from None
        owner = Owner(os.getpid(), socket.gethostname(), program(sys.argv), time.time())
        self._write(json.dumps(asdict(owner)))

    def _write(self, text: str) -> None:
        # Replaced whole, for another process may read it now.
        new = self._owner.with_suffix(".new")
        descriptor = os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
            file.write(text)
        new.replace(self._owner)

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

    @property
    def who(self) -> str:
        """Who has it, as far as they said."""
        try:
            data = json.loads(self._owner.read_text(encoding="utf-8"))
            return str(
                Owner(
                    int(data["pid"]),
                    str(data["host"])[:_MAX],
                    str(data.get("program", ""))[:_MAX],
                    float(data.get("since", 0)),
                )
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
            return "another process"

"""Writing a file whole or not at all, and never over a database."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput, OproError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import BinaryIO

_DATABASE = b"SQLite format 3\0"


async def write_file(path: Path, pieces: AsyncIterator[str], *, database: Path) -> None:
    """Write a text into a file; what was there before stays until the whole text is written.

    Args:
        path: The file; one that is there is replaced.
        pieces: The text.
        database: The sessions' file, which is never written over.

    Raises:
        BadInput: The path is a folder or a database, or can't be written.
        OproError: The disk failed.
    """
    try:
        device = await asyncio.to_thread(_check, path, database)
        target = path if device else path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}")
        file = await _opened(target, device)
    except OSError as error:
        what = f"can't be written ({error.strerror or error})"
        raise BadInput(what, where=str(path), todo="Check the path.") from None
    try:
        with file:
            async for piece in pieces:
                await asyncio.to_thread(file.write, piece.encode("utf-8"))
            await asyncio.to_thread(_settle, file, device)
        if not device:
            await asyncio.to_thread(target.replace, path)
    except OSError as error:
        raise OproError(f"can't be written ({error.strerror or error})", where=str(path)) from error
    finally:
        if not device:
            with contextlib.suppress(OSError):
                target.unlink(missing_ok=True)


def _check(path: Path, database: Path) -> bool:
    """Whether the path is a device or pipe, which is written to as it is."""
    if path.is_dir():
        raise BadInput("is a folder", where=str(path), todo="Give a file with -o.")
    if not path.exists():
        if path.resolve() == database.resolve():
            raise _a_database(path)
        return False
    if not path.is_file():
        return True
    beside = (database, *(database.with_name(database.name + end) for end in ("-wal", "-shm")))
    if path.resolve() in [file.resolve() for file in beside]:
        raise _a_database(path)
    with path.open("rb") as file:
        if file.read(len(_DATABASE)) == _DATABASE:
            raise _a_database(path)
    return False


def _a_database(path: Path) -> BadInput:
    return BadInput("is a database", where=str(path), todo="Give another file with -o.")


async def _opened(target: Path, device: bool) -> BinaryIO:
    opening = asyncio.ensure_future(asyncio.to_thread(_open, target, device))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        # The thread can't be stopped: what it makes must not stay.
        with contextlib.suppress(OSError):
            (await opening).close()
            if not device:
                await asyncio.to_thread(target.unlink)
        raise


def _open(path: Path, device: bool) -> BinaryIO:
    if device:
        return path.open("wb")
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def _settle(file: BinaryIO, device: bool) -> None:
    file.flush()
    if not device:
        os.fsync(file.fileno())

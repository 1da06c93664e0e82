"""Writing a file whole or not at all, and never over a database."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import secrets
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput, OproError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import BinaryIO

_DATABASE = b"SQLite format 3\0"
_PATIENCE = 3.0
"""Seconds that a pipe's reader may take to be there."""
_AGAIN = 0.05


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
    if path.is_symlink() and not path.exists():
        raise BadInput("is a link that leads nowhere", where=str(path), todo="Give a file with -o.")
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
    if device:
        return await _opened_device(target)
    opening = asyncio.ensure_future(asyncio.to_thread(_open, target))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        # The thread can't be stopped: what it makes must not stay.
        with contextlib.suppress(OSError):
            (await opening).close()
            await asyncio.to_thread(target.unlink)
        raise


async def _opened_device(path: Path) -> BinaryIO:
    """Open a device or pipe without ever waiting in the system's call, which nothing could end."""
    flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    tries = round(_PATIENCE / _AGAIN)
    while True:
        try:
            descriptor = os.open(path, flags)
            break
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            tries -= 1
            if tries <= 0:
                todo = "Start what reads it first."
                raise BadInput("nobody reads from this pipe", where=str(path), todo=todo) from None
        await asyncio.sleep(_AGAIN)
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "wb")


def _open(path: Path) -> BinaryIO:
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def _settle(file: BinaryIO, device: bool) -> None:
    file.flush()
    if not device:
        os.fsync(file.fileno())

"""Whether the database can be used, is sound, is its owner's alone, and has room."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from opro_tui.core.errors import StoreError
from opro_tui.engine.doctor import Check, Verdict
from opro_tui.store.backup import backups, megabytes
from opro_tui.store.connection import OlderSchema
from opro_tui.store.database import Store
from opro_tui.store.migrations import known
from opro_tui.store.upkeep import big_log

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOM = 200_000_000
"""Free bytes below which a disk is worth a word."""
_WORTH = 20_000_000
"""Unused bytes from which on a vacuum is worth a word, where they are a fifth of the file."""
_OTHERS = 0o077
_NETWORK = ("nfs", "cifs", "smb", "9p", "afs", "afpfs", "ceph", "glusterfs", "fuse.sshfs", "lustre")
_MOUNTS = Path("/proc/self/mounts")


async def check_database(path: Path) -> list[Check]:
    """Whether a database can be used and is sound; it is neither made nor changed.

    Args:
        path: Its file, which may not exist yet.
    """
    if not await asyncio.to_thread(path.exists):
        return [await asyncio.to_thread(_check_place, path)]
    checks = await _check_content(path)
    return [*checks, *await asyncio.to_thread(_check_surroundings, path)]


async def _check_content(path: Path) -> list[Check]:
    try:
        store = await Store.open(path, readonly=True)
    except StoreError as error:
        older = isinstance(error, OlderSchema)
        verdict = Verdict.NOTE if older else Verdict.WRONG
        return [Check("database", "file", verdict, error.what, error.todo)]
    try:
        wrong = await store.integrity()
        sessions = len(await store.sessions())
        deleted = len(await store.deleted())
        unused = await store.unused()
        batches = await store.batches_under_way()
        gaps = await store.gaps()
    except StoreError as error:
        return [Check("database", "file", Verdict.WRONG, error.what, error.todo)]
    finally:
        await store.close()
    size = (await asyncio.to_thread(path.stat)).st_size
    kept = f", {deleted:,} deleted but kept for a while" if deleted else ""
    words = f"{_count(sessions, 'session')}{kept}, {megabytes(size)}, schema {known()[-1]}"
    checks = [Check("database", "file", Verdict.OK, words)]
    if not os.access(path, os.W_OK):
        todo = "Make it writable, or give another with --db."
        checks = [Check("database", "file", Verdict.WRONG, f"{words}, read-only", todo)]
    checks += [
        Check("database", "batches", Verdict.NOTE, f"{name}: batch {batch.remote or '?'} under way")
        for name, batch in batches
    ]
    checks.append(_check_integrity(wrong))
    todo = "Look at it, export it and delete it; a backup may have it whole."
    checks += [
        Check("database", "events", Verdict.WRONG, f"{gap.name}: {gap.words}", todo) for gap in gaps
    ]
    if unused > max(_WORTH, size // 5):
        detail = f"{megabytes(unused)} of the file are unused"
        todo = "`opro-tui vacuum` gives them back to the disk."
        checks.append(Check("database", "room", Verdict.NOTE, detail, todo))
    return checks


def _check_integrity(wrong: str) -> Check:
    if wrong == "ok":
        return Check("database", "integrity", Verdict.OK, "no row is damaged or orphaned")
    lines = wrong.split("\n")
    more = f", and {len(lines) - 1:,} more" if len(lines) > 1 else ""
    todo = "`opro-tui doctor --repair` says what it can do about it, and does it."
    return Check("database", "integrity", Verdict.WRONG, f"{lines[0]}{more}", todo)


def _check_surroundings(path: Path) -> list[Check]:
    checks = []
    if wide := too_open(path):
        modes = ", ".join(f"{file.name} {file.stat().st_mode & 0o777:o}" for file in wide)
        detail = f"others on this machine may read or write it (mode {modes})"
        todo = f"chmod 600 {path}, or `opro-tui doctor --repair`."
        checks.append(Check("database", "permissions", Verdict.NOTE, detail, todo))
    if log := big_log(path):
        detail = f"its write-ahead log has grown to {megabytes(log)}, for something reads on and on"
        todo = "Close what reads it; `opro-tui doctor --repair` then writes the log back."
        checks.append(Check("database", "log", Verdict.NOTE, detail, todo))
    free = shutil.disk_usage(path.parent).free
    if free < max(ROOM, path.stat().st_size):
        detail = f"the disk has only {megabytes(free)} free"
        todo = "Free some space: a backup before an update takes as much as the database."
        checks.append(Check("database", "disk", Verdict.NOTE, detail, todo))
    if kind := network_kind(path, _mounts()):
        detail = f"it lies on a network file system ({kind}), where locks may not hold"
        todo = "Use it from one machine at a time, or put it on a local disk with --db."
        checks.append(Check("database", "place", Verdict.NOTE, detail, todo))
    if kept := backups(path):
        detail = f"{_count(len(kept), 'backup')} from before updates, the newest {kept[0].name}"
        checks.append(Check("database", "backups", Verdict.OK, detail))
    return checks


def too_open(path: Path) -> list[Path]:
    """The files of a database that others than their owner may read or write."""
    if os.name != "posix":
        return []
    ends = ("", "-wal", "-shm")
    files = [path.with_name(path.name + end) for end in ends] + backups(path)
    return [file for file in files if file.exists() and file.stat().st_mode & _OTHERS]


def network_kind(path: Path, mounts: Sequence[str]) -> str:
    """The kind of network file system that a file lies on; empty for a local one.

    Args:
        path: The file.
        mounts: Lines as of `/proc/self/mounts`.
    """
    place = path.resolve()
    best, kind = -1, ""
    for line in mounts:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = Path(fields[1].replace("\\040", " "))
        # A later mount hides an earlier one at the same place.
        if place.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]
    return kind if kind.startswith(_NETWORK) else ""


def _mounts() -> list[str]:
    try:
        return _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s'[: number != 1]}"


def _check_place(path: Path) -> Check:
    folder = next((each for each in path.absolute().parents if each.exists()), path)
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return Check("database", "file", Verdict.NOTE, "not there yet; the first session makes it")
    todo = "Make it writable, or give another with --db."
    return Check("database", "file", Verdict.WRONG, f"{folder} can't be written", todo)

"""Mending a database: first what would be done is said, then each job is done."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from shlex import quote
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput, StoreError
from opro_tui.core.events import Warned
from opro_tui.core.reducer import fold
from opro_tui.engine.consent import task_to_look_at
from opro_tui.engine.database_checks import too_open
from opro_tui.engine.opening import LOST, folded, summary
from opro_tui.store import salvage, upkeep
from opro_tui.store.backup import backups, megabytes
from opro_tui.store.connection import OlderSchema, explain
from opro_tui.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from opro_tui.core.state import State
    from opro_tui.store.records import SessionRecord


@dataclass(frozen=True, slots=True)
class Job:
    """Something that would be done.

    Attributes:
        what: It, as the rest of a sentence that begins with "this will".
        do: Does it; returns what came of it, a line each.
    """

    what: str
    do: Callable[[], Awaitable[list[str]]]


async def plan(path: Path) -> list[Job]:
    """What can be done about what is wrong with a database; nothing is changed.

    Args:
        path: The database, which must exist.

    Raises:
        StoreError: It is no database of ours, or a newer one.
    """
    jobs = []
    if wide := await asyncio.to_thread(too_open, path):
        names = ", ".join(file.name for file in wide)
        jobs.append(Job(f"let only you read and write {names}", partial(_close, wide)))
    found = await asyncio.to_thread(upkeep.examine, path)
    if found.structure and not found.indexes_only:
        target = path.with_name(f"{path.stem}.salvaged-{time.strftime('%Y%m%d-%H%M%S')}.db")
        what = f"save what can be read into {target.name}; {path.name} stays as it is"
        return [*jobs, Job(what, partial(_salvage, path, target))]
    if found.indexes_only:
        what = f"make all indexes again, for {found.structure[0]}"
        jobs.append(Job(what, partial(_reindex, path)))
    if found.orphans:
        rows = f"{found.orphans:,} row{'s'[: found.orphans != 1]}"
        what = f"back up the database and remove {rows} that refer to rows which aren't there"
        jobs.append(Job(what, partial(_drop_orphans, path, found.schema)))
    if log := await asyncio.to_thread(upkeep.big_log, path):
        what = f"write the log of {megabytes(log)} back into the database"
        jobs.append(Job(what, partial(_check_point, path)))
    if not found.structure and (stale := await _stale_summaries(path)):
        what = f"work out again what the list shows of {', '.join(stale)}"
        jobs.append(Job(what, partial(_summarize, path)))
    return jobs


async def _close(files: list[Path]) -> list[str]:
    for file in files:
        try:
            await asyncio.to_thread(file.chmod, 0o600)
        except OSError as error:
            raise explain(error, file) from error
    return ["only you can read and write it now"]


async def _reindex(path: Path) -> list[str]:
    await asyncio.to_thread(upkeep.reindex, path)
    return ["all indexes were made again"]


async def _check_point(path: Path) -> list[str]:
    await asyncio.to_thread(upkeep.check_point, path)
    return ["the log was written back"]


async def _drop_orphans(path: Path, schema: str) -> list[str]:
    backup, count = await asyncio.to_thread(upkeep.drop_orphans, path, schema)
    return [f"rows removed or cut loose: {count:,}; what was before is in {backup.name}"]


async def _salvage(path: Path, target: Path) -> list[str]:
    done = await asyncio.to_thread(salvage.salvage, path, target)
    lines = [f"rows saved: {sum(done.rows.values()):,}"]
    lines += [_lost(table, done.rows[table], before) for table, before in done.damaged.items()]
    if done.unusable:
        lines.append(f"rows left out, for what they refer to is lost: {done.unusable:,}")
    if "imports" in done.damaged:
        lines.append("which sessions came from a file is not sure any more: code asks in all")
    lines += await _what_opens(target)
    if done.damaged:
        lines += await asyncio.to_thread(_older, path)
    look = f"opro-tui --db {quote(str(target))} list"
    lines.append(f"look at it with `{look}`; {path.name} is as it was")
    return lines


def _lost(table: str, saved: int, before: int | None) -> str:
    """What became of a damaged table, in words."""
    if before is None:
        return f"{table} is damaged: {saved:,} rows were saved; how many there were nothing tells"
    if saved >= before:
        return f"{table} is damaged, and all of its {before:,} rows were saved"
    return f"{table} is damaged: {saved:,} of {before:,} rows were saved"


def _older(path: Path) -> list[str]:
    """The backup that may have what is lost, as far as it goes back."""
    found = backups(path)
    if not found:
        return ["no backup lies beside it that could have the rest"]
    at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(found[0].stat().st_mtime))
    return [f"what is lost may be in the backup of {at}: `opro-tui --db {found[0]} list`"]


async def _what_opens(path: Path) -> list[str]:
    """Which sessions of a salvaged database can be opened, in words."""
    store = await Store.open(path)
    try:
        whole, partial_, broken = [], [], []
        lost = {gap.name: gap for gap in await store.gaps()}
        for record in await store.sessions():
            state = await _worked_out(store, record)
            if state is None:
                broken.append(record.name)
                continue
            if gap := lost.get(record.name):
                noted = Warned(step=state.next_step, code=LOST, message=gap.words)
                state = fold(state, await store.append(record.id, [noted]))
                partial_.append(f"{record.name} ({gap.words})")
            else:
                whole.append(record.name)
            await store.set_summary(record.id, state.last_seq, summary(state))
    finally:
        await store.close()
    lines = [f"sessions that are whole: {', '.join(whole) or 'none'}"]
    if partial_:
        lines.append(f"sessions that can only be looked at: {', '.join(partial_)}")
    if broken:
        lines.append(f"sessions that lack too much to be opened: {', '.join(broken)}")
    return lines


async def _stale_summaries(path: Path) -> list[str]:
    """The sessions of which the list shows something else than their events say."""
    try:
        store = await Store.open(path, readonly=True)
    except OlderSchema:
        return []
    try:
        stale = []
        for record in await store.sessions():
            current = record.summary_seq == await store.last_seq(record.id)
            if record.summary is not None and current:
                state = await _worked_out(store, record)
                if state is not None and summary(state) != record.summary:
                    stale.append(record.name)
        return stale
    finally:
        await store.close()


async def _summarize(path: Path) -> list[str]:
    await asyncio.to_thread(upkeep.drop_summaries, path)
    store = await Store.open(path)
    try:
        for record in await store.sessions():
            if (state := await _worked_out(store, record)) is not None:
                await store.set_summary(record.id, state.last_seq, summary(state))
    finally:
        await store.close()
    return ["the list shows what the events say"]


async def _worked_out(store: Store, record: SessionRecord) -> State | None:
    """A session's state; None where it can't be worked out."""
    try:
        return await folded(store, record, await task_to_look_at(store, record))
    except (BadInput, StoreError):
        return None

"""What the person has written and not used yet: kept in the database, so that nothing loses it."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import StoreError

if TYPE_CHECKING:
    from opro_tui.store.database import Store
    from opro_tui.store.records import StoredDraft

PAUSE_SECONDS = 0.3
"""How long after a keystroke a draft is on the disk, at most."""
log = logging.getLogger(__name__)


class Drafts:
    """A session's drafts by name; writing them never holds the screen up.

    What was used or discarded is forgotten. A session that can't be written keeps none on the disk.
    """

    def __init__(self) -> None:
        self._kept: dict[str, StoredDraft] = {}
        self._changed: set[str] = set()
        self._store: Store | None = None
        self._session = 0
        self._writing: asyncio.Task[None] | None = None

    async def load(self, store: Store, session: int) -> None:
        """Read what was kept, and keep from now on what is written."""
        self._store, self._session = store, session
        self._kept = await store.drafts(session) | self._kept

    def get(self, name: str) -> StoredDraft | None:
        """A draft; None when there is none."""
        return self._kept.get(name)

    def data(self, name: str) -> dict[str, Any] | None:
        """A draft of several fields; None when there is none."""
        kept = self._kept.get(name)
        try:
            found = None if kept is None else json.loads(kept.text)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def keep(self, name: str, text: str | dict[str, Any] | None) -> None:
        """Keep a text, or several fields, as a draft; None forgets it."""
        wanted = json.dumps(text) if isinstance(text, dict) else text
        known = self._kept.get(name)
        if wanted == (None if known is None else known.text):
            return
        if wanted is None:
            del self._kept[name]
        else:
            from opro_tui.store.records import StoredDraft

            self._kept[name] = StoredDraft(wanted, round(time.time() * 1000))
        self._changed.add(name)
        if self._store is not None and (self._writing is None or self._writing.done()):
            self._writing = asyncio.create_task(self._write_later())

    async def _write_later(self) -> None:
        while self._changed:
            await asyncio.sleep(PAUSE_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Write now what isn't written yet."""
        if self._store is None or not self._changed:
            return
        names, self._changed = self._changed, set()
        texts = {name: kept.text for name in names if (kept := self._kept.get(name))}
        try:
            await self._store.keep_drafts(
                self._session, {name: texts.get(name) for name in sorted(names)}
            )
        except StoreError as error:
            # It is still on the screen, and the next keystroke tries again.
            log.warning("drafts could not be kept: %s", error)


def clock(draft: StoredDraft) -> str:
    """When a draft was written: the time today, else the day as well."""
    then = datetime.fromtimestamp(draft.at / 1000).astimezone()
    same_day = then.date() == datetime.now().astimezone().date()
    return f"{then:%H:%M}" if same_day else f"{then:%Y-%m-%d %H:%M}"

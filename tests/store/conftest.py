from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opro_tui.store.database import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "sessions.db")
    yield opened
    assert await opened.integrity() == "ok"
    await opened.close()

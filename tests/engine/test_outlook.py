from __future__ import annotations

import pytest

from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput
from opro_tui.models.adapter import Adapter
from opro_tui.store.database import Store
from tests.support.loopback import LoopbackServer
from tests.support.sessions import make, make_and_run, opened, own_data, run

TEXTS = {"instructions": "Look: {trajectory} {x}", "solution_format": "{solution} = {score};"}


async def test_a_preview_is_what_the_edit_would_send_and_stores_nothing(tmp_path) -> None:
    path = tmp_path / "s.db"
    await make_and_run(path, own_data(tmp_path, optimizer="simulated", scorer="simulated"), 1)
    async with opened(path) as session:
        before = session.state
        seen = await session.preview_prompt(TEXTS)
        assert session.state is before
        assert seen.tokens == await session.prompt_tokens(seen.prompt.text)
        await session.edit(Edits(template=TEXTS))
        assert await session.meta_prompt() == seen.prompt
        assert await session.forecast() == seen.forecast
        assert (await session.preview_prompt({})).prompt == seen.prompt


async def test_texts_that_make_no_template_are_refused(tmp_path) -> None:
    path = tmp_path / "s.db"
    await make_and_run(path, own_data(tmp_path, optimizer="simulated", scorer="simulated"), 1)
    async with opened(path) as session:
        with pytest.raises(BadInput, match="proposal_open is empty"):
            await session.preview_prompt({"proposal_open": ""})
        with pytest.raises(BadInput, match="unknown text"):
            await session.preview_prompt({"instruction": "x"})


async def test_looking_ahead_loads_no_sdk(tmp_path, monkeypatch) -> None:
    prepared = []

    async def prepare(self) -> None:
        prepared.append(self.name)

    monkeypatch.setattr(Adapter, "prepare", prepare)
    with LoopbackServer() as server:
        store = await Store.open(tmp_path / "s.db")
        await make(store, own_data(tmp_path, server.url))
        await store.close()
        async with opened(tmp_path / "s.db") as session:
            await session.meta_prompt()
            await session.forecast()
            assert not prepared
            await run(session)
    assert set(prepared) == {"openai/m", "anthropic/m"}

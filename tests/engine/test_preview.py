from __future__ import annotations

from opro_tui.config_file import load_config
from opro_tui.core.edits import Edits
from opro_tui.engine.create import Draft, prepare
from opro_tui.engine.preview import preview
from tests.support.sessions import make_and_run, opened, own_data


async def test_a_draft_is_priced_by_role_before_it_exists(tmp_path):
    values = own_data(tmp_path, "http://127.0.0.1:1/v1") | {
        "optimizer": "openai/gpt-4o",
        "scorer": "openai/gpt-4o-mini",
    }
    found = await preview(
        prepare(Draft(name="x", values=values), load_config(None)), load_config(None), 5
    )
    assert [role.role for role in found.first.roles] == ["optimizer", "scorer"]
    assert [role.calls for role in found.first.roles] == [1, 5 * 6]
    assert [role.calls for role in found.planned.roles] == [5, (1 + 5 * 4) * 6]
    low, high = found.first.cost_range
    assert 0 < low < high
    assert found.planned.cost_range[0] > 3 * low


async def test_the_automatic_prompt_is_the_one_without_edits(tmp_path):
    db = tmp_path / "s.db"
    await make_and_run(db, own_data(tmp_path), 1)
    async with opened(db) as session:
        before = await session.meta_prompt()
        await session.edit(Edits(drop=(session.state.best_id,), template={"instructions": "X"}))
        assert (await session.meta_prompt()).text == "X"
        assert (await session.automatic_prompt()).text == before.text

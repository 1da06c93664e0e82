from __future__ import annotations

import pytest

from opro_tui.config import Config, Price
from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput, CodeMissing
from opro_tui.engine import fork, rebuild
from opro_tui.engine.create import Start
from opro_tui.engine.rebuild import Changes
from opro_tui.engine.regrade import regrade
from opro_tui.engine.session import Session
from opro_tui.store.database import Store
from tests.support.own_code import run_and_forget
from tests.support.sessions import make, make_and_run, opened, own_data, run


@pytest.fixture
async def steered(tmp_path):
    """Three steps with pins, drops, another template and settings between them, and a fork."""
    path = tmp_path / "s.db"
    store = await Store.open(path)
    warm = (Start("Think.", 0.25), Start("Count."))
    await make(store, own_data(tmp_path, exemplar_choice="hardest", shown=3), warm=warm)
    async with opened(path) as session:
        await run(session, 1)
        train = session.state.facts.train
        await session.edit(
            Edits(pin=(1,), drop=(2,), drop_exemplar=(train[0],), settings={"order": "random"})
        )
        await run(session, 1)
        texts = {"solution_separator": "---\n"}
        await session.edit(Edits(unpin=(1,), undrop=(2,), template=texts, redraw=True))
        await fork.fork(store, session, 2, "f")
        await run(session, 1)
    async with opened(path, "f") as other:
        await other.edit(Edits(settings={"score_buckets": 20}))
        await run(other, 1)
    yield path
    await store.close()


@pytest.mark.parametrize("name", ["s", "f"])
async def test_without_changes_every_meta_prompt_comes_about_to_the_byte(steered, name):
    async with opened(steered, name, readonly=True) as session:
        before = session.state
        seen = []
        found = await rebuild.rebuild(session, Changes(), watch=lambda *at: seen.append(at))
        assert [item.step for item in found] == [1, 2, 3]
        for item in found:
            assert item.same
            assert item.built.regions == item.sent.regions
            assert (item.more_tokens, item.cost) == (0, 0.0)
        assert seen == [(1, 3), (2, 3), (3, 3)]
        assert session.state is before


async def test_fewer_solutions_and_no_exemplars_are_told_exactly(steered):
    async with opened(steered, readonly=True) as session:
        changes = Changes({"shown": "1", "exemplars": 0, "order": "descending"})
        found = await rebuild.rebuild(session, changes)
        for item in found:
            assert item.built.exemplar_ids == ()
            assert item.exemplars == ((), item.sent.exemplar_ids)
            assert len(item.built.solution_ids) == 1
            assert item.built_tokens < item.sent_tokens
            assert item.more_tokens == (item.built_tokens - item.sent_tokens) * item.calls
            assert item.calls >= 1
        # In step 2 one was pinned: it takes the only place.
        assert found[1].built.solution_ids == (1,)
        (only,) = await rebuild.rebuild(session, changes, step=2)
        assert only == found[1]


async def test_other_texts_styles_and_proposals(steered):
    async with opened(steered, readonly=True) as session:
        (item,) = await rebuild.rebuild(
            session, Changes({"proposals": 4}, {"instructions": "{trajectory}!"}), step=1
        )
        assert item.built.text.endswith("each between its own pair of tags.")
        assert "!\n\nWrite 4 proposals" in item.built.text
        (item,) = await rebuild.rebuild(session, Changes({"meta_style": "pretrained"}), step=1)
        assert "Precision:" in item.built.text
        (item,) = await rebuild.rebuild(session, Changes({"score_buckets": 0}), step=1)
        assert "Score:" not in item.built.text
        (item,) = await rebuild.rebuild(session, Changes({"threshold": "1"}), step=3)
        assert all(
            session.state.candidates[id_].score.value == 1 for id_ in item.built.solution_ids
        )


async def test_the_scores_of_another_metric_rank_the_solutions_then(steered):
    async with opened(steered, readonly=True) as session:
        own = await regrade(session)
        assert all(item.same for item in await rebuild.rebuild(session, Changes(), regraded=own))
        other = await regrade(session, r"regex:(\d)")
        found = await rebuild.rebuild(session, Changes({"order": "ascending"}), regraded=other)
        ranking = {id_: place for place, id_ in enumerate(other.state.ranking)}
        for item in found:
            shown = item.built.solution_ids
            assert list(shown) == sorted(shown, key=ranking.__getitem__, reverse=True)
            for id_ in shown:
                score = other.state.candidates[id_].score
                text = session.state.candidates[id_].text
                assert f"{text}\nScore: {round(100 * score.value)}\n" in item.built.text


async def test_the_price_is_known_unknown_or_said(tmp_path, monkeypatch):
    await make_and_run(tmp_path / "s.db", own_data(tmp_path), 1)
    store = await Store.open(tmp_path / "s.db")
    config = Config(prices={"simulated": Price(2.0, 1.0)})
    session = await Session.open(store, "s", config, readonly=True)
    (item,) = await rebuild.rebuild(session, Changes({"exemplars": 0}))
    assert item.cost == 0.0
    for price, cost in ((Price(2.0, 1.0), item.more_tokens * 2e-6), (None, None)):
        monkeypatch.setattr(rebuild.prices, "per_million", lambda *_, price=price: price)
        (item,) = await rebuild.rebuild(session, Changes({"exemplars": 0}))
        assert item.cost == cost
    await session.close()
    await store.close()


async def test_what_cannot_be_rebuilt_is_bad_input(steered, tmp_path):
    async with opened(steered, readonly=True) as session:
        for changes, step, what in (
            (Changes({"temperature": 1}), None, r"--temperature: changes nothing.*--shown"),
            (Changes({"shown": -1}), None, "out of range"),
            (Changes({"nope": 1}), None, "unknown setting"),
            (Changes({}, {"nope": "x"}), None, "unknown text"),
            (Changes({}), 9, r"step 9 has no meta-prompt. Steps 1 to 3 have one"),
        ):
            with pytest.raises(BadInput, match=what):
                await rebuild.rebuild(session, changes, step=step)
    path = tmp_path / "line.db"
    await make_and_run(path, {"task": "linear-regression", "candidates": 2}, 1)
    async with opened(path, readonly=True) as session:
        assert (await rebuild.rebuild(session, Changes()))[0].same
        with pytest.raises(BadInput, match="between 0 and 1"):
            await rebuild.rebuild(session, Changes({"threshold": "0.5"}))
        assert await rebuild.rebuild(session, Changes({"threshold": "none"}))


@pytest.mark.parametrize("kind", ["metric", "task"])
async def test_with_the_code_gone_what_does_not_need_it_is_rebuilt(tmp_path, monkeypatch, kind):
    path = tmp_path / "s.db"
    await run_and_forget(path, kind, monkeypatch, steps=1)
    async with opened(path, readonly=True) as session:
        if kind == "metric":
            assert (await rebuild.rebuild(session, Changes()))[0].same
        else:
            with pytest.raises(CodeMissing):
                await rebuild.rebuild(session, Changes())


async def test_a_new_session_has_nothing_to_rebuild(tmp_path):
    store = await Store.open(tmp_path / "s.db")
    await make(store, own_data(tmp_path))
    await store.close()
    async with opened(tmp_path / "s.db", readonly=True) as session:
        with pytest.raises(BadInput, match="no step has sent a meta-prompt"):
            await rebuild.rebuild(session, Changes())

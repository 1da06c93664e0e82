"""Ablations: arms around a base, shared answers, one budget, and going on."""

from __future__ import annotations

import pytest

from opro_tui.config_file import load_config
from opro_tui.core.edits import Edits
from opro_tui.core.errors import BadInput
from opro_tui.engine import listing
from opro_tui.engine.ablation import plan as planning
from opro_tui.engine.ablation import stored
from opro_tui.engine.ablation.price import price
from opro_tui.engine.ablation.report import to_json
from opro_tui.engine.ablation.runner import Ablation, Options
from opro_tui.engine.ablation.table import read
from opro_tui.engine.ablation.vary import Variant, base_values, groups, variants
from opro_tui.engine.create import Draft, Start
from opro_tui.store.database import Store
from tests.engine.test_judge import letters, replying
from tests.support.loopback import LoopbackServer
from tests.support.sessions import opened, own_data

CONFIG = load_config(None)


class Files:
    def solutions(self, path):
        return (Start(f"from {path}", 0.5),)

    def template(self, path):
        return {"instructions": f"{path}: {{trajectory}}"}


@pytest.fixture
async def store(tmp_path):
    opened = await Store.open(tmp_path / "s.db")
    yield opened
    await opened.close()


def planned(folder, vary, *, repetitions=1, steps=1, name="abl", draft=None, **values):
    given = {k: v for k, v in own_data(folder, **values).items() if v is not None}
    draft = Draft(name="base", values=given, **(draft or {}))
    base = planning.base_of(draft, CONFIG)
    plan = planning.Plan(
        name=name,
        draft=draft,
        variants=tuple(variants(groups(vary), base.settings, Files())),
        repetitions=repetitions,
        steps=steps,
    )
    return planning.cells(plan, CONFIG)


async def run(store, cells, options=None):
    options = options or Options()
    await planning.make(store, cells)
    entries = await stored.entries(store, cells[0].label.ablation)
    told = []
    work = Ablation(store, CONFIG, entries, options, told.append)
    await work.survey()
    return await work.run(), told


async def the_table(store, name="abl"):
    return await read(store, await stored.entries(store, name), CONFIG)


# What is varied


def arms(vary, **base):
    settings = planning.prepare(Draft(name="b", values={"task": "sums"} | base), CONFIG).settings
    return [variant.label for variant in variants(groups(vary), settings, Files())]


def test_one_thing_at_a_time_around_the_base():
    found = arms(["order=ascending,descending", "temperature=0,1,1.5", "score-buckets=20,0"])
    assert found == [
        "order=descending",
        "temperature=0",
        "temperature=1.5",
        "score-buckets=20",
        "score-buckets=0",
    ]


def test_values_that_mean_the_same_make_one_arm():
    assert arms(["temperature=0.5,.5,0.50", "temperature=1.0"]) == ["temperature=0.5"]
    assert arms(["temperature=1"], temperature=0.5) == ["temperature=1"]


def test_starting_points_and_texts():
    found = arms(['initial=,"First, think."', "solutions=a.csv", "meta-prompt=b.toml"])
    assert found == [
        'initial=""',
        'initial="First, think."',
        "solutions=a.csv",
        "meta-prompt=b.toml",
    ]


def test_the_base_says_what_the_others_differ_from():
    settings = planning.prepare(Draft(name="b", values={"task": "sums"}), CONFIG).settings
    labels = ["base", "order=random", "temperature=0", "temperature=2", "initial=x", "solutions=f"]
    words = base_values(labels, settings, ("Solve it.",))
    assert words == 'order=ascending, temperature=1, initial="Solve it."'
    assert base_values(labels[-2:-1], settings, ("a", "b")) == 'initial="a" …'


def test_long_and_hostile_texts_have_labels_of_their_own():
    long = "x" * 100
    found = arms([f"initial={long}a,{long}b,\x1b[31mred\nline"])
    assert len(set(found)) == 3
    assert found[1] == f"{found[0]} (2)"
    assert all(label.isprintable() and len(label) < 80 for label in found)


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ("order", "not of the form"),
        ("ordre=random", "Did you mean 'order'"),
        ("scorer=openai/m", "would not compare"),
        ("max-steps=3", "give --steps"),
        ("budget=3", "one for all arms"),
        ("order=sideways", "--vary order: 'sideways' is not one of"),
        ("temperature=9", "--vary temperature"),
        ("solutions=", "has no value"),
    ],
)
def test_what_can_t_be_varied(vary, said):
    with pytest.raises(BadInput, match=said):
        arms([vary])


# Sessions


async def test_sessions_are_made_up_front_and_only_once(store, tmp_path):
    cells = planned(tmp_path, ["order=random", "initial=Add.,Sum."], repetitions=2)
    assert await planning.make(store, cells) == 8
    assert await planning.make(store, cells) == 0
    names = [entry.record.name for entry in await stored.entries(store, "abl")]
    assert names == [
        f"abl-{arm}-{repetition}"
        for repetition in (1, 2)
        for arm in ("base", "order-random", "initial-Add.", "initial-Sum.")
    ]
    settings = [entry.record.settings for entry in await stored.entries(store, "abl")]
    assert [(s.seed, s.replicate) for s in settings] == [(0, 0)] * 4 + [(1, 1)] * 4
    assert settings[1].order == "random"
    assert {s.order for s in settings} == {"ascending", "random"}
    async with opened(store.path, "abl-initial-Add.-1", readonly=True) as session:
        assert [c.text for c in session.state.candidates.values()] == ["Add."]


async def test_more_repetitions_and_arms_can_be_added(store, tmp_path):
    await planning.make(store, planned(tmp_path, ["order=random"]))
    more = planned(tmp_path, ["order=random,descending"], repetitions=2)
    assert await planning.make(store, more) == 4
    arms = [e.label.arm for e in await stored.entries(store, "abl") if e.label.repetition == 1]
    assert arms == ["base", "order=random", "order=descending"]


async def test_what_was_made_as_another_is_refused_and_nothing_is_made(store, tmp_path):
    vary = ["order=random"]
    await planning.make(store, planned(tmp_path, vary))
    before = len(await store.sessions())

    async def refused(said, **changes):
        wanted = {"vary": vary, "repetitions": 2} | changes
        with pytest.raises(BadInput, match=said):
            await planning.make(store, planned(tmp_path, wanted.pop("vary"), **wanted))

    await refused("made with --temperature 1.0, not 0.5", temperature=0.5)
    await refused("made with --max-steps 1, not 2", steps=2)
    await refused("other starting solutions", draft={"warm": (Start("Add.", 0.5),)})
    await refused("another meta-prompt", draft={"template": {"placeholder": "<X>"}})
    assert len(await store.sessions()) == before


async def test_changed_data_is_refused(store, tmp_path):
    await planning.make(store, planned(tmp_path, ["order=random"]))
    data = tmp_path / "sums.jsonl"
    data.write_text(data.read_text().replace("What is", "How much is"))
    with pytest.raises(BadInput, match="other data: its files have changed"):
        await planning.make(store, planned(tmp_path, ["order=random"]))


async def test_an_edited_arm_is_no_longer_one(store, tmp_path):
    cells = planned(tmp_path, ["order=random"])
    await planning.make(store, cells)
    async with opened(store.path, "abl-order-random-1") as session:
        await session.edit(Edits(settings={"temperature": 0.3}))
    entries = await stored.entries(store, "abl")
    with pytest.raises(BadInput, match="abl-order-random-1 was edited"):
        await Ablation(store, CONFIG, entries, Options(), lambda _: None).survey()
    assert [o.edited for row in (await the_table(store)).rows for o in row.outcomes] == [
        False,
        True,
    ]


async def test_how_fast_it_runs_makes_no_other_arm(store, tmp_path):
    vary = ["order=random"]
    await planning.make(store, planned(tmp_path, vary))
    slower = planned(tmp_path, vary, concurrency=2)
    assert (await run(store, slower, Options(concurrency=2)))[0] is None
    async with opened(store.path, "abl-base-1", readonly=True) as session:
        assert session.state.settings.concurrency == 2
    assert (await run(store, slower))[0] is None
    assert not any(o.edited for row in (await the_table(store)).rows for o in row.outcomes)


async def test_duplicates_and_forks_of_an_arm_are_none(store, tmp_path):
    await run(store, planned(tmp_path, ["order=random"]))
    await listing.duplicate(store, "abl-base-1", "a-copy", CONFIG)
    await listing.fork(store, "abl-base-1", 0, "a-fork", CONFIG)
    names = [entry.record.name for entry in await stored.entries(store, "abl")]
    assert names == ["abl-base-1", "abl-order-random-1"]
    with pytest.raises(BadInput, match="Did you mean 'abl'"):
        await stored.entries(store, "able")


# Running


async def test_arms_share_what_is_bought_and_repetitions_do_not(tmp_path, store):
    with LoopbackServer() as server:
        cells = planned(
            tmp_path,
            ["order=descending", "temperature=0.5"],
            repetitions=2,
            url=server.url,
            test=4,
        )
        ended, told = await run(store, cells)
        requests = len(server.ledger)
        assert ended is None
        table = await the_table(store)
        assert table.complete
        assert [row.arm for row in table.rows] == ["base", "order=descending", "temperature=0.5"]
        assert requests == table.paid.calls
        base, others = table.rows[0], table.rows[1:]
        # The base bought step 0 in each repetition, and nobody else did.
        for outcome in base.outcomes:
            async with opened(store.path, outcome.entry.record.name, readonly=True) as session:
                assert session.state.usage("scorer", 0).calls == 6
        for row in others:
            for outcome in row.outcomes:
                async with opened(store.path, outcome.entry.record.name, readonly=True) as session:
                    assert session.state.usage("scorer", 0).calls == 0
                    assert session.state.usage("scorer", 0).from_store == 6
            assert row.alone.calls >= row.paid.calls + 2 * 6
        assert base.paid.calls == base.alone.calls
        assert [p.done for p in told if p.phase == "done"] == [1, 2, 3, 4, 5, 6]
        ended, told = await run(store, cells)
        assert ended is None
        assert all(p.kept for p in told)
        assert len(server.ledger) == requests


@pytest.mark.parametrize("judged", [False, True])
async def test_alone_is_what_an_arm_costs_in_a_database_of_its_own(tmp_path, store, judged):
    with LoopbackServer(replying() if judged else None) as server:
        values = {"url": server.url, "test": 4}
        if judged:
            values |= letters(tmp_path, server.url) | {"target": None}
        cells = planned(tmp_path, ["temperature=0.5"], **values)
        assert dict(cells[0].prepared.settings.max_output_tokens).get("judge", 0) > 0 or not judged
        await run(store, cells)
        shared = (await the_table(store)).rows[1]
        assert shared.paid.calls < shared.alone.calls
        other = await Store.open(tmp_path / "other.db")
        await planning.make(other, cells)
        arm = [e for e in await stored.entries(other, "abl") if e.label.arm != "base"]
        await Ablation(other, CONFIG, arm, Options(), lambda _: None).run()
        found = (await read(other, arm, CONFIG)).rows[0]
        await other.close()
        assert found.paid.calls == found.alone.calls == shared.alone.calls
        assert found.paid.input_tokens == shared.alone.input_tokens
        assert found.paid.output_tokens == shared.alone.output_tokens


async def test_the_table_pairs_arm_and_base_by_repetition(tmp_path, store):
    await run(store, planned(tmp_path, ["temperature=0"], repetitions=3, test=8))
    table = await the_table(store)
    base, arm = table.rows
    assert base.training_gain.values == base.held_out_gain.values == ()
    values = [
        second.held_out.score.value - first.held_out.score.value
        for first, second in zip(base.outcomes, arm.outcomes, strict=True)
    ]
    assert list(arm.held_out_gain.values) == pytest.approx(values)
    assert arm.held_out_gain.mean == pytest.approx(sum(values) / 3)
    assert all(pair.held_out.n == 8 for pair in arm.pairs)
    assert [outcome.looks for outcome in arm.outcomes] == [1, 1, 1]
    one = table.only(2)
    assert one.rows[1].held_out_gain.values == arm.held_out_gain.values[1:2]
    difference = arm.pairs[1].held_out
    assert (one.rows[1].held_out_gain.low, one.rows[1].held_out_gain.high) == (
        difference.low,
        difference.high,
    )
    data = to_json(table)
    assert data["complete"]
    assert data["note"] == "simulated: says nothing about LLMs"
    assert [each["arm"] for each in data["arms"]] == ["base", "temperature=0"]
    assert data["arms"][1]["sessions"][1]["held_out_gain"]["n"] == 8


async def test_the_one_shot_control_samples_as_much_and_spends_no_more(tmp_path, store):
    cells = planned(tmp_path, ["order=random"], steps=2, test=4)
    ended, _ = await run(store, cells, Options(one_shot=True))
    assert ended is None
    table = await the_table(store)
    control = table.rows[-1]
    assert (control.arm, control.control, control.done) == ("one-shot control", True, 1)
    outcome = control.outcomes[0]
    assert not outcome.edited
    async with opened(store.path, outcome.entry.record.name, readonly=True) as session:
        drawn = [c for c in session.state.candidates.values() if c.draw is not None]
        assert len(drawn) == 8
        assert session.state.finished_steps <= 1
    assert control.pairs[0].held_out is not None
    again, told = await run(store, cells, Options(one_shot=True))
    assert again is None
    assert [p.kept for p in told] == [True, True, True]
    assert len(await store.sessions()) == 3


async def test_the_budget_is_one_for_all_arms_and_a_hard_stop(tmp_path, store):
    with LoopbackServer() as server:
        cells = planned(
            tmp_path,
            ["order=descending", "temperature=0.5"],
            url=server.url,
            max_output_tokens={"optimizer": 50, "scorer": 20},
        )
        await planning.make(store, cells)
        base = (await stored.entries(store, "abl"))[:1]
        first = Ablation(store, CONFIG, base, Options(), lambda _: None)
        assert await first.run() is None
        limit = first.spent.input_tokens + first.spent.output_tokens + 200
        ended, _ = await run(store, cells, Options(tokens=limit))
        assert ended is not None
        assert ended.code == "budget"
        assert "Raise --budget-tokens" in ended.message
        used = (await the_table(store)).paid
        assert used.input_tokens + used.output_tokens <= limit
        assert not (await the_table(store)).complete
        requests = len(server.ledger)
        assert (await run(store, cells, Options(tokens=limit)))[0].code == "budget"
        assert len(server.ledger) - requests <= 2
        ended, _ = await run(store, cells, Options(tokens=10**6))
        assert ended is None
        table = await the_table(store)
        assert table.complete
        assert table.paid.calls == len(server.ledger)


async def test_the_pot_counts_what_the_other_arms_used(tmp_path, store):
    with LoopbackServer() as server:
        cells = planned(tmp_path, ["order=descending"], url=server.url)
        await planning.make(store, cells)
        entries = await stored.entries(store, "abl")
        first = Ablation(store, CONFIG, entries[:1], Options(), lambda _: None)
        assert await first.run() is None
        used = first.spent.input_tokens + first.spent.output_tokens
        second = Ablation(
            store, CONFIG, entries[1:], Options(tokens=used + 10), lambda _: None, entries
        )
        await second.survey()
        before = len(server.ledger)
        ended = await second.run()
        assert ended.code == "budget"
        assert len(server.ledger) == before


def test_a_dollar_budget_without_a_price_is_refused(tmp_path):
    cells = planned(tmp_path, ["optimizer=ollama/nameless"], url="http://127.0.0.1:9/v1")
    with pytest.raises(BadInput, match=r"price of .* is unknown"):
        planning.check_pot(1.0, cells, CONFIG)
    planning.check_pot(None, cells, CONFIG)


async def test_a_stop_keeps_what_was_paid_and_goes_on(tmp_path, store):
    cells = planned(tmp_path, ["order=descending"], steps=2)
    await planning.make(store, cells)
    entries = await stored.entries(store, "abl")
    work = Ablation(store, CONFIG, entries, Options(), lambda p: p.step == 0 and work.stop())
    ended = await work.run()
    assert ended.code == "person"
    found = await the_table(store)
    assert not found.complete
    assert found.rows[0].outcomes[0].steps < 2
    ended, _ = await run(store, cells)
    assert ended is None
    assert (await the_table(store)).complete


async def test_a_failing_endpoint_ends_it(tmp_path, store):
    from tests.support.loopback import Fault

    with LoopbackServer(fault=lambda number, request: Fault(status=401)) as server:
        ended, _ = await run(store, planned(tmp_path, ["order=descending"], url=server.url))
    assert ended.code == "error"


async def test_the_price_says_the_bound_and_what_sharing_saves(tmp_path, store):
    cells = planned(tmp_path, ["order=descending", "initial=Other."], repetitions=2, test=4)
    await planning.make(store, cells)
    options = Options(one_shot=True)
    entries = await stored.entries(store, "abl")
    work = Ablation(store, CONFIG, entries, options, lambda _: None)
    found = await price(store, await work.survey(), options, CONFIG)
    assert (found.left, found.controls) == (8, 2)
    saved = found.alone.calls - found.shared.calls
    assert saved == 2 * 6  # step 0 of order=descending, in both repetitions
    assert found.alone.cost_range == (0, 0)
    await work.run()
    surveyed = await Ablation(
        store, CONFIG, await stored.entries(store, "abl"), options, lambda _: None
    ).survey()
    over = await price(store, surveyed, options, CONFIG)
    assert (over.left, over.alone.calls) == (0, 0)


async def test_a_computed_task_goes_without_a_scorer(store):
    draft = Draft(name="b", values={"task": "linear-regression", "optimizer": "simulated"})
    wanted = (Variant("temperature=0", {"temperature": 0}),)
    plan = planning.Plan(name="lr", draft=draft, variants=wanted, repetitions=3, steps=2)
    ended, _ = await run(store, planning.cells(plan, CONFIG))
    assert ended is None
    table = await the_table(store, "lr")
    assert table.facts.minimize
    assert len(table.rows[1].training_gain.values) == 3
    assert not table.held_out


async def test_limits_of_answers_do_not_depend_on_the_budget(tmp_path):
    cells = planned(tmp_path, ["order=random"], url="http://127.0.0.1:9/v1")
    with_budget = planned(
        tmp_path, ["order=random"], url="http://127.0.0.1:9/v1", budget_tokens=1000
    )
    assert cells[0].prepared.settings == with_budget[0].prepared.settings
    assert dict(cells[0].prepared.settings.max_output_tokens).keys() == {"optimizer", "scorer"}
    assert cells[0].prepared.settings.budget_tokens is None

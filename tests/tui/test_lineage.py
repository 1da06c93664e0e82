from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opro_tui.core.events import CandidateSampled, PromptBuilt, StepStarted
from opro_tui.core.lineage import Came, Entry
from opro_tui.core.meta_prompt import ShownSolution, build
from opro_tui.core.reducer import fold
from opro_tui.core.solution import Origin
from opro_tui.core.tracing import trace
from opro_tui.tui import lineage_view as view
from opro_tui.tui.screens.detail import DetailScreen
from opro_tui.tui.screens.lineage import LineageLayer
from tests.tui.driving import SIZES, opened, screen_text, until
from tests.tui.history import database, told
from tests.tui.states import HOSTILE, empty, scored, steps

if TYPE_CHECKING:
    from pathlib import Path

    from opro_tui.core.state import State

__all__ = ["database", "told"]


def grown(*texts: str) -> State:
    """A session whose second step saw the first one's solutions."""
    state = steps(empty(), [("Think step by step.", 20)])
    prompt = build(state.template, [ShownSolution(1, "Think step by step.", "50")], [])
    events = [
        StepStarted(step=1, settings=state.settings, template=state.template),
        PromptBuilt(
            step=1, text=prompt.text, regions=prompt.regions, tokens=1, temperature=1.0, seq=20
        ),
    ]
    for id_, text in enumerate(texts, 2):
        events.append(
            CandidateSampled(step=1, id=id_, text=text, origin=Origin.OPTIMIZER, draw=id_)
        )
        events.append(scored(1, id_, 30))
    return fold(state, events)


def test_words_carry_the_sign_of_their_step_not_only_a_colour() -> None:
    state = grown("Think step by step about units.")
    found = trace(state, (), 2)
    said = view.text(state, found).plain
    assert said.startswith("Think step by step⁰ about units.¹")
    assert "⁰ from #1 (start)" in said
    assert "¹ new in step 1 (#2)" in said
    row = [cell.text for cell in view.row(state, 2, found.links[0])]
    assert row[3:8] == ["75.0 ±13.0", "▲ +25.0", "10", "0", row[7]]
    change = view.change(state, 2, found.links[0], found).plain
    assert "fixed 20, 21" in change
    assert "#1 is the nearest of the 1 solution shown." in change
    assert "begins here: a starting solution" in view.change(state, 1, None, found).plain


def test_each_way_to_come_in_has_its_sign() -> None:
    signs = {sign for came in Came for sign in view.marks([Entry(12, 1, came)]).values()}
    assert {"¹²", "¹²ʸ", "¹²ᵉ", "¹²ᶜ", "¹²ⁱ", "¹²ˣ"} == signs


def test_no_two_sources_have_the_same_sign() -> None:
    sources = [
        Entry(1, 9, Came.NEW),
        Entry(2, 12, Came.NEW),
        Entry(2, 15, Came.NEW),
        Entry(2, 15, Came.EXEMPLAR, 3),
        Entry(2, 15, Came.EXEMPLAR, 4),
    ]
    assert list(view.marks(sources).values()) == ["¹", "²·¹²", "²·¹⁵", "²ˣ·¹⁵", "²ˣ·¹⁵′"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts(text: str) -> None:
    state = grown(text, f"Think step by step. {text}")
    for id_ in (2, 3):
        found = trace(state, (), id_)
        links = {link.child: link for link in found.links}
        for content in (
            view.text(state, found),
            *(view.change(state, each, links.get(each), found) for each in found.chain),
        ):
            assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(content.plain)
        for each in found.chain:
            assert all("\n" not in cell.text for cell in view.row(state, each, links.get(each)))


@pytest.mark.parametrize("size", SIZES)
async def test_the_layer_traces_and_leads_to_the_pair(
    database: Path, size: tuple[int, int]
) -> None:
    async with opened(database, size) as (app, pilot):
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, LineageLayer))
        layer = app.screen
        assert isinstance(layer, LineageLayer)
        await until(pilot, lambda: layer.found is not None)
        found = layer.found
        assert found is not None
        assert found.solution == app.steering.state.best_id
        assert layer.rows.keys == found.chain
        assert "Where #" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DetailScreen))
        detail = app.screen
        assert isinstance(detail, DetailScreen)
        assert detail.key == found.solution
        if found.links:
            assert detail.beside == found.links[-1].parent
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, LineageLayer))
        again = app.screen
        assert isinstance(again, LineageLayer)
        await until(pilot, lambda: again.found is not None)
        await pilot.press("g", "enter")
        await until(pilot, lambda: app.screen is detail)
        assert detail.key == found.chain[0]
        await pilot.press("escape")
        assert app.screen is app.workbench

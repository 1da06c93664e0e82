"""Any text can be looked at and edited in a text area, and only what was typed changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App
from textual.events import Paste

from opro_tui.core.edits import Edits
from opro_tui.tui.widgets.safe_text_area import ExactDocument, SafeTextArea
from tests.support import hostile
from tests.support.hostile import SHORT
from tests.tui.driving import make_session, opened, until

TEXTS = [*SHORT.values(), "a\r\nb\nc\rd\u2028e\x85f\x0bg\n", "\n\n", "\r\n", ""]


@given(hostile.texts, hostile.texts, st.data())
def test_a_text_put_in_place_of_a_range_is_there_and_nothing_else_changed(
    text: str, put: str, data: st.DataObject
) -> None:
    document = ExactDocument(text)
    assert document.text == text
    first, second = sorted(data.draw(st.integers(0, len(text))) for _ in range(2))
    places = [document.get_location_from_index(at) for at in (first, second)]
    result = document.replace_range(*places, put)
    assert document.text == text[:first] + put + text[second:]
    assert result.replaced_text == text[first:second]
    assert document.get_index_from_location(result.end_location) == first + len(put)


class Area(App[None]):
    def compose(self):
        yield SafeTextArea("begin")


async def test_any_text_comes_back_as_it_went_in() -> None:
    async with Area().run_test() as pilot:
        area = pilot.app.query_one(SafeTextArea)
        for text in TEXTS:
            area.text = text
            assert area.text == text
            area.replace(text, (0, 0), area.document.end)
            assert area.text == text
            await pilot.pause()
            area.focus()
            await pilot.press("x", "enter")
            area.undo()
            area.undo()
            assert area.text == text, repr(text)


async def test_lines_that_are_pasted_are_lines_whatever_ends_them() -> None:
    async with Area().run_test() as pilot:
        area = pilot.app.query_one(SafeTextArea)
        area.focus()
        area.text = ""
        await pilot.pause()
        await pilot.app.on_event(Paste("a\r\nb\rc\nd"))
        await pilot.pause()
        assert area.text == "a\nb\nc\nd"


@pytest.mark.parametrize("keys", [("ctrl+s",), ("escape",)])
async def test_texts_that_are_only_looked_at_stay(tmp_path, keys) -> None:
    path = tmp_path / "sessions.db"
    await make_session(path)
    own = "".join(SHORT[name] for name in ("line ends", "bidi", "nul", "csv", "zalgo"))
    text = f"{{trajectory}}{own}{{exemplars}} Write <INS> and </INS>.\r\n"
    async with opened(path) as (app, pilot):
        await app.steering.edit(Edits(template={"instructions": text}))
        edits = len(app.steering.state.edits)
        app.workbench.draw()
        app.workbench.prompt_pane.body.focus()
        await pilot.press("e")
        await until(pilot, lambda: app.screen is not app.workbench)
        await pilot.pause()
        assert app.screen.changed == {}
        await pilot.press(*keys)
        await until(pilot, lambda: app.screen is app.workbench)
        assert app.steering.state.template.instructions == text
        assert len(app.steering.state.edits) == edits

"""What the layers of the meta-prompt look like, to the cell; see test_snapshots."""

from __future__ import annotations

import pytest

from tests.tui.driving import SIZES, opened, run_out, settled
from tests.tui.test_snapshots import svg, tell

SMALL, WIDE = SIZES
SCENES = {
    "regions": (("shift+tab", "shift+tab", "n", "n"), SMALL),
    "template": (("e",), SMALL),
    "template-wide": (("e", "x"), WIDE),
    "differences": (("D",), SMALL),
    "exemplars": (("E", "down", "p"), SMALL),
}
__all__ = ["svg"]


@pytest.mark.parametrize(("keys", "size"), SCENES.values(), ids=SCENES)
async def test_the_layer_looks_as_it_did(tmp_path, svg, keys, size) -> None:
    path = tmp_path / "sessions.db"
    await tell(path)
    async with opened(path, size) as (app, pilot):
        await run_out(app, pilot)
        for key in keys:
            await pilot.press(key)
            await settled(app, pilot)
        for area in app.screen.query("TextArea, Input"):
            area.cursor_blink = False
        await pilot.pause()
        assert app.export_screenshot(simplify=True) == svg

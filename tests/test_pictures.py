"""The pictures in screenshots/ show the screens as they are now."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import take_pictures
from scenes import SCENES

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "screenshots"
CHECKED = [scene for scene in SCENES if scene.checked]


def test_every_scene_has_its_pictures_and_nothing_else_lies_there() -> None:
    wanted = {f"{scene.name}-{width}x{height}" for scene in SCENES for width, height in scene.sizes}
    assert len({scene.name for scene in SCENES}) == len(SCENES)
    assert {file.stem for file in KEPT.glob("*.svg")} == wanted
    assert {file.stem for file in KEPT.glob("*.png")} == wanted


async def test_the_pictures_show_the_screens_of_now(monkeypatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("XDG_STATE_HOME", "")
    old = []
    async for name, svg in take_pictures.pictures(CHECKED):
        file = KEPT / f"{name}.svg"
        if not file.exists() or file.read_text(encoding="utf-8") != svg:
            old.append(name)
    if old:
        pytest.fail(
            f"These screens changed and their pictures did not: {', '.join(old)}. "
            "Run `python scripts/take_pictures.py` and look at the PNGs."
        )

"""The pictures in screenshots/ show the screens as they are now, every one of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from filelock import FileLock

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import take_pictures
from grounds import GROUNDS
from scenes import PICTURES, SCENES

KEPT = Path(__file__).parents[1] / "screenshots"


@pytest.fixture(scope="session")
def grounds(tmp_path_factory, worker_id):
    """The folder of the sessions that scenes start from: made once for all processes."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "grounds"
    folder.mkdir(exist_ok=True)

    def ground(name: str) -> Path:
        with FileLock(folder / f"{name}.lock"):
            return take_pictures.make_ground(name, folder)

    return ground


def test_every_scene_has_its_pictures_and_nothing_else_lies_there() -> None:
    assert len({scene.name for scene in SCENES}) == len(SCENES)
    assert {scene.ground for scene in SCENES} == set(GROUNDS)
    for kind in ("svg", "png"):
        there = {file.stem for file in KEPT.glob(f"*.{kind}")}
        assert there == set(PICTURES), "Run `python scripts/take_pictures.py`."


@pytest.mark.parametrize("name", PICTURES)
def test_the_picture_shows_the_screen_of_now(name, grounds, tmp_path) -> None:
    svg = take_pictures.take(name, grounds(PICTURES[name][0].ground), tmp_path)
    file = KEPT / f"{name}.svg"
    if not file.exists() or file.read_text(encoding="utf-8") != svg:
        now = tmp_path / file.name
        now.write_text(svg, encoding="utf-8")
        pytest.fail(
            f"The screen of {name} changed and its picture did not (now: {now}). Run "
            f"`python scripts/take_pictures.py --only {name}` and look at the PNG.",
            pytrace=False,
        )

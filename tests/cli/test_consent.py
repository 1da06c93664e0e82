"""No command and no screen runs the code of an imported session, or of what was made from one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from opro_tui.config import Config
from opro_tui.tui.app import OproApp
from tests.support.strange_code import METRIC, ran, strange
from tests.tui.driving import screen_text, until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.cli.conftest import Cli

WRITING = (
    ("run", "f"),
    ("try", "f"),
    ("evaluate", "f"),
    ("confirm", "f"),
    ("edit", "f", "--temperature", "0.5"),
    ("critique", "f"),
    ("regrade", "f"),
    ("regrade", "f", "--metric", METRIC),
    ("run", "d"),
    ("run", "t"),
)
LOOKING = (
    ("list",),
    ("show", "f"),
    ("best", "f"),
    ("meta-prompt", "f"),
    ("costs", "f"),
    ("lineage", "f"),
    ("replay", "f"),
    ("rebuild", "f"),
    ("compare", "s", "f"),
    ("regrade", "f", "--metric", "exact"),
    ("fork", "f", "--at", "1", "--as", "f2"),
    ("fork", "f", "--as", "f3", "--train", "4"),
    ("null-arm", "f", "--as", "f4"),
    ("export", "f", "--format", "html"),
    ("doctor",),
)


def test_no_command_runs_it(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(strange(tmp_path, "metric", monkeypatch))
    for argv in WRITING:
        said = cli(*argv)
        assert said.code == 2, (argv, said.out, said.err)
        assert f"would run the code {METRIC}" in said.err or "not at hand" in said.err, argv
    for argv in LOOKING:
        said = cli(*argv)
        assert said.code == 0 or argv == ("doctor",), (argv, said.err)
    assert not ran(tmp_path)


async def test_no_screen_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = await strange(tmp_path, "metric", monkeypatch)
    app = OproApp(path, "f", Config())
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: app.steering.opened and "read-only" in screen_text(app))
        assert "would run the code" in app.steering.missing_code
        await pilot.press("s")
        await pilot.pause()
    assert not ran(tmp_path)

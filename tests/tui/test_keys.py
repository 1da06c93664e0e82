"""Every screen's keys: named, explained, reachable without brackets, number row or Alt."""

from __future__ import annotations

import re

import pytest

from opro_tui.config import Config
from opro_tui.core.errors import BadInput
from opro_tui.tui.keymap import keymap
from opro_tui.tui.screens.every import SCREENS, tables

EVERYWHERE = re.compile(
    r"[a-zA-Z]|space|enter|escape|tab|shift\+tab|delete|home|end|f\d+|ctrl\+[a-z]|comma|full_stop"
    r"|question_mark|colon"
)
"""Keys of every keyboard; `?` has F1 and the footer beside it, `:` has Ctrl+P."""
NAMES = ["workbench", "sessions", *(screen.__name__ for screen in SCREENS)]


@pytest.mark.parametrize("table", tables(), ids=NAMES)
def test_each_action_has_a_name_a_sentence_and_a_key_of_every_keyboard(table) -> None:
    assert table
    assert len({command.id for command in table}) == len(table)
    for command in table:
        assert re.fullmatch(r"[a-z_]+", command.id), command
        assert command.label, command
        assert command.tooltip.endswith("."), command
        assert any(EVERYWHERE.fullmatch(key) for key in command.keys.split(",")), command


@pytest.mark.parametrize("table", tables(), ids=NAMES)
def test_no_screen_gives_a_key_two_meanings(table) -> None:
    keys = [key for command in table for key in command.keys.split(",")]
    assert len(set(keys)) == len(keys)


def test_each_action_of_each_screen_can_have_another_key() -> None:
    ids = sorted({command.id for table in tables() for command in table})
    assert len(ids) > 90
    for name in ids:
        assert keymap(Config(keymap={name: "f12"})) == {name: "f12"}


def test_a_key_that_another_action_of_the_same_screen_has_is_refused() -> None:
    with pytest.raises(BadInput, match="is the key of replay_step as well"):
        keymap(Config(keymap={"replay_live": "s"}))

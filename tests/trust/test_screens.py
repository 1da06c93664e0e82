"""The quick part of `python -m tests.trust screens`: real terminals over hostile sessions."""

from __future__ import annotations

import pytest

from tests.support.hostile import SHORT
from tests.support.hostile_session import HARMLESS, Sayings
from tests.support.loopback import LoopbackServer
from tests.trust.scanner import scan
from tests.trust.screens import make_ground, played_twice, print_all, scenes

COMMANDS = ("show", "replay", "try", "best")
"""Commands that print foreign text in different ways."""


@pytest.fixture(scope="module")
def grounds(tmp_path_factory):
    with LoopbackServer(Sayings()) as bad, LoopbackServer(Sayings(HARMLESS)) as good:
        made = []
        for server, hostile in ((bad, True), (good, False)):
            folder = tmp_path_factory.mktemp("ground")
            made.append(make_ground(folder, server.url, hostile=hostile))
        yield made


@pytest.mark.parametrize("number", [0, 1], ids=["workbench", "list"])
def test_nothing_but_our_own_sequences_reaches_a_terminal(grounds, number) -> None:
    hostile, harmless = (scenes(ground, few=True)[number] for ground in grounds)
    seen, wrong = played_twice(grounds, hostile, harmless)
    assert wrong == []
    assert "[bold]x[/]" in seen.text
    assert "CSI ?1049l" in seen.kinds


def test_what_commands_print_to_a_terminal_acts_on_nothing(grounds) -> None:
    name = grounds[0].name
    lines = [(command, name) for command in COMMANDS]
    for line, seen in print_all(grounds[0], lines).items():
        assert seen.wrong == [], line
        assert seen.kinds <= {"'\\r'", "'\\n'", "'\\t'"}, line
        assert len(seen.text) > 5


@pytest.mark.parametrize("text", SHORT.values(), ids=list(SHORT))
def test_the_scanner_finds_what_acts(text) -> None:
    seen = scan(text.encode("utf-8", "surrogatepass"))
    acting = [c for c in text if c < " " and c not in "\r\n\t\x1b"]
    assert not acting or seen.wrong or seen.kinds
    assert ("\x1b" not in text) or seen.kinds or seen.wrong


def test_the_scanner_tells_kinds_apart() -> None:
    seen = scan(
        b"\x1b[1;31mx\x1b[?1049h\x1b]0;title\x07\x1b]52;c;eA==\x1b\\\x1bP1$r\x1b\\\x1b[2J\x1bc"
    )
    kinds = {"CSI …m", "CSI ?1049h", "OSC 0", "OSC 52", "DCS 1$r", "CSI …J", "ESC c"}
    assert seen.kinds == kinds
    assert seen.text == "x"
    assert dict(seen.strings)["OSC 0"] == "0;title"
    assert scan("\x9b31m".encode()).wrong
    assert scan(b"\x1b]0;never ended").wrong
    assert scan(b"\xff").wrong
    assert scan("a\u202eb".encode()).wrong
    assert scan(b"bell\x07").wrong

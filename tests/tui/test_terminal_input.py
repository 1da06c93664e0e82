"""What is pasted and typed in a terminal arrives as it was, whatever it is and however it comes."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App
from textual.events import Key, Paste
from textual.widgets import Input

from opro_tui.tui.driver import OutlivingDriver
from opro_tui.tui.host import Host
from opro_tui.tui.options import Options
from opro_tui.tui.terminal_input import ExactParser
from opro_tui.tui.widgets.safe_text_area import SafeTextArea

if TYPE_CHECKING:
    from textual.message import Message

START, END = "\x1b[200~", "\x1b[201~"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
PERSIAN = "می\u200cخواهم"
PASTED = st.text(st.sampled_from("ab \x1b[20010~;mMOPI\x00\r\n\u200d")).filter(
    lambda text: END not in text + END[:-1]
)


def read(*parts: str) -> list[Message]:
    parser = ExactParser()
    return [message for part in parts for message in parser.feed(part)]


def said(messages: list[Message]) -> list[str]:
    return [
        f"paste {message.text}" if isinstance(message, Paste) else getattr(message, "key", "?")
        for message in messages
    ]


def test_a_paste_with_an_escape_in_it_comes_whole_and_in_order() -> None:
    text = "one \x1b[31mtwo three"
    assert said(read(f"x{START}{text}{END}y")) == ["x", f"paste {text}", "y"]


@given(PASTED, PASTED, st.data())
def test_pastes_come_as_they_are_however_they_are_cut(
    first: str, second: str, data: st.DataObject
) -> None:
    sent = f"x{START}{first}{END}y{START}{second}{END}z"
    cuts = sorted(data.draw(st.sets(st.integers(1, len(sent) - 1), max_size=8)))
    parts = [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    pastes = [[f"paste {text}"] if text else [] for text in (first, second)]
    assert said(read(*parts)) == ["x", *pastes[0], "y", *pastes[1], "z"]


def test_keys_are_what_they_were() -> None:
    parser = ExactParser()
    assert said(list(parser.feed("a\x1b[A\x1bOP\t\r é"))) == [
        "a", "up", "f1", "tab", "enter", "space", "é",
    ]  # fmt: skip
    assert said(list(parser.feed("\x1b[20"))) == []
    assert said(list(parser.feed("~"))) == ["f9"]
    assert list(parser.feed("")) == []


@pytest.mark.parametrize("text", [FAMILY, PERSIAN, "a\xa0b\u3000c\U0001fae9", "\x07\x08"])
def test_what_is_typed_is_text_unless_it_is_a_control(text: str) -> None:
    typed = "".join(
        message.text if isinstance(message, Paste) else message.character or ""
        for message in read(text)
        if isinstance(message, Paste | Key)
    )
    assert typed == text
    assert not any(isinstance(message, Paste) for message in read("\x07\x08\x7f"))


class Fields(Host):
    def compose(self):
        yield SafeTextArea()
        yield Input()


@pytest.mark.parametrize("kind", [SafeTextArea, Input])
async def test_text_areas_and_fields_take_what_was_typed_and_pasted(kind) -> None:
    async with Fields(Options()).run_test() as pilot:
        field = pilot.app.query_one(kind)
        field.focus()
        await pilot.pause()
        for message in read(f"{FAMILY} {PERSIAN} {START}one \x1b[31mtwo{END}"):
            await pilot.app.on_event(message)
            await pilot.pause()
        held = field.value if kind is Input else field.text
        shown = "␛" if kind is Input else "\x1b"
        assert held == f"{FAMILY} {PERSIAN} one {shown}[31mtwo"


async def test_the_driver_reads_bytes_that_are_no_text(monkeypatch) -> None:
    """It goes on reading, and a paste of any size comes as one."""
    ours, terminal = pty.openpty()
    tty.setraw(terminal)
    seen: list[Message] = []
    monkeypatch.setattr("sys.__stdin__", os.fdopen(terminal, closefd=False))
    driver = OutlivingDriver(App())
    driver.fileno = terminal

    def take(message: Message) -> None:
        seen.append(message)
        if getattr(message, "key", "") == "q":
            driver.exit_event.set()

    monkeypatch.setattr(driver, "process_message", take)
    reading = asyncio.create_task(asyncio.to_thread(driver.run_input_thread))
    text = "x\x1b[1m" * 3000
    os.write(ours, b"\xff")
    sent = f"{START}{text}{END}q".encode()
    while sent:
        sent = sent[await asyncio.to_thread(os.write, ours, sent[:1000]) :]
    async with asyncio.timeout(20):
        await reading
    os.close(ours)
    os.close(terminal)
    assert [getattr(message, "character", None) for message in seen] == ["\ufffd", None, "q"]
    assert isinstance(seen[1], Paste)
    assert seen[1].text == text

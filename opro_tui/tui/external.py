"""Writing a text in the person's own editor, while the screen stands aside."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from opro_tui.tui.format import harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from textual.app import App

AT_ONCE_SECONDS = 0.7
"""An editor that is back sooner without a change has not been written in."""
WATCH_SECONDS = 1.0
"""How often to look whether an open editor has saved."""
MOST_BYTES = 10 * 2**20
"""A longer file is not taken over from an editor."""
USUAL = ("nano", "vim", "vi")
"""Tried in turn where neither variable names an editor."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of writing outside.

    Attributes:
        text: The text as it was left; None when nothing can be taken over.
        problem: Why not, or what to mind; empty when all went well.
    """

    text: str | None
    problem: str = ""


def editor_command(environ: Mapping[str, str]) -> tuple[list[str], str]:
    """The editor's program with its arguments, and what is wrong when there is none.

    Args:
        environ: The environment; `$VISUAL` goes before `$EDITOR`, both may hold arguments.
    """
    for name in ("VISUAL", "EDITOR"):
        value = environ.get(name, "").strip()
        if not value:
            continue
        try:
            command = shlex.split(value)
        except ValueError:
            return [], f"${name} can't be read ({value}): a quotation mark is missing."
        if shutil.which(command[0], path=environ.get("PATH")) is None:
            return [], f"${name} names {command[0]!r}, and there is no such program."
        return command, ""
    found = next((name for name in USUAL if shutil.which(name, path=environ.get("PATH"))), None)
    if found is None:
        return [], "No editor is known: set $VISUAL or $EDITOR, for example EDITOR=nano."
    return [found], ""


async def write_outside(
    app: App[None], text: str, name: str, *, keep: Callable[[str], None] = lambda _: None
) -> Outcome:
    """Let the person write a text in `$VISUAL` or `$EDITOR`; runs of steps go on meanwhile.

    Args:
        app: Stands aside while the editor has the terminal.
        text: What is to be edited.
        name: What the file is called, without its ending.
        keep: Takes what the editor saves, as soon as it does.
    """
    command, problem = editor_command(os.environ)
    if problem:
        return Outcome(None, problem)
    folder = Path(tempfile.mkdtemp(prefix="opro-tui-"))
    file = folder / f"{name}.txt"
    try:
        given = text.encode("utf-8", "surrogatepass")
        await asyncio.to_thread(_write, file, given)
        started = time.monotonic()
        # Drawing while the editor has the terminal would spoil it.
        with app.batch_update(), app.suspend(), _interrupts_are_the_editors():
            watch = asyncio.create_task(_watch(file, text, keep))
            try:
                code = await asyncio.to_thread(_run, [*command, str(file)])
            finally:
                watch.cancel()
        seconds = time.monotonic() - started
        data = await asyncio.to_thread(_read, file)
        if data is None:
            what = f"a file of over {MOST_BYTES // 2**20} MB, or none of text"
            return Outcome(None, f"{command[0]} left {what}; the text here is as it was.")
        if data == given:
            # To the byte: line ends and what else an editor shows its own way stay as they are.
            return _unchanged(text, command[0], code, seconds)
        return _outcome(text, data, command[0], code)
    except SuspendNotSupported:
        return Outcome(None, "This terminal can't be handed to another program.")
    except OSError as error:
        return Outcome(None, f"{command[0]} could not be used: {error.strerror or error}.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _watch(file: Path, text: str, keep: Callable[[str], None]) -> None:
    """Hand on what an editor has saved, while it is still open."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        with contextlib.suppress(OSError, UnicodeDecodeError):
            data = await asyncio.to_thread(_read, file)
            now = (data or b"").decode("utf-8", "surrogatepass")
            if now.strip() and now.rstrip("\n") != text.rstrip("\n"):
                keep(now)
                text = now


def pager_command(environ: Mapping[str, str]) -> tuple[list[str], str]:
    """The pager's program with its arguments, and what is wrong when there is none.

    Args:
        environ: The environment; `$PAGER` may hold arguments.
    """
    try:
        command = shlex.split(environ.get("PAGER", "").strip())
    except ValueError:
        return [], f"$PAGER can't be read ({environ['PAGER']}): a quotation mark is missing."
    path = environ.get("PATH")
    if command and shutil.which(command[0], path=path) is None:
        return [], f"$PAGER names {command[0]!r}, and there is no such program."
    usual = (name for name in ("less", "more") if shutil.which(name, path=path))
    found = command or [each for each in (next(usual, ""),) if each]
    return found, "" if found else "No pager is known: set $PAGER, for example PAGER=less."


async def read_outside(app: App[None], text: str) -> str:
    """Let the person read a text in `$PAGER`; returns what went wrong, empty when nothing did.

    Args:
        app: Stands aside while the pager has the terminal.
        text: What is to be read; what could steer the terminal is made harmless.
    """
    command, problem = pager_command(os.environ)
    if problem:
        return problem
    folder = Path(tempfile.mkdtemp(prefix="opro-tui-"))
    file = folder / "text.txt"
    try:
        await asyncio.to_thread(_write, file, harmless(text).encode("utf-8"))
        with app.batch_update(), app.suspend(), _interrupts_are_the_editors():
            code = await asyncio.to_thread(_show, [*command, str(file)])
    except SuspendNotSupported:
        return "This terminal can't be handed to another program."
    except OSError as error:
        return f"{command[0]} could not be used: {error.strerror or error}."
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if code:
        how = f"ended with code {code}" if code > 0 else "was broken off"
        return f"{command[0]} {how}; another pager can be named by $PAGER."
    return ""


def _show(command: list[str]) -> int:
    """Run a pager; what one that returns at once has printed stays until Enter."""
    started = time.monotonic()
    code = _run(command)
    if time.monotonic() - started < AT_ONCE_SECONDS and sys.stdin is not None:
        with contextlib.suppress(OSError, ValueError):
            if sys.stdin.isatty():
                print("\n(Enter goes back)", end="", flush=True)
                sys.stdin.readline()
    return code


def _run(command: list[str]) -> int:
    return subprocess.run(command, check=False).returncode  # noqa: S603 - the person's own editor


def _write(file: Path, data: bytes) -> None:
    """Make a file that only its owner reads."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    with open(os.open(file, flags, 0o600), "wb") as opened:  # noqa: PTH123 - a descriptor
        opened.write(data)


def _read(file: Path) -> bytes | None:
    """What an editor left; None where that is too long, or no regular file."""
    status = file.stat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
        return None
    with file.open("rb") as opened:
        data = opened.read(MOST_BYTES + 1)
    return data if len(data) <= MOST_BYTES else None


def _failed(program: str, code: int) -> Outcome:
    how = f"ended with code {code}" if code > 0 else "was broken off"
    return Outcome(None, f"{program} {how}; the text here is as it was.")


def _unchanged(text: str, program: str, code: int, seconds: float) -> Outcome:
    """What to make of a file that is as it was."""
    if code:
        return _failed(program, code)
    if seconds < AT_ONCE_SECONDS:
        wait = f"an editor with windows needs to be told to wait, such as EDITOR='{program} --wait'"
        return Outcome(None, f"{program} was back at once and changed nothing: {wait}.")
    return Outcome(text, f"{program} changed nothing.")


def _outcome(before: str, data: bytes, program: str, code: int) -> Outcome:
    """What to make of the file that an editor changed."""
    if code:
        return _failed(program, code)
    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return Outcome(None, f"{program} left a file that is not UTF-8; the text is as it was.")
    if "\r\n" not in before:
        text = text.replace("\r\n", "\n")
    if text.endswith("\n") and not before.endswith("\n"):
        # Editors end the last line of a file; the text had none to end.
        text = text.removesuffix("\n")
    return Outcome(text, "" if text != before else f"{program} changed nothing.")


@contextlib.contextmanager
def _interrupts_are_the_editors() -> Iterator[None]:
    """Ctrl+C in the editor reaches this program too, and must not end it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

"""Show hostile texts on real terminals: nothing but the program's own escape sequences arrives.

Every screen and every command runs twice, over a session in which everything foreign is hostile and
over one of the same shape in which nothing is; what is written is taken apart to the byte.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import termios
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from typing import TYPE_CHECKING

from opro_tui.tui.commands import COMMANDS
from opro_tui.tui.session_commands import SESSION_COMMANDS
from tests.support.every_command import DRAWN, command_lines, drawn_session
from tests.support.hostile import SHORT
from tests.support.hostile_session import CELLS, FORK, HARMLESS, NAME, Sayings, make_at
from tests.support.loopback import LoopbackServer
from tests.trust.processes import Terminal
from tests.trust.scanner import Scanned, scan

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from opro_tui.tui.command import Command

QUIET = 0.12
"""Seconds without output after which a key counts as answered."""
LONGEST = 20.0
PLAIN_NAME, PLAIN_FORK = "a session in which all is well", "its fork"
KEYS = {
    "escape": "\x1b",
    "enter": "\r",
    "tab": "\t",
    "space": " ",
    "delete": "\x1b[3~",
    "down": "\x1b[B",
    "up": "\x1b[A",
    "pagedown": "\x1b[6~",
    "end": "\x1b[F",
    "home": "\x1b[H",
    "shift+tab": "\x1b[Z",
    "f1": "\x1bOP",
    "f5": "\x1b[15~",
    "f6": "\x1b[17~",
    "f7": "\x1b[18~",
    "f8": "\x1b[19~",
    "slash": "/",
    "ctrl+q": "\x11",
    "ctrl+o": "\x0f",
    "ctrl+s": "\x13",
    "minus": "-",
    "plus": "+",
}
LEFT_OUT = {
    *("quit", "run", "stop", "edit_outside", "pager", "mouse", "next_pane", "previous_pane"),
    *("session_open", "session_demo", "session_delete", "session_duplicate", "palette"),
}
"""Commands with a scene of their own, or that leave the screen."""
FEW = {"details", "look_alikes", "history", "costs"}
"""What the quick part looks at."""


@dataclass(frozen=True)
class Ground:
    """A session with the names that are used for it.

    Attributes:
        folder: Holds `sessions.db`, `rows.jsonl`, and files with the names that are tried.
        url: Where its models are.
        name: The session's name.
        fork: Its fork's.
    """

    folder: Path
    url: str
    name: str
    fork: str

    @property
    def env(self) -> dict[str, str]:
        """The environment of a process over it."""
        home = self.folder / "home"
        kept = {
            name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ
        }
        kinds = {
            f"XDG_{kind}_HOME": str(home / kind) for kind in ("CONFIG", "DATA", "STATE", "CACHE")
        }
        return (
            kept
            | kinds
            | {
                "HOME": str(home),
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                "TEXTUAL_ANIMATIONS": "none",
                "PAGER": "less",
                "LESS": "-Q",  # its own bell at the end
                "OPRO_TUI_DB": str(self.folder / "sessions.db"),
                "PYTHONUTF8": "1",
            }
        )


@dataclass(frozen=True)
class Scene:
    """A program in a terminal, and what is pressed.

    Attributes:
        name: What it is.
        argv: The command line.
        shown: A text that stands there when keys are taken.
        keys: Keys in turn, by Textual's names.
    """

    name: str
    argv: tuple[str, ...]
    shown: str
    keys: tuple[str, ...]


def make_ground(folder: Path, url: str, *, hostile: bool) -> Ground:
    """Make a session, hostile or not, and files beside it."""
    name, fork = (NAME, FORK) if hostile else (PLAIN_NAME, PLAIN_FORK)
    cells = CELLS if hostile else HARMLESS[: len(CELLS)]
    asyncio.run(make_at(url, folder, cells, name=name, fork_name=fork))
    files = folder / "files"
    files.mkdir()
    (folder / "home").mkdir()
    for number, text in enumerate(SHORT.values()):
        called = text.replace("/", "\\").replace("\0", "0")[:60] if hostile else f"file {number}"
        with suppress(OSError, ValueError):
            (files / (os.fsencode(called).decode("utf-8", "surrogateescape") + ".csv")).write_text(
                "a,b\n1,2\n", encoding="utf-8"
            ) if called.isascii() else (files / f"{called}.csv").touch()
    if hostile:
        with suppress(OSError):
            Path(os.fsdecode(os.fsencode(files) + b"/\xff\xfe\x9b31m\x9d0;t\x07.csv")).touch()
    return Ground(folder, url, name, fork)


def pressed(key: str) -> bytes:
    """What a terminal sends for a key."""
    if key in KEYS:
        return KEYS[key].encode()
    if len(key) == 1:
        return key.encode()
    if key.startswith("type:"):
        return key[5:].encode()
    return unicodedata.lookup(key.replace("_", " ")).encode()


def _look(command: Command, more: Sequence[str]) -> Iterator[str]:
    """Do a command, look around, and come back."""
    yield command.keys.split(",")[0]
    yield from more
    yield from ("escape", "escape", "escape") if more else ("escape",)


def scenes(ground: Ground, *, few: bool = False) -> list[Scene]:
    """What is looked at."""
    panes = ("meta-prompt", "candidates", "trajectory", "chart")
    bench: list[str] = []
    for pane in panes:
        bench += () if few else ("pagedown", "end", "home")
        for command in COMMANDS:
            here = pane in command.panes or (not command.panes and pane == "trajectory")
            if here and command.id not in LEFT_OUT and (not few or command.id in FEW):
                bench += _look(command, () if few else ("down", "tab", "down", "enter"))
        bench.append("tab")
    listed: list[str] = []
    for command in SESSION_COMMANDS:
        if command.id not in LEFT_OUT and (not few or command.id in FEW):
            listed += _look(command, () if few else ("down", "enter"))
    form = ["n", "ctrl+o", "down", "pagedown", "end", "escape", "f1", "escape", "escape"]
    over = ("open", "--", ground.name)
    found = [
        Scene("workbench", over, "META-PROMPT", tuple(bench)),
        Scene("list, new session, files", (), "Delete", tuple(form + listed)),
    ]
    if few:
        return found
    pages = ("tab", "tab", "Y", "wait", "space", "q")
    palette = [":", *(f"type:{letter}" for letter in "cost"), "down", "escape"]
    return [
        *found,
        Scene("palette", over, "META-PROMPT", tuple(palette)),
        Scene("steps", ("open", "--", ground.name), "META-PROMPT", ("s", "wait", "s", "wait", "m")),
        Scene(
            "read-only", ("open", "--read-only", "--", ground.name), "META-PROMPT", ("i", "down")
        ),
        Scene(
            "replay",
            ("replay", "--", ground.name),
            "step",
            ("right_arrow", "space", "wait", "home", "tab", "down", "question_mark", "escape"),
        ),
        Scene(
            "pager", over, "META-PROMPT", ("Y", "wait", "space", "G", "q", "wait", *pages, "wait")
        ),
        Scene("drawing", ("open", DRAWN), "META-PROMPT", (".", "plus", "minus", "tab", "tab", ".")),
        Scene("fork", ("open", "--", ground.fork), "META-PROMPT", ("tab", "i", "down", "escape")),
    ]


def play(ground: Ground, scene: Scene) -> tuple[Scanned, int, list[str]]:
    """Play a scene in a terminal.

    Returns:
        What was written, the exit code, and what is wrong with the terminal afterwards.
    """
    terminal = Terminal()
    try:
        process = _start(ground, scene.argv, terminal, everything=True)
        _until(terminal, scene.shown)
        _quiet(terminal)
        for key in scene.keys:
            if key == "wait":
                time.sleep(1.0)
            else:
                terminal.type(pressed(KEYS_OF.get(key, key)))
            _quiet(terminal)
        for _ in range(3):
            terminal.type(pressed("ctrl+q"))
            with suppress(subprocess.TimeoutExpired):
                process.wait(3)
                break
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        if process.poll() is None:
            process.kill()
            process.wait()
            return scan(bytes(terminal.written)), -9, ["it did not end"]
        faults = terminal.faults()
        return scan(bytes(terminal.written)), process.returncode, faults
    finally:
        terminal.close()


_COPIED = re.compile(r"52;c;[A-Za-z0-9+/]*={0,2}")
"""What copying sends: whether Enter copies something depends on what the list shows by then."""
HOMES = ("CONFIG", "DATA", "STATE", "CACHE")
KEYS_OF = {"right_arrow": "l"}


def _start(
    ground: Ground, argv: Sequence[str], terminal: Terminal, *, everything: bool
) -> subprocess.Popen[bytes]:
    """Start the installed program; stdin is the terminal too where `everything` is."""

    def settle() -> None:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        ioctl(1, termios.TIOCSCTTY, 0)

    script = Path(sys.executable).with_name("opro-tui")
    program = [str(script)] if script.exists() else [sys.executable, "-m", "opro_tui"]
    return subprocess.Popen(
        [*program, *argv],
        stdin=terminal.theirs if everything else subprocess.DEVNULL,
        stdout=terminal.theirs,
        stderr=terminal.theirs,
        env=ground.env,
        cwd=ground.folder / "files",
        start_new_session=True,
        preexec_fn=settle,
    )


def _until(terminal: Terminal, shown: str) -> None:
    end = time.monotonic() + LONGEST
    while shown not in scan(bytes(terminal.written)).text:
        if time.monotonic() > end:
            raise AssertionError(f"{shown!r} is not shown: {bytes(terminal.written)[-500:]!r}")
        time.sleep(0.05)


def _quiet(terminal: Terminal) -> None:
    """Wait until nothing has been written for a moment."""
    end = time.monotonic() + 3.0
    size, since = len(terminal.written), time.monotonic()
    while time.monotonic() - since < QUIET and time.monotonic() < end:
        time.sleep(0.02)
        if len(terminal.written) != size:
            size, since = len(terminal.written), time.monotonic()


def print_all(ground: Ground, lines: Sequence[Sequence[str]]) -> dict[tuple[str, ...], Scanned]:
    """Run commands one after the other, each printing to a terminal, without one to read from."""
    found = {}
    for line in lines:
        terminal = Terminal()
        try:
            process = _start(ground, line, terminal, everything=False)
            try:
                code = process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
            _quiet(terminal)
            seen = scan(bytes(terminal.written))
            if code not in (0, 1, 2, 3):
                seen.wrong.append(f"exit code {code}: {seen.text[-300:]}")
            if "opro-tui: unexpected" in seen.text:
                seen.wrong.append(seen.text[-500:])
            found[tuple(line)] = seen
        finally:
            terminal.close()
    return found


def compared(hostile: Scanned, harmless: Scanned) -> list[str]:
    """What a hostile session had written that a harmless one of the same shape hadn't."""
    wrong = list(hostile.wrong)
    more = hostile.kinds - harmless.kinds - {"OSC 52"}
    if more:
        wrong.append(f"kinds that nothing harmless brings: {sorted(more)}")
    for kind, text in hostile.strings:
        if kind == "OSC 52" and not _COPIED.fullmatch(text):
            wrong.append(f"a copy is no base64: {text[:80]!r}")
        if any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in text):
            wrong.append(f"{kind} holds controls: {text[:80]!r}")
    return wrong


def _told(what: str, wrong: Sequence[str]) -> int:
    for each in wrong[:5]:
        print(f"NOT WELL  {what}: {each}", flush=True)
    return len(wrong)


def plain_lines(ground: Ground) -> list[tuple[str, ...]]:
    """Every command, and its JSON."""
    lines = command_lines(ground.folder, ground.url, name=ground.name, fork=ground.fork)
    several = [line for found in lines.values() for line in found]
    return [*drawn_session(), *several]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `python -m tests.trust screens`."""
    parser.add_argument("--few", action="store_true", help="only what runs with the tests")
    parser.add_argument("--kinds", action="store_true", help="print the kinds of sequences")


def main(args: argparse.Namespace) -> int:
    """Show everything, and print a line for each scene and command that is not well."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LoopbackServer(Sayings()) as bad,
        LoopbackServer(Sayings(HARMLESS)) as good,
    ):
        grounds = []
        for server, hostile in ((bad, True), (good, False)):
            own = Path(folder) / ("hostile" if hostile else "harmless")
            own.mkdir()
            grounds.append(make_ground(own, server.url, hostile=hostile))
        commands = [] if args.few else plain_lines(grounds[0])
        wrong, size = _print_well(grounds[0], commands)
        if commands:
            print_all(grounds[1], drawn_session())
        played = list(zip(*(scenes(each, few=args.few) for each in grounds), strict=True))
        kinds: set[str] = set()
        for one, other in played:
            first, found = played_twice(grounds, one, other)
            kinds |= first.kinds
            size += len(first.text)
            wrong += _told(one.name, found)
            print(f"{one.name:<26} {len(one.keys):>4} keys  {len(first.text):>10,} characters")
        if args.kinds:
            print(sorted(kinds))
    keys = sum(len(one.keys) for one, _ in played)
    print(
        f"{len(played)} screens with {keys} keys and {len(commands)} commands on real terminals,"
        f" {size:,} characters of hostile sessions taken apart: {wrong} not well"
    )
    return int(wrong > 0)


def _print_well(ground: Ground, commands: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Print what commands write; how much is not well, and how many characters there were."""
    wrong = size = 0
    for line, seen in print_all(ground, commands).items():
        size += len(seen.text)
        escapes = {kind for kind in seen.kinds if kind.startswith(("ESC", "CSI", "OSC"))}
        found = [*seen.wrong, *([f"writes {escapes}"] if escapes else [])]
        wrong += _told(repr(" ".join(line)[:70]), found)
    return wrong, size


def played_twice(
    grounds: Sequence[Ground], hostile: Scene, harmless: Scene
) -> tuple[Scanned, list[str]]:
    """Play a scene over both sessions at once; what the hostile one wrote, and what is wrong."""
    with ThreadPoolExecutor() as pool:
        ours = pool.submit(play, grounds[0], hostile)
        other, _, _ = pool.submit(play, grounds[1], harmless).result()
        seen, code, faults = ours.result()
    found = compared(seen, other) + faults
    if code:
        found.append(f"exit code {code}: {seen.text[-300:]}")
    return seen, found

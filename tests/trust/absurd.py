"""Give every flag and argument of every command values that make no sense, found through click.

A command that is new, or a flag, is tried too without anybody thinking of it. A value is taken or
refused: in one line that says what it is about, and with nothing changed. What nobody can mean is
refused.
"""

from __future__ import annotations

import io
import os
import random
import signal
import sqlite3
import time
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opro_tui.cli import invoke
from opro_tui.cli.output import one_line
from opro_tui.cli.root import root
from opro_tui.core.setting_table import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

HUGE = 10**30
LONGEST = 20
"""Seconds in which every command is done."""
NUMBERS = ("x", "", " ", "-1", "-0.5", "nan", "inf", "-inf", "1e999", str(HUGE), "9" * 5000, "0x10")
NEVER_NUMBERS = ("x", "", " ", "nan", "inf", "-inf", "1e999", "9" * 5000, "0x10")
"""What no flag that takes a number takes."""
NAMES = (
    *("", " ", "a/b", "..", "/", "n" * 300, "a\nb", "\x1b[31mred", "\u202ea", "\udcff", "-", "--"),
    *("=1+1", "%s{0}", "none", "null", "True", "[x]", "a,b", "a=b", "=", ",", "0", "\U000e0041"),
)
PATHS = (
    *("{}/no.csv", "{}/no/such.json", "{}", "{}/folder.csv", "{}/folder.toml", "{}/pipe.csv"),
    *("{}/pipe.json", "{}/pipe.toml", "{}/loop.csv", "{}/loop.toml", "{}/empty.csv", "{}/empty"),
    *("{}/empty.toml", "{}/empty.json", "/dev/null", "/dev/full", "/dev/zero", "/proc/self/mem"),
    *("~nobody-at-all/x.csv", "{}/" + "n" * 300 + ".csv", "{}/s.db", "file:///etc/passwd"),
    *("{}/zero.csv", "{}/zero.toml", "{}/zero.json", "known:", "known:nothing", "python:", "tsp:"),
)
VALUES = tuple(dict.fromkeys((*NUMBERS, *NAMES, *PATHS)))
BASES = {
    "demo": ("--headless", "--steps", "1", "--name", "made"),
    "new": ("--task", "sums", "--headless"),
    "try": ("--examples", "1"),
    "edit": ("--temperature", "0.5"),
    "undelete": ("--as", "back"),
    "delete": ("--yes",),
    "fork": ("--at", "1", "--as", "made"),
    "null-arm": ("--as", "made"),
    "regrade": ("--metric", "contains"),
    "rebuild": ("--shown", "3"),
    "evaluate": ("--top", "1"),
    "export": ("--format", "json", "-o", "{}/made.json"),
    "reproduce": ("--steps", "1", "--repetitions", "1", "--n", "5", "--instances", "1"),
    "ablate": ("--task", "sums", "--vary", "order=descending,random", "--dry-run"),
    "doctor": ("--offline",),
    "confirm": ("--examples", "1"),
}
"""What a command is given besides; nothing of it takes longer than a moment."""
OVER = (("list",), ("demo", "--headless", "--steps", "1"), ("doctor", "--offline"))
"""Commands to give the program's own options and variables to."""
VARIABLES = (
    *("OPRO_TUI_DB", "OPRO_TUI_CONFIG", "OPRO_TUI_SIMULATED_LATENCY", "XDG_STATE_HOME"),
    *("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME", "COLUMNS", "LINES", "TERM"),
    *("TMPDIR", "OPENAI_BASE_URL", "OPENAI_API_KEY", "NO_COLOR", "TMUX"),
)
WORDS = {
    "name": "demo",
    "first": "demo",
    "second": "other",
    "old": "demo",
    "new": "made",
    "file": "{}/good.json",
    "experiment": "tsp",
}
"""What an argument is when it isn't what is tried."""
NAME_OF = {"new": "made", "undelete": "gone"}


@dataclass(frozen=True)
class Try:
    """A command line with one absurd value.

    Attributes:
        command: The command.
        what: The flag or argument.
        value: What it is given.
        argv: The command line; `{}` stands for the folder.
        never: Whether nobody can mean it.
        env: A variable of the environment that has the value instead.
    """

    command: str
    what: str
    value: str
    argv: tuple[str, ...]
    never: bool
    env: str = ""

    def __str__(self) -> str:
        return f"{self.command} {self.what} {self.value[:40]!r}"


def tries() -> list[Try]:
    """Every flag and argument with every value."""
    ctx = click.Context(root)
    found = []
    for name in root.list_commands(ctx):
        command = root.get_command(ctx, name)
        assert command is not None
        for param in command.params:
            if isinstance(param, click.Option) and param.is_flag:
                continue
            found += [_try(name, command, param, value) for value in VALUES]
    for value in VALUES:
        found.append(Try("(program)", "--log-level", value, ("--log-level", value, "list"), True))
        found += [Try("(program)", "--db", value, ("--db", value, *each), False) for each in OVER]
        found += [
            Try("(environment)", f"${name}", value, each, False, name)
            for name in VARIABLES
            for each in OVER
        ]
    return found


def _try(name: str, command: click.Command, param: click.Parameter, value: str) -> Try:
    flag = isinstance(param, click.Option)
    base = list(BASES.get(name, ()))
    what = max(param.opts, key=len) if flag else str(param.name).upper()
    if flag:
        for opt in param.opts:
            if opt in base:
                at = base.index(opt)
                del base[at : at + 2]
        base.append(f"{what}={value}" if what.startswith("--") else f"{what}{value}")
    words = []
    for each in command.params:
        if isinstance(each, click.Argument):
            word = WORDS.get(str(each.name), "demo")
            if each.name == "name":
                word = NAME_OF.get(name, word)
            words.append(value if each is param else word)
    return Try(name, what, value, (name, *base, "--", *words), _never(param, value))


def _never(param: click.Parameter, value: str) -> bool:
    """Whether nobody can mean this value."""
    if isinstance(param.type, click.Choice):
        return value not in param.type.choices
    metavar = BY_NAME[param.name].metavar if param.name in BY_NAME else ""
    number = isinstance(param.type, click.types.IntParamType | click.types.FloatParamType)
    if number or metavar in ("N", "USD", "T", "X", "K", "ROLE=N"):
        return value in NEVER_NUMBERS
    if isinstance(param.type, click.Path) and param.opts[0] != "-o":
        return value.startswith("{}/") and "s.db" not in value
    return False


def sampled(count: int, seed: int) -> list[Try]:
    """Some of all, at least one of each flag of each command."""
    chance = random.Random(seed)
    whole = tries()
    chance.shuffle(whole)
    first: dict[tuple[str, str], Try] = {}
    for each in whole:
        first.setdefault((each.command, each.what), each)
    chosen = list(first.values())
    return chosen + [each for each in whole if each not in chosen][: max(0, count - len(chosen))]


class TooLong(BaseException):
    """A command wasn't done in time."""


class Place:
    """A folder with a database and with files of all bad kinds, put back after each change.

    Args:
        folder: An empty one, which becomes the working folder's parent.
        database: What `s.db` holds: sessions `demo` and `other`, and a deleted one `gone`.
    """

    def __init__(self, folder: Path, database: bytes) -> None:
        self.folder = folder
        self._database = database
        self._held: sqlite3.Connection | None = None
        self._restore()

    def _restore(self) -> None:
        self.close()
        for path in sorted(self.folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        (self.folder / "s.db").write_bytes(self._database)
        for name in ("folder.csv", "folder.toml"):
            (self.folder / name).mkdir()
        for name in ("pipe.csv", "pipe.json", "pipe.toml"):
            os.mkfifo(self.folder / name)
        for name in ("loop.csv", "loop.toml"):
            (self.folder / name).symlink_to(self.folder / name)
        for name in ("empty", "empty.csv", "empty.toml", "empty.json"):
            (self.folder / name).touch()
        for name in ("zero.csv", "zero.toml", "zero.json"):
            (self.folder / name).symlink_to("/dev/zero")
        self._held = sqlite3.connect(f"file:{self.folder / 's.db'}?mode=ro", uri=True)
        self._version = self._data_version()
        self._dump = self._dumped()
        self._files = self._listed()

    def _data_version(self) -> int:
        assert self._held is not None
        return int(self._held.execute("PRAGMA data_version").fetchone()[0])

    def _dumped(self) -> tuple[str, ...]:
        with closing(sqlite3.connect(f"file:{self.folder / 's.db'}?mode=ro", uri=True)) as db:
            return tuple(db.iterdump())

    def _listed(self) -> dict[str, tuple[int, int]]:
        found = {}
        for path in self.folder.rglob("*"):
            if not (path.name.endswith(("-wal", "-shm", "s.db")) or ".locks" in str(path)):
                status = path.lstat()
                found[str(path.relative_to(self.folder))] = (status.st_size, status.st_mode)
        return found

    def changed(self) -> list[str]:
        """What is not as it was; everything is, afterwards."""
        after = self._listed()
        names = self._files.keys() | after.keys()
        found = sorted(name for name in names if self._files.get(name) != after.get(name))
        if self._data_version() != self._version:
            if self._dumped() != self._dump:
                found.append("s.db")
            self._version = self._data_version()
        if found:
            self._restore()
        return found

    def close(self) -> None:
        """Let go of the database."""
        if self._held is not None:
            self._held.close()
            self._held = None

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        """Raise after so many seconds, and let go who waits for somebody to write into a pipe."""

        def stop(*_: object) -> None:
            for pipe in self.folder.glob("pipe.*"):
                for way in (os.O_WRONLY, os.O_RDONLY):
                    with suppress(OSError):
                        os.close(os.open(pipe, way | os.O_NONBLOCK))
            raise TooLong(f"not done after {seconds:g} s")

        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def check(self, each: Try) -> tuple[str, str]:
        """Run a command line.

        Returns:
            What is wrong with how it was taken, empty if nothing is; and what it said.
        """
        argv = [word.replace("{}", str(self.folder)) for word in each.argv]
        if each.what not in ("--db", "$OPRO_TUI_DB"):
            argv = ["--db", str(self.folder / "s.db"), *argv]
        out, err = io.StringIO(), io.StringIO()
        value = each.value.replace("{}", str(self.folder))
        try:
            with (
                self.limited(LONGEST),
                redirect_stdout(out),
                redirect_stderr(err),
                _variable(each.env, value),
            ):
                code = invoke(argv)
        except TooLong as error:
            self._restore()
            return str(error), ""
        said = err.getvalue()
        changed = self.changed()
        return _judged(each, code, said, changed), f"{code} {said.strip()}"


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    """Have a variable in the environment, where one is named."""
    before = os.environ.get(name)
    if name:
        os.environ[name] = value
    try:
        yield
    finally:
        if name:
            del os.environ[name]
        if before is not None:
            os.environ[name] = before


def _judged(each: Try, code: int, said: str, changed: list[str]) -> str:
    if "Traceback" in said or "unexpected" in said:
        return f"a fault: {said.strip()[:400]}"
    if any((ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 for c in said):
        return f"control characters: {said[:300]!r}"
    if code == 0:
        return "taken, and nobody can mean it" if each.never else ""
    if code not in (1, 2):
        return f"exit code {code}: {said.strip()[:300]}"
    if "doctor" in each.argv and code == 1 and not said:
        return ""  # it tells what is wrong in its list
    if len(said.strip().splitlines()) != 1 or not said.startswith("opro-tui: "):
        return f"not one line: {said[:500]!r}"
    if len(said) > 2200:
        return f"a line of {len(said)} characters"
    if not _placed(each, said):
        return f"says of neither flag nor value: {said.strip()[:300]}"
    return f"refused ({said.strip()[:200]}), but changed {changed}" if changed else ""


def _placed(each: Try, said: str) -> bool:
    """Whether a line says what it is about."""
    flag = each.what.lstrip("$").lstrip("-").lower()
    value = one_line(each.value.replace("{}/", "").replace("{}", "/"))[:20]
    if not value.strip():
        return True
    spoken = (flag, flag.replace("-", "_"), flag.replace("-", " "))
    shown = (
        value.rpartition(":")[2] or value,
        value.replace("\\", "\\\\"),
        repr(each.value)[1:20],
        str(Path(value))[:20],
    )
    spoken += (
        "the paper names",
        "no name for a session",
        "session demo",
        "of demo",
        "--db" if each.env == "OPRO_TUI_DB" else flag,
    )
    return any(word in said.lower() for word in spoken) or any(word in said for word in shown)


def base(folder: Path) -> bytes:
    """The database to start from."""
    path = folder / "base.db"
    for argv in (
        ("demo", "--headless", "--steps", "1", "--seed", "1"),
        ("edit", "demo", "--max-steps", "1"),
        ("fork", "demo", "--at", "1", "--as", "other"),
        ("fork", "demo", "--at", "1", "--as", "gone"),
        ("delete", "gone", "--yes"),
    ):
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as err:
            assert invoke(["--db", str(path), *argv]) == 0, (argv, err.getvalue())
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


def run(folder: Path, database: bytes, chosen: list[Try], *, said: bool = False) -> tuple[int, int]:
    """Try them all and print what is not well; how many were refused, and how many not well."""
    place = Place(folder, database)
    refused = wrong = 0
    for each in chosen:
        started = time.monotonic()
        found, line = place.check(each)
        refused += not line.startswith("0")
        took = time.monotonic() - started
        if found:
            wrong += 1
            print(f"NOT WELL  {each}: {found}", flush=True)
        elif said:
            print(f"{each} [{took:.2f} s]: {line.replace(str(folder), '…')[:300]}", flush=True)
    place.close()
    return refused, wrong

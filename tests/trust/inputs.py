"""Give the program malformed files, settings and databases: one line each, and nothing changed."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import tempfile
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from opro_tui.cli import invoke

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

GOOD = "question,answer\n" + "".join(f"What is {i} + 1?,{i + 1}\n" for i in range(12))
OWN = ("--input", "question", "--target", "answer", "--metric", "numeric", "--headless")
TASK = 'dataset = "good.csv"\ninput = "question"\ntarget = "answer"\n'
PROVIDER = '[providers.local]\nkind = "openai"\nbase_url = "http://127.0.0.1:1/v1"\n'


@dataclass(frozen=True)
class Case:
    """One bad input.

    Attributes:
        name: What is wrong.
        argv: The command line; `{}` stands for the case's folder.
        says: What the line must hold.
        files: Written before, by name; bytes as they are.
        code: The exit code.
        make: Makes what no file content can.
    """

    name: str
    argv: tuple[str, ...]
    says: tuple[str, ...]
    files: tuple[tuple[str, str | bytes], ...] = ()
    code: int = 2
    make: Callable[[Path], None] | None = None


def data(name: str, content: str | bytes, *says: str, file: str = "bad.csv") -> Case:
    """A data file that no session can be made of."""
    argv = ("new", "x", "--task", f"{{}}/{file}", *OWN)
    return Case(f"data: {name}", argv, (file, *says), ((file, content),))


def lines(name: str, content: str | bytes, *says: str) -> Case:
    """The same in JSON Lines."""
    return data(name, content, *says, file="bad.jsonl")


def task(name: str, content: str, *says: str) -> Case:
    """A task file."""
    argv = ("new", "x", "--task", "{}/bad.toml", "--headless")
    files = (("bad.toml", content), ("good.csv", GOOD))
    return Case(f"task file: {name}", argv, ("bad.toml", *says), files)


def setting(name: str, *argv: str, says: tuple[str, ...]) -> Case:
    """A setting of a new session."""
    return Case(f"setting: {name}", ("new", "x", "--task", "sums", "--headless", *argv), says)


def template(name: str, content: str | bytes, *says: str) -> Case:
    """The meta-prompt's texts."""
    argv = ("new", "x", "--task", "sums", "--headless", "--meta-prompt", "{}/bad.toml")
    return Case(f"template: {name}", argv, ("bad.toml", *says), (("bad.toml", content),))


def config(name: str, content: str | bytes, *says: str) -> Case:
    """The user's config file."""
    files = (("config/opro-tui/config.toml", content),)
    argv = ("new", "x", "--task", "sums", "--headless")
    return Case(f"config: {name}", argv, ("config.toml", *says), files)


def database(name: str, make: Callable[[Path], None], *says: str, code: int = 1) -> Case:
    """A database that can't be used."""
    argv = ("--db", "{}/bad.db", "list")
    return Case(f"database: {name}", argv, ("bad.db", *says), code=code, make=make)


def imported(name: str, content: str | bytes, *says: str) -> Case:
    """A file to import."""
    argv = ("--db", "{}/s.db", "import", "{}/bad.json")
    return Case(f"import: {name}", argv, ("bad.json", *says), (("bad.json", content),))


def edit(name: str, *argv: str, says: tuple[str, ...]) -> Case:
    """An edit of a session that is there."""
    return Case(f"edit: {name}", ("--db", "{}/s.db", "edit", "demo", *argv), says)


def _newer(folder: Path) -> None:
    (folder / "bad.db").write_bytes((folder / "s.db").read_bytes())
    with closing(sqlite3.connect(folder / "bad.db")) as db, db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('opro_tui', 'm999_future', '2030-01-01')"
        )


def _truncated(folder: Path) -> None:
    whole = (folder / "s.db").read_bytes()
    (folder / "bad.db").write_bytes(whole[: len(whole) // 3])


def _foreign(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "bad.db")) as db, db:
        db.execute("CREATE TABLE holidays (id INTEGER)")


DATA = (
    data("empty", "", "empty"),
    data("only a header", "question,answer\n"),
    data("NUL bytes", b"question,answer\nWhat\0is?,1\n" + GOOD.encode()),
    data("a column is missing", "question,result\na,1\nb,2\n", "answer"),
    data("two columns of one name", "question,answer,answer\na,1,2\nb,2,3\n", "answer"),
    data("a row is longer than the header", "question,answer\na,1\nb,2,3,4\n", "3"),
    data("a row is shorter", "question,answer\na,1\nb\n", "3"),
    data("an empty target", "question,answer\na,1\nb,\nc,3\n", "3"),
    data("an empty question", "question,answer\na,1\n,2\nc,3\n", "3"),
    data("a quote that is never closed", 'question,answer\n"a,1\nb,2\n'),
    data("a target that is no number", "question,answer\na,1\nb,two\nc,3\n", "number"),
    data("another kind of file", "x", file="bad.xlsx"),
    data("a folder's name", "x", "bad.csv", file="bad.csv/inside.txt"),
    lines("no JSON", '{"question": "a", "answer": 1}\n{oops\n', "2"),
    lines("no object", '{"question": "a", "answer": 1}\n[1, 2]\n', "2"),
    lines("a key is missing", '{"question": "a", "answer": 1}\n{"question": "b"}\n', "2"),
    lines(
        "a null target", '{"question": "a", "answer": 1}\n{"question": "b", "answer": null}\n', "2"
    ),
    lines("cut off", '{"question": "a", "answer": 1}\n{"question": "b", "ans'),
    lines("nested too deep", "[" * 100_000),
    lines("a number of a million digits", '{"question": "a", "answer": ' + "9" * 10**6 + "}\n"),
    data("JSON that is no list", '{"a": 1}', file="bad.json"),
    data("a JSON list of nothing", "[]", file="bad.json"),
    Case(
        "data: not there",
        ("new", "x", "--task", "{}/none.csv", *OWN),
        ("none.csv",),
    ),
    Case(
        "data: no column can be guessed",
        ("new", "x", "--task", "{}/bad.csv", "--headless"),
        ("--input",),
        (("bad.csv", "a,b,c\n1,2,3\n4,5,6\n"),),
    ),
    Case(
        "data: more to train on than there is",
        ("new", "x", "--task", "{}/good.csv", *OWN, "--train", "500"),
        ("12",),
        (("good.csv", GOOD),),
    ),
)
TASKS = (
    task("no TOML", "dataset = ["),
    task("an unknown table", TASK + "[splits]\ntrain = 3\n", "splits", "split"),
    task("an unknown key of a table", TASK + "[split]\ntrian = 3\n", "trian", "train"),
    task("more than all in the split", TASK + "[split]\ntrain = 1.5\n", "train"),
    task("an unknown key", TASK + 'targett = "x"\n', "targett", "target"),
    task("a value of the wrong type", TASK.replace('"question"', "7"), "input"),
    task("a number of too many digits", TASK + "[split]\ntrain = " + "9" * 5000, "digits"),
    task("nested too deep", TASK + "x = " + "[" * 100_000, "deep"),
    task("no data", "name = 'x'\n"),
    Case(
        "task file: its data is not there",
        ("new", "x", "--task", "{}/bad.toml", "--headless"),
        ("lost.csv", "good.csv"),
        (("bad.toml", TASK.replace("good.csv", "lost.csv")), ("good.csv", GOOD)),
    ),
)
SETTINGS = (
    setting("an unknown flag", "--candidatess", "3", says=("--candidatess", "--candidates")),
    setting("no number", "--train", "many", says=("--train", "many")),
    setting("below what can be", "--candidates", "0", says=("--candidates",)),
    setting("above what can be", "--concurrency", "100000", says=("--concurrency",)),
    setting("not a number at all", "--temperature", "nan", says=("--temperature",)),
    setting("an infinite budget", "--budget", "inf", says=("--budget",)),
    setting("a negative budget", "--budget", "-1", says=("--budget",)),
    setting("an unknown choice", "--scoring", "rasing", says=("--scoring", "racing")),
    setting("an unknown metric", "--metric", "exakt", says=("exakt", "exact")),
    setting("a regex that can't be read", "--metric", "regex:(", says=("metric", "'('")),
    setting("a regex on the bundled task's reply", "--order", "best", says=("--order",)),
    setting("a model without a provider", "--scorer", "gpt-5", says=("--scorer", "gpt-5")),
    setting("an unknown provider", "--scorer", "opnai/x", says=("opnai", "openai")),
    setting("an endpoint that is no URL", "--scorer-url", "nowhere", says=("--scorer-url",)),
    setting("a schedule that is none", "--schedule", "linear:hot", says=("--schedule",)),
    setting("a role that is none", "--max-output-tokens", "scorrer=5", says=("scorrer", "scorer")),
    setting("a warm start that is not there", "--solutions", "{}/no.csv", says=("no.csv",)),
    Case("setting: an empty name", ("new", "", "--task", "sums", "--headless"), ("name",)),
    Case(
        "setting: a name that is taken", ("new", "demo", "--task", "sums", "--headless"), ("demo",)
    ),
    Case(
        "setting: an unknown preset",
        ("new", "x", "--task", "gsm9k", "--headless"),
        ("gsm9k", "gsm8k"),
    ),
    Case(
        "setting: cities without number",
        ("new", "x", "--task", "tsp:n=ten", "--headless"),
        ("ten",),
    ),
    Case("setting: an unknown command", ("evalute", "x"), ("evalute", "evaluate")),
)
TEMPLATES = (
    template("no TOML", "instructions = "),
    template("an unknown text", 'instructionz = "x"\n', "instructionz", "instructions"),
    template("a text that is none", "instructions = 5\n", "instructions"),
    template("a number of too many digits", "instructions = " + "9" * 5000, "digits"),
    template("nested too deep", "x = " + "[" * 100_000, "deep"),
    template("an empty tag", 'proposal_open = ""\n', "proposal_open"),
    template("not in UTF-8", b'instructions = "\xff"\n', "UTF-8"),
)
CONFIGS = (
    config("no TOML", "[providers"),
    config("not in UTF-8", b'[ui]\ntheme = "\xff"\n', "UTF-8"),
    config("a number of too many digits", '[prices."a/b"]\ninput = ' + "9" * 5000, "digits"),
    config("nested too deep", "x = " + "[" * 100_000, "deep"),
    config("as large as a disk", b"#" * (2 * 2**20), "MB"),
    config("an unknown table", "[provider.x]\n", "provider", "providers"),
    config("an unknown key", PROVIDER + 'base_ur = "x"\n', "base_ur", "base_url"),
    config("an unknown kind", PROVIDER.replace('"openai"', '"opnai"'), "opnai", "openai"),
    config("a price below nothing", '[prices."openai/b"]\ninput = -1\noutput = 1\n', "input"),
    config("a header that breaks the line", PROVIDER + 'headers = {X = "a\\r\\nB: c"}\n', "header"),
    config("a limit that is none", PROVIDER + "concurrency = 0\n", "concurrency"),
)
DATABASES = (
    database("text", lambda f: (f / "bad.db").write_text(GOOD * 40), "not a database"),
    database("cut off", _truncated, "damaged"),
    database("of a newer version", _newer, "newer"),
    database("another program's", _foreign),
    database("a folder", lambda f: (f / "bad.db").mkdir(), "directory", code=2),
    Case("database: not there", ("--db", "{}/no.db", "run", "demo"), ("no.db",)),
    Case("database: no such session", ("--db", "{}/s.db", "run", "dmeo"), ("dmeo", "demo")),
)
IMPORTS = (
    imported("no JSON", "{oops"),
    imported("another program's", '{"a": 1}'),
    imported("a list", "[1, 2, 3]"),
    imported("empty", ""),
    imported("not in UTF-8", b"\xff\xfe\x00", "UTF-8"),
    imported("a format of the future", json.dumps({"format": "opro-tui", "version": 999})),
)
EDITS = (
    edit("a pin of nobody", "--pin", "9999", says=("9999",)),
    edit("a pin that is no number", "--pin", "first", says=("first",)),
    edit("an unpin of nobody", "--unpin", "9999", says=("9999",)),
    edit("a veto of what doesn't wait", "--veto", "1", says=("1",)),
    edit("an example of nobody", "--drop-exemplar", "99999", says=("99999",)),
    edit("what changes only by a fork", "--scorer", "openai/x", says=("scorer", "fork")),
    edit("an unknown setting", "--temprature", "1", says=("--temprature", "--temperature")),
    edit("a temperature that is none", "--temperature", "hot", says=("--temperature", "hot")),
    edit("texts that are not there", "--meta-prompt", "{}/no.toml", says=("no.toml",)),
    Case(
        "export: an unknown format",
        ("--db", "{}/s.db", "export", "demo", "--format", "xml"),
        ("xml",),
    ),
    Case(
        "meta-prompt: of no step",
        ("--db", "{}/s.db", "meta-prompt", "demo", "--step", "77"),
        ("77",),
    ),
    Case(
        "fork: of no step", ("--db", "{}/s.db", "fork", "demo", "--as", "y", "--at", "77"), ("77",)
    ),
)
CORPUS = (*DATA, *TASKS, *SETTINGS, *TEMPLATES, *CONFIGS, *DATABASES, *IMPORTS, *EDITS)


def base(path: Path) -> None:
    """A database with a session that ran a step."""
    code = _said(["--db", str(path), "demo", "--headless", "--steps", "1", "--seed", "1"])[0]
    assert code == 0


def _said(argv: list[str]) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = invoke(argv)
    return code, err.getvalue()


def check(case: Case, folder: Path, database: bytes) -> str | None:
    """Try a bad input in an empty folder; what is wrong with how it was taken, if anything is.

    The surroundings must be hermetic, with the config file's folder at `folder / "config"`.
    """
    (folder / "s.db").write_bytes(database)
    for name, content in case.files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    if case.make is not None:
        case.make(folder)
    before = dict(_contents(folder))
    argv = [word.replace("{}", str(folder)) for word in case.argv]
    if "--db" not in argv:
        argv = ["--db", str(folder / "s.db"), *argv]
    code, said = _said(argv)
    text = said.strip()
    if code != case.code:
        return f"exit code {code} instead of {case.code}: {text[:300]}"
    if len(text.splitlines()) != 1 or "Traceback" in text or "opro-tui: unexpected" in text:
        return f"not one line: {text[:500]}"
    missing = [word for word in case.says if word not in text]
    if missing:
        return f"{missing} not in: {text[:300]}"
    after = dict(_contents(folder))
    changed = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    return f"changed: {changed}" if changed else None


def _contents(folder: Path) -> Iterator[tuple[str, object]]:
    """Files by name: a database by what it holds, for reading it may move its pages."""
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or path.name.endswith(("-wal", "-shm", ".lock")):
            continue
        content: object = path.read_bytes()
        if path.name == "s.db":
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
                content = tuple(db.iterdump())
        yield str(path.relative_to(folder)), content


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `python -m tests.trust inputs`."""
    parser.add_argument("--said", action="store_true", help="print what each is answered with")
    parser.add_argument("--corpus", action="store_true", help="only what was thought of, no flags")


def main(args: argparse.Namespace) -> int:
    """Try the whole corpus; the exit code says whether each was taken well."""
    wrong = 0
    with tempfile.TemporaryDirectory() as home:
        for name in ("CONFIG", "DATA", "STATE", "CACHE"):
            os.environ[f"XDG_{name}_HOME"] = str(Path(home) / name.lower())
        path = Path(home) / "base.db"
        base(path)
        made = path.read_bytes()
        for case in CORPUS:
            with tempfile.TemporaryDirectory() as folder:
                os.environ["XDG_CONFIG_HOME"] = str(Path(folder) / "config")
                found = check(case, Path(folder), made)
                wrong += found is not None
                if found is not None:
                    print(f"NOT WELL  {case.name}: {found}")
                elif args.said:
                    argv = [word.replace("{}", folder) for word in case.argv]
                    _, said = _said(argv)
                    print(f"{case.name}: {said.strip().replace(folder, '…')}")
    print(
        f"{len(CORPUS)} bad inputs, {len(CORPUS) - wrong} refused in one line with nothing changed"
    )
    if not args.corpus:
        wrong += _absurd(args)
    return int(wrong > 0)


def _absurd(args: argparse.Namespace) -> int:
    """Every flag and argument with every absurd value; returns how many were not taken well."""
    from tests.trust import absurd

    chosen = absurd.tries()
    what = {(each.command, each.what) for each in chosen}
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as home:
        for name in ("CONFIG", "DATA", "STATE", "CACHE"):
            os.environ[f"XDG_{name}_HOME"] = str(Path(home) / name.lower())
        made = absurd.base(Path(home))
        folder = Path(home) / "place"
        folder.mkdir()
        os.chdir(home)
        try:
            refused, wrong = absurd.run(folder, made, chosen, said=args.said)
        finally:
            os.chdir(before)
    print(
        f"{len(chosen):,} absurd values of {len(what)} flags, arguments and variables:"
        f" {refused:,} refused in one line with nothing changed, {wrong} not taken well"
    )
    return wrong

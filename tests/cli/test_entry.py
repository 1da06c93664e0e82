from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest

from opro_tui import __version__
from opro_tui.cli.root import _COMMANDS, root
from opro_tui.core.settings import DEFINITIONS
from tests.cli.conftest import ROOT, Cli

HEAVY = ("textual", "rich", "openai", "anthropic", "sqlite_utils", "sqlite3", "httpx2",
         "asyncio", "tiktoken", "genai_prices", "opro_tui.engine", "opro_tui.models",
         "opro_tui.store")  # fmt: skip


@pytest.mark.parametrize("argv", [["--version"], ["--help"], ["new", "--help"]])
def test_what_is_only_asked_imports_nothing_heavy(argv: list[str]) -> None:
    code = (
        "import sys\nfrom opro_tui.cli import invoke\n"
        f"assert invoke({argv!r}) == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_real_entry() -> None:
    argv = [sys.executable, "-m", "opro_tui", "--version"]
    done = subprocess.run(argv, capture_output=True, cwd=ROOT, text=True)
    assert (done.returncode, done.stdout) == (0, f"opro-tui {__version__}\n")
    bad = subprocess.run([*argv[:-1], "shwo"], capture_output=True, cwd=ROOT, text=True)
    assert bad.returncode == 2
    assert bad.stderr.startswith("opro-tui: No such command 'shwo'. Did you mean 'show'?")
    assert bad.stderr.count("\n") == 1


@pytest.mark.parametrize("command", list(_COMMANDS))
def test_every_command_explains_itself(cli: Cli, command: str) -> None:
    text = cli.ok(command, "--help").out
    assert f"Usage: opro-tui {command}" in text
    assert f"Example:\n  opro-tui {command}" in text or f"Examples:\n  opro-tui {command}" in text


def test_new_has_a_flag_for_every_setting(cli: Cli) -> None:
    text = cli.ok("new", "--help").out
    assert all(definition.flag in text for definition in DEFINITIONS)
    offered = cli.ok("edit", "--help").out
    for definition in DEFINITIONS:
        assert (f"{definition.flag} " in offered) is definition.starred, definition.name


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (["new", "g", "--task", "sums", "--temprature", "1"], "'--temperature'"),
        (["show", "g", "--jsn"], "'--json'"),
        (["show", "g", "--db", "x"], "--db stands before the command"),
        (["shwo"], "'show'"),
        (["show"], "Missing argument 'NAME'"),
        (["show", "a", "b"], "unexpected extra argument"),
        (["run", "g", "--steps", "0"], "--steps"),
        (["run", "g", "--steps", "many"], "--steps"),
        (["--log-level", "loud", "list"], "--log-level"),
        (["new", "g", "--headless"], "--task: is missing"),
        (["new", "g", "--task", "sms", "--headless"], "sums"),
        (["new", "g", "--task", "sums", "--candidates", "0"], "--candidates"),
        (
            ["new", "g", "--task", "sums", "--optimizer", "opnai/x", "--scorer", "simulated"],
            "openai",
        ),
        (["new", "g", "--task", "sums", "--optimizer", "openai/x"], "--scorer: is missing"),
        (["new", "", "--task", "sums"], "name"),
        (["new", "a\nb", "--task", "sums"], "name"),
        (["new", "g", "--task", "sums", "--solutions", "none.jsonl"], "none.jsonl"),
        (["new", "g", "--task", "sums", "--meta-prompt", "none.toml"], "none.toml"),
        (["new", "g", "--task", "sums", "--max-output-tokens", "scorr=5"], "--max-output-tokens"),
        (["rename", "a", "b"], "there is no session 'a'"),
        (["delete", "a", "--yes"], "there is no session 'a'"),
        (["try", "a"], "there is no session 'a'"),
        (["edit", "a", "--pin", "1"], "there is no session 'a'"),
        (["demo", "--seed", "x"], "--seed"),
        (["demo", "--task", "gsm8k"], "--data-dir"),
    ],
)
def test_bad_input_is_one_line_and_changes_nothing(cli: Cli, argv: list[str], hint: str) -> None:
    assert hint in cli.refused(*argv)
    assert not cli.db.exists()


def test_bad_config_is_bad_input(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    (cli.folder / "config.toml").write_text("[provider]\n", encoding="utf-8")
    assert "providers" in cli.refused("demo", "--headless")


def test_another_programs_file_is_an_error_in_one_line(cli: Cli) -> None:
    cli.db.write_bytes(b"not a database at all" * 50)
    result = cli("list")
    assert result.code == 1
    assert result.err.count("\n") == 1


def test_the_unexpected_is_one_line_and_logged(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("boom sk-very-secret\x1b[31m")

    monkeypatch.setenv("SOME_API_KEY", "sk-very-secret")
    monkeypatch.setattr("opro_tui.cli.commands.sessions._table", broken)
    result = cli("list")
    assert result.code == 1
    assert result.err.count("\n") == 1
    assert "Traceback" not in result.err
    log = next((cli.folder / "state").rglob("*.log"))
    assert str(log) in result.err
    assert "\x1b" not in result.err
    text = log.read_text(encoding="utf-8")
    assert "Traceback" in text
    assert "sk-very-secret" not in text
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert "Traceback" in cli("--log-level", "debug", "list").err


def test_the_database_comes_from_the_flag_or_the_environment(cli: Cli) -> None:
    other = cli.folder / "deep" / "other.db"
    cli.ok("--db", other, "demo", "--headless", "--steps", 1)
    assert stat.S_IMODE(other.stat().st_mode) == 0o600
    assert not cli.db.exists()
    assert [row["name"] for row in cli.ok("--db", other, "list", "--json").json] == ["demo"]


def test_the_default_database_is_the_users(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPRO_TUI_DB")
    cli.ok("new", "s", "--task", "sums", "--headless")
    assert (cli.folder / "data" / "opro-tui" / "sessions.db").exists()


def test_without_a_command_it_says_what_to_do(cli: Cli) -> None:
    first = cli.ok()
    assert "opro-tui demo" in first.out
    assert not cli.db.exists()
    cli.ok("new", "mine", "--task", "sums", "--headless")
    assert "mine" in cli.ok().out
    assert "opro-tui open NAME" in cli.ok().out
    assert json.loads(cli.ok("list", "--json").out)[0]["status"] == "new"


def test_help_lists_every_command_on_a_line_and_imports_none(cli: Cli) -> None:
    lines = cli.ok("--help").out.splitlines()
    listed = lines[lines.index("Commands:") + 1 :]
    assert len(listed) == len(_COMMANDS)
    assert max(map(len, listed)) <= 80
    for name, line in zip(_COMMANDS, listed, strict=True):
        command = root.get_command(click.Context(root), name)
        assert command is not None
        assert line.split()[0] == name == command.name
        assert line[-1] in ".?"
    code = (
        "import sys\nfrom opro_tui.cli import invoke\nassert invoke(['--help']) == 0\n"
        "print([name for name in sys.modules if name.startswith('opro_tui.cli.commands.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("place", ["", "/dev/null", "pipe", "round", "nowhere"])
def test_what_can_hold_no_database_is_refused_in_a_line(
    cli: Cli, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(cli.folder)
    os.mkfifo("pipe")
    Path("round").symlink_to("round")
    Path("nowhere").symlink_to("not-there")
    before = sorted(path.name for path in cli.folder.iterdir())
    for command in (["list"], ["demo", "--headless", "--steps", "1"]):
        assert "--db" in cli.refused("--db", place, *command)
    assert sorted(path.name for path in cli.folder.iterdir() if path.name != "state") == before


def test_a_fault_is_a_line_even_where_no_log_can_be_written(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setenv("XDG_STATE_HOME", str(cli.folder / ("n" * 300)))
    monkeypatch.setattr("opro_tui.cli.commands.sessions._table", broken)
    result = cli("list")
    assert result.code == 1
    assert result.err.startswith("opro-tui: unexpected RuntimeError: boom")
    assert result.err.count("\n") == 1


def test_empty_values_mean_nothing_else(small: Cli) -> None:
    for argv in (
        ["evaluate", "s", "--solution", ""],
        ["regrade", "s", "--metric", ""],
        ["edit", "s", "--pin", ","],
        ["demo", "--name", "", "--headless"],
        ["undelete", "s", "--as", ""],
        ["new", "x", "--task", "sums", "--solutions", "", "--headless"],
        ["run", "s", "--steps", "9999999999"],
        ["doctor", "--seconds", "nan"],
    ):
        small.refused(*argv)


def test_a_repair_is_told_as_json(small: Cli) -> None:
    found = small.ok("doctor", "--repair", "--json").json
    assert found == {"database": str(small.db), "repairs": [], "done": []}

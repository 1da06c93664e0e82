"""`doctor`: every path in use, and what is found out about keys, endpoints and the database."""

from __future__ import annotations

import json
import socket
import sqlite3
import time
from typing import TYPE_CHECKING, Any

import pytest

from opro_tui.models import tokens
from tests.cli.conftest import ROOT
from tests.support.loopback import LoopbackServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

SECRET = "sk-very-secret-0123456789"


@pytest.fixture(autouse=True)
def _nobody_near(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No local server of this machine is asked: only those that a test names."""
    monkeypatch.setattr("opro_tui.engine.doctor.PREDEFINED", {})
    monkeypatch.setattr("opro_tui.config_file.PREDEFINED", {})
    monkeypatch.setattr("opro_tui.config.PREDEFINED", {})
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "tiktoken"))


def config(cli: Cli, text: str) -> None:
    (cli.folder / "config.toml").write_text(text, encoding="utf-8")


def found(outcome: Any) -> dict[tuple[str, str], dict[str, str]]:
    checks = json.loads(outcome.out)["checks"]
    return {(check["group"], check["name"]): check for check in checks}


def test_all_is_well_and_every_path_is_named(small: Cli) -> None:
    text = small.ok("doctor").out
    for path in (small.db, small.folder / "config.toml", small.folder / "tiktoken"):
        assert str(path) in text
    assert str(small.folder / "state") in text
    assert "1 session, " in text
    assert "schema m0" in text
    assert "no row is damaged or orphaned" in text
    assert "plain lines" in text
    assert text.endswith("all is well\n")


def test_nothing_is_made_where_there_is_nothing_yet(cli: Cli) -> None:
    checks = found(cli.ok("doctor", "--json"))
    assert checks["database", "file"]["verdict"] == "note"
    assert not cli.db.exists()


def test_an_endpoint_that_answers_with_its_key(cli: Cli, monkeypatch: Any) -> None:
    monkeypatch.setenv("LAB_API_KEY", SECRET)
    with LoopbackServer(models=("a", "b"), key=SECRET) as server:
        address = f'[providers.lab]\nkind = "openai"\nbase_url = "{server.url}"\n'
        config(cli, address + 'api_key_env = "LAB_API_KEY"\n')
        outcome = cli.ok("doctor", "--json")
    checks = found(outcome)
    assert checks["keys", "lab"]["detail"] == "LAB_API_KEY is set"
    assert checks["endpoints", "lab"]["detail"] == f"{server.url}: answers, 2 models"
    assert SECRET not in outcome.out + outcome.err


def test_an_endpoint_that_refuses_its_key(cli: Cli, monkeypatch: Any) -> None:
    monkeypatch.setenv("LAB_API_KEY", SECRET)
    with LoopbackServer(key="another") as server:
        for kind, url in (("openai", server.url), ("anthropic", server.root)):
            address = f'[providers.lab]\nkind = "{kind}"\nbase_url = "{url}"\n'
            config(cli, address + 'api_key_env = "LAB_API_KEY"\n')
            outcome = cli("doctor", "--json")
            assert outcome.code == 1
            check = found(outcome)["endpoints", "lab"]
            assert check["verdict"] == "wrong"
            assert "refuses the key (401)" in check["detail"]
            assert check["todo"] == "Check LAB_API_KEY."
            assert SECRET not in outcome.out + outcome.err


def test_silent_and_dead_endpoints_cost_one_short_wait(cli: Cli) -> None:
    with socket.socket() as silent, socket.socket() as dead:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        dead.bind(("127.0.0.1", 0))
        tables = (
            f'[providers.{name}]\nkind = "openai"\nbase_url = "http://127.0.0.1:{port}/v1"\n'
            for name, port in (
                ("silent", silent.getsockname()[1]),
                ("still", silent.getsockname()[1]),
                ("dead", dead.getsockname()[1]),
            )
        )
        config(cli, "".join(tables))
        before = time.monotonic()
        outcome = cli("doctor", "--json", "--seconds", "0.3")
        assert time.monotonic() - before < 3
        checks = found(outcome)
        offline = found(cli.ok("doctor", "--json", "--offline"))
    assert outcome.code == 1
    assert "no answer in 0.3 s" in checks["endpoints", "silent"]["detail"]
    assert "can't be reached" in checks["endpoints", "dead"]["detail"]
    assert not any(group == "endpoints" for group, _ in offline)


def test_a_key_that_the_config_asks_for_is_missed(cli: Cli) -> None:
    config(cli, '[providers.far]\nkind = "openai"\nbase_url = "https://far.example/v1"\n'
                'api_key_env = "FAR_API_KEY"\n')  # fmt: skip
    outcome = cli("doctor")
    assert outcome.code == 1
    assert "✗ far" in outcome.out
    assert "export FAR_API_KEY=…" in outcome.out
    assert "something is wrong" in outcome.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[providers\n", "no valid TOML"),
        ('[ui]\nthemee = "dark"\n', "line 2: unknown option 'themee' in ui"),
        ('[keymap]\nstepp = "s"\n', "line 2: unknown command 'stepp' in keymap"),
    ],
)
def test_a_bad_config_is_one_finding_among_others(cli: Cli, text: str, words: str) -> None:
    config(cli, text)
    outcome = cli("doctor")
    assert outcome.code == 1
    assert words in outcome.out
    assert "PATHS" in outcome.out
    assert "DATABASE" in outcome.out


def test_damage_is_found(small: Cli) -> None:
    db = sqlite3.connect(small.db)
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("UPDATE sessions SET examples = 999")
    db.commit()
    db.close()
    outcome = small("doctor", "--json")
    assert outcome.code == 1
    check = found(outcome)["database", "integrity"]
    assert "refers to missing rows of example_sets" in check["detail"]


@pytest.mark.parametrize(
    "content", [b"no database at all " * 100, b"SQLite format 3\0" + b"\1" * 5000]
)
def test_no_database_is_no_traceback(cli: Cli, content: bytes) -> None:
    cli.db.write_bytes(content)
    outcome = cli("doctor")
    assert outcome.code == 1
    assert "✗ file" in outcome.out
    assert cli.db.read_bytes() == content


def test_an_older_database_is_a_note(cli: Cli, small: Cli) -> None:
    db = sqlite3.connect(small.db)
    db.execute("DELETE FROM _sqlite_migrations WHERE id = (SELECT max(id) FROM _sqlite_migrations)")
    db.commit()
    db.close()
    check = found(cli.ok("doctor", "--json"))["database", "file"]
    assert check["verdict"] == "note"
    assert "migrates it" in check["todo"]


def test_missing_tokenizers_are_fetched_on_demand(cli: Cli, monkeypatch: Any) -> None:
    asked = []

    async def fetch(transport: Any = None) -> bool:
        asked.append(transport)
        return False

    monkeypatch.setattr(tokens, "fetch_encodings", fetch)
    noted = found(cli.ok("doctor", "--json"))["counting", "tokenizers"]
    assert (noted["verdict"], asked) == ("note", [])
    outcome = cli("doctor", "--json", "--fetch")
    assert (outcome.code, len(asked)) == (1, 1)


def test_a_dumb_terminal_gets_plain_lines(cli: Cli, monkeypatch: Any) -> None:
    monkeypatch.setattr("opro_tui.cli.output.attended", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    cli.ok("new", "s", "--task", "sums", "--train", 8)
    assert "TERM is dumb" in cli.ok("doctor").out
    assert "needs a terminal" in cli.refused("open", "s")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "colours: 256" in cli.ok("doctor").out or "16 million" in cli.ok("doctor").out


def test_what_an_earlier_version_left_is_migrated_by_the_first_look(cli: Cli) -> None:
    db = sqlite3.connect(cli.db)
    db.executescript((ROOT / "tests/store/schema_1.sql").read_text(encoding="utf-8"))
    # As every version that worked on it left it; a packed file would be read from a copy.
    db.execute("PRAGMA journal_mode = WAL")
    db.close()
    assert found(cli.ok("doctor", "--json"))["database", "file"]["verdict"] == "note"
    cli("list", "--json")  # The sample names a task that no program has.
    assert found(cli.ok("doctor", "--json"))["database", "file"]["verdict"] == "ok"


def test_a_config_with_headers_that_others_can_read_is_noted(cli, monkeypatch) -> None:
    path = cli.folder / "config.toml"
    path.write_text(
        '[providers.lab]\nkind = "openai"\nbase_url = "http://127.0.0.1:1/v1"\n'
        'headers = {X = "a"}\n'
    )
    monkeypatch.setenv("OPRO_TUI_CONFIG", str(path))
    path.chmod(0o644)
    assert f"chmod 600 {path}" in cli("--db", cli.db, "doctor", "--offline").out
    path.chmod(0o600)
    assert "chmod 600" not in cli("--db", cli.db, "doctor", "--offline").out


@pytest.mark.parametrize(
    ("mode", "headers", "words"),
    [
        (0o600, True, ""),
        (0o644, False, "can read it (mode 644): addresses"),
        (0o640, True, "can read it (mode 640), and its headers may hold keys"),
        (0o664, False, "can change it (mode 664), and with it where keys are sent"),
        (0o602, True, "can change it (mode 602)"),
    ],
)
def test_a_config_file_that_others_can_use(cli: Cli, mode: int, headers: bool, words: str) -> None:
    path = cli.folder / "config.toml"
    text = '[providers.lab]\nkind = "openai"\nbase_url = "http://127.0.0.1:9/v1"\n'
    path.write_text(text + f'headers = {{ X-Team = "{SECRET}" }}\n' * headers)
    path.chmod(mode)
    result = cli("doctor", "--offline", "--json")
    check = found(result).get(("config", "permissions"))
    assert (check is None) == (not words)
    if check is not None:
        assert check["verdict"] == "note"
        assert words in check["detail"]
        assert check["todo"] == f"chmod 600 {path}"
    assert SECRET not in result.out

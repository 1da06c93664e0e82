"""Deleting and bringing back, vacuum and repair from the command line."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


def test_a_deleted_session_is_listed_and_comes_back(small: Cli) -> None:
    assert "brings it back" in small.ok("delete", "s").out
    assert small.ok("list", "--json").json == []
    (gone,) = small.ok("list", "--deleted", "--json").json
    assert gone["name"] == "s"
    assert gone["until"][:10] > gone["deleted"][:10]
    assert gone["until"][:10] in small.ok("list", "--deleted").out
    assert "there is no deleted session 'x'" in small.refused("undelete", "x")
    assert "s is back as t" in small.ok("undelete", "s", "--as", "t").out
    assert small.ok("show", "t", "--json").json["name"] == "t"
    assert "for good" in small.ok("delete", "t", "--now").out
    assert small.ok("list", "--deleted", "--json").json == []
    assert "no deleted session" in small.refused("undelete", "t")


def test_vacuum_says_what_it_freed(small: Cli) -> None:
    small.ok("delete", "s")
    assert " MB before, " in small.ok("vacuum").out
    assert len(small.ok("list", "--deleted", "--json").json) == 1
    assert "1 deleted session removed for good" in small.ok("vacuum", "--deleted").out
    with closing(sqlite3.connect(small.db)) as db:
        db.execute("SELECT count(*) FROM sessions").fetchone()
        result = small("vacuum")
    assert result.code == 1
    assert "another program has it open" in result.err


def test_repair_says_what_it_does(small: Cli) -> None:
    assert "nothing needs to be repaired" in small.ok("doctor", "--repair").out
    small.db.chmod(0o644)
    assert "others on this machine" in small("doctor", "--offline").out
    said = small.ok("doctor", "--repair").out
    assert "this will\n  let only you read and write sessions.db" in said
    assert small.db.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(small.db, isolation_level=None)) as db:
        db.execute("UPDATE candidates SET session = 99 WHERE 1")
    said = small.ok("doctor", "--repair").out
    assert "back up the database and remove" in said
    assert "nothing needs to be repaired" in small.ok("doctor", "--repair").out
    assert "refused" not in small("doctor", "--offline").out


def test_a_damaged_database_is_saved_into_a_new_one(small: Cli) -> None:
    small.ok("run", "s")
    data = bytearray(small.db.read_bytes())
    with closing(sqlite3.connect(small.db)) as db:
        root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'notices'").fetchone()[0]
    data[(root - 1) * 4096 : root * 4096] = b"\xa5" * 4096
    small.db.write_bytes(data)
    result = small("doctor", "--offline")
    assert result.code == 1
    assert "doctor --repair" in result.out
    said = small.ok("doctor", "--repair").out
    assert "sessions.db stays as it is" in said
    assert "notices is damaged" in said
    assert "no backup lies beside it" in said
    assert "sessions that open: s" in said
    assert small.db.read_bytes() == bytes(data)
    (saved,) = small.folder.glob("sessions.salvaged-*.db")
    assert small.ok("--db", saved, "show", "s", "--json").json["steps"] == 1

"""Deleting and bringing back, vacuum and repair from the command line."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

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
    assert "for good" in small.ok("delete", "t", "--now", "--yes").out
    assert small.ok("list", "--deleted", "--json").json == []
    assert "no deleted session" in small.refused("undelete", "t")


def test_what_is_for_good_needs_a_yes_where_nobody_can_be_asked(small: Cli) -> None:
    said = small.refused("delete", "s", "--now")
    assert "delete --now: can't be taken back" in said
    assert "Add --yes; nothing was deleted." in said
    small.ok("delete", "s")
    assert "Add --yes" in small.refused("vacuum", "--deleted")
    assert len(small.ok("list", "--deleted", "--json").json) == 1


@pytest.mark.parametrize("answer", [True, False])
def test_in_a_terminal_what_is_for_good_is_asked(
    small: Cli, monkeypatch: pytest.MonkeyPatch, answer: bool
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("opro_tui.cli.output.attended", lambda: True)
    monkeypatch.setattr("click.confirm", lambda question: asked.append(question) or answer)
    small.ok("delete", "s", "--yes")
    said = small.ok("vacuum", "--deleted").out
    assert ("1 deleted session removed" in said) == answer
    assert asked == ["Remove all deleted sessions for good?"]
    assert len(small.ok("list", "--deleted", "--json").json) == (not answer)


def test_several_are_deleted_together_or_none_is(small: Cli) -> None:
    for name in ("r-1", "r-2", "r-3"):
        small.ok("new", name, "--task", "sums", "--headless")
    for wrong in (("r-1", "x"), ("r-1", "x*")):
        assert "there is no session" in small.refused("delete", *wrong)
    assert len(small.ok("list", "--json").json) == 4
    said = small.ok("delete", "s", "r-*", "r-2").out
    assert said.startswith("  s\n  r-3\n  r-2\n  r-1\n")
    assert "deleted these 4 sessions; until" in said
    assert small.ok("list", "--json").json == []
    small.ok("undelete", "r-2")
    with closing(sqlite3.connect(small.db)) as db:
        db.execute("UPDATE sessions SET name = 'r-*' WHERE name = 'r-2' AND deleted IS NULL")
        db.commit()
    small.ok("undelete", "r-1")
    assert "undelete 'r-*'" in small.ok("delete", "r-*").out
    assert [each["name"] for each in small.ok("list", "--json").json] == ["r-1"]


def test_vacuum_says_what_it_freed(small: Cli) -> None:
    small.ok("delete", "s")
    assert " MB before, " in small.ok("vacuum").out
    assert len(small.ok("list", "--deleted", "--json").json) == 1
    assert "1 deleted session removed for good" in small.ok("vacuum", "--deleted", "--yes").out
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
    assert "sessions that are whole: s" in said
    assert small.db.read_bytes() == bytes(data)
    (saved,) = small.folder.glob("sessions.salvaged-*.db")
    assert small.ok("--db", saved, "show", "s", "--json").json["steps"] == 1


def overwritten(path: Path, table: str) -> None:
    """Have a table's rows be lost with the only page that they are on."""
    data = bytearray(path.read_bytes())
    with closing(sqlite3.connect(path)) as db:
        root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    data[(root[0] - 1) * 4096 : root[0] * 4096] = b"\xa5" * 4096
    path.write_bytes(data)


def test_a_session_that_lost_a_part_is_looked_at_and_not_gone_on_with(small: Cli) -> None:
    small.ok("run", "s")
    small.ok("edit", "s", "--temperature", "0.5")
    overwritten(small.db, "edits")
    refused = small("edit", "s", "--temperature", "0.7")
    assert refused.code == 1
    assert f"`opro-tui --db {small.db} doctor --repair`" in refused.err
    said = small.ok("doctor", "--repair").out
    assert "edits is damaged: 0 of 1 rows were saved" in said
    (saved,) = small.folder.glob("sessions.salvaged-*.db")
    lost = re.search(r"only be looked at: s \((1 of its [0-9]+ events are lost)\)", said)
    assert lost
    refused = small("--db", saved, "run", "s")
    assert refused.code == 1
    assert f"session s: is damaged: {lost[1]}. It can be looked at" in refused.err
    assert small.ok("--db", saved, "show", "s", "--json").json["steps"] == 1
    told = small("--db", saved, "doctor", "--offline")
    assert told.code == 1
    assert "s: 1 of its " in told.out


def test_a_session_that_cannot_be_worked_out_hides_no_other(small: Cli) -> None:
    small.ok("run", "s")
    small.ok("fork", "s", "--at", "1", "--as", "t")
    with closing(sqlite3.connect(small.db, isolation_level=None)) as db:
        db.execute("UPDATE steps SET regions = 'no JSON' WHERE number = 1")
        db.execute("DELETE FROM summaries")
    told = {each["name"]: each for each in small.ok("list", "--json").json}
    assert [told[name]["status"] for name in "st"] == ["damaged", "damaged"]
    assert "damaged" in small.ok("list").out
    for command in ("show", "run", "replay", "costs"):
        refused = small(command, "s")
        assert refused.code == 1
        assert "session s: can't be opened: what is stored of it cannot be read" in refused.err
        assert refused.err.count("\n") == 1

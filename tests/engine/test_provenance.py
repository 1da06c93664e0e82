"""What a session was made with; another version or data file doesn't pass unseen."""

from __future__ import annotations

import hashlib
import json
from importlib import metadata

import pytest

from opro_tui import __version__
from opro_tui.core.edits import Edits
from opro_tui.core.events import Continued, Warned
from opro_tui.engine import provenance as subject
from opro_tui.engine.exchange.writing import write_json
from opro_tui.engine.fork import fork
from opro_tui.engine.report import show_json
from opro_tui.store.database import Store
from tests.support.sessions import make, make_and_run, opened, own_data, run, write_examples

SIMULATED = {"optimizer": "simulated", "scorer": "simulated"}


def sha(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
async def db(tmp_path):
    path = tmp_path / "s.db"
    await make_and_run(path, own_data(tmp_path, **SIMULATED), 1)
    return path


async def test_what_it_was_made_with_is_there(db, tmp_path):
    async with opened(db, readonly=True) as session:
        found = await subject.provenance(session)
        assert found.versions["opro-tui"] == __version__
        for name in ("openai", "anthropic", "textual", "genai-prices", "tiktoken"):
            assert found.versions[name] == metadata.version(name)
        assert found.versions["prices"].startswith("20")
        data = tmp_path / "sums.jsonl"
        assert [(f.path, f.sha256, f.rows, f.now) for f in found.files] == [
            (str(data), sha(data), 20, "same")
        ]
        rows = [
            json.dumps(
                [e.index, str(e.split), e.input, e.target, dict(sorted(e.fields.items()))],
                separators=",:",
            )
            for e in session.task.examples
        ]
        lines = "".join(row + "\n" for row in rows).encode()
        assert found.examples_sha256 == hashlib.sha256(lines).hexdigest()
        assert found.continued == ()


async def test_nothing_is_noted_while_nothing_changed(db):
    for _ in range(2):
        async with opened(db) as session:
            assert await session.look_back() == ()
            await run(session, 1)
            assert session.state.continued == ()
            assert session.state.warnings == ()


async def test_a_run_by_another_version_is_recorded_once(db, monkeypatch):
    monkeypatch.setattr(subject, "__version__", "99.1")
    async with opened(db) as session:
        events = await run(session, 1)
        assert [e.type for e in events].count("continued") == 1
        assert events[0].type == "continued"
        await run(session, 1)
    async with opened(db) as session:
        await run(session, 1)
        assert [e.versions["opro-tui"] for e in session.state.continued] == ["99.1"]
        assert session.state.warnings == ()
        lines = dict((await subject.provenance(session)).lines())
        assert lines["from step 2"] == f"opro-tui 99.1 (was {__version__})"


async def test_a_changed_file_is_said_once_and_changes_nothing(db, tmp_path):
    data = tmp_path / "sums.jsonl"
    old = sha(data)
    write_examples(data, 7)
    store = await Store.open(db)
    async with opened(db) as session:
        examples = session.task.examples
        prompt = await session.meta_prompt()
        noted = await session.look_back()
        assert [type(e) for e in noted] == [Continued, Warned]
        said = noted[1].message
        assert str(data) in said
        assert old[:12] in said
        assert sha(data)[:12] in said
        assert "examples that it stored" in said
        assert "opro-tui new NAME --task" in said
        assert await session.meta_prompt() == prompt
        await run(session, 1)
        assert session.state.warnings == (noted[1],)
        await fork(store, session, 1, "arm")
    for name in ("s", "arm"):
        async with opened(db, name) as session:
            assert session.task.examples == examples
            await run(session, 1)
            assert len(session.state.warnings) == (name == "s" or 1)
            shown = (await show_json(store, session))["provenance"]
            assert [f["now"] for f in shown["files"]] == ["changed"]
            assert shown["continued"][-1]["sources"] == {str(data): sha(data)}
    write_examples(data, 8)
    async with opened(db) as session:
        assert len(await session.look_back()) == 2
        assert len(session.state.warnings) == 2
    await store.close()


async def test_a_missing_file_is_noted_without_a_warning(db, tmp_path):
    (tmp_path / "sums.jsonl").unlink()
    async with opened(db) as session:
        (noted,) = await session.look_back()
        assert list(noted.sources.values()) == [""]
        await run(session, 1)
        assert session.state.warnings == ()
        assert (await subject.provenance(session)).files[0].now == "missing"


async def test_who_only_looks_writes_nothing(db, tmp_path):
    write_examples(tmp_path / "sums.jsonl", 7)
    async with opened(db, readonly=True) as session:
        assert await session.look_back() == ()


async def test_a_relative_path_is_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_examples(tmp_path / "rows.jsonl")
    db = tmp_path / "s.db"
    await make_and_run(db, own_data(tmp_path, task="rows.jsonl", **SIMULATED), 1)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    write_examples(tmp_path / "elsewhere" / "rows.jsonl", 9)
    async with opened(db) as session:
        assert await session.look_back() == ()
        (file,) = (await subject.provenance(session)).files
        assert (file.path, file.now) == ("rows.jsonl", "same")


async def test_an_export_does_not_say_where_the_file_lay(db, tmp_path):
    store = await Store.open(db)
    text = "".join([piece async for piece in write_json(store, "s")])
    (source,) = json.loads(text)["session"]["sources"]
    assert set(source) == {"path", "sha256", "rows"}
    await store.close()


async def test_bundled_data_and_computed_tasks_have_theirs_too(tmp_path):
    store = await Store.open(tmp_path / "s.db")
    await make(store, {"task": "sums", "train": 4} | SIMULATED, "sums")
    await make(store, {"task": "tsp"}, "tour")
    await store.close()
    async with opened(tmp_path / "s.db", "sums") as session:
        (file,) = (await subject.provenance(session)).files
        assert (file.path, file.now) == ("bundled/sums.jsonl", "same")
    async with opened(tmp_path / "s.db", "tour") as session:
        found = await subject.provenance(session)
        assert (found.files, found.examples_sha256) == ((), "")
        await session.edit(Edits(settings={"temperature": 0.5}))
        assert await session.look_back() == ()

"""Planted keys: no byte that the program wrote or printed holds one, whatever was done."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from opro_tui import crash_report
from opro_tui.cli import invoke
from tests.support.loopback import LoopbackServer
from tests.support.replies import Fault
from tests.support.sessions import write_examples

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.wire import LoopbackRequest

IN_FILE = "planted-in-file-7c1f09a2"
IN_VARIABLE = "planted-in-variable-5512ab"
IN_HEADER = "planted-in-header-90ddc3"
FORMATS = ("json", "jsonl", "csv", "md", "html", "promptfoo", "dspy")


@pytest.mark.parametrize("works", [True, False])
def test_no_planted_key_is_written_or_printed(tmp_path: Path, monkeypatch, capfd, works) -> None:
    key = tmp_path / "key"
    key.write_text(IN_FILE)
    key.chmod(0o600)
    config = tmp_path / "config.toml"
    monkeypatch.setenv("OPRO_TUI_CONFIG", str(config))
    monkeypatch.setenv("ANTHROPIC_API_KEY", IN_VARIABLE)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "written" / "state"))
    data = write_examples(tmp_path / "sums.jsonl")
    written = tmp_path / "written"
    db = written / "s.db"
    umask = os.umask(0)
    try:
        # Where it doesn't work the endpoint refuses the keys.
        # And where it does, it sends them back as its answers.
        def reply(request: LoopbackRequest) -> list[str]:
            own = IN_VARIABLE if request.path.endswith("/messages") else IN_FILE
            return [f"<INS>Add {own} up.</INS> 8"] * request.n

        with LoopbackServer(reply, key=None if works else "another") as server:
            config.write_text(
                f'[providers.lab]\nkind = "openai"\nbase_url = "{server.url}"\n'
                f'key_file = "{key}"\nheaders = {{ x-team = "{IN_HEADER}" }}\n'
            )
            config.chmod(0o600)
            start = ["--db", str(db), "--log-level", "debug"]
            models = ["--optimizer", "lab/m", "--scorer", "anthropic/m", "--scorer-url", server.url]
            of_data = ["--task", str(data), "--input", "question", "--target", "answer"]
            more = ["--metric", "numeric", "--train", "4", "--candidates", "2", "--headless"]
            assert invoke([*start, "new", "s", *of_data, *models, *more]) == 0
            assert (invoke([*start, "try", "s", "--json"]) == 0) is works
            assert (invoke([*start, "run", "s", "--json"]) == 0) is works
            for command in ("show", "costs", "list", "doctor"):
                invoke(
                    [*start, command, *(["s"] if command in ("show", "costs") else []), "--json"]
                )
            for kind in FORMATS:
                invoke([*start, "export", "s", "--format", kind, "-o", str(written / f"s.{kind}")])
            used = {record.status for record in server.records(status=None)}
            assert used == ({200} if works else {401})
    finally:
        os.umask(umask)
    printed = "".join(capfd.readouterr())
    files = [file for file in written.rglob("*") if file.is_file()]
    assert len(files) >= (5 if works else 2)
    for secret in (IN_FILE, IN_VARIABLE, IN_HEADER):
        assert secret not in printed
        for file in files:
            assert secret.encode() not in file.read_bytes(), file
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}
    folders = [written, *(each for each in written.rglob("*") if each.is_dir())]
    assert {oct(folder.stat().st_mode & 0o777) for folder in folders} == {"0o700"}


ESCAPED = "".join(f"\\u{ord(c):04x}" for c in IN_FILE)
ECHOES = (
    Fault(status=500, message=f"bad key {IN_FILE}, header {IN_HEADER}"),
    Fault(status=429, headers={"retry-after": "0", "x-request-id": IN_FILE}),
    Fault(status=500, body=f'{{"error": {{"message": "bad {ESCAPED}"}}}}'),
    Fault(status=500, body=f"<html><title>{IN_FILE}</title></html>"),
    Fault(status=200, body={"error": {"message": f"no {IN_FILE}", "code": 503}}),
    Fault(status=200, body=f"no JSON but {IN_FILE}"),
    Fault(status=200, body={"choices": f"{IN_FILE}", "id": IN_FILE}),
    Fault(status=500, message="x", headers={"request-id": IN_HEADER}, code=IN_FILE, param=IN_FILE),
    Fault(status=400, message=f"no such parameter {IN_FILE}", code=IN_HEADER, param=IN_FILE),
)


@pytest.mark.parametrize("fatal", [False, True], ids=["passing", "for good"])
def test_an_endpoint_that_sends_the_key_back_wherever_it_can(
    tmp_path: Path, monkeypatch, capfd, fatal
) -> None:
    key = tmp_path / "key"
    key.write_text(IN_FILE)
    key.chmod(0o600)
    config = tmp_path / "config.toml"
    monkeypatch.setenv("OPRO_TUI_CONFIG", str(config))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "written" / "state"))
    data = write_examples(tmp_path / "sums.jsonl")
    db = tmp_path / "written" / "s.db"

    def fault(number: int, _: LoopbackRequest) -> Fault | None:
        if fatal:
            return Fault(status=403, message=f"{IN_FILE} may not", code=IN_FILE)
        return ECHOES[number // 2 % len(ECHOES)] if number % 2 and number < 30 else None

    def reply(request: LoopbackRequest) -> list[str]:
        return [f"<INS>Add {IN_FILE} or {IN_HEADER} up.</INS> 8"] * request.n

    with LoopbackServer(reply, fault=fault) as server:
        config.write_text(
            f'[providers.lab]\nkind = "openai"\nbase_url = "{server.url}"\n'
            f'key_file = "{key}"\nheaders = {{ x-team = "{IN_HEADER}" }}\n'
        )
        start = ["--db", str(db), "--log-level", "debug"]
        models = ["--optimizer", "lab/m", "--scorer", "lab/m"]
        of_data = ["--task", str(data), "--input", "question", "--target", "answer"]
        more = ["--metric", "numeric", "--train", "6", "--candidates", "2", "--headless"]
        assert invoke([*start, "new", "s", *of_data, *models, *more]) == 0
        for _ in range(1 if fatal else 4):
            invoke([*start, "run", "s"])
        invoke([*start, "show", "s", "--json"])
        invoke([*start, "export", "s", "--format", "jsonl", "-o", str(db.with_name("s.jsonl"))])
        assert {r.status for r in server.records(status=None)} >= ({403} if fatal else {200, 500})
    assert crash_report.write(ValueError(f"{IN_FILE} {IN_HEADER}")) is not None
    printed = "".join(capfd.readouterr())
    assert "403" in printed or not fatal
    files = [file for file in (tmp_path / "written").rglob("*") if file.is_file()]
    assert any("crash" in file.name for file in files)
    for secret in (IN_FILE, IN_HEADER, ESCAPED):
        assert secret not in printed
        for file in files:
            assert secret.encode() not in file.read_bytes(), file

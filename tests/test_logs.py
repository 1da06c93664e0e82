"""The log file says what calls did and never what was said; a crash report may be shown around."""

from __future__ import annotations

import logging
import stat
import sys
import warnings

import pytest

from opro_tui import crash_report
from opro_tui.cli import invoke, logs
from opro_tui.config import log_path
from tests.support.loopback import LoopbackServer
from tests.support.replies import Fault
from tests.support.sessions import write_examples

PROMPT = "a prompt that nobody else shall read"


@pytest.fixture(autouse=True)
def restored():
    """The process's logging as it was; pytest captures warnings anew for each test."""
    logging.captureWarnings(capture=False)
    yield
    logs.set_up("warning")


def faults(number, _request):
    if number == 2:
        return Fault(status=500, headers={"x-request-id": "req-failed"}, message=PROMPT)
    if number == 4:
        return Fault(status=429, headers={"retry-after": "0.01", "x-request-id": "req-held"})
    if number == 6:
        return Fault(status=400, message=PROMPT)
    return Fault(headers={"x-request-id": f"req-{number}"}) if number == 3 else None


def played(tmp_path, monkeypatch, level):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789")
    data = write_examples(tmp_path / "sums.jsonl", 8)
    db = str(tmp_path / "s.db")
    with LoopbackServer(fault=faults, key="sk-planted-0123456789") as server:
        new = ["--db", db, "new", "s", "--task", str(data), "--input", "question"]
        new += ["--target", "answer", "--metric", "numeric", "--train", "8", "--test", "0"]
        for role in ("optimizer", "scorer"):
            new += [f"--{role}", "openai/m", f"--{role}-url", server.url]
        assert invoke([*new, "--initial", "Add them."]) == 0
        invoke(["--db", db, "--log-level", level, "run", "s"])
    return log_path().read_text() if log_path().exists() else ""


def test_what_calls_did_is_logged_and_no_text(tmp_path, monkeypatch, capsys) -> None:
    text = played(tmp_path, monkeypatch, "info")
    assert "answered in" in text
    assert " tokens in, " in text
    assert "attempt 1 server (HTTP 500), request req-failed; again in" in text
    assert "rate_limit (HTTP 429), asked for 0.01 s, request req-held" in text
    assert "failed: rejected (HTTP 400), request req" in text
    for secret in (PROMPT, "Add them", "What is", "The answer is", "sk-planted"):
        assert secret not in text
    assert stat.S_IMODE(log_path().stat().st_mode) == 0o600
    capsys.readouterr()


def test_only_what_went_wrong_is_logged_by_default(tmp_path, monkeypatch, capsys) -> None:
    text = played(tmp_path, monkeypatch, "warning")
    assert "rejected (HTTP 400)" in text
    assert "answered in" not in text
    capsys.readouterr()


def test_what_libraries_warn_of_is_logged_and_not_written_over_the_screen(capfd) -> None:
    logs.set_up("warning")
    logging.getLogger("asyncio").error("Unclosed client session")
    logging.getLogger("openai").debug("Request options: %s", PROMPT)
    warnings.warn("the model will reach its end of life", DeprecationWarning, stacklevel=1)
    assert capfd.readouterr() == ("", "")
    text = log_path().read_text()
    assert "asyncio Unclosed client session" in text
    assert "end of life" in text
    assert PROMPT not in text


def broken(words):
    secret = words * 3
    try:
        raise KeyError(secret)
    except KeyError as error:
        raise ValueError(secret) from error


def test_a_crash_report_says_where_and_not_what() -> None:
    logs.set_up("warning")
    with pytest.raises(ValueError, match=PROMPT) as caught:
        broken(PROMPT)
    path = crash_report.write(caught.value)
    text = path.read_text()
    assert "builtins.ValueError" in text
    assert "builtins.KeyError" in text
    assert "in broken" in text
    assert "It holds no prompts" in text
    for secret in (PROMPT, str(path.parent), sys.prefix):
        assert secret not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    logs.set_up("debug")
    assert PROMPT in crash_report.write(caught.value).read_text()


def test_only_the_last_crash_reports_are_kept() -> None:
    folder = log_path().parent
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(9):
        (folder / f"crash-20200101-00000{number}-1.txt").touch()
    assert crash_report.write(ValueError("x")) is not None
    assert len(list(folder.glob("crash-*.txt"))) == 5


def test_a_report_that_can_not_be_written_is_no_second_fault(monkeypatch) -> None:
    monkeypatch.setattr(crash_report, "log_path", lambda: log_path() / "none" / "x.log")
    log_path().parent.mkdir(parents=True, exist_ok=True)
    log_path().touch()
    assert crash_report.write(ValueError("x")) is None


def test_what_libraries_log_below_warnings_is_left_out(tmp_path, monkeypatch) -> None:
    """OPENAI_LOG=debug, set for another program, makes the SDK log whole prompts."""
    logs.set_up("debug")
    library = logging.getLogger("openai._base_client")
    monkeypatch.setattr(library, "level", logging.DEBUG)
    library.debug("Request options: %s", PROMPT)
    library.warning("what is worth a word")
    logging.getLogger("opro_tui.engine").debug("our own word")
    text = log_path().read_text()
    assert PROMPT not in text
    assert "what is worth a word" in text
    assert "our own word" in text

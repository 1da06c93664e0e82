"""No text passes for a line of the log, and nothing in the log acts on a terminal."""

from __future__ import annotations

import logging
import re

import pytest

from opro_tui import crash_report
from opro_tui.cli import logs
from opro_tui.config import log_path
from tests.support.hostile import SHORT
from tests.trust.fuzzed_writing import STEERING

LINE = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ [A-Z]+ opro_tui")


@pytest.fixture(autouse=True)
def _logging():
    logs.set_up("debug")
    yield
    for handler in list(logging.getLogger().handlers):
        if isinstance(handler, logs._PrivateFile):
            logging.getLogger().removeHandler(handler)
            handler.close()
    logging.getLogger("opro_tui").setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)


def test_hostile_texts_are_told_in_lines_of_their_own() -> None:
    (file,) = (each for each in logging.getLogger().handlers if isinstance(each, logs._PrivateFile))
    make = logging.getLogger("opro_tui.engine").makeRecord
    for text in SHORT.values():
        # Not through the logger: what pytest captures of halves of characters, xdist can't send.
        file.handle(make("opro_tui.engine", logging.WARNING, "", 0, "said %s", (text,), None))
        error = ValueError(text)
        fault = (type(error), error, None)
        file.handle(make("opro_tui", logging.ERROR, "", 0, "unexpected error", (), fault))
    written = log_path().read_bytes().decode("utf-8")
    assert not STEERING.search(written)
    lines = written.split("\n")
    assert sum(bool(LINE.match(line)) for line in lines) == 2 * len(SHORT)
    assert all(LINE.match(line) or line.startswith("  ") or not line for line in lines)


def test_a_crash_report_with_words_acts_on_no_terminal() -> None:
    for text in SHORT.values():
        path = crash_report.write(ValueError(text))
        assert path is not None
        written = path.read_bytes().decode("utf-8")
        assert not STEERING.search(written)
        path.unlink()

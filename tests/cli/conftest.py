"""A command line that touches nothing outside of its test's folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from opro_tui.cli import invoke
from tests.support.loopback import LoopbackServer

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    code: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        return self.stdout.decode("utf-8")

    @property
    def err(self) -> str:
        return self.stderr.decode("utf-8")

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        assert self.out.endswith("\n")
        return json.loads(self.out)


class Cli:
    """Calls the command line in this process, and for whole programs in another."""

    def __init__(self, capture: pytest.CaptureFixture[bytes], folder: Path) -> None:
        self._capture = capture
        self.folder = folder
        self.db = folder / "sessions.db"

    def __call__(self, *argv: object) -> Outcome:
        self._capture.readouterr()
        code = invoke([str(word) for word in argv])
        out, err = self._capture.readouterr()
        return Outcome(code, out, err)

    def ok(self, *argv: object) -> Outcome:
        result = self(*argv)
        assert result.code == 0, result.err
        return result

    def refused(self, *argv: object) -> str:
        """The one line on stderr of bad input."""
        result = self(*argv)
        assert result.code == 2, (result.code, result.out, result.err)
        assert result.stdout == b""
        assert result.err.startswith("opro-tui: ")
        assert result.err.count("\n") == 1
        return result.err

    def process(self, *argv: object, **kwargs: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "opro_tui", *map(str, argv)],
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | kwargs,
        )


@pytest.fixture(autouse=True)
def _hermetic(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.endswith(("_API_KEY", "_BASE_URL")):
            monkeypatch.delenv(name)
    config = tmp_path / "config.toml"
    config.write_text("", encoding="utf-8")
    monkeypatch.setenv("OPRO_TUI_DB", str(tmp_path / "sessions.db"))
    monkeypatch.setenv("OPRO_TUI_CONFIG", str(config))
    for kind in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def cli(capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> Cli:
    return Cli(capsysbinary, tmp_path)


@pytest.fixture
def small(cli: Cli) -> Cli:
    """A session `s` on simulated models, small enough to be quick."""
    cli.ok("new", "s", "--task", "sums", "--train", 8, "--candidates", 3, "--headless")
    return cli


@pytest.fixture
def server() -> Any:
    with LoopbackServer() as running:
        yield running

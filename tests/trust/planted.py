"""Keys planted where a user keeps them, and searched for in all that is written or shown."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.loopback import LoopbackServer
from tests.support.replies import Fault
from tests.support.sessions import write_examples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.wire import LoopbackRequest

KEY = "planted-in-file-7c1f09a2"
HEADER = "planted-in-header-90ddc3"
SECRETS = (KEY, HEADER)
_FRAMES = re.compile(r"[\s│▌╭╮╰╯─▏▕█▇▆▅▄▃▂▁┃]|&#160;|<[^<>]*>")


@dataclass
class Planted:
    """A user with a key in a file and one in a header, at an endpoint that sends both back.

    Attributes:
        folder: Where all that the program writes goes, and nothing else is.
        data: A data file.
        config: The config file; its provider `lab` is the endpoint.
    """

    folder: Path
    data: Path
    config: Path
    server: LoopbackServer

    @property
    def db(self) -> Path:
        """The database."""
        return self.folder / "s.db"

    def arguments(self, *more: object) -> list[str]:
        """Of `new` or `ablate` on the data and the endpoint."""
        of_data = ["--task", self.data, "--input", "question", "--target", "answer"]
        models = ["--optimizer", "lab/m", "--scorer", "lab/m", "--metric", "numeric"]
        return [str(word) for word in (*of_data, *models, *more)]

    def search(self, *texts: str) -> int:
        """Look for the keys in all files, and in texts or screens, also where a line was broken.

        Returns:
            How many files there are.
        """
        files = [file for file in self.folder.rglob("*") if file.is_file()]
        for file in files:
            leaks(file.read_bytes().decode("utf-8", "replace"), str(file))
            assert not [s for s in SECRETS if s.encode("utf-16-le") in file.read_bytes()], file
        for text in texts:
            leaks(text, text[:300])
        return len(files)


def leaks(text: str, where: str) -> None:
    """Fail if a text holds a planted key, whole, wrapped or most of it."""
    closed = _FRAMES.sub("", text)
    for secret in SECRETS:
        for part in (secret, secret[: len(secret) - 4]):
            assert part not in text, where
            assert part not in closed, where


def echo(request: LoopbackRequest) -> list[str]:
    """An answer that holds both keys."""
    return [f"<INS>Add {KEY} or {HEADER} up.</INS> 8"] * request.n


def headed(number: int, request: LoopbackRequest) -> Fault:
    """Right answers whose headers hold them."""
    return Fault(
        headers={"x-request-id": KEY, "request-id": HEADER, "x-ratelimit-limit-requests": KEY}
    )


@contextmanager
def planted(
    folder: Path, monkeypatch: Any, kind: str = "openai", **server: Any
) -> Iterator[Planted]:
    """A user, with the endpoint running."""
    key = folder / "key"
    key.write_text(KEY)
    key.chmod(0o600)
    config = folder / "config.toml"
    monkeypatch.setenv("OPRO_TUI_CONFIG", str(config))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "written" / "state"))
    monkeypatch.setattr("opro_tui.config_file.PREDEFINED", {})
    with LoopbackServer(**{"reply": echo, "fault": headed} | server) as running:
        url = running.root if kind == "anthropic" else running.url
        config.write_text(
            f'[providers.lab]\nkind = "{kind}"\nbase_url = "{url}"\nkey_file = "{key}"\n'
            f'headers = {{ x-team = "{HEADER}" }}\n'
            "[batch]\nfirst_look = 0.01\nlongest_wait = 0.02\n"
            '[prices."lab/m"]\ninput = 1\noutput = 3\n'
        )
        config.chmod(0o600)
        data = write_examples(folder / "sums.jsonl")
        yield Planted(folder / "written", data, config, running)

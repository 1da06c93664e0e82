"""The system's keyring for real, with backends of our own in its place."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from opro_tui.models import keys
from tests.support.loopback import LoopbackServer

keyring = pytest.importorskip("keyring")
from keyring import backend, errors  # noqa: E402

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

PLANTED = "planted-in-keyring-41d8e0"
ENTRY = "opro-tui/lab"
BACKEND = f"""
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 1

    set_password = delete_password = None

    def get_password(self, service, username):
        return {PLANTED!r} if (service, username) == ("opro-tui", "lab") else None
"""


@pytest.fixture
def server() -> Any:
    with LoopbackServer(key=PLANTED) as running:
        yield running


@pytest.fixture
def lab(cli: Cli, server: LoopbackServer, monkeypatch: Any) -> Cli:
    """A command line whose provider `lab` has its key in the keyring."""
    monkeypatch.setattr(keys, "_said", {})
    text = f'[providers.lab]\nkind = "openai"\nbase_url = "{server.url}"\nkeyring = "{ENTRY}"\n'
    (cli.folder / "config.toml").write_text(text)
    (cli.folder / "config.toml").chmod(0o600)
    return cli


@pytest.fixture
def use(monkeypatch: Any) -> Any:
    """Puts a backend in the system's place."""

    def put(answer: Any) -> None:
        class Keyring(backend.KeyringBackend):
            priority = 1
            set_password = delete_password = None

            def get_password(self, service: str, username: str) -> str | None:
                found = answer(service, username)
                if isinstance(found, Exception):
                    raise found
                return found

        monkeypatch.setattr("keyring.core._keyring_backend", Keyring())

    return put


def new(lab: Cli) -> Any:
    models = ("--optimizer", "lab/m", "--scorer", "lab/m")
    size = ("--train", 2, "--candidates", 1, "--headless")
    return lab("new", "s", "--task", "sums", *models, *size)


def test_the_installed_program_reads_its_key_from_a_backend_of_the_system(
    lab: Cli, server: LoopbackServer
) -> None:
    (lab.folder / "our_backend.py").write_text(BACKEND)
    assert new(lab).code == 0
    environment = os.environ | {
        "PYTHON_KEYRING_BACKEND": "our_backend.Keyring",
        "PYTHONPATH": os.pathsep.join([str(lab.folder), *filter(None, sys.path)]),
    }
    with lab.process("--log-level", "debug", "run", "s", "--json", env=environment) as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert {record.status for record in server.records(status=None)} == {200}
    assert PLANTED.encode() not in out + err
    for file in lab.folder.rglob("*"):
        if file.is_file() and "our_backend" not in file.name:
            assert PLANTED.encode() not in file.read_bytes(), file


CASES = {
    "no entry": (lambda *_: None, "no API key: the keyring's entry opro-tui/lab holds none"),
    "locked": (lambda *_: errors.KeyringLocked(PLANTED), "the keyring is locked. Unlock it"),
    "none here": (lambda *_: errors.NoKeyringError(PLANTED), "this system has no keyring. Install"),
    "failing": (
        lambda *_: errors.InitError(PLANTED),
        "the keyring can't be read (InitError). Unlock or mend it",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_keyring_without_the_key_is_said_in_one_sentence(lab: Cli, use: Any, case: str) -> None:
    answer, words = CASES[case]
    use(answer)
    # An endpoint on this machine may do without a key, but not with a keyring that doesn't open.
    if case == "no entry":
        config = lab.folder / "config.toml"
        config.write_text(
            config.read_text().replace("127.0.0.1", "lab.invalid").replace("http:", "https:")
        )
    made = new(lab)
    assert made.code == 0, made.err
    assert "before it can run: " in made.out
    assert words in made.out
    told = [lab("run", "s"), lab("try", "s")]
    for outcome in told:
        assert outcome.code == 1
        assert (outcome.out + outcome.err).count(words) == 1, outcome
    checked = lab("doctor", "--offline")
    assert checked.code == 1
    assert words.partition(". ")[0].removeprefix("no API key: ").split(" holds")[0] in checked.out
    assert PLANTED not in made.out + checked.out + "".join(o.out + o.err for o in told)


def test_a_missing_extra_is_said_with_how_to_install_it(lab: Cli, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    words = "pip install 'opro-tui[keyring]'"
    assert words in new(lab).out
    for command in ("run", "try"):
        outcome = lab(command, "s")
        assert outcome.code == 1
        assert words in outcome.out + outcome.err
    assert words in lab("doctor", "--offline").out


def test_a_bad_key_file_does_not_undo_a_new_session(cli: Cli, server: LoopbackServer) -> None:
    key = cli.folder / "key"
    key.write_text(PLANTED)
    key.chmod(0o644)
    text = f'[providers.lab]\nkind = "openai"\nbase_url = "{server.url}"\nkey_file = "{key}"\n'
    (cli.folder / "config.toml").write_text(text)
    made = new(cli)
    assert made.code == 0, made.err
    assert f"before it can run: {key}: others on this machine can use the key file" in made.out
    outcome = cli("run", "s")
    assert outcome.code == 1
    assert f"chmod 600 {key}" in outcome.out
    key.chmod(0o600)
    assert cli("run", "s").code == 0

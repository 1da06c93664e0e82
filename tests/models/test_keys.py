"""Keys from the environment, from a file that only its owner may use, and from a keyring."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from opro_tui.config import PREDEFINED, parse_config
from opro_tui.core.errors import BadInput
from opro_tui.models import keys

PLANTED = "sk-planted-0123456789"


@pytest.fixture
def provider(tmp_path):
    file = tmp_path / "key"
    file.write_text(f"{PLANTED}\n")
    file.chmod(0o600)
    return replace(PREDEFINED["openai"], key_file=str(file))


def test_the_environment_goes_before_the_file(provider, monkeypatch) -> None:
    found = keys.find(provider)
    assert (found.text, found.place) == (PLANTED, provider.key_file)
    assert PLANTED not in repr(found)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    assert keys.find(provider).text == "sk-other"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_can_use_is_refused(provider, tmp_path, mode) -> None:
    (tmp_path / "key").chmod(mode)
    with pytest.raises(BadInput, match=f"mode {mode:o}.*chmod 600") as caught:
        keys.find(provider)
    assert PLANTED not in str(caught.value)
    assert not keys.is_there(provider)


def test_a_missing_file_is_said(provider, tmp_path) -> None:
    (tmp_path / "key").unlink()
    with pytest.raises(BadInput, match=r"No such file.*key_file"):
        keys.find(provider)


def test_a_keyring(monkeypatch) -> None:
    provider = replace(PREDEFINED["openai"], keyring="opro-tui/openai")
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(BadInput, match=r"opro-tui\[keyring\]"):
        keys.find(provider)
    stored = {("opro-tui", "openai"): PLANTED}
    fake = SimpleNamespace(get_password=lambda service, user: stored.get((service, user)))
    monkeypatch.setitem(sys.modules, "keyring", fake)
    assert keys.find(provider).text == PLANTED

    def locked(service: str, user: str) -> str:
        raise RuntimeError(PLANTED)

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=locked))
    with pytest.raises(BadInput, match="Unlock it") as caught:
        keys.find(provider)
    assert PLANTED not in str(caught.value)


def test_the_config_names_both(tmp_path) -> None:
    text = '[providers.openai]\nkey_file = "~/k"\nkeyring = "a/b"\n'
    read = parse_config(text, tmp_path / "config.toml").providers["openai"]
    assert (read.key_file, read.keyring) == ("~/k", "a/b")


def test_a_key_in_use_is_in_no_log(provider) -> None:
    import logging

    from opro_tui.cli.logs import _Masked

    keys.find(provider)
    record = logging.LogRecord("opro_tui", logging.DEBUG, "", 1, f"got {PLANTED}", (), None)
    assert _Masked("%(message)s").format(record) == "got ***"

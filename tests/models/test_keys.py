"""Keys from the environment, from a file that only its owner may use, and from a keyring."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import pytest

from opro_tui.config import PREDEFINED
from opro_tui.config_file import parse_config
from opro_tui.core.errors import BadInput, ModelError
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


def test_a_pipe_is_no_key_file_and_is_not_waited_for(provider, tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(BadInput, match=r"no regular file.*Check key_file"):
        keys.find(replace(provider, key_file=str(tmp_path / "pipe")))


@pytest.fixture
def in_keyring(monkeypatch):
    monkeypatch.setattr(keys, "_said", {})
    return replace(PREDEFINED["openai"], keyring="opro-tui/openai")


def answering(monkeypatch, answer) -> list[tuple[str, str]]:
    """A keyring that is asked through a function; the entries that it was asked for."""
    asked: list[tuple[str, str]] = []

    def get_password(service: str, user: str) -> str | None:
        asked.append((service, user))
        return answer()

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=get_password))
    return asked


def test_a_keyring_is_read_once_for_all_that_need_it(in_keyring, monkeypatch) -> None:
    asked = answering(monkeypatch, lambda: PLANTED)
    assert keys.find(in_keyring).text == PLANTED
    assert keys.find(in_keyring).place == "the keyring's entry opro-tui/openai"
    assert keys.is_there(in_keyring)
    assert asked == [("opro-tui", "openai")]


def test_a_keyring_is_not_read_to_offer_models(in_keyring, monkeypatch) -> None:
    asked = answering(monkeypatch, lambda: PLANTED)
    assert keys.likely(in_keyring) == "the keyring's entry opro-tui/openai"
    assert asked == []
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    assert keys.likely(in_keyring) == "OPENAI_API_KEY"


def test_a_keyring_that_said_no_is_only_asked_again_where_a_key_is_needed(
    in_keyring, monkeypatch
) -> None:
    answers = iter([None, None, PLANTED])
    asked = answering(monkeypatch, lambda: next(answers))
    assert not keys.is_there(in_keyring)
    assert not keys.is_there(in_keyring)
    assert len(asked) == 1
    assert keys.find(in_keyring).text == ""
    assert keys.find(in_keyring).text == PLANTED
    assert len(asked) == 3


def test_two_at_once_read_a_keyring_once(in_keyring, monkeypatch) -> None:
    def slow() -> str:
        time.sleep(0.05)
        return PLANTED

    asked = answering(monkeypatch, slow)
    with ThreadPoolExecutor(4) as pool:
        assert {key.text for key in pool.map(keys.find, [in_keyring] * 4)} == {PLANTED}
    assert len(asked) == 1


def test_a_keyring_that_fails_is_no_leak(in_keyring, monkeypatch) -> None:
    def locked() -> str:
        raise RuntimeError(PLANTED)

    answering(monkeypatch, locked)
    with pytest.raises(ModelError, match=r"can't be read.*RuntimeError.*key_file") as caught:
        keys.find(in_keyring)
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

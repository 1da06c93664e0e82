"""Addresses that hold a password or a key are refused, and not repeated."""

from __future__ import annotations

import pytest

ADDRESSES = ("https://me:planted@models.invalid/v1", "https://models.invalid/v1?api_key=planted")


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_key_in_an_address_is_not_repeated(cli, monkeypatch, address) -> None:
    models = ("--optimizer", "simulated", "--scorer", "openai/m")
    said = cli.refused("new", "s", "--task", "sums", *models, "--scorer-url", address)
    assert said.startswith("opro-tui: --scorer-url: the address holds")
    assert "planted" not in said
    assert cli("list").out.count("\n") <= 1
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    said = cli("new", "s", "--task", "sums", *models).err + cli("doctor", "--json").out
    assert "OPENAI_BASE_URL: the URL holds" in said
    assert "planted" not in said

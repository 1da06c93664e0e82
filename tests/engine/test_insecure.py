"""Addresses at which others can read what is sent are warned of once."""

from __future__ import annotations

from opro_tui.core.edits import Edits
from opro_tui.core.events import Warned
from opro_tui.store.database import Store
from tests.support.sessions import make, opened, own_data


async def test_an_address_without_tls_is_warned_of_once(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-x")
    store = await Store.open(tmp_path / "s.db")
    far = own_data(tmp_path, "http://192.0.2.1/v1")
    await make(store, far)
    await make(store, own_data(tmp_path, "http://127.0.0.1:9/v1"), name="near")
    await make(store, own_data(tmp_path, "https://192.0.2.1/v1"), name="safe")
    await store.close()

    async def noted(name: str) -> list[str]:
        async with opened(tmp_path / "s.db", name) as session:
            found = await session.look_back()
            return [e.message for e in found if isinstance(e, Warned) and e.code == "insecure"]

    (message,) = await noted("s")
    assert "http://192.0.2.1/v1 is not encrypted" in message
    assert await noted("s") == []
    assert await noted("near") == []
    assert await noted("safe") == []


async def test_an_edit_to_an_address_without_tls_is_warned_of_once(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    store = await Store.open(tmp_path / "s.db")
    await make(store, own_data(tmp_path, optimizer="openai/m"))
    await store.close()
    async with opened(tmp_path / "s.db", "s") as session:
        for url, count in (
            ("http://a.invalid", 1),
            ("http://b.invalid", 2),
            ("http://a.invalid", 2),
        ):
            assert len(await session.edit(Edits(settings={"optimizer_url": url}))) == 1
            assert len(session.state.warnings) == count
        assert session.state.warnings[-1].message.startswith("http://b.invalid is not encrypted")
        before = session.state
    async with opened(tmp_path / "s.db", "s") as session:
        assert session.state == before

from __future__ import annotations

from opro_tui.tui.resume import how_to_resume


def test_the_way_back_names_the_database_only_where_needed(tmp_path, monkeypatch) -> None:
    path = tmp_path / "my sessions.db"
    line = how_to_resume(path, "a b")
    assert line.endswith(f"opro-tui --db '{path}' open 'a b'")
    monkeypatch.setenv("OPRO_TUI_DB", str(path))
    assert how_to_resume(path, "a").endswith("opro-tui open a")

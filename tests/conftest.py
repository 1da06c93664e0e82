"""Every test is hermetic: no key, no user's configuration, no network but the loopback."""

from __future__ import annotations

import gc
import signal
import threading
from pathlib import Path

import pytest

if threading.current_thread() is threading.main_thread():
    # A suite that was started in the background inherits SIGINT as ignored, and so would what it
    # starts; how ^C is taken is part of what is tested.
    signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED = Path(__file__).parents[1].parent / "shared"


def pytest_collection_finish() -> None:
    """Look for garbage seldom: with all the modules and tests it was a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 10)


@pytest.fixture(autouse=True)
def hermetic(tmp_path_factory, monkeypatch):
    """Point everything the program reads from its surroundings to an empty folder."""
    home = tmp_path_factory.mktemp("home")
    for name in ("OPENAI", "ANTHROPIC", "OPENROUTER"):
        monkeypatch.delenv(f"{name}_API_KEY", raising=False)
        monkeypatch.delenv(f"{name}_BASE_URL", raising=False)
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.delenv("OPRO_TUI_DB", raising=False)
    monkeypatch.delenv("OPRO_TUI_CONFIG", raising=False)
    monkeypatch.delenv("OPRO_TUI_SIMULATED_LATENCY", raising=False)


@pytest.fixture(scope="session")
def datasets():
    """The real benchmark files, where they lie beside the project."""
    folder = SHARED / "datasets"
    if not folder.is_dir():
        pytest.skip("../shared/datasets is not here")
    return folder

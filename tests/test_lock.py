"""The lock pins all that the program, its extras and its tests need."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
UNPINNED = {"pip"}
"""As the lock's last lines have it."""


def needs(name: str, extra: str) -> list[Requirement]:
    """What a package that is installed here requires; nothing of one that isn't."""
    try:
        found = [Requirement(text) for text in metadata.requires(name) or []]
    except metadata.PackageNotFoundError:
        return []
    return [r for r in found if r.marker is None or r.marker.evaluate({"extra": extra})]


def test_everything_is_pinned() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    waiting = [Requirement(text) for each in (project["dependencies"], *extras) for text in each]
    seen: set[tuple[str, str]] = set()
    while waiting:
        needed = waiting.pop()
        name = canonicalize_name(needed.name)
        if name in UNPINNED:
            continue
        assert name in pins, f"{name} is not pinned"
        assert needed.specifier.contains(pins[name]), f"{needed} does not take {pins[name]}"
        for extra in {"", *needed.extras}:
            if (name, extra) not in seen:
                seen.add((name, extra))
                waiting += needs(name, extra)
    assert {("keyring", ""), ("atheris", ""), ("anthropic", "aiohttp")} <= seen
    assert not [line for line in lines if "://" in line or "@" in line]

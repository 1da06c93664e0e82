"""Every bad input of the corpus is refused in one line; a full disk too, and what fits is kept."""

from __future__ import annotations

import subprocess

import pytest

from opro_tui.cli import invoke
from tests.trust.inputs import CORPUS, base, check


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The database that the corpus starts from."""
    path = tmp_path_factory.mktemp("inputs") / "base.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(path.parent / "config"))
        base(path)
    return path.read_bytes()


def test_the_corpus_has_no_case_twice() -> None:
    assert len({case.name for case in CORPUS}) == len(CORPUS) >= 60


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
def test_a_bad_input(case, tmp_path, monkeypatch, made) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert check(case, tmp_path, made) is None


def test_a_full_disk_is_said_and_keeps_what_fits(tmp_path, capfd) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("file systems can't be mounted here")
    try:
        db = str(folder / "s.db")
        assert invoke(["--db", db, "demo", "--headless", "--steps", "40"]) == 1
        said = "".join(capfd.readouterr())
        assert "the disk is full" in said
        assert "Traceback" not in said
        subprocess.run(["mount", "-o", "remount,size=20m", str(folder)], check=True)
        assert invoke(["--db", db, "run", "demo", "--steps", "1"]) == 0
    finally:
        subprocess.run(["umount", str(folder)], check=True)

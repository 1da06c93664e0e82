"""Every bad input of the corpus is refused in one line; a full disk too, and what fits is kept."""

from __future__ import annotations

import subprocess

import click
import pytest

from opro_tui.cli import invoke
from opro_tui.cli.root import root
from tests.trust import absurd
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


PARTS = 4
FEW = absurd.sampled(400, 1)


@pytest.fixture(scope="session")
def place_of(tmp_path_factory):
    """The database that absurd values start from."""
    folder = tmp_path_factory.mktemp("absurd")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        return absurd.base(folder)


@pytest.mark.parametrize("part", range(PARTS))
def test_absurd_values_of_every_flag_are_taken_or_refused(
    part, tmp_path, monkeypatch, place_of
) -> None:
    folder = tmp_path / "place"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    place = absurd.Place(folder, place_of)
    try:
        wrong = [(str(each), place.check(each)[0]) for each in FEW[part::PARTS]]
    finally:
        place.close()
    assert [each for each in wrong if each[1]] == []


def test_absurd_values_are_tried_of_every_flag_there_is() -> None:
    ctx = click.Context(root)
    for name in root.list_commands(ctx):
        for param in root.get_command(ctx, name).params:
            if not getattr(param, "is_flag", False):
                what = max(param.opts, key=len) if param.opts[0][0] == "-" else param.name.upper()
                assert any((each.command, each.what) == (name, what) for each in FEW), (name, what)


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

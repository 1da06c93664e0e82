"""A user's own task: what it has to be, and how a package offers one by name."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest

from opro_tui.core.errors import BadInput
from opro_tui.core.picture import Kind, Seen, View
from opro_tui.tasks import TaskOptions, load, own, preset_names, restore
from tests.tasks.helpers import ROOT

MODULE = """
from opro_tui.core.protocols import Grade
from opro_tui.tasks.base import BaseTask


class Good(BaseTask):
    name = "good"

    def starting_solutions(self):
        return ("a",)

    def compute(self, solution):
        return Grade(float(len(solution)))


class Nameless(Good):
    name = 7


class Unsure(Good):
    minimize = "yes"


class Idle(Good):
    def starting_solutions(self):
        return ()


class OneText(Good):
    def starting_solutions(self):
        return "abc"


class Broken(Good):
    def starting_solutions(self):
        raise ValueError("none today")


class Picky(Good):
    def reject(self, solution):
        return "too short"


class Abstract(BaseTask):
    name = "abstract"


function = len
number = 5
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_kinds_x.py").write_text(MODULE)
    sys.modules.pop("own_kinds_x", None)
    yield
    sys.modules.pop("own_kinds_x", None)


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Nameless", "its name is no text"),
        ("Unsure", "its minimize is neither True nor False"),
        ("Idle", r"its starting_solutions\(\) gives no sequence of texts"),
        ("OneText", r"its starting_solutions\(\) gives no sequence of texts"),
        ("Broken", r"its starting solutions fail \(ValueError: none today\)"),
        ("Picky", r"it rejects its own starting solution 'a' \(too short\)"),
        ("Abstract", "can't be made"),
        ("function", "can't be made"),
        ("number", "can't be called"),
        ("Goof", "Did you mean 'Good'"),
    ],
)
def test_a_bad_class_is_one_line_that_says_why(name, said):
    with pytest.raises(BadInput, match=said) as caught:
        load(TaskOptions(task=f"python:own_kinds_x:{name}"))
    assert "\n" not in str(caught.value)
    assert f"own_kinds_x:{name}" in str(caught.value)


@pytest.fixture
def package(module, tmp_path, monkeypatch):
    """An installed package that offers a task under each of some names."""
    folder = tmp_path / "site" / "own_kinds_x-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: own-kinds-x\nVersion: 1.0\n")
    lines = ("lengths = own_kinds_x:Good", "gsm8k = own_kinds_x:Good", "sad = own_kinds_x:Idle")
    (folder / "entry_points.txt").write_text("\n".join(("[opro_tui.tasks]", *lines)))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    own.installed.cache_clear()
    yield
    own.installed.cache_clear()


@pytest.mark.usefixtures("package")
def test_a_package_offers_a_task_by_name():
    task = load(TaskOptions(task="lengths", seed=3)).task
    assert (task.name, task.seed, task.trusted) == ("good", 3, False)
    assert restore(task.spec(), ()).seed == 3
    assert task.spec()["reference"] == "own_kinds_x:Good"
    assert dict(preset_names())["lengths"] == "your own: python:own_kinds_x:Good"
    with pytest.raises(BadInput, match="Did you mean 'lengths'"):
        load(TaskOptions(task="length"))
    with pytest.raises(BadInput, match=r"--task sad \(python:own_kinds_x:Idle\)"):
        load(TaskOptions(task="sad"))


@pytest.mark.usefixtures("package")
def test_no_package_takes_the_name_of_a_preset():
    with pytest.raises(BadInput, match="needs its data files"):
        load(TaskOptions(task="gsm8k"))
    assert [name for name, _ in preset_names()].count("gsm8k") == 1


def test_the_readme_s_example_scores_and_draws(monkeypatch):
    monkeypatch.chdir(ROOT / "tests" / "data")
    task = load(TaskOptions(task="python:smoothing:Smoothing")).task
    assert task.minimize
    assert task.compute("alpha=30, beta=60").score < task.compute("alpha=5, beta=5").score
    # With alpha 100 % and no trend, each forecast is the month before.
    series = sys.modules["smoothing"].VISITORS
    steps = [(b - a) ** 2 for a, b in pairwise(series)]
    assert task.compute("alpha=100, beta=0").score == pytest.approx(sum(steps) / len(steps))
    assert task.reject("alpha=1") == "not written as alpha=50, beta=50"
    assert task.reject("alpha=101, beta=2") == "over 100 %"
    seen = Seen(1, "alpha=30, beta=60", 24.0)
    drawn = task.picture(View((seen,), seen))
    assert {mark.kind for mark in drawn.panels[0].marks} == {Kind.BEST, Kind.TRIED}

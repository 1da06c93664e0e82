"""Tasks that compute their score: linear regression and a user's own class."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opro_tui.core.errors import BadInput
from opro_tui.core.protocols import Example, Task
from opro_tui.tasks import TaskOptions, load, restore

LINE = "linear-regression"


def line(name=LINE, seed=0):
    return load(TaskOptions(task=name, seed=seed)).task


def test_the_paper_s_set_up():
    task = line()
    assert isinstance(task, Task)
    assert (task.minimize, task.bounded, task.binary, task.trusted) == (True, False, False, True)
    drawn = task.describe()
    assert drawn["x"] == list(range(1, 51))
    assert drawn["true"] == {"w": 15, "b": 14}
    noise = [y - (15 * x + 14) for x, y in zip(drawn["x"], drawn["y"], strict=True)]
    mean = sum(noise) / 50
    assert abs(mean) < 0.6
    assert 0.7 < math.sqrt(sum((each - mean) ** 2 for each in noise) / 49) < 1.3
    json.dumps(dict(drawn))


def test_noise_is_standard_normal_over_many_points():
    task = line(f"{LINE}:w=0,b=0,points=5000")
    ys = task.describe()["y"]
    assert abs(sum(ys) / 5000) < 0.05
    assert abs(sum(y * y for y in ys) / 5000 - 1) < 0.06
    assert abs(sum(abs(y) < 1.96 for y in ys) / 5000 - 0.95) < 0.012


def test_noise_is_the_same_everywhere():
    assert line().describe()["y"][:2] == line().describe()["y"][:2]
    assert line(seed=1).describe()["y"] != line(seed=2).describe()["y"]


def test_five_different_starts_never_the_true_pair():
    for seed in range(200):
        starts = line(seed=seed).starting_solutions()
        assert len(set(starts)) == 5
        assert "w=15, b=14" not in starts
        for start in starts:
            w, b = (int(part.split("=")[1]) for part in start.split(", "))
            assert 10 <= w <= 20
            assert 10 <= b <= 20


def test_only_the_exact_pair_solves_it():
    for name in (LINE, f"{LINE}:w=36,b=-1", f"{LINE}:noise=0"):
        task = line(name)
        true = task.describe()["true"]
        exact = task.compute(f"w={true['w']}, b={true['b']}").score
        near = task.compute(f"w={true['w']}, b={true['b'] + 1}").score
        assert task.solved(exact)
        assert not task.solved(near)
    assert line(f"{LINE}:noise=0").compute("w=16, b=14").score == sum(x * x for x in range(1, 51))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "w=15, b=14",
            "[15, 14]",
            "15,14",
            " 15 14 ",
            "w: 15 b: 14",
            "W = 15; B = 14",
            "(15, 14)",
        ),
        *(
            "w=15 and b=14",
            "w=15, and b=14",
            "+15, 14.",
            "[w=15, b=14]",
            "w=015, b=14",
            "w=15\nb=14",
        ),
    ],
)
def test_pairs_are_read_in_many_spellings(text):
    assert line().clean(text) == "w=15, b=14"
    assert line().reject(line().clean(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "15",
        "15.5, 14",
        "15, 14, 13",
        "w=15, b=14.2",
        "a pair",
        "15,1 4",
        "1" * 9 + ", 2",
        "١٥, x",
    ],
)
def test_other_texts_are_no_pairs(text):
    task = line()
    assert task.reject(task.clean(text)) == "no pair of integers"
    with pytest.raises(LookupError):
        task.compute(text)


def test_negative_pairs_and_the_range():
    assert line().clean("[−3, -14]") == "w=-3, b=-14"
    assert line().reject("w=1000001, b=0") == "out of range"
    assert line().compute("w=-1000000, b=1000000").score > 0


@given(st.text())
def test_no_text_breaks_the_pair_reader(text):
    task = line()
    cleaned = task.clean(text)
    assert task.clean(cleaned) == cleaned
    if task.reject(cleaned) is None:
        assert task.compute(cleaned).score >= 0


def test_scores_are_shown_as_whole_numbers():
    assert line().show_score(1234.5678, 100) == "1235"


def test_the_template_does_not_give_the_pair_away():
    task = line(f"{LINE}:w=8731,b=-6402")
    for style in ("tuned", "pretrained"):
        text = "".join(task.template(style).to_json().values())
        assert "8731" not in text
        assert "6402" not in text
        assert (task.template(style).proposal_open, task.template(style).proposal_close) == (
            "[",
            "]",
        )


@pytest.mark.parametrize("name", [LINE, f"{LINE}:w=36,b=-1", f"{LINE}:w=-900,b=4,noise=30"])
def test_its_map_gives_the_loss_of_every_pair(name):
    task = line(name, seed=2)
    told = json.loads(json.dumps(dict(task.describe())))
    drawn, true = told["map"], told["true"]
    for (w, b), text in zip(told["starts"], task.starting_solutions(), strict=True):
        assert drawn["w_range"][0] < w < drawn["w_range"][1]
        assert drawn["b_range"][0] < b < drawn["b_range"][1]
        dw, db = w - true["w"], b - true["b"]
        linear = drawn["at"] + drawn["w"] * dw + drawn["b"] * db
        square = drawn["ww"] * dw**2 + drawn["wb"] * dw * db + drawn["bb"] * db**2
        assert linear + square == pytest.approx(task.compute(text).score)
    assert drawn["w_range"][0] < true["w"] < drawn["w_range"][1]
    assert drawn["b_range"][0] < true["b"] < drawn["b_range"][1]
    assert drawn["at"] == told["true_loss"]


def test_it_is_restored_to_the_bit():
    task = line(f"{LINE}:w=2,b=30,noise=0.5,points=20", seed=4)
    again = restore(json.loads(json.dumps(task.spec())), ())
    assert again.name == task.name
    assert again.describe() == task.describe()
    assert again.starting_solutions() == task.starting_solutions()
    with pytest.raises(BadInput):
        restore(task.spec() | {"points": 10**12}, ())


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("nois=1", "Did you mean 'noise'"),
        ("w=x", "whole number"),
        ("noise=nan", "a number"),
        ("w", "w"),
    ],
)
def test_wrong_parameters_are_refused(parameters, said):
    with pytest.raises(BadInput, match=said):
        line(f"{LINE}:{parameters}")


OWN = '''
from opro_tui.core.protocols import Grade
from opro_tui.tasks.base import BaseTask


class Cron(BaseTask):
    """Find the cron expression that fires closest to 90 times a day."""

    name = "cron"
    description = "A cron expression of five fields that fires 90 times a day."
    minimize = True

    def starting_solutions(self):
        return ("0 * * * *", "*/5 * * * *")

    def reject(self, solution):
        return None if len(solution.split()) == 5 else "not five fields"

    def compute(self, solution):
        minute = solution.split()[0]
        times = 24 * (60 // int(minute[2:]) if minute.startswith("*/") else 1)
        return Grade(abs(times - 90), str(times))

    def solved(self, score):
        return score == 0


class Seeded(Cron):
    def __init__(self, seed):
        super().__init__(seed)


class Alone:
    name = "alone"


class Failing(Cron):
    def __init__(self):
        raise RuntimeError("no luck")
'''


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_tasks_x.py").write_text(OWN)
    (tmp_path / "own_broken_x.py").write_text("import nothing_of_the_kind")
    (tmp_path / "own_exit_x.py").write_text("raise SystemExit(3)")


@pytest.mark.usefixtures("own_module")
def test_a_user_s_own_class_is_a_task():
    task = load(TaskOptions(task="python:own_tasks_x:Cron")).task
    assert isinstance(task, Task)
    assert not task.trusted
    assert task.defaults["exemplars"] == 0
    assert task.compute("*/15 * * * *").score == 6
    assert task.show_score(6.0, 100) == "6"
    assert task.reject("x") == "not five fields"
    text = task.template("tuned").instructions
    assert "fires 90 times a day" in text
    assert "lower" in text
    assert "{trajectory}" in text
    again = restore(json.loads(json.dumps(task.spec())), ())
    assert type(again) is type(task)
    for call in (task.messages, task.grade, task.exemplar):
        with pytest.raises(LookupError):
            call(*((Example(0, "", ""), "") if call != task.messages else ("", Example(0, "", ""))))


@pytest.mark.usefixtures("own_module")
def test_a_class_that_takes_a_seed_gets_it():
    task = load(TaskOptions(task="python:own_tasks_x:Seeded", seed=5)).task
    assert task.seed == 5
    assert restore(task.spec(), ()).seed == 5


@pytest.mark.usefixtures("own_module")
@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("python:own_tasks_x:Crom", "Did you mean 'Cron'"),
        ("python:own_tasks_x:Alone", "lacks"),
        ("python:own_tasks_x:Failing", "no luck"),
        ("python:own_broken_x:Any", "nothing_of_the_kind"),
        ("python:own_exit_x:Any", "SystemExit"),
        ("python:absent_x:Any", "absent_x can't be imported"),
        ("python:own_tasks_x", "no reference"),
        ("python:../x:C", "no reference"),
        ("python:", "no reference"),
    ],
)
def test_what_is_no_task_is_bad_input(reference, said):
    with pytest.raises(BadInput, match=said) as caught:
        load(TaskOptions(task=reference))
    assert "\n" not in str(caught.value)

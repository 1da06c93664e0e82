"""Finding and grading answers in model text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opro_tui.core.errors import BadInput, OproError
from opro_tui.core.protocols import Example, Grade
from opro_tui.tasks import answers
from opro_tui.tasks.metrics import guess_metric, make_metric

from .helpers import example, grade, right

COLOURS = "What colour?\nOptions:\n(A) yellow\n(B) light yellow\n(C) blue\n(D) penguin"
BUILTIN = ("exact", "contains", "numeric", "boolean", "multiple-choice", "json")


@pytest.mark.parametrize(
    ("answer", "target"),
    [
        ("18", "18"),
        ("She makes $18.", "18"),
        ("The answer is 18 dollars, earned in 7 days.", "18"),
        ("First 5, then 9, so the answer is: $1,234.", "1234"),
        ("16 - 3 - 4 = 9 and 9 * 2 = 18", "18"),
        ("The answer is 16 - 3 + 5 = 18.", "18"),
        ("The answer is 18 because 9 * 2 = 18 and 3 + 4 = 7.", "18"),
        ("#### 18", "18"),
        ("**Answer:** 18 eggs", "18"),
        ("**Answer**: **18**", "18"),
        ("Final answer: \\boxed{1{,}234}. Check: 99", "1234"),
        ("\\boxed{\\text{18 dollars}}", "18"),
        ("18 is the correct answer.", "18"),
        ("Of the 20, 18 is the final answer", "18"),
        ("The answer is 17. Wait, that is wrong. The answer is 18.", "18"),
        ("The answer is eighteen.", "18"),
        ("There are twenty-one", "21"),
        ("That is ninety", "90"),
        ("The total costs are: 18", "18"),
        ("The answer is -50.", "-50"),
        ("The answer is -$50", "-50"),
        ("The answer is −50", "-50"),
        ("-11520", "-11520"),
        ("The answer is 35%.", "35"),
        ("The answer is 17.6", "18"),
        ("The answer is 3.14159", "3.14"),
        ("The answer is .5", "0.5"),
        ("1e3", "1000"),
        ("Answer: 18\n\nQ: How many cows?\nA: The answer is 99", "18"),
        ("A: 18\nQuestion: and if there were 7?", "18"),
        ("The answer to the question is 18", "18"),
        ("Answer:\n\n18", "18"),
        ("The answer is 1\u202f234", "1234"),
    ],
)
def test_numbers_are_found(answer, target):
    assert right("numeric", answer, target), grade("numeric", answer, target)


@pytest.mark.parametrize(
    ("answer", "target"),
    [
        ("The answer is 180", "18"),
        ("The answer is 1.8", "18"),
        ("I have no idea", "18"),
        ("The answer is 18.6", "18"),
        ("The answer is -18", "18"),
        ("Q: is it 18?", "19"),
    ],
)
def test_wrong_numbers_are_wrong(answer, target):
    assert not right("numeric", answer, target)


def test_no_answer_found_is_not_the_same_as_a_wrong_one():
    assert grade("numeric", "no idea", "18").parsed is None
    assert grade("numeric", "The answer is 7", "18").parsed == "7"
    assert grade("boolean", "who knows", "yes").parsed is None
    assert grade("multiple-choice", "hard to say", "(A)", COLOURS).parsed is None
    assert grade("json", "none", '{"a": 1}').parsed is None


@pytest.mark.parametrize(
    ("answer", "target"),
    [
        ("Yes", "yes"),
        ("yes.", "True"),
        ("The answer is no.", "False"),
        ("No, because they are unrelated.", "No"),
        ("True and not True is False", "False"),
        ("not ( True ) is False. So the answer is False", "False"),
        ("The argument is not deductively valid.", "invalid"),
        ("The argument is valid.", "valid"),
        ("Answer: 1", "yes"),
        ("0", "no"),
        ("It seems plausible. There is no doubt about it", "yes"),
        ("**No**", "no"),
        ("\\boxed{Yes}", "yes"),
        ("Invalid is the correct answer", "invalid"),
    ],
)
def test_truth_values_are_found(answer, target):
    assert right("boolean", answer, target), grade("boolean", answer, target)
    opposite = "no" if answers.to_truth(target) else "yes"
    assert not right("boolean", answer, opposite)


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("(B)", "B"),
        ("B", "B"),
        ("b", "B"),
        ("B.", "B"),
        ("**B**", "B"),
        ("B) light yellow", "B"),
        ("The answer is (B).", "B"),
        ("The answer is B. Option (A) is too dark.", "B"),
        ("The answer is light yellow.", "B"),
        ("The answer is yellow.", "A"),
        ("The answer is Light Yellow (B)", "B"),
        ("The answer is a penguin.", "D"),
        ("Answer: option C", "C"),
        ("\\boxed{\\text{(C)}}", "C"),
        ("(A) is out, (B) is out. So (C) it is", "C"),
        ("(C) is the correct answer.", "C"),
        ("Neither A nor B; blue is the right choice", "C"),
        ("It must be blue", "C"),
        ("Let me think.\n\nThe colour is blue.\n\nQ: and (A)?", "C"),
        ("The correct option is C", "C"),
    ],
)
def test_choices_are_found_by_letter_or_text(answer, letter):
    result = grade("multiple-choice", answer, f"({letter})", COLOURS)
    assert result == Grade(1.0, letter)
    assert right("multiple-choice", answer, letter, COLOURS)
    other = "A" if letter != "A" else "D"
    assert not right("multiple-choice", answer, f"({other})", COLOURS)


def test_a_text_with_two_choices_names_none():
    assert grade("multiple-choice", "blue or yellow", "(C)", COLOURS) == Grade(0.0, None)


def test_a_target_may_be_an_options_text():
    assert right("multiple-choice", "The answer is (C)", "Blue", COLOURS)
    assert not right("multiple-choice", "The answer is (A)", "Blue", COLOURS)


def test_without_options_the_data_s_targets_are_the_choices():
    metric = make_metric("multiple-choice")
    rows = [Example(i, "a ticket", target) for i, target in enumerate(("billing", "tech support"))]
    metric.prepare(rows)
    assert metric.grade(rows[0], "This one is for Billing.").score == 1
    assert metric.grade(rows[1], "Queue: tech support").score == 1
    assert metric.grade(rows[0], "billing or tech support?") == Grade(0.0, None)


def test_without_options_bare_letters_are_choices():
    metric = make_metric("multiple-choice")
    rows = [Example(i, "pick one", letter) for i, letter in enumerate("ABC")]
    metric.prepare(rows)
    assert metric.grade(rows[1], "The answer is (B).").score == 1
    assert metric.grade(rows[1], "C") == Grade(0.0, "C")


@pytest.mark.parametrize(
    ("answer", "target"),
    [
        ("barn, damp, zoo", "barn damp zoo"),
        ("The sorted list is: Barn Damp Zoo.", "barn damp zoo"),
        ("The answer is ] ] >.", "] ] >"),
        ("\\boxed{] }}", "] }"),
        ("We need it.\n\nBarn damp zoo", "barn damp zoo"),
        ("The answer is C++", "c++"),
    ],
)
def test_exact_ignores_case_and_punctuation(answer, target):
    assert right("exact", answer, target)


@pytest.mark.parametrize(
    ("answer", "target"),
    [
        ("The answer is 5", "-5"),
        ("The answer is C", "C++"),
        ("35", "3.5"),
        ("zoo damp barn", "barn damp zoo"),
        ("] > ]", "] ] >"),
    ],
)
def test_exact_keeps_what_matters(answer, target):
    assert not right("exact", answer, target)


def test_contains_looks_for_whole_words():
    assert right("contains", "The capital is, of course, New York!", "new york")
    assert not right("contains", "a category", "cat")
    assert right("contains", "use => here", "=>")


def test_regex_takes_the_first_group_or_the_match():
    assert right(r"regex:<(\w+)>", "it is <Blue>, not <red>", "blue")
    assert right(r"regex:\d+", "about 42 or 43", "42")
    assert grade("regex:x", "y", "x") == Grade(0.0, None)


def test_a_runaway_pattern_is_given_up_quickly():
    started = time.perf_counter()
    result = grade("regex:(a|aa)+$", "a" * 60 + "b", "a")
    assert result == Grade(0.0, None, ("timeout",))
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    "name",
    [
        *("regex:(", "regex:", "regex:(?P<x>a)(?P<x", "regex:[", "nummeric", "judges", ""),
        *("regex:(((a{1000}){1000}){1000})", "regex:a{999999999999}", "regex:" + "a" * 10_000),
        *("python:nowhere:f", "python:", "python:os", "python:os.path:nothing"),
    ],
)
def test_unusable_metrics_are_bad_input(name):
    with pytest.raises(BadInput) as caught:
        make_metric(name)
    assert "\n" not in str(caught.value)


def test_an_unknown_metric_names_the_nearest():
    with pytest.raises(BadInput, match="'numeric'"):
        make_metric("nummeric")
    with pytest.raises(BadInput, match="'judge'"):
        make_metric("judges")


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ('{"a": 1, "b": [1, 2]}', 1.0),
        ('Here:\n```json\n{"b": [1, 2.0], "a": 1}\n```\nDone {', 1.0),
        ('{"a": 1, "b": [2, 1]}', 0.5),
        ('first {"a": 0} and then {"a": 1}', 0.5),
        ('{"a": true, "b": null}', 0.0),
        ("[1]", 0.0),
        ('{"a": ' * 5000, 0.0),
    ],
)
def test_json_counts_matching_keys(answer, score):
    assert grade("json", answer, '{"a": 1, "b": [1, 2]}').score == score


def test_a_python_metric_is_called_and_checked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "grading_x.py").write_text(
        "def two(answer, target):\n    return answer == target\n"
        "def three(answer, target, fields):\n    return float(fields['weight'])\n"
        "def broken(answer, target):\n    raise KeyError('nope')\n"
        "def big(answer, target):\n    return 2\n"
        "number = 3\n"
    )
    metric = make_metric("python:grading_x:two")
    assert (metric.binary, metric.trusted) == (False, False)
    assert metric.grade(example("a"), "a") == Grade(1.0, "a")
    weighted = example("a", weight="0.25")
    assert make_metric("python:grading_x:three").grade(weighted, "b").score == 0.25
    for name, said in (("broken", "KeyError"), ("big", "returned 2")):
        with pytest.raises(OproError, match=said) as caught:
            make_metric(f"python:grading_x:{name}").grade(example("a"), "a")
        assert f"python:grading_x:{name}" in str(caught.value)
    for name in ("tow", "number"):
        with pytest.raises(BadInput):
            make_metric(f"python:grading_x:{name}")


def test_the_metric_is_guessed_from_the_targets():
    assert guess_metric(["1", "$2,000", "-3.5"]) == "numeric"
    assert guess_metric(["yes", "No"]) == "boolean"
    assert guess_metric(["yes", "maybe"]) == "exact"


PIECES = st.sampled_from(
    [
        *("answer is ", "answer: ", "#### ", "is: ", "\\boxed{", "}", "(", "(A)", " B ", "\nQ: "),
        *("is the correct answer", "=", "1", ",000", "-", ".", "yes", "not valid", "twenty-", "\n"),
        *("{", '"a":', "[", "```json", "\x1b[31m", "\u202e", "\ud800", "\x00", "½", "٣", "é", " "),
    ]
)
HOSTILE = st.one_of(st.text(), st.lists(PIECES, max_size=60).map("".join))


@settings(max_examples=150, deadline=None)
@given(answer=HOSTILE, target=HOSTILE)
def test_no_text_breaks_a_metric(answer, target):
    for name in (*BUILTIN, r"regex:(\w+)"):
        metric = make_metric(name)
        item = example(target, COLOURS)
        metric.prepare([item])
        metric.problem(target)
        result = metric.grade(item, answer)
        assert 0 <= result.score <= 1
        assert metric.grade(item, answer) == result


@pytest.mark.parametrize(
    "unit",
    [
        *("a", " ", "\n", "1", "1,000", "-", "=", "(A) ", "\\boxed{", "{", '{"a":', "[", "answer "),
        *("answer is ", "is: ", "twenty-", "not ", "Q:", "\nQ: ", "is the correct answer ", "*_"),
        *("**answer", "```", ".5e", "yes no ", "light "),
    ],
)
def test_a_megabyte_is_graded_at_once(unit):
    text = unit * (1_000_000 // len(unit))
    for name in BUILTIN:
        metric = make_metric(name)
        started = time.thread_time()
        metric.grade(example("18", COLOURS), text)
        assert time.thread_time() - started < 0.5, name


def test_a_normal_answer_takes_microseconds():
    text = "She sells 9 eggs a day.\n9 * 2 = 18 dollars.\nThe answer is (B) 18."
    for name in BUILTIN:
        metric = make_metric(name)
        item = example("18", COLOURS)
        times = []
        for _ in range(200):
            started = time.perf_counter()
            metric.grade(item, text)
            times.append(time.perf_counter() - started)
        assert sorted(times)[100] < 200e-6, name

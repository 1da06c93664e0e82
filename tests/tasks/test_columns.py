"""What is guessed of own data: columns, metric, and an instruction to start from."""

from __future__ import annotations

import pytest

from opro_tui.core.errors import BadInput
from opro_tui.tasks import TaskOptions, load
from opro_tui.tasks.columns import guess_columns
from opro_tui.tasks.labels import labels_of, starting_solution
from opro_tui.tasks.metrics import guess_metric

QUEUES = ["billing", "technical", "account"]
HEAD = ("Ticket #", "Message (customer)", "queue / team", "prio")
ROWS = [
    (f"T-{i}", f"A long message, number {i}", QUEUES[i % 3], "low" if i % 2 else "high")
    for i in range(24)
]


def rows(columns, cells):
    return [dict(zip(columns, row, strict=True)) for row in cells]


def test_columns_are_guessed_by_name_then_by_what_is_in_them():
    found = rows(("id", "body", "kind"), [("1", "a long text here", "x")])
    assert guess_columns(("id", "body", "kind"), found) == ("body", "kind")
    assert guess_columns(("Question", "Answer"), []) == ("Question", "Answer")
    assert guess_columns(("only",), [{"only": "x"}]) == ("only", "")
    assert guess_columns((), []) == ("", "")


def test_a_usual_name_counts_as_one_word_of_several():
    assert guess_columns(HEAD, rows(HEAD, ROWS)) == ("Message (customer)", "queue / team")
    assert guess_columns(("gold_label", "text", "n"), []) == ("text", "gold_label")


def test_texts_that_repeat_are_the_answer_rather_than_short_ones():
    columns = ("nr", "body", "team")
    cells = [(str(i), f"a long text {i}", QUEUES[i % 3]) for i in range(12)]
    assert guess_columns(columns, rows(columns, cells)) == ("body", "team")


def write(tmp_path, cells=ROWS):
    path = tmp_path / "tickets.csv"
    path.write_text("\n".join(",".join(f'"{cell}"' for cell in row) for row in (HEAD, *cells)))
    return path


def test_without_columns_the_error_says_which_flags_to_give(tmp_path):
    with pytest.raises(BadInput) as caught:
        load(TaskOptions(task=str(write(tmp_path))))
    text = str(caught.value)
    assert "--input 'Message (customer)' --target 'queue / team'" in text
    assert "the columns are Ticket #, Message (customer), queue / team, prio" in text


def test_empty_targets_are_counted(tmp_path):
    cells = [row if i not in (3, 7, 9) else (*row[:2], " ", row[3]) for i, row in enumerate(ROWS)]
    with pytest.raises(BadInput, match=r"line 5: the target .* is empty \(3 rows have none\)"):
        load(TaskOptions(task=str(write(tmp_path, cells)), input=HEAD[1], target=HEAD[2]))


def test_labels_are_few_short_and_repeat():
    assert labels_of(QUEUES * 3) == ("account", "billing", "technical")
    assert labels_of(QUEUES * 2) == ()
    assert labels_of(["one"] * 9) == ()
    assert labels_of([f"label {i}" for i in range(21)] * 3) == ()
    assert labels_of(["a long sentence that is no label of anything", "x"] * 9) == ()
    assert labels_of(["two\nlines", "x"] * 9) == ()


def test_labels_are_guessed_to_be_choices():
    assert guess_metric(QUEUES * 3) == "multiple-choice"
    assert guess_metric(QUEUES) == "exact"
    assert guess_metric(["yes", "no"] * 5) == "boolean"


def test_the_first_instruction_names_the_labels(tmp_path):
    options = TaskOptions(task=str(write(tmp_path)), input=HEAD[1], target=HEAD[2])
    task = load(options).task
    assert task.defaults["metric"] == "multiple-choice"
    (first,) = task.starting_solutions()
    assert first.endswith("answer with it alone: account, billing, technical.")
    assert task.grade(task.examples[0], "The queue is billing.").score == 1


@pytest.mark.parametrize(
    ("metric", "targets"),
    [("multiple-choice", ["A", "(B)"] * 5), ("numeric", ["10", "20"] * 5), ("exact", ["a b", "c"])],
)
def test_where_there_are_no_names_for_labels_the_first_instruction_is_the_usual_one(
    metric, targets
):
    assert starting_solution(metric, targets) == ""

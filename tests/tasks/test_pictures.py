"""What the built-in tasks draw of their solutions."""

from __future__ import annotations

import pytest

from opro_tui.core.picture import Kind, Seen, View
from opro_tui.tasks import TaskOptions, load
from opro_tui.tasks.tsp import TravellingSalesman

SQUARE = ((0, 0), (8, 0), (8, 6), (0, 6), (4, 3))
"""Its shortest tour has the middle between two corners 8 apart: 5 + 5 + 6 + 8 + 6 = 30."""


def seen(task, *texts):
    return tuple(Seen(n, text, task.compute(text).score) for n, text in enumerate(texts, 1))


def line(**values):
    name = "linear-regression:" + ",".join(f"{key}={value}" for key, value in values.items())
    return load(TaskOptions(task=name, seed=1)).task


def test_a_prompt_task_has_no_picture():
    assert load(TaskOptions(task="sums")).task.picture(View()) is None


def test_the_map_has_the_true_pair_and_every_pair_tried():
    task = line(w=15, b=14)
    tried = seen(task, "w=12, b=11", "w=16, b=14", "w=18, b=19")
    drawn = task.picture(View(tried, tried[1], tried[2]))
    (panel,) = drawn.panels
    marks = {kind: [m.at for m in panel.marks if m.kind is kind] for kind in Kind}
    assert marks[Kind.GOAL] == [(15.0, 14.0)]
    assert marks[Kind.BEST] == [(16, 14)]
    assert marks[Kind.SELECTED] == [(18, 19)]
    assert marks[Kind.TRIED] == [(12, 11), (16, 14), (18, 19)]
    (way,) = panel.lines
    assert way.places == ((12, 11), (16, 14))
    assert "w=16, b=14: loss" in drawn.captions[0]


def test_the_maps_values_are_the_losses_of_its_places():
    task = line(w=15, b=14)
    panel = task.picture(View()).panels[0]
    rows = panel.field.rows
    lowest = min((value, x, y) for y, row in enumerate(rows) for x, value in enumerate(row))
    w = panel.x[0] + (panel.x[1] - panel.x[0]) * (lowest[1] + 0.5) / len(rows[0])
    b = panel.y[0] + (panel.y[1] - panel.y[0]) * (lowest[2] + 0.5) / len(rows)
    residuals = (y - (w * x + b) for x, y in zip(task.xs, task.ys, strict=True))
    assert lowest[0] == pytest.approx(sum(r * r for r in residuals))
    assert abs(w - 15) < 1


def test_the_map_is_worked_out_once_for_a_window_and_follows_the_zoom():
    task = line()
    first, again = task.picture(View()), task.picture(View())
    assert first.panels[0].field is again.panels[0].field
    near = task.picture(View(zoom=3)).panels[0]
    assert near.x[1] - near.x[0] < (first.panels[0].x[1] - first.panels[0].x[0]) / 4
    assert near.x[0] < 15 < near.x[1]


def test_a_pair_far_outside_does_not_shrink_the_map():
    task = line()
    tried = seen(task, "w=999999, b=-999999", "w=12, b=12")
    panel = task.picture(View(tried, tried[1])).panels[0]
    assert panel.x[1] < 60


def test_the_exact_pair_is_called_found():
    task = line(w=15, b=14)
    tried = seen(task, "w=15, b=14")
    assert "found" in task.picture(View(tried, tried[0])).captions[0]


def test_the_best_tour_stands_beside_the_optimum_with_its_gap():
    task = TravellingSalesman(SQUARE)
    # 0,2,1,3,4: 10 + 6 + 10 + 5 + 5 = 36, so (36 − 30) / 30 = 20 %.
    tried = seen(task, "0,2,1,3,4")
    drawn = task.picture(View(tried, tried[0]))
    own, beside = drawn.panels
    assert drawn.captions[0] == "gap 20.0 % to the proven optimum (best #1)"
    assert drawn.reference.value == 30
    assert drawn.reference.gap(tried[0].score) == pytest.approx(20)
    assert own.title == "best #1: 36.0"
    assert beside.title == "optimum 30.0"
    assert own.lines[0].places == tuple(SQUARE[node] for node in (0, 2, 1, 3, 4))
    assert own.lines[0].kind is Kind.BEST
    shortest, taken = (
        {frozenset((tour[n - 1], tour[n])) for n in range(5)}
        for tour in (beside.lines[0].places, own.lines[0].places)
    )
    assert {frozenset(line.places) for line in own.lines[1:]} == shortest - taken
    assert all(line.dotted for line in own.lines[1:])


def test_the_optimum_itself_has_no_gap_and_nothing_missing():
    task = TravellingSalesman(SQUARE)
    tried = seen(task, "0,4,1,2,3")
    drawn = task.picture(View(tried, tried[0]))
    assert drawn.captions == ("best #1 is as short as the proven optimum",)
    assert len(drawn.panels[0].lines) == 1


def test_a_selected_tour_that_waits_or_is_none_is_said_to():
    task = TravellingSalesman(SQUARE)
    tried = seen(task, "0,1,2,3,4")
    waits = task.picture(View(tried, tried[0], Seen(2, "0,2,1,3,4")))
    assert waits.panels[0].title == "selected #2: 36.0, gap 20.0 %, not scored yet"
    assert waits.panels[0].lines[0].kind is Kind.SELECTED
    broken = task.picture(View(tried, tried[0], Seen(3, "0,1,1")))
    assert broken.panels[0].title == "selected #3: no tour"
    assert not broken.panels[0].lines


def test_an_unproven_optimum_is_called_the_best_known():
    from opro_tui.tasks.tsp_optimum import Optimum

    known = Optimum((0, 1, 2, 3, 4), 32.0, 30.0, proven=False)
    task = TravellingSalesman(SQUARE, optimum=known)
    tried = seen(task, "0,2,1,3,4")
    drawn = task.picture(View(tried, tried[0]))
    # 36 − 32 is 12.5 % of 32; and 32 is at most 6.7 % over the bound of 30.
    assert drawn.captions[0] == "gap 12.5 % to the best known tour, unproven (best #1)"
    assert not drawn.reference.proven
    assert drawn.panels[1].title == "best known 32.0"
    assert "at most 6.7 % above" in drawn.captions[1]
    # Somebody may be better: 30 is 6.2 % (rounded to even, 6.25) under 32.
    better = seen(task, "0,4,1,2,3")
    drawn = task.picture(View(better, better[0]))
    assert drawn.captions[0] == "6.2 % shorter than the best known tour, unproven (best #1)"

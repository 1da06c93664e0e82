"""Heuristics on instances worked out by hand, and the exact optimum against brute force."""

from __future__ import annotations

import math
import random
from itertools import permutations

import pytest

from opro_tui.tasks import tsp_tours as tours
from opro_tui.tasks.tsp_optimum import solve

LINE = ((0, 0), (3, 0), (-2, 0), (10, 0), (-9, 0))
SQUARE = ((0, 0), (8, 0), (8, 6), (0, 6), (4, 3))


def drawn(count, seed):
    draw = random.Random(seed)
    every = [(x, y) for x in range(-100, 101, 4) for y in range(-100, 101, 4)]
    return draw.sample(every, count)


def brute(points):
    between = tours.distances(points)
    rest = permutations(range(1, len(points)))
    return min(tours.length((0, *order), between) for order in rest)


def test_nearest_neighbour_by_hand():
    # From 0: to 2 (2), then 1 (5; 4 is 7 away), 3 (7; 4 is 12 away), and far back to 4.
    between = tours.distances(LINE)
    tour = tours.nearest_neighbour(between)
    assert tour == (0, 2, 1, 3, 4)
    assert tours.length(tour, between) == 2 + 5 + 7 + 19 + 9
    # From 0: to the middle (5), from which all others are 5 away: the lowest, then round.
    assert tours.nearest_neighbour(tours.distances(SQUARE)) == (0, 4, 1, 2, 3)


def test_farthest_insertion_by_hand():
    # 3 costs 20; then 4 costs 18 (1 costs 0, 2 costs 4); then 1 and 2 fit in at no cost.
    between = tours.distances(LINE)
    tour = tours.farthest_insertion(between)
    assert tour == (0, 2, 4, 1, 3)
    assert tours.length(tour, between) == 38
    # 2 costs 20; 1 and 3 cost 4, the middle 0: 1 in front of 2; then 3 (4) and the middle (2).
    between = tours.distances(SQUARE)
    assert tours.farthest_insertion(between) == (0, 4, 1, 2, 3)
    assert tours.length((0, 4, 1, 2, 3), between) == 30


def test_farthest_is_by_the_cheapest_place_not_by_the_distance():
    # Node 3 is the farthest from the tour's nodes, but fits in almost for free; node 4 does not.
    points = ((0, 0), (100, 0), (0, 1), (50, 2), (20, 30))
    between = tours.distances(points)
    # After [0, 1]: 2 costs 1.0…, 3 costs 0.08, 4 costs 21.6; 4 first, then 3 and 2.
    order = [cost for cost, _ in (tours._cheapest([0, 1], node, between) for node in (2, 3, 4))]
    assert order[2] == pytest.approx(math.sqrt(1300) + math.sqrt(7300) - 100)
    assert max(order) == order[2] > order[0] > order[1]
    assert tours.farthest_insertion(between).index(4) > 0


@pytest.mark.parametrize("count", [5, 6, 8])
@pytest.mark.parametrize("seed", range(4))
def test_the_optimum_is_that_of_brute_force(count, seed):
    points = drawn(count, seed)
    found = solve(points)
    assert found.proven
    assert found.tour[0] == 0
    assert found.length == found.bound == pytest.approx(brute(points), abs=1e-9)


def test_subtours_are_cut():
    near = [(-100, -100), (-96, -100), (-100, -96), (-96, -96)]
    points = [*near, *((-x, -y) for x, y in near)]
    found = solve(points)
    assert found.proven
    assert found.length == pytest.approx(brute(points))


def test_a_circle_of_fifty_is_gone_round():
    angles = [2 * math.pi * step / 50 for step in range(50)]
    points = [(round(100 * math.cos(a)), round(100 * math.sin(a))) for a in angles]
    order = random.Random(1).sample(range(50), 50)
    found = solve([points[i] for i in order])
    assert found.proven
    between = tours.distances(points)
    assert found.length == pytest.approx(tours.length(range(50), between))


@pytest.mark.parametrize("seed", range(3))
def test_fifty_nodes_are_proven(seed):
    points = drawn(50, seed)
    between = tours.distances(points)
    found = solve(points)
    assert found.proven
    assert sorted(found.tour) == list(range(50))
    heuristics = (tours.nearest_neighbour(between), tours.farthest_insertion(between))
    better = [tours.improved(tour, between) for tour in heuristics]
    lengths = [tours.length(tour, between) for tour in (*heuristics, *better)]
    assert min(lengths) >= found.length - 1e-9
    assert lengths[2] <= lengths[0]
    assert lengths[3] <= lengths[1]


def test_without_time_there_is_a_bound_and_no_proof():
    points = drawn(30, 2)
    hurried, proper = solve(points, seconds=0), solve(points)
    assert not hurried.proven
    assert hurried.bound <= proper.length <= hurried.length
    assert sorted(hurried.tour) == list(range(30))

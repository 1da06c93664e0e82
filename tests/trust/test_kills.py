"""A few of the kills with every test run, hundreds behind the marker `slow`."""

from __future__ import annotations

import pytest

from tests.trust import scenes, upkeep_scenes
from tests.trust.kills import harness, report

QUICK = (
    (scenes.Scoring, 2),
    (scenes.Committing, 4),
    (scenes.Migrating, 2),
    (scenes.Exporting, 3),
    (scenes.Screen, 1),
    (upkeep_scenes.Salvaging, 1),
)


def test_killed_at_a_dozen_moments_nothing_is_lost_or_bought_twice() -> None:
    with harness(seed=12, real=0) as at_work:
        for kind, kills in QUICK:
            at_work.chain(kind, 0, kills)
        tally = at_work.tally
    assert not tally.defects, "\n".join(report(tally))
    assert tally.kills >= 8


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_at_hundreds_of_moments_nothing_is_lost_or_bought_twice() -> None:
    with harness(seed=1) as at_work:
        number = 0
        while at_work.tally.kills < 300:
            for kinds in scenes.SCENES.values():
                for kind in kinds:
                    at_work.chain(kind, number)
            number += 1
        tally = at_work.tally
    print("\n".join(report(tally)))
    assert not tally.defects, "\n".join(report(tally))

"""A little of the storm with every test run, hours of it behind the marker `slow`."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.wire import CHAT, read_request
from tests.trust.storm import LASTING, Tally, all_lasting, report, sky, storms
from tests.trust.weather import Storm

SEED = 7


def test_a_storm_changes_no_score_and_buys_nothing_twice() -> None:
    tally = Tally()
    with sky(SEED, small=True) as over:
        asyncio.run(storms(over, [SEED], tally))
    assert not tally.defects, "\n".join(report(tally))
    assert tally.faults > 12
    assert tally.twice.total() == 0
    assert sum(each["endpoint gone"] for each in tally.injected.values()) == 3


def test_what_does_not_heal_stops_at_once_and_burns_nothing() -> None:
    tally = Tally()
    with sky(SEED, small=True) as over:
        asyncio.run(all_lasting(over, [LASTING[0], LASTING[6]], tally))
    assert not tally.defects, "\n".join(report(tally))
    assert tally.lasting.total() == 12
    assert tally.burnt.total() <= 12 * 4


def test_a_storm_is_a_function_of_its_seed_and_as_strong_as_it_says() -> None:
    request = read_request(1, CHAT, {}, {"messages": [{"role": "user", "content": "<INS>"}]})
    one, other = Storm(SEED), Storm(SEED)
    one.blowing = other.blowing = True
    faults = [one(number, request) for number in range(1, 4001)]
    assert faults == [other(number, request) for number in range(1, 4001)]
    limited = sum(fault is not None and fault.status == 429 for fault in faults)
    assert 0.17 < limited / 4000 < 0.23
    assert 0.32 < sum(fault is not None for fault in faults) / 4000 < 0.40
    assert len(one.injected) == 13


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_many_storms_change_no_score_and_buy_nothing_twice() -> None:
    tally = Tally()
    with sky(1) as over:
        asyncio.run(all_lasting(over, LASTING, tally))
        asyncio.run(storms(over, range(1, 21), tally))
    print("\n".join(report(tally)))
    assert not tally.defects, "\n".join(report(tally))

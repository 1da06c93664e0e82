"""The simulated model behind the protocol."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from opro_tui.core.errors import BadInput
from opro_tui.core.protocols import Example, Finish, Message, Request
from opro_tui.models.simulated import create_simulated
from opro_tui.models.simulated.model import LATENCY_VARIABLE, estimate_tokens
from tests.models.simulated.reference import START

PROMPT = f"text:\n{START}\nscore:\n52\n\nWrite a better one between <INS> and </INS>."
PROPOSE = Request((Message("user", PROMPT),), n=8, temperature=1.0, draw=("s", 1, 0))
EXAMPLE = Example(0, "Ann has 12 apples and buys 30. How many has she now?", "42")
ASK = Request(
    (Message("user", f"Q: {START}\n{EXAMPLE.input}\n\nA:"),), temperature=0.0, oracle=EXAMPLE
)


def test_it_is_labelled_and_free_of_network() -> None:
    model = create_simulated("optimizer", 1)
    assert (model.name, model.endpoint, model.simulated) == ("simulated", "simulated", True)
    assert model.offers_n
    assert not model.offers_cache
    assert model.max_output_default == 512


async def test_one_request_brings_n_completions_and_their_usage() -> None:
    model = create_simulated("optimizer", 1)
    response = await model.complete(PROPOSE, {})
    assert len(response.completions) == 8
    assert len({completion.text for completion in response.completions}) > 4
    assert response.usage.input_tokens == estimate_tokens(PROMPT) + 4
    written = sum(estimate_tokens(completion.text) + 1 for completion in response.completions)
    assert response.usage.output_tokens == written
    assert response == await create_simulated("optimizer", 1).complete(PROPOSE, {})
    assert response != await create_simulated("optimizer", 2).complete(PROPOSE, {})
    await model.aclose()


@pytest.mark.parametrize(
    "change",
    [{"temperature": 0.5}, {"n": 4}, {"draw": ("s", 2, 0)}, {"max_output_tokens": 9}],
)
def test_what_may_change_the_answer_is_part_of_the_key(change: dict[str, object]) -> None:
    model = create_simulated("optimizer", 1)
    assert model.parameters(PROPOSE, {}) != model.parameters(replace(PROPOSE, **change), {})
    assert model.parameters(PROPOSE, {}) != create_simulated("optimizer", 2).parameters(PROPOSE, {})


def test_a_scorer_at_temperature_zero_shares_its_answers_between_draws() -> None:
    model = create_simulated("scorer", 1)
    assert model.parameters(ASK, {}) == model.parameters(replace(ASK, draw=(3,)), {})
    warm = replace(ASK, temperature=0.7)
    assert model.parameters(warm, {}) != model.parameters(replace(warm, draw=(3,)), {})
    other = replace(ASK, oracle=replace(EXAMPLE, target="43"))
    assert model.parameters(ASK, {}) != model.parameters(other, {})


async def test_the_optimizer_never_sees_the_oracle() -> None:
    model = create_simulated("optimizer", 1)
    told = await model.complete(replace(PROPOSE, oracle=EXAMPLE), {})
    assert told.completions == (await model.complete(PROPOSE, {})).completions


async def test_a_short_limit_cuts_the_answer() -> None:
    model = create_simulated("scorer", 1)
    whole = (await model.complete(ASK, {})).completions[0]
    assert whole.finish is Finish.STOP
    cut = (await model.complete(replace(ASK, max_output_tokens=2), {})).completions[0]
    assert cut.finish is Finish.LENGTH
    assert estimate_tokens(cut.text) == 2
    assert whole.text.startswith(cut.text)


async def test_a_refused_temperature_counts_as_none_sent() -> None:
    model = create_simulated("scorer", 1)
    warm = replace(ASK, temperature=1.0)
    assert model.parameters(warm, {"temperature": False})["temperature"] == 0.0
    refused = await model.complete(warm, {"temperature": False})
    assert refused.completions == (await model.complete(ASK, {})).completions


async def test_latency_is_for_watching_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LATENCY_VARIABLE, "0.05")
    model = create_simulated("judge", 1)
    began = time.perf_counter()
    await model.complete(ASK, {})
    assert time.perf_counter() - began >= 0.04


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "1e9"])
def test_a_bad_latency_says_what_to_do(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(LATENCY_VARIABLE, text)
    with pytest.raises(BadInput, match=LATENCY_VARIABLE):
        create_simulated("scorer", 1)


def test_an_unknown_role_names_the_nearest() -> None:
    with pytest.raises(BadInput, match="scorer"):
        create_simulated("score", 1)

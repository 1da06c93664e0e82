"""Linear regression: a local search that finds the pair, from the text alone."""

from __future__ import annotations

import pytest

from opro_tui.core.hashing import uniform
from opro_tui.core.meta_prompt import ShownSolution, Template, build
from opro_tui.core.proposals import parse
from opro_tui.models.simulated import optimizer
from opro_tui.models.simulated.draws import normal
from opro_tui.models.simulated.extract import as_pair

Pair = tuple[int, int]
ROWS = ((15, 14), (17, 17), (16, 10), (3, 5), (25, 23), (2, 30), (36, -1))
TEMPLATES = {
    "brackets": Template(
        instructions="A lower value is better.\n\n{trajectory}\nGive a new pair as [w, b].",
        solution_format="input:\nw={solution}\nvalue:\n{score}\n\n",
        solution_format_without_score="w={solution}\n",
        exemplar_format="",
        proposal_open="[",
        proposal_close="]",
    ),
    "tags": Template(
        instructions="Minimize the loss.\n{trajectory}Write the next between <P> and </P>.",
        solution_format="Loss {score}: <P>w={solution}</P>\n",
        solution_format_without_score="<P>w={solution}</P>\n",
        exemplar_format="",
        proposal_open="<P>",
        proposal_close="</P>",
    ),
}


def _objective(true: Pair, seed: int) -> dict[int, float]:
    return {x: true[0] * x + true[1] + normal("noise", seed, x) for x in range(1, 51)}


def _loss(pair: Pair, points: dict[int, float]) -> float:
    return sum((y - pair[0] * x - pair[1]) ** 2 for x, y in points.items())


def _steps(
    true: Pair, seed: int, *, template: Template, temperature: float = 1.0, limit: int = 90
) -> tuple[int | None, int, int]:
    """Steps until the pair is found (None: not within the limit), unique pairs, malformed ones."""
    points = _objective(true, seed)
    visited: dict[Pair, float] = {}
    for number in range(5):
        start = (
            10 + int(11 * uniform(seed, number, "w")),
            10 + int(11 * uniform(seed, number, "b")),
        )
        if start != true:
            visited[start] = _loss(start, points)
    malformed = 0
    for step in range(1, limit + 1):
        top = sorted(visited.items(), key=lambda item: item[1])[:20][::-1]
        shown = [
            ShownSolution(number, f"{w}, b={b}", str(round(value)))
            for number, ((w, b), value) in enumerate(top)
        ]
        prompt = build(template, shown, ()).text
        for index in range(8):
            completion = optimizer.complete(seed, prompt, temperature, (step,), index)
            pair = as_pair(parse(completion, template)[0].text)
            malformed += pair is None
            if pair is not None and pair not in visited:
                visited[pair] = _loss(pair, points)
        if true in visited:
            return step, len(visited), malformed
    return None, len(visited), malformed


@pytest.mark.parametrize("true", ROWS)
def test_every_row_of_the_paper_is_found(true: Pair) -> None:
    for seed in (1, 2, 3):
        for template in TEMPLATES.values():
            steps, _, _ = _steps(true, seed, template=template)
            assert steps is not None, (true, seed)


def test_it_searches_and_is_no_oracle() -> None:
    far = [
        _steps(true, seed, template=TEMPLATES["brackets"]) for true in ROWS[3:] for seed in (4, 5)
    ]
    steps = [step for step, _, _ in far if step is not None]
    assert min(steps) >= 2
    assert sum(steps) / len(steps) > 5
    assert sum(unique for _, unique, _ in far) / len(far) > 30
    assert sum(malformed for _, _, malformed in far) > 0


def test_temperature_matters() -> None:
    def total(temperature: float) -> int:
        runs = [
            _steps(true, seed, template=TEMPLATES["tags"], temperature=temperature, limit=40)[0]
            or 41
            for true in ((15, 14), (3, 5), (25, 23))
            for seed in (1, 2, 3)
        ]
        return sum(runs)

    usual = total(1.0)
    assert total(0.0) > 1.5 * usual
    assert total(2.0) > 1.5 * usual


def test_a_proposal_is_written_like_the_shown_ones() -> None:
    template = TEMPLATES["tags"]
    shown = [ShownSolution(0, "15, b=14", "900"), ShownSolution(1, "16, b=12", "400")]
    prompt = build(template, shown, ()).text
    texts = [
        parse(optimizer.complete(1, prompt, 1.0, (), index), template)[0].text
        for index in range(20)
    ]
    assert sum(text.startswith("w=") and ", b=" in text for text in texts) >= 17

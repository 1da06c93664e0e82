"""A reference loop without engine, tasks or store: propose, vet, score, show the best."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING

from opro_tui.core.hashing import uniform
from opro_tui.core.meta_prompt import ShownExemplar, ShownSolution, Template, build
from opro_tui.core.proposals import parse
from opro_tui.models.simulated import optimizer
from opro_tui.models.simulated.ability import ability, is_right, probability, unread_share

if TYPE_CHECKING:
    from collections.abc import Callable

START = "Let's solve the problem."
EXAMPLES = tuple(
    (f"Ann has {3 + i} apples and buys {7 * i % 13 + 2} more. How many has she now?", 5 + i)
    for i in range(60)
)
POPULATION = tuple(f"another question, number {i}" for i in range(120))

INSTRUCTIONS = """\
Below are instructions with their scores; higher is better.

{trajectory}
Problems of the kind, with <INS> where the instruction goes:

{exemplars}
Write a new instruction with a higher score between <INS> and </INS>.
"""
PLAIN = Template(
    instructions=INSTRUCTIONS,
    solution_format="text:\n{solution}\nscore:\n{score}\n\n",
    solution_format_without_score="text:\n{solution}\n\n",
    exemplar_format="input:\nQ: <INS>\n{input}\nA:\noutput:\n{target}\n\n",
)
MANGLED = Template(
    instructions="Say something new.\n{exemplars}",
    solution_format="{solution}{score}",
    solution_format_without_score="{solution}",
    exemplar_format="{input} {target}\n",
)


@dataclass
class Outcome:
    """What a run of the loop came to; abilities are the latent true accuracies."""

    start: float
    best: float
    candidates: float
    duplicates: int
    rejected: int
    texts: list[str] = field(default_factory=list)

    @property
    def gain(self) -> float:
        return self.best - self.start


def true_accuracy(seed: int, instruction: str) -> float:
    theta = ability(seed, instruction, "Q_begin", "number")
    read = 1 - unread_share(instruction, theta)
    return read * fmean(probability(seed, theta, question) for question in POPULATION)


def training_score(seed: int, instruction: str) -> float:
    theta = ability(seed, instruction, "Q_begin", "number")
    lost = unread_share(instruction, theta)
    return fmean(
        is_right(seed, instruction, theta, question)
        and uniform("unread", seed, instruction, question) >= lost
        for question, _ in EXAMPLES
    )


def run(
    seed: int,
    *,
    temperature: float = 1.0,
    steps: int = 8,
    template: Template = PLAIN,
    hidden: bool = False,
    arrange: Callable[[list[tuple[str, float]], int], None] | None = None,
) -> Outcome:
    """Optimize from the bare start for some steps of eight candidates, twenty shown."""
    scores = {START: training_score(seed, START)}
    duplicates = rejected = 0
    for step in range(1, steps + 1):
        top = sorted(scores.items(), key=lambda item: item[1])[-20:]
        if arrange:
            arrange(top, step)
        shown = [
            ShownSolution(number, text, None if hidden else str(round(100 * score)))
            for number, (text, score) in enumerate(top)
        ]
        exemplars = [
            ShownExemplar(i, EXAMPLES[i][0], str(EXAMPLES[i][1])) for i in range(step, step + 3)
        ]
        prompt = build(template, shown, exemplars).text
        for index in range(8):
            completion = optimizer.complete(seed, prompt, temperature, ("s", step), index)
            text = parse(completion, template)[0].text.strip()
            if text in scores:
                duplicates += 1
            elif len(text) > 500 or any(c.isdigit() for c in text) or "<" in text:
                rejected += 1
            else:
                scores[text] = training_score(seed, text)
    best = max(scores, key=lambda text: (scores[text], -len(text)))
    found = [text for text in scores if text != START]
    return Outcome(
        start=true_accuracy(seed, START),
        best=true_accuracy(seed, best),
        candidates=fmean(true_accuracy(seed, text) for text in found) if found else 0.0,
        duplicates=duplicates,
        rejected=rejected,
        texts=list(scores),
    )

"""The simulated optimizer: from the text of a meta-prompt to the text of a completion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from opro_tui.models.simulated import critic, pairs, phrases, tours
from opro_tui.models.simulated.draws import Dice
from opro_tui.models.simulated.habits import spoils
from opro_tui.models.simulated.reader import read
from opro_tui.models.simulated.wording import normalized

if TYPE_CHECKING:
    from collections.abc import Callable

    from opro_tui.models.simulated.reader import Brief


class Writer(NamedTuple):
    """How one kind of solution is proposed, and how such a proposal goes wrong."""

    propose: Callable[[Brief, Dice, float], str]
    spoil: Callable[[str, Brief, Dice], str]


_WRITERS: Final = {
    "phrase": Writer(phrases.propose, phrases.spoil),
    "pair": Writer(pairs.propose, pairs.spoil),
    "tour": Writer(tours.propose, tours.spoil),
}
_PREFACES: Final = (
    "Here is a new one that builds on what worked:",
    "Looking at the scores, I suggest:",
    "I would try this next.",
)
_UNTAGGED_PREFACES: Final = ("Sure! How about:", "Maybe something like this:", "My suggestion:")
_LEAST_SPREAD: Final = 0.12


def complete(
    seed: int, prompt: str, temperature: float, draw: tuple[object, ...], index: int
) -> str:
    """One completion of a meta-prompt.

    Args:
        seed: The model's seed.
        prompt: The text that was sent, and all that the answer depends on.
        temperature: 0 repeats the best, 1 explores, 2 leaves the trajectory behind.
        draw: What tells this request from others with the same text.
        index: Which of the request's completions this is, from 0.
    """
    if critic.is_asked(prompt):
        return critic.complete(seed, prompt, temperature, draw, index)
    brief = read(prompt)
    spread = _LEAST_SPREAD + temperature
    own = Dice("optimizer", seed, prompt, temperature, *draw, index)
    # The colder it is, the more draws come out as the one that the prompt makes likeliest.
    dice = own if own.chance(spread) else Dice("optimizer", seed, prompt, temperature)
    texts: list[str] = []
    for _ in range(brief.count):
        texts.append(_distinct(brief, dice, temperature, texts))
    return _laid_out(texts, brief, own, temperature)


def _distinct(brief: Brief, dice: Dice, temperature: float, before: list[str]) -> str:
    """A proposal that differs from those written before in the same completion, if one comes up."""
    writer = _WRITERS[brief.kind]
    known = {normalized(text) for text in before}
    text = writer.propose(brief, dice, temperature)
    for _ in range(3):
        if not before or normalized(text) not in known:
            break
        text = writer.propose(brief, dice, max(temperature, 0.7))
    return writer.spoil(text, brief, dice) if spoils(dice, temperature) else text


def _laid_out(texts: list[str], brief: Brief, dice: Dice, temperature: float) -> str:
    """The completion: each proposal between the tags that were asked for."""
    if brief.tags is None:
        body = "\n".join(texts)
        return f"{dice.choice(_UNTAGGED_PREFACES)} {body}" if dice.chance(0.5) else body
    opening, closing = brief.tags
    if dice.chance(0.004 + 0.01 * temperature):
        closing = ""
    body = "\n".join(f"{opening}{text}{closing}" for text in texts)
    return f"{dice.choice(_PREFACES)}\n{body}" if dice.chance(0.15) else body

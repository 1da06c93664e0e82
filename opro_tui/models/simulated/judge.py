"""The simulated judge: a reason and a tagged grade between 0 and 1, which are no evidence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opro_tui.models.simulated.draws import Dice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.protocols import Example, Message

_MARKED = re.compile(
    r"^\[(?P<mark>[0-9a-f]{12}) answer\]\n(?P<said>.*)\n\[/(?P=mark) answer\]$",
    re.MULTILINE | re.DOTALL,
)
_ANSWER = re.compile(
    r"<(answer|response|reply|output)>(?P<tagged>.*?)</\1>"
    r"|^[ \t#*]*(?:the\s+)?(?:answer|response|reply|output)[^:\n]{0,30}:[*]*\s*(?P<labelled>.+)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_TERM = re.compile(r"\w+")
_HEDGES: Final = frozenset({"depends", "probably", "perhaps", "maybe", "somehow", "unsure", "hard"})
_ENOUGH: Final = 30


def complete(
    seed: int,
    messages: Sequence[Message],
    oracle: Example | None,
    temperature: float,
    draw: tuple[object, ...],
    index: int,
) -> str:
    """Grade the answer in a judge's request, by its substance and what it shares with the target.

    Args:
        seed: The model's seed.
        messages: The request, with the answer between marks or tags, behind a label, or last.
        oracle: The example that was answered, if its target should be known.
        temperature: Above 0, judging the same answer again may give a neighbouring grade.
        draw: What tells this request from others with the same text.
        index: Which of the request's completions this is, from 0.
    """
    text = "\n".join(message.content for message in messages)
    noise = (temperature, *draw, index) if temperature > 0 else ()
    dice = Dice("judge", seed, text, *noise)
    said = _terms(_answer(text))
    substance = min(len(set(said)) / _ENOUGH, 1.0)
    hedged = bool(_HEDGES & set(said))
    wanted = set(_terms(oracle.target)) if oracle is not None else set()
    covered = len(wanted & set(said)) / len(wanted) if wanted else substance
    raw = 0.65 * covered + 0.35 * substance - 0.25 * hedged + dice.normal(0.05 + 0.05 * temperature)
    grade = round(min(max(raw, 0.0), 1.0), 1) if said else 0.0
    reason = _reason(covered, hedged=hedged, said=bool(said))
    return f"Simulated judge: {reason}\n<grade>{grade}</grade>"


def _terms(text: str) -> list[str]:
    """Words and numbers, in lower case."""
    return _TERM.findall(text.casefold())


def _answer(text: str) -> str:
    marked = _MARKED.search(text)
    if marked is not None:
        return marked["said"]
    found = _ANSWER.search(text)
    if found is None:
        return text.rsplit("\n\n", 1)[-1]
    return found["tagged"] if found["tagged"] is not None else found["labelled"]


def _reason(covered: float, *, hedged: bool, said: bool) -> str:
    if not said:
        return "Nothing was answered."
    if hedged:
        return "The answer avoids committing itself."
    if covered > 0.7:
        return "The answer covers what was wanted and says it clearly."
    return "Part of what was wanted is missing."

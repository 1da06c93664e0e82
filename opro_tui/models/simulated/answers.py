"""Writing the scorer's answers: right ones, plausible wrong ones, and ones that say nothing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from opro_tui.models.simulated.bank import strategies_in
from opro_tui.models.simulated.wording import normalized

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opro_tui.models.simulated.draws import Dice

_NUMERIC = re.compile(r"\s*[-−]?[$€£]?[-−]?\d[\d,]*(?:\.\d+)?\s*%?\s*")
_LETTER = re.compile(r"\s*\(?([A-Z])\)?\s*")
_OPTIONS = (
    re.compile(r"\(([A-Z])\)"),
    re.compile(r"^\s*([A-Z])[).:](?=\s)", re.MULTILINE),
    re.compile(r"(?:^|[\s,;\[\"'])([A-Z])\)(?=\S)"),
)
_OPPOSITES: Final = {
    "yes": "no",
    "no": "yes",
    "true": "false",
    "false": "true",
    "valid": "invalid",
    "invalid": "valid",
    "plausible": "implausible",
    "implausible": "plausible",
}
_LONGEST_NUMBER: Final = 15
_RAMBLING: Final = (
    "There is a lot to consider here, and different readings of the text lead to different places.",
    "This depends on how the situation is understood, so more would have to be known first.",
    "More thought is needed before committing to anything here.",
    "Several things seem to matter here and it is hard to say which of them matters most.",
)
_THOROUGH: Final = (
    "The request has two sides, and both deserve a clear reply. The first is what happened and why"
    " it matters; the second is what to do next, with a concrete action and a time by which it is"
    " done."
)
_VAGUE: Final = "It depends, but it will probably be fine in some way."


def topic(question: str, target: str) -> str:
    """What kind of answer is wanted: `number`, `choice`, `truth` or `text`."""
    if target.strip().casefold() in _OPPOSITES:
        return "truth"
    if _NUMERIC.fullmatch(target):
        return "number"
    if _LETTER.fullmatch(target) and (target.strip() != "I" or _letters(question)):
        return "choice"
    return "text"


def right(question: str, target: str, instruction: str, dice: Dice) -> str:
    """An answer that says the target."""
    return _told(question, target, instruction, dice) if target.strip() else _THOROUGH


def wrong(
    question: str, target: str, instruction: str, fields: Mapping[str, str], dice: Dice
) -> str:
    """An answer that says something else of the same kind."""
    if not target.strip():
        return _VAGUE
    kind = topic(question, target)
    if kind == "truth":
        other = _like(target, _OPPOSITES[target.strip().casefold()])
    elif kind == "number":
        other = _near_number(target, dice)
    elif kind == "choice":
        other = _other_letter(question, target, fields, dice)
    else:
        other = _other_text(target, dice)
    return _told(question, other, instruction, dice)


def rambling(dice: Dice) -> str:
    """Words in which no answer can be found; now and then nothing at all."""
    if dice.chance(0.08):
        return ""
    first = dice.choice(_RAMBLING)
    return f"{first} {dice.choice(_RAMBLING)}" if dice.chance(0.4) else first


def _told(question: str, answer: str, instruction: str, dice: Dice) -> str:
    """The answer in sentences; more of them the more the instruction asks to work it out."""
    answer = answer.strip()
    if answer[:1] in "{[" and _is_json(answer):
        return answer
    told = strategies_in(instruction)
    end = "." if answer[-1:].isalnum() else ""
    closing = f"The answer is:\n{answer}" if "\n" in answer else f"The answer is {answer}{end}"
    if "brief" in told:
        return closing
    lines: list[str] = []
    if told & {"restate", "backward"}:
        lines.append("The question wants one thing, and the rest of the text leads up to it.")
    if told & {"stepwise", "decompose", "logic", "knowns"}:
        lines.append("I take what is stated piece by piece and combine it.")
    if _NUMERIC.fullmatch(answer) and (working := _working(question, answer, dice)):
        lines.append(working)
    if "verify" in told:
        lines.append("Looking at it again, this fits what was asked.")
    return " ".join([*lines, closing])


def _working(question: str, answer: str, dice: Dice) -> str:
    """A line of arithmetic on two of the question's numbers, if one gives the answer."""
    values = [int(match) for match in re.findall(r"(?<![\d.,])\d{1,6}(?![\d.,]\d)", question)][:8]
    try:
        result = float(answer.replace(",", "").strip(" $€£%").replace("−", "-"))
    except ValueError:
        return ""
    for at, first in enumerate(values):
        for second in values[at + 1 :]:
            for sign, value in (
                ("+", first + second),
                ("-", first - second),
                ("*", first * second),
            ):
                if value == result:
                    return f"{first} {sign} {second} = {value}."
    if len(values) < 2:
        return ""
    return f"Starting from {dice.choice(values)} and going on from there gives {answer.strip()}."


def _near_number(target: str, dice: Dice) -> str:
    """A slip: off by a little, by a factor, or with two digits changed over; never the target."""
    match = re.search(r"\d[\d,]*(?:\.\d+)?", target)
    text = match.group() if match else "0"
    if len(text) > _LONGEST_NUMBER:
        return target.replace(text, text[:-1] + str((int(text[-1]) + 1) % 10), 1)
    decimals = len(text.partition(".")[2])
    value = float(text.replace(",", ""))
    unit = 10.0**-decimals
    slips = [
        value + unit * dice.choice((1, 2, 3, 5, 10)),
        value - unit * dice.choice((1, 2, 4)),
        value * 2,
        value + dice.choice((10, 12, 20)),
        round(value * 0.9, decimals),
    ]
    slip = dice.choice([other for other in slips if other >= 0 and abs(other - value) >= unit / 2])
    written = f"{slip:.{decimals}f}"
    return target.replace(text, written, 1) if match else written


def _letters(*texts: str) -> list[str]:
    for pattern in _OPTIONS:
        for text in texts:
            found = sorted(set(pattern.findall(text)))
            if len(found) > 1:
                return found
    return []


def _other_letter(question: str, target: str, fields: Mapping[str, str], dice: Dice) -> str:
    match = _LETTER.fullmatch(target)
    own = match[1] if match else target
    found = _letters(question, *fields.values()) or list("ABCD")
    other = dice.choice(
        [letter for letter in found if letter != own] or ["A" if own != "A" else "B"]
    )
    return target.replace(own, other, 1)


def _other_text(target: str, dice: Dice) -> str:
    """A text near the target that doesn't contain it."""
    stripped = target.strip()
    if stripped[:1] in "{[" and _is_json(stripped):
        return json.dumps(_other_value(json.loads(stripped)))
    parts = stripped.split()
    changed = list(parts)
    if len(parts) > 2:
        at = dice.choice(range(len(parts) - 1))
        changed[at], changed[at + 1] = changed[at + 1], changed[at]
        if dice.chance(0.3):
            changed.pop()
    other = " ".join(changed)
    if _squeezed(stripped) in _squeezed(other):
        other = " ".join(parts[:-1]) if len(parts) > 1 else ""
    if not other or _squeezed(stripped) in _squeezed(other):
        other = dice.choice(("something else", "hard to tell", "none of these"))
    return other


def _other_value(value: object) -> object:
    """JSON data with something changed in it."""
    if isinstance(value, dict) and value:
        last = list(value)[-1]
        return {**value, last: _other_value(value[last])}
    if isinstance(value, list) and value:
        return value[:-1]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return "unknown" if value != "unknown" else "other"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _squeezed(text: str) -> str:
    return normalized(re.sub(r"[^\w\s]", "", text)) or normalized(text)


def _like(model: str, word: str) -> str:
    """A word in the case in which another is written."""
    if model.strip().isupper():
        return word.upper()
    return word.capitalize() if model.strip()[:1].isupper() else word

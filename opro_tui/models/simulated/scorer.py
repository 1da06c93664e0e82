"""The simulated scorer: an answer to a question, as good as the instruction beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from opro_tui.core.hashing import uniform
from opro_tui.models.simulated import answers
from opro_tui.models.simulated.ability import ability, is_right, unread_share
from opro_tui.models.simulated.draws import Dice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.protocols import Example, Message

_Q_MARK = re.compile(r"^[ \t]*Q:", re.MULTILINE)
_A_MARK = re.compile(r"^[ \t]*A:", re.MULTILINE)


class Placed(NamedTuple):
    """An instruction and where in the request it stands."""

    text: str
    position: str


def complete(
    seed: int,
    messages: Sequence[Message],
    oracle: Example | None,
    temperature: float,
    draw: tuple[object, ...],
    index: int,
) -> str:
    """One answer to a scorer's request.

    Args:
        seed: The model's seed, and with it what helps and what doesn't.
        messages: The request.
        oracle: The example asked about; without one the model can only ramble.
        temperature: Above 0, the same request may come out differently in each draw.
        draw: What tells this request from others with the same text.
        index: Which of the request's completions this is, from 0.
    """
    noise = (temperature, *draw, index) if temperature > 0 else ()
    sent = "\n".join(f"{message.role}: {message.content}" for message in messages)
    dice = Dice("scorer", seed, sent, *noise)
    if oracle is None:
        return answers.rambling(dice)
    question, target = oracle.input, oracle.target
    placed = find_instruction(messages, oracle)
    kind = answers.topic(question, target)
    theta = ability(seed, placed.text, placed.position, kind)
    if uniform("unread", seed, sent, *noise) < unread_share(placed.text, theta):
        return answers.rambling(dice)
    if is_right(seed, placed.text, theta, question, noise):
        return answers.right(question, target, placed.text, dice)
    # Different instructions tend to go wrong in the same way on the same question.
    slip = Dice("slip", seed, question) if dice.chance(0.6) else dice
    return answers.wrong(question, target, placed.text, oracle.fields, slip)


def find_instruction(messages: Sequence[Message], oracle: Example) -> Placed:
    """What is left of a request when the question and its frame are taken out."""
    system = "\n".join(m.content for m in messages if m.role == "system").strip()
    user = "\n".join(m.content for m in messages if m.role != "system")
    before, after = _around(user, oracle)
    before_q, _, q_begin = _cut(before, _Q_MARK)
    q_end, _, a_begin = _cut(after, _A_MARK)
    pieces = {
        "system": system,
        "before_Q": before_q.strip() if q_begin is not None else "",
        "Q_begin": (before_q if q_begin is None else q_begin).strip(),
        "Q_end": q_end.strip(),
        "A_begin": (a_begin or "").strip(),
    }
    position = max(pieces, key=lambda name: len(pieces[name]))
    return Placed(" ".join(piece for piece in pieces.values() if piece), position)


def _around(user: str, oracle: Example) -> tuple[str, str]:
    """The text before and after the question; its columns are taken out of both."""
    question = oracle.input.strip()
    if question and question in user:
        before, _, after = user.partition(question)
        return before, after
    mark = "\0"
    rest = user
    for value in sorted(oracle.fields.values(), key=len, reverse=True):
        if value.strip():
            rest = rest.replace(value.strip(), mark, 1)
    before, _, after = rest.partition(mark)
    return before, after.replace(mark, " ")


def _cut(text: str, mark: re.Pattern[str]) -> tuple[str, str, str | None]:
    match = mark.search(text)
    if match is None:
        return text, "", None
    return text[: match.start()], match.group(), text[match.end() :]

"""The simulated optimizer as a critic: words about a meta-prompt, deterministic and no evidence."""

from __future__ import annotations

import re
from typing import Final

from opro_tui.models.simulated.bank import STRATEGIES, strategies_in
from opro_tui.models.simulated.draws import Dice
from opro_tui.models.simulated.reader import read

_ASKED = re.compile(r"\bWrite a critique\b")
_REQUEST = re.compile(r"^\[request\]\n(.*)\n\[/request\]$", re.MULTILINE | re.DOTALL)
_ASKED_WITHIN: Final = 1500
"""Characters at the end of a request in which a critique is asked for."""


def is_asked(prompt: str) -> bool:
    """Whether a request asks for a critique and not for proposals."""
    return _ASKED.search(prompt[-_ASKED_WITHIN:]) is not None


def complete(
    seed: int, prompt: str, temperature: float, draw: tuple[object, ...], index: int
) -> str:
    """A critique of the meta-prompt in a request; arguments as for the optimizer's proposals."""
    dice = Dice("critic", seed, prompt, temperature, *draw, index)
    request = _REQUEST.search(prompt)
    inside = request[1] if request else prompt
    shown = read(inside).shown
    wrong = prompt[len(inside) :].count("[answer]")
    known = {name for each in shown[-3:] for name in strategies_in(each.text)}
    fresh = [name for name in STRATEGIES if name not in known] or list(STRATEGIES)
    hint = dice.choice(STRATEGIES[dice.choice(fresh)][1])
    return (
        f"Simulated critique, by no LLM: {len(shown)} solutions and {wrong} wrong answers were"
        f" read. What the best of them lack: focus on this: {hint}"
    )

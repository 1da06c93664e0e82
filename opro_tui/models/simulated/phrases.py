"""Writing instructions: recombining what was shown with what is known of strategies."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Final

from opro_tui.models.simulated.bank import BLAND, STRATEGIES, strategies_in
from opro_tui.models.simulated.habits import (
    attended,
    between,
    ignores_trajectory,
    recency,
    soft,
    worth,
)
from opro_tui.models.simulated.wording import clauses, join, paraphrase, shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    from opro_tui.models.simulated.draws import Dice
    from opro_tui.models.simulated.reader import Brief

_HUNCHES: Final = {
    "number": {"equation": 0.03, "knowns": 0.03, "units": 0.01, "options": -0.05},
    "choice": {"options": 0.04, "logic": 0.02, "equation": -0.05, "units": -0.05},
    "truth": {"logic": 0.04, "careful": 0.02, "equation": -0.05, "units": -0.05},
}
_WISH: Final = 0.12
_OPERATIONS: Final = {
    "repeat": (0.5, 0.03, 0.01),
    "paraphrase": (0.25, 0.14, 0.1),
    "shorten": (0.05, 0.06, 0.05),
    "drop": (0.04, 0.1, 0.1),
    "reorder": (0.08, 0.04, 0.05),
    "add": (0.04, 0.28, 0.3),
    "swap": (0.02, 0.19, 0.25),
    "merge": (0.02, 0.16, 0.14),
}
_MOST_CLAUSES: Final = 4

Clauses = list[str]


def propose(brief: Brief, dice: Dice, temperature: float) -> str:
    """Write one instruction, from what the meta-prompt shows and as bold as the temperature."""
    seen = attended(brief.shown, dice)
    if not any(item.text for item in seen) and not brief.scored:
        return _bland(dice)
    if ignores_trajectory(brief, dice, temperature):
        return _made_up(dice)
    texts = [item.text for item in seen]
    values = worth(seen, brief)
    credit = _credit(texts, values if brief.scored else [0.0] * len(values), brief)
    favour = soft(values, between(0.01, 0.1, 0.5, temperature))
    weights = [a * b for a, b in zip(favour, recency(len(seen), brief), strict=True)]
    parent = dice.weighted(texts, weights)
    other = dice.weighted(texts, weights)
    writer = _Writer(dice, credit, between(0.02, 0.05, 0.5, temperature), clauses(other))
    parts = list(clauses(parent))
    for _ in range(2 if dice.chance(between(0.0, 0.35, 0.7, temperature)) else 1):
        operation = dice.weighted(
            list(_OPERATIONS), [between(*odds, temperature) for odds in _OPERATIONS.values()]
        )
        if operation == "repeat":
            return parent or _bland(dice)
        parts = writer.apply(operation, parts)
    return join(parts[: 2 if brief.short else 6], dice)


def spoil(text: str, brief: Brief, dice: Dice) -> str:
    """An instruction that vetting rejects: one already shown, far too long, or with a digit."""
    kind = dice.choice(("duplicate", "long", "digit"))
    if kind == "duplicate" and brief.shown:
        return dice.choice(brief.shown).text or text
    if kind == "long":
        parts = [text]
        while sum(map(len, parts)) < 560:
            parts.append(_phrase(dice.choice(list(STRATEGIES)), dice))
        return " ".join(parts)
    return f"{text} Use at most {dice.choice((3, 4, 5))} steps."


class _Writer:
    """The operations on clauses, under one set of dice and one view of what helps."""

    def __init__(
        self, dice: Dice, credit: dict[str, float], sharpness: float, other: tuple[str, ...]
    ) -> None:
        self._dice = dice
        self._credit = credit
        self._sharpness = sharpness
        self._other = other

    def apply(self, operation: str, parts: Clauses) -> Clauses:
        operations: dict[str, Callable[[Clauses], Clauses]] = {
            "paraphrase": partial(self._each_word, most=3),
            "shorten": self._shorten,
            "drop": self._drop,
            "reorder": self._reorder,
            "add": self._add,
            "swap": lambda given: self._add(self._drop(given)),
            "merge": self._merge,
        }
        return operations[operation](parts) or self._add([])

    def _each_word(self, parts: Clauses, most: int) -> Clauses:
        changes = 1 + int(self._dice.uniform() * most)
        return [paraphrase(part, changes, self._dice) for part in parts]

    def _shorten(self, parts: Clauses) -> Clauses:
        chosen = self._dice.choice(range(len(parts))) if parts else 0
        return [shorten(part) if at == chosen else part for at, part in enumerate(parts)]

    def _drop(self, parts: Clauses) -> Clauses:
        if len(parts) < 2:
            return parts
        loss = [-self._value(part) for part in parts]
        gone = self._dice.weighted(range(len(parts)), soft(loss, self._sharpness))
        return [part for at, part in enumerate(parts) if at != gone]

    def _reorder(self, parts: Clauses) -> Clauses:
        return sorted(parts, key=lambda _: self._dice.uniform())

    def _add(self, parts: Clauses) -> Clauses:
        if len(parts) >= _MOST_CLAUSES:
            parts = self._drop(parts)
        present = strategies_in(" ".join(parts))
        absent = [name for name in STRATEGIES if name not in present]
        if not absent:
            return parts
        chances = soft([self._credit.get(name, 0.0) for name in absent], self._sharpness)
        name = self._dice.weighted(absent, chances)
        first = name in ("role", "restate") or self._dice.chance(0.3)
        phrase = _phrase(name, self._dice)
        if name == "format" or not first:
            return [*parts, phrase]
        return [phrase, *parts]

    def _merge(self, parts: Clauses) -> Clauses:
        fresh = [part for part in self._other if part not in parts]
        if not fresh:
            return self._add(parts)
        joined = parts + sorted(fresh, key=self._value, reverse=True)[:2]
        while len(joined) > _MOST_CLAUSES:
            joined = self._drop(joined)
        return joined

    def _value(self, part: str) -> float:
        return sum(self._credit.get(name, 0.0) for name in strategies_in(part))


def _credit(texts: list[str], values: list[float], brief: Brief) -> dict[str, float]:
    """What each strategy seems to be worth: how much better the shown texts with it did."""
    credit: dict[str, float] = defaultdict(float)
    mean = sum(values) / len(values)
    gains: dict[str, list[float]] = defaultdict(list)
    for text, value in zip(texts, values, strict=True):
        for name in strategies_in(text):
            gains[name].append(value - mean)
    for name, parts in gains.items():
        credit[name] = sum(parts) / (len(parts) + 1.0)
    for name, hunch in _HUNCHES.get(brief.topic, {}).items():
        credit[name] += hunch
    for name in brief.wished:
        credit[name] += _WISH
    for name in brief.shunned:
        credit[name] -= _WISH
    return credit


def _phrase(strategy: str, dice: Dice) -> str:
    phrase = dice.choice(STRATEGIES[strategy][1])
    return paraphrase(phrase, 1, dice) if dice.chance(0.3) else phrase


def _bland(dice: Dice) -> str:
    text = dice.choice(BLAND)
    return paraphrase(text, 1, dice) if dice.chance(0.5) else text


def _made_up(dice: Dice) -> str:
    """Something that owes nothing to the trajectory."""
    parts = [_bland(dice)] if dice.chance(0.5) else []
    names = [dice.choice(list(STRATEGIES)) for _ in range(dice.choice((1, 1, 2)))]
    parts.extend(_phrase(name, dice) for name in names)
    return join(parts, dice)

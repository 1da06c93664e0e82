"""Taking instructions apart into clauses and putting them together again."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from opro_tui.models.simulated.bank import CONNECTORS, SYNONYMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.models.simulated.draws import Dice

_CLAUSE_END = re.compile(r"(?<=[.!?;])\s+|\n+")
_CONNECTOR = re.compile(
    r"^(?:" + "|".join(re.escape(word.rstrip(",")) for word in CONNECTORS) + r")\b,?\s+",
    re.IGNORECASE,
)
_WORD = re.compile(r"(?<!-)[^\W\d_]+(?:['’][^\W\d_]+)?")
_ADVERB = re.compile(r" (?:\w{3,40}ly|very|really|also|just)\b", re.IGNORECASE)
_TAIL = re.compile(r"(?:,| and | before | so that | until | rather than ).*$", re.DOTALL)
_LONGEST_READ = 4000


@lru_cache(maxsize=2048)
def clauses(text: str) -> tuple[str, ...]:
    """The sentences of an instruction, without the connectors that joined them."""
    pieces = (piece.strip() for piece in _CLAUSE_END.split(text[:_LONGEST_READ]))
    stripped = (_capital(_CONNECTOR.sub("", piece)) for piece in pieces)
    return tuple(dict.fromkeys(piece for piece in stripped if piece))


def normalized(text: str) -> str:
    """A text without its differences in case and white space."""
    return " ".join(text.casefold().split())


def words(text: str) -> list[str]:
    """The words of a text, in lower case."""
    return [word.casefold() for word in _WORD.findall(text)]


def join(parts: Sequence[str], dice: Dice) -> str:
    """Clauses as one instruction, with a connector here and there."""
    written: list[str] = []
    for number, part in enumerate(dict.fromkeys(parts)):
        ended = part if part[-1:] in ".!?…" else part.rstrip(";,") + "."
        if number and dice.chance(0.25):
            last = number == len(parts) - 1
            connector = "Finally," if last and dice.chance(0.5) else dice.choice(CONNECTORS[:4])
            ended = f"{connector} {_small(ended)}"
        written.append(ended)
    return " ".join(written)


def paraphrase(text: str, changes: int, dice: Dice) -> str:
    """A text with up to so many of its words replaced by a synonym."""
    found = [match for match in _WORD.finditer(text) if match.group().casefold() in SYNONYMS]
    chosen: list[re.Match[str]] = []
    for _ in range(min(changes, len(found))):
        chosen.append(dice.choice([match for match in found if match not in chosen]))
    for match in sorted(chosen, key=lambda item: -item.start()):
        new = dice.choice(SYNONYMS[match.group().casefold()])
        if match.group()[0].isupper():
            new = _capital(new)
        text = text[: match.start()] + new + text[match.end() :]
    return text


def shorten(clause: str) -> str:
    """A clause without its adverbs and its tail, where enough of it remains."""
    short = _ADVERB.sub("", clause)
    cut = _TAIL.sub("", short).rstrip(" .;,")
    return cut + "." if len(words(cut)) >= 3 else short


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(text: str) -> str:
    return text if text[:2] in ("I ", "I'") or text[:2].isupper() else text[:1].lower() + text[1:]

"""Finding the answer in a model's text: indicators, numbers, truth values and choices.

Every pattern runs in linear time, and only the last `LOOKED_AT` characters are looked at, so that
an answer of any length is graded at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LOOKED_AT = 20_000
"""Characters from the end of an answer (a made-up next question cut off) that are looked at."""

BOXED_LIMIT = 500


class Found(Enum):
    """How an answer was marked in its text."""

    AFTER = "after"
    BEFORE = "before"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Answer:
    """The part of a model's text that holds its answer.

    Attributes:
        text: The indicated part; the whole text when nothing indicated one.
        found: Whether it stood after an indicator, before one, or was not marked.
        whole: All the text that was looked at.
    """

    text: str
    found: Found
    whole: str

    @property
    def first_line(self) -> str:
        """The first line of the answer that isn't blank."""
        return next((line.strip() for line in self.text.splitlines() if line.strip()), "")

    @property
    def last_line(self) -> str:
        """The last line of the answer that isn't blank."""
        return next((line.strip() for line in reversed(self.text.splitlines()) if line.strip()), "")


_NEXT_QUESTION = re.compile(r"\n[ \t]{0,20}(?:Q|Question)(?: ?\d{1,4})?:")
_MARKED = re.compile(
    r"(?<!is the correct )(?<!is the right )(?<!is the final )"
    r"\banswers?[*_]{0,2}(?: to [^.\n:]{1,60}?)?\s{0,3}"
    r"(?:(?:is|are|would be|should be|must be|will be)\b[*_\s]{0,4}:?|[:=])|####",
    re.IGNORECASE,
)
_LISTED = re.compile(r"\b(?:is|are)[*_]{0,2}:", re.IGNORECASE)
_CONFIRMED = re.compile(
    r"\bis[*_\s]{1,4}the[*_\s]{1,4}(?:correct|right|final)[*_\s]{1,4}(?:answer|choice|option)",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"[\s\[\](){}<>]*")
_WRAPPED = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\{([^{}]{0,200})\}")


def find_answer(text: str) -> Answer:
    r"""Find the part of a model's text that holds its answer.

    The last `\boxed{…}` counts as the answer. Otherwise it is what follows the last "answer is",
    "answer:" or "####"; failing that, the last "is:" or "are:"; failing that, what stands before
    "is the correct answer". A following question that the model made up is cut off.

    Args:
        text: What the model wrote.
    """
    whole = _cut(text)
    boxed = _boxed(whole)
    if boxed:
        return Answer(boxed, Found.AFTER, whole)
    for pattern in (_MARKED, _LISTED):
        end = _last_with_text(pattern, whole)
        if end is not None:
            return Answer(whole[end:].lstrip(" \t\r\n*_:"), Found.AFTER, whole)
    confirmed = [match.start() for match in _CONFIRMED.finditer(whole)]
    if confirmed:
        before = whole[: confirmed[-1]].rstrip()
        line = before[before.rfind("\n") + 1 :].strip()
        if line:
            return Answer(line, Found.BEFORE, whole)
    return Answer(whole, Found.NOT, whole)


def _cut(text: str) -> str:
    for match in _NEXT_QUESTION.finditer(text):
        before = text[max(0, match.start() - LOOKED_AT) : match.start()]
        if before.strip():
            return before.strip()
    return text[-LOOKED_AT:].strip()


def _last_with_text(pattern: re.Pattern[str], text: str) -> int | None:
    """Where the last match that has anything behind it ends."""
    end = None
    limit = len(text.rstrip(" \t\r\n*_:.#"))
    for match in pattern.finditer(text):
        if match.end() < limit:
            end = match.end()
    return end


def _boxed(text: str) -> str:
    r"""What stands in the last \boxed{…}; "" when there is none.

    Its braces are balanced, but brackets that follow on the line and end in a brace belong to it:
    an answer of closing brackets holds braces of its own.
    """
    start = text.rfind("\\boxed{")
    if start < 0:
        return ""
    start += len("\\boxed{")
    line = text[start : start + BOXED_LIMIT].split("\n", 1)[0]
    end = _balanced_end(line)
    rest = _BRACKETS.match(line, end + 1)
    if rest and "}" in rest.group():
        end = end + 1 + rest.group().rfind("}")
    return _WRAPPED.sub(r"\1", line[:end]).strip() if end >= 0 else ""


def _balanced_end(text: str) -> int:
    depth = 1
    for position, character in enumerate(text):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if not depth:
            return position
    return text.rfind("}")


# --- numbers ---------------------------------------------------------------------------------

_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS = {word: number for number, word in enumerate(_UNITS)} | {
    word: 10 * number for number, word in enumerate(_TENS, start=2)
}
_DIGITS = re.compile(
    r"(?:(?<![\w.)\]])[-−–])?(?:(?<![\d.])\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?!\d)|\d+)(?:\.\d+)?"
    r"(?:[eE][-+]?\d{1,3}(?!\w))?"
    r"|(?:(?<![\w.)\]])[-−–])?(?<!\w)\.\d+"
)
_NUMBER_WORD = re.compile(
    rf"\b(?:({'|'.join(_TENS)})(?:[- ]({'|'.join(_UNITS[1:10])}))?|({'|'.join(_UNITS)}))\b",
    re.IGNORECASE,
)
_CURRENCY = re.compile(r"\\?[$€£¥]\s?|\\[,!;]|\\?%")
_SENTENCE = re.compile(r"[.!?](?=\s|$)|\n|\b(?:because|since)\b", re.IGNORECASE)
_EXACT = Context(prec=400)


def find_number(answer: Answer) -> Decimal | None:
    """The number that an answer states; None when there is none.

    Args:
        answer: The last "=" side of its first sentence counts when it was indicated; then the first
            number, else the last one. Words up to ninety-nine count where there are no digits.
    """
    if answer.found is Found.NOT:
        return _number_in(answer.text, first=False)
    first = answer.found is Found.AFTER
    sentence = _first_sentence(answer.text) if first else answer.text
    side = sentence.rsplit("=", 1)[-1]
    for text in (side, sentence, answer.text):
        number = _number_in(text, first=first)
        if number is not None:
            return number
    return _number_in(answer.whole, first=False)


def _first_sentence(text: str) -> str:
    match = _SENTENCE.search(text)
    return text[: match.start()] if match and match.start() else text


def _number_in(text: str, *, first: bool) -> Decimal | None:
    text = _CURRENCY.sub("", text.replace("{,}", ","))
    digits = _DIGITS.findall(text)
    if digits:
        return to_number(digits[0 if first else -1])
    words = _NUMBER_WORD.findall(text)
    if not words:
        return None
    tens, unit, single = (part.lower() for part in words[0 if first else -1])
    if single:
        return Decimal(_WORDS[single])
    return Decimal(_WORDS[tens] + (_WORDS[unit] if unit else 0))


def to_number(token: str) -> Decimal | None:
    """A numeric token's value; None when it is none or absurdly long."""
    token = token.replace("−", "-").replace("–", "-")
    token = token.replace(",", "").replace("\u00a0", "").replace("\u202f", "")
    try:
        number = Decimal(token)
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() and len(token) <= 300 else None


def same_number(number: Decimal, target: Decimal) -> bool:
    """Whether a number, rounded to the target's decimals, is the target."""
    exponent = target.as_tuple().exponent
    step = Decimal(1).scaleb(min(0, exponent if isinstance(exponent, int) else 0))
    try:
        return number.quantize(step, rounding=ROUND_HALF_UP, context=_EXACT) == target
    except InvalidOperation:
        return number == target


# --- truth values ----------------------------------------------------------------------------

_TRUE = ("yes", "true", "valid", "1", "plausible")
_FALSE = ("no", "false", "invalid", "0", "implausible")
_TRUTH = re.compile(
    r"\b(?:(not|isn't|isn’t)\s(?:\w{1,20}\s)?)?(true|valid|plausible|false|invalid|implausible)\b"
    r"|\b(yes)\b|\b(no)\b(?=\s*[^\w\s]|\s*$|[ \t]*\n)|(?<![\w.])([01])(?![\w.]*\d)",
    re.IGNORECASE,
)

_STOPS = ("", ".", ",", ";", ":", "!", "\n", "\r", "*")


def find_truth(answer: Answer) -> bool | None:
    """The truth value that an answer states; None when there is none.

    Args:
        answer: The first value counts when one was indicated or it opens the text, else the last.
            1 and 0 count only where they are all there is or were indicated.
    """
    if answer.found is Found.AFTER:
        values = _truths(answer.text, digits=True)
        return values[0] if values else _last_truth(answer.whole)
    if answer.found is Found.BEFORE:
        values = _truths(answer.text, digits=True)
        return values[-1] if values else _last_truth(answer.whole)
    bare = answer.text.strip(" \t\r\n*_`\"'().!")
    if bare in ("0", "1"):
        return bare == "1"
    opening = _TRUTH.match(bare)
    # "True and not True is False" opens with a value that isn't its answer.
    if opening and (opening.group(3) or bare[opening.end() : opening.end() + 1] in _STOPS):
        return _truth(opening.groups())
    return _last_truth(answer.whole)


def _last_truth(text: str) -> bool | None:
    values = _truths(text, digits=False)
    return values[-1] if values else None


def _truths(text: str, *, digits: bool) -> list[bool]:
    return [_truth(groups) for groups in _TRUTH.findall(text) if digits or not groups[4]]


def _truth(groups: Sequence[str | None]) -> bool:
    negated, word, yes, no, digit = groups
    if word:
        return (word.lower() in _TRUE) != bool(negated)
    return bool(yes) or (digit == "1" and not no)


def to_truth(text: str) -> bool | None:
    """A target's truth value; None when it has none."""
    word = text.strip().strip(".").lower()
    if word in _TRUE:
        return True
    return False if word in _FALSE else None


# --- choices ---------------------------------------------------------------------------------

_OPTION = re.compile(r"^[ \t]{0,8}(?:\(([A-Za-z])\)|([A-Z])[).:])[ \t]*(\S.*)$", re.MULTILINE)
_BRACKETED = re.compile(r"[(\[]([A-Za-z])[)\]]")
_BARE = re.compile(
    r"\A[\s*_`\"'(\[]*(?:option |choice )?([A-Za-z])(?:[*_`\"')\].:,;!]|\s*\Z|\s(?=\s*[^a-z\s]))"
    r"|\A[\s*_]*([B-HJ-Z])\s",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\b(?i:option|choice|answer|is)[*_\s:(]{1,4}([B-HJ-Z]\b|[AI]\b(?!\s{1,3}[a-z]))(?!['’])"
    r"|^[ \t*_]{0,4}([A-Z])(?:[).:]|[ \t*_.]{0,4}$)",
    re.MULTILINE,
)
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[^\w\s\"'“”‘’`*.,;:!?()\[\]]")


@lru_cache(maxsize=8192)
def options_of(question: str) -> Mapping[str, str]:
    """The lettered options in a question: letter to the option's normalized words."""
    found: dict[str, str] = {}
    for bracketed, bare, text in _OPTION.findall(question[-LOOKED_AT:]):
        found.setdefault((bracketed or bare).upper(), words(text))
    return found if len(found) > 1 else {}


@lru_cache(maxsize=16_384)
def _words_of_short(text: str) -> str:
    return " ".join(_TOKEN.findall(text.casefold()))


def words(text: str) -> str:
    """A text's words and signs in lower case, punctuation dropped, one blank between them."""
    if len(text) <= 200:
        return _words_of_short(text)
    return " ".join(_TOKEN.findall(text.casefold()))


def find_choice(answer: Answer, options: Mapping[str, str]) -> str | None:
    """The choice that an answer names; None when it names none, or more than one.

    Args:
        answer: Its letter counts, bracketed or not, else an option's text with no other's beside.
        options: Key (a letter, or a label) to the option's normalized words.
    """
    if answer.found is Found.AFTER:
        line = answer.first_line
        sentence = _first_sentence(answer.text).strip() or line
        return (
            _leading_letter(line, options)
            or _letter(_BRACKETED, sentence, options, first=True)
            or _by_text(sentence, options)
            or _letter(_BRACKETED, line, options, first=True)
            or _by_text(line, options)
            or _letter(_BRACKETED, answer.text, options, first=True)
            or _by_text(answer.text, options)
            or _unmarked(answer.whole, answer.last_line, options)
        )
    if answer.found is Found.BEFORE:
        sentence = re.split(r"[.!?]\s", answer.text)[-1]
        choice = (
            _letter(_BRACKETED, sentence, options, first=False)
            or _letter(_NAMED, sentence, options, first=False)
            or _leading_letter(sentence, options)
            or _by_text(sentence, options)
        )
        return choice or _unmarked(answer.whole, answer.last_line, options)
    return _unmarked(answer.text, answer.last_line, options)


def _unmarked(text: str, last_line: str, options: Mapping[str, str]) -> str | None:
    return (
        _letter(_BRACKETED, text, options, first=False)
        or (_leading_letter(text, options) if len(text) < 80 else None)
        or _letter(_NAMED, text, options, first=False)
        or _by_text(last_line, options)
        or _by_text(text, options)
    )


def _letter(
    pattern: re.Pattern[str], text: str, options: Mapping[str, str], *, first: bool
) -> str | None:
    found = (next(filter(None, match.groups())).upper() for match in pattern.finditer(text))
    letters = [letter for letter in found if letter in options]
    return letters[0 if first else -1] if letters else None


def _leading_letter(text: str, options: Mapping[str, str]) -> str | None:
    match = _BARE.match(text)
    letter = next(filter(None, match.groups())).upper() if match else ""
    return letter if letter in options else None


def _by_text(text: str, options: Mapping[str, str]) -> str | None:
    """The one option whose words stand in the text outside every longer option's words."""
    padded = f" {words(text)} "
    present = [key for key, option in options.items() if option and f" {option} " in padded]
    if len(present) < 2:
        return present[0] if present else None
    for key in sorted(present, key=lambda key: (-len(options[key]), key)):
        needle = f" {options[key]} "
        if needle in padded:
            # A bar in its place keeps the words on both sides apart.
            padded = padded.replace(needle, " | ")
        else:
            present.remove(key)
    return present[0] if len(present) == 1 else None

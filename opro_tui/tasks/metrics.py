"""Metrics: how an answer is graded against its target."""

from __future__ import annotations

import inspect
import math
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

from opro_tui.core.errors import BadInput, OproError, nearest
from opro_tui.core.protocols import Grade
from opro_tui.tasks import answers, json_answers
from opro_tui.tasks.labels import labels_of
from opro_tui.tasks.user_code import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opro_tui.core.protocols import Example

NAMES = ("exact", "contains", "numeric", "boolean", "multiple-choice", "json", "judge")
JUDGE = "judge"
"""The metric whose grades a judge model gives."""
REGEX_SECONDS = 0.25
REGEX_LIMIT = 50_000
REGEX_LENGTH = 1_000
REGEX_REPEATS = 100_000
PARSED_LIMIT = 500
MAX_LABELS = 50


class Metric(Protocol):
    """How an answer is graded.

    Attributes:
        name: As the user gave it.
        binary: Whether every grade is 0 or 1.
        trusted: False when grading runs something of the user's that needs a time-out.
    """

    name: str
    binary: bool
    trusted: bool

    def prepare(self, examples: Sequence[Example]) -> None:
        """Learn what it must know of the data before the first grade."""

    def problem(self, target: str) -> str | None:
        """Why this metric can't grade against a target; None when it can."""

    def grade(self, example: Example, answer: str) -> Grade:
        """Grade an answer that isn't blank."""


def make_metric(name: str) -> Metric:
    """The metric of a name.

    Args:
        name: One of `NAMES`, `regex:PATTERN` or `python:module:function`.

    Raises:
        BadInput: There is none of that name, the pattern is invalid, or the function can't be had.
    """
    if name.startswith("regex:"):
        return _Regex(name)
    if name.startswith("python:"):
        return _Python(name)
    classes: dict[str, type[_Base]] = {
        "exact": _Exact,
        "contains": _Contains,
        "numeric": _Numeric,
        "boolean": _Boolean,
        "multiple-choice": _MultipleChoice,
        "json": _Json,
        JUDGE: _Judge,
    }
    if name not in classes:
        known = (*NAMES, "regex:PATTERN", "python:module:function")
        todo = nearest(name, NAMES) or f"The metrics are {', '.join(known)}."
        raise BadInput(f"unknown metric {name!r}", where="metric", todo=todo)
    return classes[name]()


def needs_target(name: str) -> bool:
    """Whether a metric compares with a right answer, so that each example must have one."""
    return name != JUDGE and not name.startswith("python:")


def guess_metric(targets: Sequence[str]) -> str:
    """The metric for data whose owner named none: numeric, boolean, labels, else exact."""
    if all(_Numeric().problem(target) is None for target in targets):
        return "numeric"
    if all(_Boolean().problem(target) is None for target in targets):
        return "boolean"
    return "multiple-choice" if labels_of(targets) else "exact"


def _short(text: str) -> str:
    return text if len(text) <= PARSED_LIMIT else text[: PARSED_LIMIT - 1] + "…"


def _graded(right: bool, parsed: str | None) -> Grade:
    return Grade(1.0 if right else 0.0, None if parsed is None else _short(parsed))


class _Base(ABC):
    name = ""
    binary = True
    trusted = True

    def prepare(self, examples: Sequence[Example]) -> None:  # noqa: ARG002
        return

    def problem(self, target: str) -> str | None:  # noqa: ARG002
        return None

    @abstractmethod
    def grade(self, example: Example, answer: str) -> Grade: ...


_SPLIT = re.compile(r"[\s,;，、]+")
_EDGES = "\"'“”‘’`*_.,;:!?()[]{}<>。！？"
_QUOTES = "\"'“”‘’`*_. \t\r\n"


def normalized_words(text: str) -> tuple[str, ...]:
    """A text's words without case and the punctuation around them, to compare exactly.

    A text of nothing but punctuation (closing brackets, say) keeps it, white space apart.
    """
    text = text.casefold().replace("’", "'")
    found = tuple(filter(None, (word.strip(_EDGES) for word in _SPLIT.split(text))))
    return found or tuple("".join(text.split()).strip(_QUOTES))


class _Exact(_Base):
    """Right when the answer found, or its first or last line, is the target.

    Case and the punctuation around words don't count.
    """

    name = "exact"

    def grade(self, example: Example, answer: str) -> Grade:
        found = answers.find_answer(answer)
        target = normalized_words(example.target)
        lines = (found.text, found.first_line, found.last_line)
        right = any(normalized_words(line) == target for line in dict.fromkeys(lines))
        parsed = found.last_line if found.found is answers.Found.NOT else found.first_line
        return _graded(right, example.target if right else parsed or None)


class _Contains(_Base):
    """Right when the target stands in the answer as whole words, without regard to case."""

    name = "contains"

    def grade(self, example: Example, answer: str) -> Grade:
        found = answers.find_answer(answer)
        target = answers.words(example.target)
        if target:
            right = f" {target} " in f" {answers.words(found.whole)} "
        else:
            right = "".join(example.target.split()) in "".join(found.whole.split())
        return _graded(right, example.target if right else found.first_line or None)


class _Numeric(_Base):
    """Right when the number found, rounded to the target's decimals, is the target."""

    name = "numeric"

    def problem(self, target: str) -> str | None:
        return None if _target_number(target) is not None else "is no number"

    def grade(self, example: Example, answer: str) -> Grade:
        number = answers.find_number(answers.find_answer(answer))
        target = _target_number(example.target)
        if number is None or target is None:
            return Grade(0.0, None if number is None else str(number))
        return _graded(answers.same_number(number, target), str(number))


def _target_number(target: str) -> Any:  # noqa: ANN401 - Decimal or None
    cleaned = re.sub(r"^([-−–]?)[$€£¥]|%$", r"\1", target.strip())
    if not re.fullmatch(r"[-+−–]?[\d,]*\.?\d+(?:[eE][-+]?\d{1,3})?", cleaned):
        return None
    return answers.to_number(cleaned)


class _Boolean(_Base):
    """Right when the truth value found is the target's: yes, true, valid and 1 are the same."""

    name = "boolean"

    def problem(self, target: str) -> str | None:
        return None if answers.to_truth(target) is not None else "is neither true nor false"

    def grade(self, example: Example, answer: str) -> Grade:
        truth = answers.find_truth(answers.find_answer(answer))
        if truth is None:
            return Grade(0.0)
        return _graded(truth is answers.to_truth(example.target), "true" if truth else "false")


class _MultipleChoice(_Base):
    """Right when the choice found is the target's: by its letter or by its text.

    The choices are the lettered options in the question; where it has none, the different targets
    of the data. A target that is neither a letter nor an option's text is compared as text.
    """

    name = "multiple-choice"

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}

    def prepare(self, examples: Sequence[Example]) -> None:
        labels = {example.target: answers.words(example.target) for example in examples}
        self._labels = labels if len(labels) <= MAX_LABELS else {}

    def grade(self, example: Example, answer: str) -> Grade:
        found = answers.find_answer(answer)
        options = answers.options_of(example.input)
        if not options:
            return self._by_label(found, example.target)
        key = _key_of(example.target, options)
        if key is None:
            return self._as_text(found, example.target, options)
        choice = answers.find_choice(found, options)
        return _graded(choice == key, choice)

    def _by_label(self, found: answers.Answer, target: str) -> Grade:
        labels = self._labels or {target: answers.words(target)}
        letters = {label.strip("()").upper(): label for label in labels}
        if all(len(letter) == 1 and letter.isalpha() for letter in letters):
            choice = answers.find_choice(found, dict.fromkeys(letters, ""))
            label = letters[choice] if choice else None
        else:
            label = answers.find_choice(found, labels)
        return _graded(label == target, label)

    def _as_text(self, found: answers.Answer, target: str, options: dict[str, str] | Any) -> Grade:  # noqa: ANN401
        wanted = answers.words(target)
        text = found.text if found.found is not answers.Found.NOT else found.last_line
        if f" {wanted} " in f" {answers.words(text)} ":
            return Grade(1.0, _short(target))
        return _graded(False, answers.find_choice(found, options))


def _key_of(target: str, options: Any) -> str | None:  # noqa: ANN401 - a mapping of options
    letter = target.strip().strip("()[].").upper()
    if letter in options:
        return letter
    text = answers.words(target)
    matching = [key for key, option in options.items() if option == text]
    return matching[0] if len(matching) == 1 else None


class _Json(_Base):
    """Compares the JSON in the answer (in a fence or bare) with the target's.

    Equal is 1. Otherwise, where both are objects, the score is the fraction of the target's keys
    whose values are equal; keys that the target doesn't have are not counted against it.
    """

    name = "json"
    binary = False

    def problem(self, target: str) -> str | None:
        return None if json_answers.decode(target) is not json_answers.NOTHING else "is not JSON"

    def grade(self, example: Example, answer: str) -> Grade:
        target = json_answers.decode(example.target)
        found = json_answers.find(answers.find_answer(answer).whole)
        if found is json_answers.NOTHING or target is json_answers.NOTHING:
            return Grade(0.0)
        parsed = _short(json_answers.dumps(found))
        if json_answers.same(found, target):
            return Grade(1.0, parsed)
        if not isinstance(target, dict) or not isinstance(found, dict) or not target:
            return Grade(0.0, parsed)
        same = sum(key in found and json_answers.same(found[key], target[key]) for key in target)
        return Grade(same / len(target), parsed)


class _Judge(_Base):
    """A judge model grades; `tasks.judging` has what it is asked."""

    name = JUDGE
    binary = False

    def grade(self, example: Example, answer: str) -> Grade:  # noqa: ARG002
        raise OproError("a judge model has to be asked for the grade", where="metric judge")


_COUNTED = re.compile(r"\{\s*(\d+)")


class _Regex(_Base):
    """Right when what the pattern's first group (or the whole match) found is the target.

    The first match in the first 50,000 characters counts; a pattern that takes longer than a
    quarter of a second is given up and flagged `timeout`.
    """

    trusted = False

    def __init__(self, name: str) -> None:
        import regex

        self.name = name
        pattern = name.removeprefix("regex:")
        if not pattern:
            raise BadInput("the pattern is empty", where="metric", todo="Write regex:PATTERN.")
        # Counted repeats are written out when compiled: nested ones could take all memory.
        repeats = math.prod(max(1, int(count[:9])) for count in _COUNTED.findall(pattern[:10_000]))
        if len(pattern) > REGEX_LENGTH or repeats > REGEX_REPEATS:
            raise BadInput(
                f"the pattern {pattern[:80]!r} is too big",
                where="metric",
                todo=f"Use at most {REGEX_LENGTH:,} characters and fewer counted repeats.",
            )
        try:
            self._pattern = regex.compile(pattern)
        except (regex.error, ValueError, OverflowError, RecursionError) as error:
            raise BadInput(
                f"the pattern {pattern[:80]!r} is invalid ({error})",
                where="metric",
                todo="Patterns are as in Python's re module.",
            ) from None

    def grade(self, example: Example, answer: str) -> Grade:
        try:
            match = self._pattern.search(answer[:REGEX_LIMIT], timeout=REGEX_SECONDS)
        except TimeoutError:
            return Grade(0.0, None, ("timeout",))
        if match is None:
            return Grade(0.0)
        groups = [group for group in match.groups() if group is not None]
        parsed = str(groups[0] if groups else match.group())
        return _graded(normalized_words(parsed) == normalized_words(example.target), parsed)


class _Python(_Base):
    """A user's function of (answer, target), or of (answer, target, fields), giving 0–1."""

    binary = False
    trusted = False

    def __init__(self, name: str) -> None:
        self.name = name
        self._function: Callable[..., Any] = resolve(name, "metric")
        self._takes_fields = _positional(self._function) >= 3

    def grade(self, example: Example, answer: str) -> Grade:
        extra = (dict(example.fields),) if self._takes_fields else ()
        where = f"{self.name}, example {example.index}"
        try:
            value = self._function(answer, example.target, *extra)
            score = float(value)
        except Exception as error:
            raise OproError(
                f"the metric raised {type(error).__name__}: {str(error)[:200]}",
                where=where,
                todo="Mend the function; what was paid for is kept.",
            ) from error
        if not math.isfinite(score) or not 0 <= score <= 1:
            raise OproError(
                f"the metric returned {value!r:.80}",
                where=where,
                todo="It must return True, False or a number from 0 to 1.",
            )
        return Grade(score, _short(answer.strip()))


def _positional(function: Callable[..., Any]) -> int:
    """How many positional arguments a function takes; 2 when it can't be told."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 2
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return 3
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(parameter.kind in kinds for parameter in parameters)

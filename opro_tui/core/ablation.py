"""Ablations: how their sessions are labelled, how arms are written, and what their curves mean."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

BASE = "base"
ONE_SHOT = "one-shot control"
_NAME = re.compile(r"[\w.-]{1,40}")
_LABEL = re.compile(r"(.+) \[ablation ([\w.-]{1,40}), repetition ([0-9]{1,6})\]", re.DOTALL)
_VALUE = re.compile(r'\s*(?:"((?:[^"]|"")*)"\s*|([^,]*))(?:,|\Z)', re.DOTALL)
_NEEDS_QUOTES = re.compile(r'[",]|\A\s|\s\Z')


@dataclass(frozen=True, slots=True)
class Label:
    """What a session is in an ablation, as its setting `arm` keeps it.

    Attributes:
        arm: What differs from the base, such as `order=descending`; `base` for the base itself.
        ablation: The ablation's name.
        repetition: Which one, from 1.
    """

    arm: str
    ablation: str
    repetition: int

    @property
    def text(self) -> str:
        """The setting's value."""
        return f"{self.arm}{mark(self.ablation, self.repetition)}"

    @classmethod
    def read(cls, text: str | None) -> Label | None:
        """The label that a setting holds; None where a session belongs to no ablation."""
        match = _LABEL.fullmatch(text or "")
        return None if match is None else cls(match[1], match[2], int(match[3]))


def mark(ablation: str, repetition: int) -> str:
    """The end of a label, which says where a session belongs."""
    return f" [ablation {ablation}, repetition {repetition}]"


def check_name(name: str) -> None:
    """Refuse names of ablations that labels and sessions could not be found by.

    Raises:
        BadInput: It has other characters, or too many.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name[:50]!r} is no name for an ablation",
            where="--name",
            todo="Use up to 40 letters, digits and - . _",
        )


def split_values(text: str) -> tuple[str, ...]:
    """The values of `V,V…`; one that holds a comma stands in double quotes, as in a CSV file."""
    found: list[str] = []
    at = 0
    while True:
        match = _VALUE.match(text, at)
        assert match is not None  # noqa: S101 - the second alternative takes anything
        quoted, plain = match.groups()
        found.append(plain.strip() if quoted is None else quoted.replace('""', '"'))
        at = match.end()
        if at == len(text) and text[at - 1 : at] != ",":
            return tuple(found)
        if at == len(text):
            return (*found, "")


def join_values(values: Sequence[str]) -> str:
    """The reverse of `split_values`."""
    return ",".join(
        '"' + value.replace('"', '""') + '"' if _NEEDS_QUOTES.search(value) else value
        for value in values
    )


Curve = tuple[tuple[int, float], ...]
"""The best score so far, as (step, score), where there was one."""


@dataclass(frozen=True, slots=True)
class Walk:
    """One repetition's curve.

    Attributes:
        curve: The best so far by step.
        last: Its last finished step; -1 before step 0 ended.
        over: Whether no further step comes.
    """

    curve: Curve
    last: int
    over: bool

    def at(self, step: int) -> float | None:
        """The best so far when a step ended; an arm that is over keeps what it had."""
        if not self.over and step > self.last:
            return None
        return next((value for number, value in reversed(self.curve) if number <= step), None)


def mean_curve(walks: Sequence[Walk]) -> Curve:
    """The mean over repetitions of the best so far, by step.

    Only steps that every repetition which began has reached count, so that the mean never jumps
    because one of them is missing.
    """
    begun = [walk for walk in walks if walk.curve]
    if not begun:
        return ()
    steps = range(min(walk.curve[0][0] for walk in begun), max(w.last for w in begun) + 1)
    points = []
    for step in steps:
        values = [walk.at(step) for walk in begun]
        known = [value for value in values if value is not None]
        if len(known) == len(begun):
            points.append((step, math.fsum(known) / len(known)))
    return tuple(points)

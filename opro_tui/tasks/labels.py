"""Targets that are labels: a few words or terms that repeat, as in classification."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 20
LONGEST = 40
EACH = 3
"""How often a label stands in the data on average, at least."""


def labels_of(targets: Sequence[str]) -> tuple[str, ...]:
    """The labels in order of the alphabet; empty where the targets are no labels."""
    different = sorted(set(targets), key=lambda label: (label.casefold(), label))
    few = 2 <= len(different) <= MOST and len(different) * EACH <= len(targets)
    good = few and all(len(label) <= LONGEST and label.isprintable() for label in different)
    return tuple(different) if good else ()


def starting_solution(metric: str, targets: Sequence[str]) -> str:
    """An instruction that names the labels; empty where there are none, or only letters.

    Without it a model can't know what the answers are called, and every solution scores nothing.
    """
    labels = labels_of(targets) if metric in ("multiple-choice", "exact", "contains") else ()
    if not labels or any(_is_letter(label) for label in labels):
        return ""
    return f"Choose the label that fits best, and answer with it alone: {', '.join(labels)}."


def _is_letter(label: str) -> bool:
    return sum(character.isalnum() for character in label) < 2

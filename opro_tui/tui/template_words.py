"""The texts of a template: what each is for, and what is odd about one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.meta_prompt import CRITIQUE, EXEMPLAR, REQUEST, SOLUTION, split_slots

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Field:
    """A text of the template.

    Attributes:
        name: As the template has it.
        label: What the person reads.
        about: What it is for.
        slots: What it may bring in.
        needed: Whether it must not be empty.
        shows: The kind of region in which one sees it.
    """

    name: str
    label: str
    about: str
    slots: tuple[str, ...] = ()
    needed: bool = False
    shows: str = ""


FIELDS = (
    Field(
        "instructions",
        "instructions",
        "The whole prompt. {trajectory} and {exemplars} may stand anywhere, more than once or "
        "not at all; other braces stay as they are.",
        ("trajectory", "exemplars"),
    ),
    Field(
        "solution_format",
        "solution",
        "One solution of the trajectory, with {solution} and {score}.",
        ("solution", "score"),
        shows=SOLUTION,
    ),
    Field(
        "solution_format_without_score",
        "solution, unscored",
        "The same where scores are hidden (score-buckets 0), with {solution}.",
        ("solution",),
        shows=SOLUTION,
    ),
    Field(
        "exemplar_format",
        "exemplar",
        "One example, with {input} (the question with the placeholder) and {target}.",
        ("input", "target"),
        shows=EXEMPLAR,
    ),
    Field(
        "solution_separator", "between solutions", "Stands between two solutions.", shows=SOLUTION
    ),
    Field(
        "exemplar_separator", "between exemplars", "Stands between two exemplars.", shows=EXEMPLAR
    ),
    Field(
        "several_format",
        "asking for several",
        "Added when one completion shall hold more than one proposal, with {count}.",
        ("count",),
        shows=REQUEST,
    ),
    Field(
        "error_format",
        "wrong answer",
        "Added to an exemplar with a wrong answer to it, as {answer} (exemplar-errors).",
        ("answer",),
        shows=EXEMPLAR,
    ),
    Field(
        "critique_format",
        "critique",
        "The critique behind the last slot, as {critique} (with the setting critique).",
        ("critique",),
        shows=CRITIQUE,
    ),
    Field(
        "critique_request",
        "asking for it",
        "What the optimizer is asked for the critique, with {meta_prompt} and {errors}.",
        ("meta_prompt", "errors"),
    ),
    Field(
        "placeholder",
        "placeholder",
        "Marks in an exemplar where the instruction goes.",
        needed=True,
        shows=EXEMPLAR,
    ),
    Field("proposal_open", "opening tag", "Stands before a proposal.", needed=True),
    Field("proposal_close", "closing tag", "Stands behind a proposal.", needed=True),
)
BY_NAME = {field.name: field for field in FIELDS}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something odd about a text.

    Attributes:
        words: What, and what follows from it.
        blocks: Whether the text can't be used like this.
    """

    words: str
    blocks: bool = False


def problem(name: str, texts: Mapping[str, str], *, exemplars: bool) -> Problem | None:
    """What is odd about one of a template's texts; None when nothing is.

    Args:
        name: Which text.
        texts: All of them.
        exemplars: Whether the task has examples to show.
    """
    field, text = BY_NAME[name], texts[name]
    if field.needed and not text:
        return Problem(f"The {field.label} is empty: give it a text.", blocks=True)
    if any("\ud800" <= character <= "\udfff" for character in text):
        return Problem("A character is broken (half of a pair): remove it.", blocks=True)
    if name == "instructions":
        return _about_instructions(texts, exemplars=exemplars)
    if name == "proposal_close" and text == texts["proposal_open"]:
        return Problem("Both tags are the same: where a proposal ends can't be told.")
    return _missing(field, text, field.slots)


def _about_instructions(texts: Mapping[str, str], *, exemplars: bool) -> Problem | None:
    text = texts["instructions"]
    wanted = ("trajectory", "exemplars") if exemplars else ("trajectory",)
    found = _missing(BY_NAME["instructions"], text, wanted)
    if found is None and texts["proposal_open"] not in text:
        tag = texts["proposal_open"]
        return Problem(f"The tag {tag} is not named: the optimizer will not know to use it.")
    return found


def _missing(field: Field, text: str, wanted: tuple[str, ...]) -> Problem | None:
    present = {name for is_slot, name in split_slots(text, field.slots) if is_slot}
    missing = [f"{{{name}}}" for name in wanted if name not in present]
    if not missing:
        return None
    return Problem(
        f"Without {' and '.join(missing)}: the optimizer will not see what stands there."
    )

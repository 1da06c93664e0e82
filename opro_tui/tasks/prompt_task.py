"""Prompt tasks: a solution is an instruction; its score is how well a model answers with it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput, nearest
from opro_tui.core.meta_prompt import fill, split_slots
from opro_tui.core.protocols import Grade, Message
from opro_tui.tasks.base import BaseTask
from opro_tui.tasks.judging import RUBRIC, Judging
from opro_tui.tasks.meta_prompts import prompt_template
from opro_tui.tasks.metrics import JUDGE, make_metric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opro_tui.core.meta_prompt import Template
    from opro_tui.core.protocols import Example
    from opro_tui.tasks.metrics import Metric

POSITIONS = ("before_Q", "Q_begin", "Q_end", "A_begin", "system")
INITIAL = ("Let's solve the problem.",)
SLOT = "instruction"
NO_TARGET = "(none is given)"
"""What an exemplar shows where its example has no target."""

_SLOT_LINE = re.compile(
    r"^[ \t]*\{instruction\}[ \t]*\n|\n[ \t]*\{instruction\}[ \t]*$", re.MULTILINE
)
_SLOT_WORD = re.compile(r"[ \t]\{instruction\}|\{instruction\}[ \t]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSpec:
    """Everything about a prompt task but its examples; JSON-able.

    Attributes:
        name: As the user gave it.
        metric: How answers are graded, as `metrics.make_metric` takes it.
        position: Where the instruction stands.
        qa: Whether the question stands in a Q:/A: frame.
        template: The user message with `{instruction}` and columns as slots; empty for none.
        initial: The starting solutions.
        max_length: Longest candidate in characters; None for no limit.
        threshold: Score under which a solution stays out of the meta-prompt; None for none.
        no_digits: Whether an instruction that contains a digit is rejected.
        rubric: What the judge metric grades by; empty for the other metrics.
    """

    name: str
    metric: str
    position: str = "Q_begin"
    qa: bool = True
    template: str = ""
    initial: tuple[str, ...] = INITIAL
    max_length: int | None = None
    threshold: float | None = None
    no_digits: bool = False
    rubric: str = ""

    def to_json(self) -> dict[str, Any]:
        """Field name to JSON value, with the kind of task."""
        fields = {"kind": "prompt"} | asdict(self) | {"initial": list(self.initial)}
        if not self.rubric:
            del fields["rubric"]
        return fields

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PromptSpec:
        """The reverse of `to_json`."""
        fields = {name: value for name, value in data.items() if name != "kind"}
        return cls(**fields | {"initial": tuple(fields["initial"])})


def check_position(position: str, where: str = "position") -> str:
    """A known instruction position, or BadInput that names the nearest."""
    if position in POSITIONS:
        return position
    by_lower = {known.lower(): known for known in POSITIONS}
    if position.lower() in by_lower:
        return by_lower[position.lower()]
    todo = nearest(position, POSITIONS) or f"The positions are {', '.join(POSITIONS)}."
    raise BadInput(f"unknown position {position!r}", where=where, todo=todo)


def check_template(template: str, columns: Sequence[str], position: str, where: str) -> None:
    """Refuse a multi-field template that would not show the instruction or any column.

    Raises:
        BadInput: It lacks `{instruction}` (unless that goes into the system message), or holds no
            column, or a column bears the slot's name.
    """
    slots = {name for is_slot, name in split_slots(template, (SLOT, *columns)) if is_slot}
    if SLOT in columns:
        raise BadInput(
            "a column is called 'instruction', which is the slot's name",
            where=where,
            todo="Rename the column.",
        )
    if SLOT not in slots and position != "system":
        raise BadInput(
            "the template has no {instruction}",
            where=where,
            todo='Put {instruction} where it should stand, or set position = "system".',
        )
    if slots <= {SLOT}:
        shown = ", ".join("{" + column + "}" for column in columns[:8])
        raise BadInput("the template holds no column", where=where, todo=f"There are {shown}.")


def drop_slot(template: str) -> str:
    """A template for an empty instruction: no blank line or blank stays where the slot was."""
    return _SLOT_WORD.sub("", _SLOT_LINE.sub("", template))


class PromptTask(BaseTask):
    """Instructions, scored by a model's answers to examples.

    Args:
        spec: Everything but the examples.
        examples: Every example of all splits, by index.
        metric: What grades instead of the metric that the spec names.

    Raises:
        BadInput: The metric or position is unknown.
    """

    bounded = True
    trusted = True

    def __init__(
        self, spec: PromptSpec, examples: Sequence[Example], metric: Metric | None = None
    ) -> None:
        super().__init__()
        self._spec = spec
        self._metric = make_metric(spec.metric) if metric is None else metric
        self._metric.prepare(examples)
        self._position = check_position(spec.position)
        self._bare_template = drop_slot(spec.template)
        self.name = spec.name
        self.examples = tuple(examples)
        self.binary = self._metric.binary
        self.trusted = self._metric.trusted
        defaults = {"metric": spec.metric, "position": self._position, "qa": spec.qa}
        if spec.metric == JUDGE:
            self.judge = Judging(spec.rubric or RUBRIC)
            defaults["rubric"] = self.judge.rubric
        for name in ("max_length", "threshold"):
            if getattr(spec, name) is not None:
                defaults[name] = getattr(spec, name)
        self.defaults = MappingProxyType(defaults)

    def spec(self) -> dict[str, Any]:
        """JSON data that, with the examples, `tasks.restore` makes this task from."""
        return self._spec.to_json()

    def starting_solutions(self) -> tuple[str, ...]:
        """The solutions of step 0, each once."""
        return tuple(dict.fromkeys(self.clean(text) for text in self._spec.initial))

    def compute(self, solution: str) -> Grade:  # noqa: ARG002
        """Never asked for: a model answers the examples."""
        raise LookupError(f"{self.name} is scored on examples and computes nothing")

    def template(self, style: str) -> Template:
        """The built-in meta-prompt for a style."""
        return prompt_template(style, self._spec.rubric)

    def messages(self, solution: str, example: Example) -> tuple[Message, ...]:
        """The scorer's request: one user message, for position `system` with one in front."""
        if self._position != "system":
            return (Message("user", self._question(solution, example)),)
        user = Message("user", self._question("", example))
        return (Message("system", solution), user) if solution else (user,)

    def grade(self, example: Example, answer: str) -> Grade:
        """Grade an answer by the metric; a blank one is worth 0 and flagged.

        Raises:
            OproError: A judge has to be asked, or the user's metric failed.
        """
        if not answer.strip():
            return Grade(0.0, None, ("empty",))
        return self._metric.grade(example, answer)

    def exemplar(self, example: Example, placeholder: str) -> tuple[str, str]:
        """What the scorer gets with the placeholder as instruction, and the target."""
        target = example.target or NO_TARGET
        if self._position != "system":
            return self._question(placeholder, example), target
        return f"System: {placeholder}\n\n{self._question('', example)}", target

    def reject(self, solution: str) -> str | None:
        """Only tasks whose answers are numbers mind: a digit may give one away."""
        if self._spec.no_digits and any(character.isdigit() for character in solution):
            return "contains a digit"
        return None

    def describe(self) -> Mapping[str, Any]:
        """Metric, position and how many examples lie on each side."""
        sides: dict[str, int] = {}
        for example in self.examples:
            sides[str(example.split)] = sides.get(str(example.split), 0) + 1
        return {
            "kind": "prompt",
            "name": self.name,
            "metric": self._spec.metric,
            "position": self._position,
            "qa": self._spec.qa,
            "template": self._spec.template,
            "examples": sides,
        } | ({"rubric": self.judge.rubric} if isinstance(self.judge, Judging) else {})

    def _question(self, instruction: str, example: Example) -> str:
        if self._spec.template:
            if not instruction:
                return fill(self._bare_template, example.fields)
            return fill(self._spec.template, dict(example.fields) | {SLOT: instruction})
        question = example.input
        if instruction and self._position == "Q_end":
            question = f"{question}\n{instruction}"
        elif instruction and self._position == "Q_begin":
            question = f"{instruction}\n{question}"
        if not self._spec.qa:
            parts = {
                "before_Q": (instruction, question),
                "A_begin": (question, instruction),
            }.get(self._position, (question,))
            return "\n".join(part for part in parts if part)
        framed = f"Q: {question}\n\nA:"
        if not instruction:
            return framed
        if self._position == "before_Q":
            return f"{instruction}\n{framed}"
        return f"{framed} {instruction}" if self._position == "A_begin" else framed

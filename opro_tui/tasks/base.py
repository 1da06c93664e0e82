"""What every task has in common, so that a user's own task is only what makes it special."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from opro_tui.tasks.meta_prompts import general_template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opro_tui.core.meta_prompt import Template
    from opro_tui.core.picture import Picture, View
    from opro_tui.core.protocols import Example, Grade, Judge, Message


class BaseTask(ABC):
    """A task that computes its score: needs a name, starting solutions and `compute`.

    The rest suits a user's own class behind `--task python:module:Class`. It is made without
    arguments, or with `seed=` where its `__init__` takes that.

    Attributes:
        name: What the task is called in lists and headers.
        description: What is optimized and what a solution looks like, told to the optimizer.
        minimize: Whether a lower score is better.
        bounded: Whether scores lie in 0–1; then they are shown as 0–100.
        binary: Whether every score is 0 or 1.
        trusted: False, because the class is a user's code; it gets a time-out.
        examples: None, because the score is computed.
        defaults: Settings that this task wants where the user gave none.
        judge: None, because the score is computed.
        seed: The session's seed.
    """

    name: str = "own task"
    description: str = ""
    minimize: bool = False
    bounded: bool = False
    binary: bool = False
    trusted: bool = False
    examples: Sequence[Example] = ()
    defaults: Mapping[str, Any] = MappingProxyType({"exemplars": 0})
    judge: Judge | None = None
    seed: int = 0

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    @abstractmethod
    def starting_solutions(self) -> tuple[str, ...]:
        """The solutions of step 0."""

    @abstractmethod
    def compute(self, solution: str) -> Grade:
        """The score of a cleaned solution that `reject` let pass."""

    def spec(self) -> dict[str, Any]:
        """JSON data that `tasks.restore` makes this task from."""
        reference = f"{type(self).__module__}:{type(self).__qualname__}"
        return {"kind": "python", "reference": reference, "seed": self.seed}

    def template(self, style: str) -> Template:
        """The built-in meta-prompt, made of `description`."""
        description = self.description or f"Task: {self.name}."
        return general_template(style, description, minimize=self.minimize)

    def messages(self, solution: str, example: Example) -> tuple[Message, ...]:  # noqa: ARG002
        """Never asked for: there are no examples."""
        raise LookupError(f"{self.name} computes its score and has no requests")

    def grade(self, example: Example, answer: str) -> Grade:  # noqa: ARG002
        """Never asked for: there are no examples."""
        raise LookupError(f"{self.name} computes its score and grades no answers")

    def exemplar(self, example: Example, placeholder: str) -> tuple[str, str]:  # noqa: ARG002
        """Never asked for: there are no examples."""
        raise LookupError(f"{self.name} computes its score and has no exemplars")

    def clean(self, proposal: str) -> str:
        """The proposal without white space around it."""
        return proposal.strip()

    def reject(self, solution: str) -> str | None:
        """Nothing is wrong with any solution but an empty one."""
        return None if solution else "empty"

    def show_score(self, score: float, buckets: int) -> str:
        """A bounded score in whole buckets; any other as it is, to six digits."""
        return str(round(score * buckets)) if self.bounded else f"{score:.6g}"

    def solved(self, score: float) -> bool:  # noqa: ARG002
        """Nobody knows whether there is something better."""
        return False

    def describe(self) -> Mapping[str, Any]:
        """The kind of task and what it is about."""
        return {"kind": "own", "name": self.name, "description": self.description}

    def picture(self, view: View) -> Picture | None:  # noqa: ARG002
        """Nothing is drawn unless a task says what."""
        return None

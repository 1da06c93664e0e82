"""What stands in for a user's code when a session is only looked at: it scores nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from opro_tui.core.errors import CodeMissing
from opro_tui.tasks.base import BaseTask
from opro_tui.tasks.prompt_task import PromptSpec, PromptTask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opro_tui.core.protocols import Example, Grade, Task

FACTS = "facts"
"""Where the spec of a user's own task keeps what a look at its past has to know."""
_FLAGS = ("minimize", "bounded", "binary")


def complete_spec(task: Task) -> dict[str, Any]:
    """A task's spec; that of a user's own task also says how its scores are to be read."""
    spec = task.spec()
    if spec.get("kind") != "python":
        return spec
    facts: dict[str, Any] = {name: bool(getattr(task, name)) for name in _FLAGS}
    words = {"name": str(task.name), "description": str(getattr(task, "description", ""))}
    return spec | {FACTS: facts | words}


def stand_in(spec: Mapping[str, Any], examples: Sequence[Example]) -> Task | None:
    """A task that can be looked at without the code that its spec names.

    Returns:
        None where the spec doesn't say how scores are to be read.

    Raises:
        KeyError, TypeError, ValueError: The spec is damaged.
    """
    if spec.get("kind") == "prompt":
        known = PromptSpec.from_json(spec)
        return PromptTask(known, examples, metric=NoMetric(known.metric))
    facts = spec.get(FACTS)
    if not isinstance(facts, dict) or not all(isinstance(facts.get(f), bool) for f in _FLAGS):
        return None
    return _NoTask(spec, facts, examples)


def _refuse(reference: str) -> NoReturn:
    raise CodeMissing(
        f"the code {reference} is not at hand, so nothing can be scored",
        todo="Looking back works without it.",
    )


class NoMetric:
    """Stands in for a user's metric, which gives any number from 0 to 1."""

    binary = False
    trusted = False

    def __init__(self, name: str) -> None:
        self.name = name

    def prepare(self, examples: Sequence[Example]) -> None:
        """Nothing is graded."""

    def problem(self, target: str) -> str | None:  # noqa: ARG002
        """Nothing is graded."""
        return None

    def grade(self, example: Example, answer: str) -> Grade:  # noqa: ARG002
        """Refuse."""
        _refuse(self.name)


class _NoTask(BaseTask):
    """Stands in for a user's own task."""

    def __init__(
        self, spec: Mapping[str, Any], facts: Mapping[str, Any], examples: Sequence[Example]
    ) -> None:
        super().__init__()
        self._spec = dict(spec)
        self._reference = f"python:{spec.get('reference')}"
        self.name = str(facts.get("name") or self._reference)
        self.description = str(facts.get("description") or "")
        self.minimize = facts["minimize"]
        self.bounded = facts["bounded"]
        self.binary = facts["binary"]
        self.examples = tuple(examples)

    def spec(self) -> dict[str, Any]:
        """The spec it was made of."""
        return self._spec

    def starting_solutions(self) -> tuple[str, ...]:
        """Refuse."""
        _refuse(self._reference)

    def compute(self, solution: str) -> Grade:  # noqa: ARG002
        """Refuse."""
        _refuse(self._reference)

    def show_score(self, score: float, buckets: int) -> str:  # noqa: ARG002
        """Refuse: only its own code says how the optimizer sees a score."""
        _refuse(self._reference)

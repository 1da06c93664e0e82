"""Conditions: what scores depend on beside the solution, so that they compare only where it is one.

They never change within a session. A fork can change most of them; its solutions are then scored
anew, and a comparison of the two sessions says what differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput
from opro_tui.core.settings import GRADING_ROLES, OF_JUDGE, PER_ROLE, find
from opro_tui.tasks.variation import Variation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opro_tui.core.protocols import Task
    from opro_tui.core.settings import Settings
    from opro_tui.engine.session import Session

_READING = ("data_dir", "input", "target", "header")
_VARIED = ("metric", "position", "qa", "train", "test", "seed", "rubric")
_ASKING = ("scorer", "scorer_url", "scorer_temperature")
_JUDGING = tuple(name for name in OF_JUDGE if name not in _VARIED)
_COMPUTED_WITHOUT = (*_ASKING, *_JUDGING, "replicate")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that isn't the same in two sessions.

    Attributes:
        name: The setting's name, `training set` or `template`; a role's with a dot.
        first: What the one has.
        second: What the other has.
    """

    name: str
    first: Any
    second: Any


def is_fixed(settings: Settings, name: str, raw: Any) -> bool:  # noqa: ANN401 - any setting's value
    """Whether a value is another than now and can't be taken within the session.

    Raises:
        BadInput: The name is no setting, or the value is none of its.
    """
    definition = find(name)
    new = settings.with_values({name: raw})
    before, after = (s.to_json()[definition.name] for s in (settings, new))
    if before == after:
        return False
    if definition.name in PER_ROLE:
        return any(before.get(role) != after.get(role) for role in GRADING_ROLES)
    return not definition.starred


def problem_of_fork(task: Task, name: str) -> str:
    """Why not even a fork can change a setting, in a sentence; empty when one can."""
    name = find(name).name
    flag = name.replace("_", "-")
    if name == "task":
        return "The task is what a session is about: make a new session for another task."
    if name in _READING:
        return (
            f"{flag} says how the data file was read, and a fork keeps the stored examples: make a"
            " new session to read the file again."
        )
    if name in _VARIED and task.spec().get("kind") != "prompt":
        if name == "seed":
            return f"Another seed is another problem of {task.name}: make a new session for it."
        return f"{task.name} has no {flag} of its own to change."
    if name in _COMPUTED_WITHOUT and not task.examples:
        return f"{task.name} computes its scores: no {flag} takes part in them."
    return ""


def variation(task: Task, values: Mapping[str, Any]) -> Variation:
    """What a fork's changed settings mean for its task.

    Args:
        task: The parent's.
        values: Fixed settings that change, parsed, by name.

    Raises:
        BadInput: One of them can't be changed by a fork.
    """
    for name, value in values.items():
        problem = problem_of_fork(task, name)
        if problem:
            raise BadInput(problem, where=find(name).flag)
        if name in ("train", "test") and value is None:
            raise BadInput("has no value", where=find(name).flag, todo="Give a count or a ratio.")
    found = {name: values[name] for name in _VARIED if name in values}
    if "metric" in found and found["metric"] is None:
        found["metric"] = "guess"
    return Variation(**found)


def differing(first: Session, second: Session) -> tuple[Condition, ...]:
    """The conditions that are not the same in two sessions; none where a score is computed."""
    if not first.task.examples and not second.task.examples:
        return ()
    one, other = _conditions(first), _conditions(second)
    return tuple(
        Condition(name, one[name], other[name]) for name in one if one[name] != other[name]
    )


def _conditions(session: Session) -> dict[str, Any]:
    settings, facts = session.state.settings, session.task.describe()
    judged = session.task.judge is not None
    asking = (*_ASKING, *OF_JUDGE)
    # Every session has each name, so that two can be held against each other.
    found: dict[str, Any] = {
        name: getattr(settings, name) if judged or name not in OF_JUDGE else None for name in asking
    }
    for name in PER_ROLE:
        found[f"{name}.scorer"] = settings.for_role(name, "scorer")
        found[f"{name}.judge"] = settings.for_role(name, "judge") if judged else None
    found |= {name: facts.get(name) for name in ("metric", "position", "qa", "template")}
    examples = session.task.examples
    train = tuple(
        (examples[i].input, examples[i].target) for i in session.state.facts.train if i >= 0
    )
    found["training set"] = train
    return found

"""What other programs need of a session: the best instruction, where it stands, some examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput
from opro_tui.core.protocols import Split

if TYPE_CHECKING:
    from collections.abc import Callable

    from opro_tui.core.protocols import Example
    from opro_tui.core.solution import Candidate
    from opro_tui.engine.session import Session

SOME = 5


@dataclass(frozen=True, slots=True)
class Carried:
    """The best instruction and examples to try it on.

    Attributes:
        best: The best solution.
        metric: How answers are graded.
        examples: Held-out examples, or training ones where there are none.
        held_out: Whether they are held out.
    """

    best: Candidate
    metric: str
    examples: tuple[Example, ...]
    held_out: bool


def carried(session: Session, kind: str, fits: Callable[[Example], bool]) -> Carried:
    """The best instruction of a session, with a few examples that fit into a format.

    Raises:
        BadInput: The task is no prompt task, or nothing is fully scored yet.
    """
    facts = session.task.describe()
    if facts.get("kind") != "prompt":
        raise BadInput(
            f"{session.task.name} computes its score, so there is no prompt to carry over",
            where=f"--format {kind}",
            todo="Use json, csv, md or html.",
        )
    best = session.state.best()
    if best is None:
        raise BadInput(
            "nothing is fully scored yet", where=f"session {session.name}", todo="Run a step first."
        )
    for split in (Split.TEST, Split.TRAIN):
        found = [example for example in session.task.examples if example.split is split]
        chosen = tuple(example for example in found if fits(example))[:SOME]
        if chosen:
            return Carried(best, str(facts["metric"]), chosen, split is Split.TEST)
    return Carried(best, str(facts["metric"]), (), held_out=False)

"""Transfer: what solutions found on one task are worth on the held-out examples of another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput
from opro_tui.core.events import TRANSFER
from opro_tui.core.hashing import uniform
from opro_tui.core.protocols import Split
from opro_tui.engine import heldout
from opro_tui.engine.offload import offload
from opro_tui.paths import at_home
from opro_tui.tasks import factory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opro_tui.core.events import Measured
    from opro_tui.core.protocols import Example, Task
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State
    from opro_tui.engine.session import Session

MOST_NAME = 80


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another task's held-out examples.

    Attributes:
        task: Whose metric grades.
        name: What the measurement is called; never the name of a split.
        examples: The examples.
    """

    task: Task
    name: str
    examples: tuple[Example, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The examples' numbers in their own data."""
        return tuple(example.index for example in self.examples)


async def elsewhere(
    session: Session, name: str, data_dir: Path | None = None, count: int | None = None
) -> Elsewhere:
    """Read another task, in a thread; split by the session's seed, in the session's frame.

    Args:
        session: Whose solutions are to be measured.
        name: A preset, a task file or a data file.
        data_dir: Where the benchmarks' files lie; None takes the session's.
        count: How many of the held-out examples, drawn by the seed; None takes all.

    Raises:
        BadInput: There is no such task, or it has no examples to measure instructions on.
    """
    settings = session.state.settings
    if not session.task.examples:
        raise BadInput("its solutions are no instructions", where=session.name, todo="Leave it.")
    folder = data_dir or settings.data_dir
    options = factory.TaskOptions(
        task=name,
        data_dir=None if folder is None else at_home(folder),
        position=settings.position,
        qa=settings.qa,
        seed=settings.seed,
    )
    try:
        task = (await offload(partial(factory.load, options), None)).task
    except BadInput as error:
        where = error.where.replace("--task", "--on")
        raise BadInput(error.what, where=where, todo=error.todo) from None
    if not task.examples or task.judge is not None:
        what = "computes its scores" if not task.examples else "needs a judge"
        raise BadInput(f"{name[:MOST_NAME]} {what}", where="--on", todo="Choose another task.")
    if task.name == session.task.name:
        raise BadInput(
            "is the session's own task", where="--on", todo="Leave it out for its own test split."
        )
    held = [example for example in task.examples if example.split == Split.TEST]
    if not held:
        raise BadInput(f"{name[:MOST_NAME]} holds no examples out", where="--on")
    drawn = sorted(held, key=lambda e: uniform(settings.seed, TRANSFER, e.index))[:count]
    label = Path(task.name).name if Path(task.name).suffix else task.name
    chosen = tuple(sorted(drawn, key=lambda e: e.index))
    return Elsewhere(task, f"on {label[:MOST_NAME]}", chosen)


def known(state: State, candidate: int, there: Elsewhere) -> Measured | None:
    """The last measurement of a solution on just these examples."""
    wanted = (TRANSFER, candidate, there.name, there.numbers)
    for event in reversed(state.measured):
        seen = (event.kind, event.candidate, event.split, event.examples)
        if seen == wanted and event.score.full:
            return event
    return None


async def measure_there(
    session: Session,
    candidates: Sequence[Candidate],
    examples: Sequence[int] | Elsewhere,
    kind: str,
) -> tuple[Measured, ...]:
    """Score solutions elsewhere, or on the session's own examples as `heldout.measure` does."""
    if not isinstance(examples, Elsewhere):
        return await heldout.measure(session, candidates, examples, kind)
    return await heldout.measure_on(
        session, candidates, examples.task, examples.examples, TRANSFER, examples.name
    )

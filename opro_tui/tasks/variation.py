"""A task under other conditions: the same examples, divided, asked or graded in another way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput
from opro_tui.tasks import presets, splits
from opro_tui.tasks.judging import rubric_of
from opro_tui.tasks.metrics import guess_metric, make_metric, needs_target
from opro_tui.tasks.prompt_task import PromptSpec, PromptTask, check_position, check_template
from opro_tui.tasks.stand_in import NoMetric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opro_tui.core.protocols import Example, Split, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """What shall differ; None keeps what a task has.

    Attributes:
        metric: How answers are graded; `guess` chooses by the targets.
        position: Where the instruction stands.
        qa: Whether the question stands in a Q:/A: frame.
        train: Training examples: a count, or a ratio.
        test: The same for held-out ones.
        seed: Draws the training examples anew from what isn't held out.
        rubric: What a judge grades by, or a file that holds it.
    """

    metric: str | None = None
    position: str | None = None
    qa: bool | None = None
    train: float | None = None
    test: float | None = None
    seed: int | None = None
    rubric: str | None = None

    @property
    def divides(self) -> bool:
        """Whether the examples are divided anew."""
        return self.train is not None or self.test is not None or self.seed is not None


def vary(task: Task, variation: Variation, *, seed: int, boundary: int | None = None) -> Task:
    """A prompt task with other conditions, made from its stored examples; no file is read.

    No user code is run but that of a metric that `variation` names; the task grades nothing where
    it keeps a user's metric.

    Args:
        task: Which.
        variation: What shall differ.
        seed: The seed it was divided by.
        boundary: As `boundary_of` says.

    Raises:
        BadInput: It is no prompt task, the metric can't grade a target, the position is unknown, or
            there are too few examples.
    """
    fields = task.spec()
    if fields.get("kind") != "prompt":
        raise BadInput(f"{task.name} has no data, metric or position of its own to change")
    spec = PromptSpec.from_json(fields)
    examples = list(task.examples)
    if variation.position is not None:
        spec = replace(spec, position=check_position(variation.position))
        if spec.template:
            check_template(spec.template, tuple(examples[0].fields), spec.position, "position")
    if variation.qa is not None:
        spec = replace(spec, qa=variation.qa)
    if variation.metric is not None:
        spec = replace(spec, metric=_metric(variation.metric, examples))
    spec = replace(spec, rubric=rubric_of(spec.metric, variation.rubric, spec.rubric))
    if variation.divides:
        sides = splits.split_again(
            examples,
            train=variation.train,
            test=variation.test,
            seed=seed if variation.seed is None else variation.seed,
            redraw=variation.seed is not None,
            boundary=boundary,
            where=task.name,
        )
        examples = [_on(example, side) for example, side in zip(examples, sides, strict=True)]
    if variation.metric is None and spec.metric.startswith("python:"):
        # A user's metric that stays what it is need not be there, nor run, to plan with.
        return PromptTask(spec, examples, metric=NoMetric(spec.metric))
    return PromptTask(spec, examples)


def _on(example: Example, side: Split) -> Example:
    return replace(example, split=side)


def _metric(name: str, examples: Sequence[Example]) -> str:
    """A metric that can grade every target."""
    name = guess_metric([example.target for example in examples]) if name == "guess" else name
    metric = make_metric(name)
    for example in examples:
        problem = metric.problem(example.target)
        if not example.target and needs_target(name):
            problem = "is empty"
        if problem:
            raise BadInput(
                f"the target {example.target[:60]!r} {problem}",
                where=f"example {example.index}",
                todo=f"The metric {name} needs that; choose another.",
            )
    return name


def boundary_of(task: str, sources: Sequence[Mapping[str, Any]], examples: int) -> int | None:
    """Where the test file's examples begin; None for data that came as one file.

    Args:
        task: As the user named it.
        sources: The files that were read, as `path`, `sha256` and `rows`.
        examples: How many there are.
    """
    try:
        files = presets.find_preset(task, None).files
    except BadInput:
        return None
    rows = sources[0].get("rows") if len(files) == 2 and sources else None
    return rows if isinstance(rows, int) and 0 < rows < examples else None

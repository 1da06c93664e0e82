"""Instructions that the paper names, with the accuracies that it measured: no scores of ours.

Source: Yang et al., "Large Language Models as Optimizers" (arXiv 2309.03409).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput, nearest
from opro_tui.engine.create import Start

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "known:"
"""What a warm start is called that takes the paper's instructions for a task."""


@dataclass(frozen=True, slots=True)
class Known:
    """One instruction as the paper has it.

    Attributes:
        task: The preset it was measured on.
        text: The instruction; empty for none at all.
        accuracy: The paper's test accuracy, 0–1.
        scorer: The model that answered there.
        position: Where the instruction stood there; empty where that isn't said.
    """

    task: str
    text: str
    accuracy: float
    scorer: str
    position: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "task": self.task,
            "text": self.text,
            "paper_accuracy": self.accuracy,
            "paper_scorer": self.scorer,
            "paper_position": self.position or None,
        }


_STEP_BY_STEP = "Let's think step by step."
KNOWN: tuple[Known, ...] = (
    *(
        Known("gsm8k", text, accuracy, "PaLM 2-L", "A_begin")
        for text, accuracy in (
            ("Take a deep breath and work on this problem step-by-step.", 0.802),
            ("Break this down.", 0.799),
            (_STEP_BY_STEP, 0.718),
            ("Let's solve the problem.", 0.608),
            ("Let's work together to solve this problem step by step.", 0.494),
            ("", 0.340),
        )
    ),
    Known("gsm8k", _STEP_BY_STEP, 0.644, "text-bison"),
    Known("gsm8k", "", 0.568, "text-bison"),
)
"""Every one, by task and scorer, best first."""


def known(task: str | None = None) -> tuple[Known, ...]:
    """The paper's instructions, of one task or of all.

    Raises:
        BadInput: There are none for that task.
    """
    found = tuple(each for each in KNOWN if task in (None, each.task))
    if not found and task is not None:
        tasks = list(dict.fromkeys(each.task for each in KNOWN))
        todo = nearest(task, tasks) or f"There are some for {', '.join(tasks)}."
        raise BadInput(f"the paper names no instruction for {task[:60]!r}", where=task, todo=todo)
    return found


def starts(source: Path | str) -> tuple[Start, ...] | None:
    """The warm start that `known:TASK` names: texts to be scored here, the paper's figures left.

    Returns:
        None where the name is a file's.

    Raises:
        BadInput: The paper names none for that task.
    """
    name = str(source)
    if not name.startswith(PREFIX):
        return None
    texts = dict.fromkeys(each.text for each in known(name.removeprefix(PREFIX)))
    return tuple(Start(text) for text in texts)

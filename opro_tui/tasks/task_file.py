"""Task files: a TOML file that says where a task's data lies and how it is asked and graded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opro_tui.core import toml
from opro_tui.core.errors import BadInput, nearest
from opro_tui.tasks import data, judging
from opro_tui.tasks.data import Source
from opro_tui.tasks.metrics import JUDGE
from opro_tui.tasks.reading import decode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEYS: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "dataset": str,
    "input": str,
    "target": str,
    "header": bool,
    "template": str,
    "metric": str,
    "position": str,
    "qa": bool,
    "initial": list,
    "rubric": str,
    "split": dict,
}
SPLIT_KEYS: dict[str, type | tuple[type, ...]] = {
    "train": (int, float),
    "test": (int, float),
    "seed": int,
}
_TYPE_NAMES = {str: "a text", bool: "true or false", int: "a whole number", list: "a list of texts"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFile:
    """What a task file says; None where it says nothing.

    Attributes:
        source: The file itself, for provenance.
        name: What the task is called; the file's stem where it has no name.
        dataset: The data file, with the task file's folder in front.
        input: The column with the question.
        target: The column with the right answer.
        header: Whether a CSV or TSV data file names its columns.
        template: The multi-field template; empty for none.
        metric: How answers are graded.
        position: Where the instruction stands.
        qa: Whether the question stands in a Q:/A: frame.
        initial: The starting solutions.
        train: Training examples, count or ratio.
        test: Test examples, count or ratio.
        seed: The seed of the split.
        rubric: What the judge metric grades by; a file's text where the task file names one.
    """

    source: Source
    name: str
    dataset: Path
    input: str | None = None
    target: str | None = None
    header: bool = True
    template: str = ""
    metric: str | None = None
    position: str | None = None
    qa: bool | None = None
    initial: tuple[str, ...] | None = None
    train: float | None = None
    test: float | None = None
    seed: int | None = None
    rubric: str | None = None


def read_task_file(path: Path) -> TaskFile:
    """Read and check a task file.

    Args:
        path: The `.toml` file.

    Raises:
        BadInput: It can't be read, isn't TOML, or has an unknown or wrongly typed key.
    """
    where = str(path)
    content = data.read_bytes(path)
    try:
        table = toml.loads(decode(content, where).replace("\r\n", "\n"))
    except ValueError as error:
        raise BadInput(
            f"this is not TOML ({error})", where=where, todo="See `opro-tui new --help`."
        ) from None
    _check(table, KEYS, where, "key")
    split: dict[str, Any] = table.pop("split", {})
    _check(split, SPLIT_KEYS, where, "key of [split]")
    _check_sizes(split, where)
    if not table.get("dataset"):
        todo = 'Add dataset = "rows.jsonl", relative to the task file.'
        raise BadInput("the task file has no dataset", where=where, todo=todo)
    if "input" in table and "template" in table:
        raise BadInput(
            "the task file has both input and template", where=where, todo="Keep one of them."
        )
    if not table.get("target") and table.get("metric") != JUDGE:
        raise BadInput("the task file has no target", where=where, todo='Add target = "COLUMN".')
    rubric = table.pop("rubric", None)
    if rubric is not None:
        rubric = judging.read_rubric(rubric, f"{where}: rubric", path.parent)
    initial = table.pop("initial", None)
    if initial is not None and not (initial and all(isinstance(text, str) for text in initial)):
        raise BadInput("initial is no list of texts", where=where, todo='Write ["…", "…"].')
    return TaskFile(
        source=Source(where, hashlib.sha256(content).hexdigest(), 0),
        name=table.pop("name", path.stem),
        dataset=path.parent / table.pop("dataset"),
        initial=None if initial is None else tuple(initial),
        rubric=rubric,
        **table,
        **split,
    )


def _check(
    table: Mapping[str, Any], known: Mapping[str, type | tuple[type, ...]], where: str, what: str
) -> None:
    for name, value in table.items():
        if name not in known:
            todo = nearest(name, known) or f"The keys are {', '.join(known)}."
            raise BadInput(f"unknown {what} {name!r}", where=where, todo=todo)
        expected = known[name]
        if isinstance(value, expected) and (expected is bool or not isinstance(value, bool)):
            continue
        shown = _TYPE_NAMES.get(expected, "a table") if isinstance(expected, type) else "a number"
        raise BadInput(f"{name} is {value!r:.60}", where=where, todo=f"Give {shown}.")


def _check_sizes(split: Mapping[str, Any], where: str) -> None:
    for name in ("train", "test"):
        value = split.get(name, 1)
        if isinstance(value, float) and not 0 <= value <= 1:
            raise BadInput(
                f"{name} is {value!r}",
                where=f"{where}: [split]",
                todo="Give a count (60) or a ratio from 0 to 1 (0.5).",
            )
        if value < 0:
            raise BadInput(f"{name} is {value}", where=f"{where}: [split]", todo="Give a count.")
    if not 0 <= split.get("seed", 0) <= 2**53:
        raise BadInput(
            f"seed is {split['seed']}", where=f"{where}: [split]", todo="Give 0 to 2**53."
        )

"""What the form for a new session asks, and what its answers mean: no widget, no event loop.

An empty field leaves a setting to the task, the file or the paper's default, which the field shows.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from opro_tui.core.errors import BadInput, OproError
from opro_tui.core.settings import BY_NAME, DEFINITIONS, POSITIONS, Settings
from opro_tui.engine.create import Draft
from opro_tui.engine.discovery import DATA_SUFFIXES
from opro_tui.paths import at_home
from opro_tui.tui.sessions_view import name_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

PLANNED_STEPS = 10
MOST_STEPS = 100_000
BETWEEN_SOLUTIONS = "---"

METRICS = {
    "exact": "the answer equals the target, but for case and punctuation",
    "contains": "the target stands somewhere in the answer",
    "numeric": "the last number of the answer equals the target",
    "boolean": "yes or no, true or false, as the target has it",
    "multiple-choice": "the choice that the answer names: a letter, or one of the labels",
    "json": "the answer is JSON equal to the target",
    "regex:": "what a pattern of yours finds in the answer equals the target",
    "python:": "a function of yours, as python:module:function",
    "judge": "a model grades by a rubric; right answers are optional",
}
CHOICES = {
    "position": POSITIONS,
    "order": ("ascending", "descending", "random"),
    "exemplar_choice": ("random", "constant", "hardest", "hardest-shown"),
    "schedule": ("constant", "linear:"),
    "score_buckets": ("100", "20", "0"),
    "proposals": ("independent",),
    "meta_style": ("tuned", "pretrained"),
    "scoring": ("full", "racing", "batch"),
    **dict.fromkeys(
        ("header", "qa", "review", "score_uncertainty", "exemplar_errors", "critique"),
        ("yes", "no"),
    ),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the form.

    Attributes:
        name: A setting's name, or `name`, `initial` or `steps`.
        label: What stands beside it.
        help: What it means, in a line.
        default: What holds where it is left empty.
        choices: What it may be completed to; empty where anything goes.
    """

    name: str
    label: str
    help: str
    default: str = ""
    choices: tuple[str, ...] = ()


def _setting(name: str, label: str = "", help: str = "", default: str | None = None) -> Field:  # noqa: A002
    value = getattr(Settings(), name)
    shown = "" if value is None or value == () else str(value)
    if isinstance(value, bool):
        shown = "yes" if value else "no"
    if isinstance(value, float):
        shown = f"{value:g}"
    return Field(
        name,
        label or name.replace("_", " "),
        help or BY_NAME[name].help,
        shown if default is None else default,
        CHOICES.get(name, ()),
    )


TASK = (
    Field("task", "task", "↓ lists · Ctrl+O file"),
    _setting("data_dir", "data folder", "where the benchmark's files lie"),
    _setting("header", "header row", "whether row 1 names columns"),
    _setting("input", "input column", "holds the question"),
    _setting("target", "target column", "holds the right answer"),
    _setting("metric", help="how an answer is graded; ↓ lists"),
    _setting("rubric", help="a text, or a .txt or .md file", default="a general one"),
    Field("name", "name", "what the session is called"),
)
MODELS = (
    _setting("optimizer", help="proposes; ↓ lists models"),
    _setting("scorer", help="answers; ↓ lists models"),
    _setting("judge", help="grades; ↓ lists models"),
)
MODEL_FIELDS = tuple(field.name for field in MODELS)
SIZE = (
    _setting("train", "train on", "a count, or a ratio: 0.5", "half, at most 100"),
    _setting("test", "hold out", "sealed; the others confirm", "two thirds of the rest"),
    Field("steps", "planned steps", "to price the run", str(PLANNED_STEPS)),
    _setting("budget", "budget in $", "never spent beyond", "none"),
    _setting("budget_tokens", "token budget", "never used beyond", "none"),
)
SEARCH = (
    _setting("candidates", help="proposed per step; paper: 8"),
    _setting("shown", help="best ones shown; paper: 20"),
    _setting("exemplars", help="examples shown; paper: 3"),
    _setting("temperature", help="of the optimizer; paper: 1.0"),
    _setting("position", help="where the instruction stands"),
)
_ASKED = {field.name for field in (*TASK, *MODELS, *SIZE, *SEARCH)}
MORE = tuple(_setting(d.name) for d in DEFINITIONS if d.name not in _ASKED)
GROUPS: tuple[tuple[str, tuple[Field, ...]], ...] = (
    ("Task", TASK),
    ("Models", MODELS),
    ("Size and budget", SIZE),
    ("Search", SEARCH),
)
FIELDS = {field.name: field for field in (*TASK, *MODELS, *SIZE, *SEARCH, *MORE)}


def clean_path(text: str) -> str:
    """A path as it was typed, pasted or dropped: without quotes, escapes or `file://`."""
    path = text.strip()
    if path.startswith("file://"):
        return unquote(urlsplit(path).path)
    if path[:1] in ("'", '"'):
        # The closing one is missing while it is being typed.
        return path[1:].removesuffix(path[0])
    if "\\ " in path:
        try:
            return " ".join(shlex.split(path))
        except ValueError:
            return path
    return path


def path_of(text: str) -> Path:
    """The path that was typed, with `~` for the person's own folder where there is one."""
    return at_home(clean_path(text))


def is_data_file(task: str) -> bool:
    """Whether a task is named by a data file."""
    return Path(clean_path(task)).suffix.lower() in DATA_SUFFIXES


def is_separated(task: str) -> bool:
    """Whether a task is named by a file that may have a header row."""
    return Path(clean_path(task)).suffix.lower() in (".csv", ".tsv")


def shown_fields(task: str, metric: str, needs_files: bool) -> frozenset[str]:
    """The fields of the task's and the models' groups that mean something for a task.

    Args:
        task: As it is typed.
        metric: As it is typed; a task file may have the judge's too.
        needs_files: Whether the task needs a folder with its files.
    """
    names = {"task", "name", "optimizer", "scorer"}
    if clean_path(task).endswith(".toml"):
        names.add("judge")
    if is_data_file(task):
        names |= {"input", "target", "metric"}
        if is_judged(metric):
            names |= {"rubric", "judge"}
        if is_separated(task):
            names.add("header")
    if needs_files:
        names.add("data_dir")
    return frozenset(names)


def is_judged(metric: str) -> bool:
    """Whether a model grades, by what is typed as metric."""
    return metric.strip().casefold() == "judge"


def problem_of(name: str, text: str) -> str:
    """What is wrong with a field's text; empty when nothing is, or when it is empty."""
    if not text.strip():
        return ""
    if name == "steps":
        good = text.strip().isascii() and text.strip().isdigit() and len(text.strip()) < 8
        if good and 1 <= int(text) <= MOST_STEPS:
            return ""
        return f"Give a whole number from 1 to {MOST_STEPS:,}."
    if name == "name":
        return name_problem(text.strip(), ()) or ""
    if name not in BY_NAME:
        return ""
    try:
        BY_NAME[name].parse(text)
    except BadInput as error:
        return in_words(error)
    return ""


def in_words(error: OproError) -> str:
    """An error for who sits at the form: no flags of the command line."""
    where = "" if error.where.startswith("--") or error.where in FIELDS else error.where
    text = str(type(error)(error.what, where=where, todo=error.todo))
    text = re.sub(r"--([a-z]+)-([a-z]+)", r"\1 \2", text)
    text = re.sub(r"--(?=[a-z])", "", text)
    # A name of a file or a setting keeps its own letters.
    return text if where else text[:1].upper() + text[1:]


def place_of(error: OproError) -> str:
    """The field that an error belongs beside."""
    for pattern in (r"--([a-z]+(?:-[a-z]+)*)", r": ([a-z_]+)$"):
        found = re.search(pattern, error.where)
        if found and (name := found[1].replace("-", "_")) in (*FIELDS, "initial"):
            return name
    if error.where in FIELDS:
        return error.where
    if error.where == "NAME":
        return "name"
    if error.where == "model":
        return next((name for name in MODEL_FIELDS if name in error.what), "scorer")
    return "metric" if "metric" in f"{error.where} {error.todo}" else "task"


def starting_solutions(text: str) -> tuple[str, ...]:
    """The solutions in a text of several lines, parted by lines of three dashes."""
    parts = re.split(rf"(?m)^{BETWEEN_SOLUTIONS}-*[ \t]*$", text)
    return tuple(part.strip() for part in parts if part.strip())


def planned_steps(text: str) -> int:
    """How many steps to price."""
    return int(text) if text.strip() and not problem_of("steps", text) else PLANNED_STEPS


def draft(texts: Mapping[str, str], guesses: Mapping[str, str], initial: str) -> Draft:
    """The draft that the form's texts stand for.

    Args:
        texts: Field name to what was typed; fields that mean nothing for the task left out.
        guesses: What holds for some of the empty ones.
        initial: The text of the starting solutions.
    """
    values: dict[str, Any] = {}
    for name, typed in texts.items():
        text = typed.strip() or guesses.get(name, "")
        if text and name in BY_NAME:
            values[name] = text
    for name in ("task", "data_dir"):
        if name in values:
            typed = clean_path(str(values[name]))
            values[name] = str(path_of(typed)) if typed.startswith("~") else typed
    name = texts.get("name", "").strip() or guesses.get("name", "session")
    return Draft(name=name, values=values, initial=starting_solutions(initial))


def base_name(task: str) -> str:
    """A name for a session on a task."""
    path = clean_path(task)
    stem = Path(path).stem if is_data_file(task) or path.endswith(".toml") else path
    name = re.sub(r"[^\w.-]+", "-", stem.partition(":")[0].rpartition("/")[2]).strip("-")
    return name[:80] or "session"


def metric_help(name: str) -> str:
    """A metric's one line."""
    key = name.partition(":")[0] + ":" if ":" in name else name
    return METRICS.get(key, "")

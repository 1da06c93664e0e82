"""Making tasks: from what a user names, and again from what a session kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput
from opro_tui.core.protocols import Example, Task
from opro_tui.paths import exists
from opro_tui.tasks import columns, computed, data, labels, own, presets, splits, stand_in
from opro_tui.tasks.judging import rubric_of
from opro_tui.tasks.metrics import JUDGE, guess_metric, make_metric, needs_target
from opro_tui.tasks.prompt_task import (
    INITIAL,
    SLOT,
    PromptSpec,
    PromptTask,
    check_position,
    check_template,
    drop_slot,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opro_tui.tasks.data import Source, Table
    from opro_tui.tasks.presets import Preset
    from opro_tui.tasks.task_file import TaskFile


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOptions:
    """What a user said about a task; None leaves it to the task, file or preset.

    Attributes:
        task: A preset, a task file, a data file, `python:module:Class`, or the name by which a
            package offers a task.
        data_dir: Where the benchmarks' files lie.
        input: The data file's column with the question.
        target: The data file's column with the right answer.
        header: Whether a CSV or TSV data file names its columns.
        metric: How answers are graded.
        position: Where the instruction stands.
        qa: Whether the question stands in a Q:/A: frame.
        train: Training examples: a count (int), or a ratio in (0, 1] (float), which is floored.
        test: The same for held-out examples.
        seed: Fixes the split, and the noise of generated problems.
        initial: The starting solutions.
        rubric: What the judge metric grades by, or a file that holds it.
    """

    task: str
    data_dir: Path | None = None
    input: str | None = None
    target: str | None = None
    header: bool = True
    metric: str | None = None
    position: str | None = None
    qa: bool | None = None
    train: float | None = None
    test: float | None = None
    seed: int | None = None
    initial: tuple[str, ...] | None = None
    rubric: str | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A task and where it came from.

    Attributes:
        task: The task.
        seed: The seed in force: the user's, else the task file's, else 0.
        sources: Every file that was read.
    """

    task: Task
    seed: int
    sources: tuple[Source, ...] = ()


def load(options: TaskOptions) -> Loaded:
    """Make the task that a user named, reading its files.

    Raises:
        BadInput: The task is unknown, a file is missing or malformed, or an option doesn't fit;
            says which file and row, or which option.
    """
    name = options.task
    seed = options.seed or 0
    if name.startswith("python:"):
        return Loaded(own.make(name, seed, new=True), seed)
    task = computed.make(name, seed)
    if task is not None:
        return Loaded(task, seed)
    suffix = Path(name).suffix.lower()
    if suffix == ".toml":
        return _load_task_file(options)
    if suffix in data.SUFFIXES:
        return _load_data_file(options)
    if name not in presets.PRESETS and (reference := own.installed().get(name)):
        task = own.make(reference, seed, f"--task {name} ({reference})", new=True)
        return Loaded(task, seed)
    return _load_preset(presets.find_preset(name, options.data_dir), options)


def restore(spec: Mapping[str, Any], examples: Sequence[Example]) -> Task:
    """Make a task again from its `spec()` and its examples, without touching files.

    User code that the spec names (see `python_references`) is imported.

    Raises:
        BadInput: The spec is of no known kind or damaged, or its user code can't be imported.
    """
    fields = dict(spec)
    kind = fields.get("kind")
    try:
        if kind == "prompt":
            return PromptTask(PromptSpec.from_json(fields), examples)
        if kind == "python":
            return own.make(f"python:{fields['reference']}", fields["seed"])
        task = computed.make_again(fields)
        if task is not None:
            return task
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(error) from None
    raise BadInput(f"unknown kind of task {kind!r}", where="task")


def restore_to_look(spec: Mapping[str, Any], examples: Sequence[Example]) -> Task | None:
    """The same without running the user code that the spec names: it can't score.

    Returns:
        None where nothing can be told of the scores without that code.

    Raises:
        BadInput: The spec is damaged.
    """
    if not python_references(spec):
        return restore(spec, examples)
    try:
        return stand_in.stand_in(spec, examples)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(error) from None


def python_references(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """The user code that `restore` would import for a spec, to ask for consent first."""
    if spec.get("kind") == "python":
        return (f"python:{spec.get('reference')}",)
    metric = str(spec.get("metric", ""))
    return (metric,) if metric.startswith("python:") else ()


def _damaged(error: Exception) -> BadInput:
    what = f"the task's description is damaged ({type(error).__name__}: {error})"
    return BadInput(what, where="task")


def _load_preset(preset: Preset, options: TaskOptions) -> Loaded:
    seed = options.seed or 0
    tables = [_bundled(preset)] if not preset.files else _benchmark(preset, options.data_dir)
    pairs = [
        [_build(preset, table, row.fields, row.place) for row in table.rows] for table in tables
    ]
    train = preset.train if options.train is None else options.train
    test = preset.test if options.test is None else options.test
    if len(tables) == 2:
        sides = splits.split_files(*pairs, train=train, test=test, seed=seed, where=preset.name)
    else:
        if options.test is None and test is not None:
            left = len(pairs[0]) - splits.size_of(train, len(pairs[0]))
            test = min(test, max(0, left))
        sides = splits.split(pairs[0], train=train, test=test, seed=seed, where=preset.name)
    rows = [presets.plain_fields(preset, row.fields) for table in tables for row in table.rows]
    examples = [
        Example(index, text, target, side, MappingProxyType(dict(fields)))
        for index, ((text, target), side, fields) in enumerate(
            zip((pair for part in pairs for pair in part), sides, rows, strict=True)
        )
    ]
    spec = PromptSpec(
        name=preset.name,
        metric=options.metric or preset.metric,
        position=check_position(options.position or preset.position),
        qa=True if options.qa is None else options.qa,
        initial=preset.initial if options.initial is None else options.initial,
        max_length=presets.MAX_LENGTH,
        threshold=preset.threshold,
        no_digits=preset.no_digits,
        rubric=rubric_of(options.metric or preset.metric, options.rubric),
    )
    if options.metric:
        places = [f"{table.name}, {row.place}" for table in tables for row in table.rows]
        _check_targets(spec.metric, [example.target for example in examples], places)
    return Loaded(PromptTask(spec, examples), seed, tuple(table.source for table in tables))


def _bundled(preset: Preset) -> Table:
    name = f"{preset.name}{preset.kind}"
    content = resources.files("opro_tui.tasks").joinpath("bundled", name).read_bytes()
    return data.parse_table(content, f"bundled/{name}", kind=preset.kind)


def _benchmark(preset: Preset, data_dir: Path | None) -> list[Table]:
    tables = []
    for file in preset.files:
        if data_dir is None or not exists(data_dir / file):
            raise presets.missing_file(preset, file, data_dir)
        tables.append(
            data.read_table(
                data_dir / file, header=not preset.columns, kind=preset.kind, columns=preset.columns
            )
        )
    return tables


def _build(preset: Preset, table: Table, fields: Mapping[str, str], place: str) -> tuple[str, str]:
    try:
        text, target = preset.build(fields)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise BadInput(
            f"the row is not as {preset.name} has it ({type(error).__name__}: {error})",
            where=f"{table.name}, {place}",
            todo="Get the benchmark's original file.",
        ) from None
    text, target = text.strip(), target.strip()
    if not text or not target:
        missing = "question" if not text else "target"
        raise BadInput(f"the {missing} is empty", where=f"{table.name}, {place}")
    return text, target


def _load_task_file(options: TaskOptions) -> Loaded:
    from opro_tui.tasks.task_file import read_task_file

    file = read_task_file(Path(options.task))
    given = {
        name: getattr(file, name) if getattr(options, name) is None else getattr(options, name)
        for name in (
            "input",
            "target",
            "metric",
            "position",
            "qa",
            "train",
            "test",
            "seed",
            "initial",
            "rubric",
        )
    }
    merged = replace(options, **given, header=options.header and file.header)
    loaded = _load_rows(merged, file.dataset, file.name, file)
    return replace(loaded, sources=(file.source, *loaded.sources))


def _load_data_file(options: TaskOptions) -> Loaded:
    return _load_rows(options, Path(options.task), options.task, None)


def _load_rows(options: TaskOptions, path: Path, name: str, file: TaskFile | None) -> Loaded:
    table = data.read_table(path, header=options.header)
    position = check_position(options.position or "Q_begin")
    template = file.template if file is not None and not options.input else ""
    if template:
        where = f"{file.source.path}: template" if file else "template"
        check_template(template, table.columns, position, where)
    texts = _texts(table, options, template)
    targets = _targets(table, options)
    metric = options.metric or guess_metric(targets)
    places = [f"{table.name}, {row.place}" for row in table.rows]
    _check_targets(metric, targets, places)
    train = splits.default_train(len(texts)) if options.train is None else options.train
    sides = splits.split(
        list(zip(texts, targets, strict=True)),
        train=train,
        test=splits.default_test(len(texts), train) if options.test is None else options.test,
        seed=options.seed or 0,
        where=name,
    )
    rows = zip(texts, targets, sides, table.rows, strict=True)
    examples = [
        Example(index, text, target, side, MappingProxyType(dict(row.fields)))
        for index, (text, target, side, row) in enumerate(rows)
    ]
    spec = PromptSpec(
        name=name,
        metric=metric,
        position=position,
        qa=True if options.qa is None else options.qa,
        template=template,
        initial=_initial(metric, targets) if options.initial is None else options.initial,
        rubric=rubric_of(metric, options.rubric),
    )
    return Loaded(PromptTask(spec, examples), options.seed or 0, (table.source,))


def _targets(table: Table, options: TaskOptions) -> list[str]:
    """Every row's right answer; a judge can do without, so that none need be there."""
    if options.metric != JUDGE:
        column = columns.find(table, options.target, "target", header=options.header)
        return columns.targets(table, column, options.metric)
    if options.target is None:
        sure = (name for name in columns.SURE["target"] if name in table.columns)
        column = next(sure, "")
    else:
        column = data.find_column(table, options.target, "target", header=options.header)
    return [row.fields.get(column, "").strip() for row in table.rows]


def _initial(metric: str, targets: Sequence[str]) -> tuple[str, ...]:
    named = labels.starting_solution(metric, targets)
    return (named,) if named else INITIAL


def _texts(table: Table, options: TaskOptions, template: str) -> list[str]:
    """Each row's question; with a multi-field template, that without an instruction."""
    from opro_tui.core.meta_prompt import fill, split_slots

    if template:
        bare = drop_slot(template)
        used = [name for is_slot, name in split_slots(template, (SLOT, *table.columns)) if is_slot]
        for row in table.rows:
            for column in used:
                if column != SLOT:
                    data.cell(table, row, column)
        texts = [fill(bare, row.fields).strip() for row in table.rows]
        empty = next((row for row, text in zip(table.rows, texts, strict=True) if not text), None)
        if empty is not None:
            where = f"{table.name}, {empty.place}"
            raise BadInput("the template's columns are empty", where=where, todo="Fill the row.")
        return texts
    column = columns.find(table, options.input, "input", header=options.header)
    questions = []
    for row in table.rows:
        where = f"{table.name}, {row.place}"
        if column in row.structured:
            raise BadInput(
                f"column {column!r} holds a list or an object, not a text",
                where=where,
                todo="Write the question as one text.",
            )
        text = data.cell(table, row, column)
        if not text:
            raise BadInput(f"column {column!r} is empty", where=where, todo="Fill or remove it.")
        questions.append(text)
    return questions


def _check_targets(metric: str, targets: Sequence[str], places: Sequence[str]) -> None:
    checker = make_metric(metric)
    for target, place in zip(targets, places, strict=True):
        problem = "is empty" if not target and needs_target(metric) else checker.problem(target)
        if problem:
            raise BadInput(
                f"the target {target[:60]!r} {problem}",
                where=place,
                todo=f"The metric {metric} needs that; choose another or mend the row.",
            )

"""The built-in tasks, as data: where their files lie, how rows become questions, their metric."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput, nearest
from opro_tui.tasks import computed, data, own
from opro_tui.tasks.prompt_task import INITIAL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

MAX_LENGTH = 500
"""Longest candidate in the paper's tasks, in characters."""
THRESHOLD = 0.3
"""Score under which the paper leaves a solution out, with GPT models as scorers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One built-in prompt task.

    Attributes:
        name: As `--task` takes it.
        about: One line for lists.
        files: Paths under `--data-dir`; a second one is the test file. Empty for a bundled task.
        kind: The suffix to read the files as.
        columns: Names for the columns of files without a header.
        byte_strings: Columns that hold Python byte strings, to be decoded.
        build: Makes (question, target) of a row's fields.
        metric: How answers are graded.
        train: Training share of the (training) file, or count.
        test: Test share or count; None takes the rest.
        no_digits: Whether instructions with digits are rejected.
        initial: The starting solutions.
        position: Where the instruction stands.
        threshold: Score under which a solution stays out of the meta-prompt.
    """

    name: str
    about: str
    build: Callable[[Mapping[str, str]], tuple[str, str]]
    metric: str
    files: tuple[str, ...] = ()
    kind: str = ".json"
    columns: tuple[str, ...] = ()
    byte_strings: tuple[str, ...] = ()
    train: float = 0.2
    test: float | None = None
    no_digits: bool = False
    initial: tuple[str, ...] = INITIAL
    position: str = "Q_begin"
    threshold: float | None = THRESHOLD


def _plain(fields: Mapping[str, str]) -> tuple[str, str]:
    return fields["input"], fields["target"]


def _gsm8k(fields: Mapping[str, str]) -> tuple[str, str]:
    return fields["question"], fields["answer"]


def _mmlu(fields: Mapping[str, str]) -> tuple[str, str]:
    options = "\n".join(f"({letter}) {fields[letter].strip()}" for letter in "ABCD")
    return f"{fields['question'].strip()}\n{options}", fields["answer"]


def _aqua(fields: Mapping[str, str]) -> tuple[str, str]:
    options = json.loads(fields["options"])
    lines = (f"({option[0]}) {_option_text(option)}" for option in options)
    return "\n".join([fields["question"].strip(), *lines]), fields["correct"]


def _option_text(option: str) -> str:
    """An option without its letter, which a few rows of the file have twice: `A)A)59`."""
    prefix = option[:2]
    text = option.strip()
    while text.startswith(prefix):
        text = text[2:].strip()
    return text


def _multiarith(fields: Mapping[str, str]) -> tuple[str, str]:
    (solution,) = json.loads(fields["lSolutions"])
    return fields["sQuestion"], data.as_text(solution)


BOOLEAN = frozenset(
    (
        "boolean_expressions",
        "causal_judgement",
        "formal_fallacies",
        "navigate",
        "sports_understanding",
        "web_of_lies",
    )
)
NUMERIC = frozenset(("object_counting", "multistep_arithmetic_two"))
FREE_TEXT = frozenset(("dyck_languages", "word_sorting"))
BBH = (
    "boolean_expressions",
    "causal_judgement",
    "date_understanding",
    "disambiguation_qa",
    "dyck_languages",
    "formal_fallacies",
    "geometric_shapes",
    "hyperbaton",
    "logical_deduction_five_objects",
    "logical_deduction_seven_objects",
    "logical_deduction_three_objects",
    "movie_recommendation",
    "multistep_arithmetic_two",
    "navigate",
    "object_counting",
    "penguins_in_a_table",
    "reasoning_about_colored_objects",
    "ruin_names",
    "salient_translation_error_detection",
    "snarks",
    "sports_understanding",
    "temporal_sequences",
    "tracking_shuffled_objects_five_objects",
    "tracking_shuffled_objects_seven_objects",
    "tracking_shuffled_objects_three_objects",
    "web_of_lies",
    "word_sorting",
)


def _bbh_metric(name: str) -> str:
    if name in BOOLEAN:
        return "boolean"
    if name in NUMERIC:
        return "numeric"
    return "exact" if name in FREE_TEXT else "multiple-choice"


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="sums",
            about="bundled word problems with whole-number answers; needs no files",
            build=_plain,
            metric="numeric",
            kind=".jsonl",
            train=60,
            test=100,
            threshold=None,
        ),
        Preset(
            name="gsm8k",
            about="grade-school mathematics, 7,473 training and 1,319 test problems",
            files=("gsm8k/gsm_train.tsv", "gsm8k/gsm_test.tsv"),
            kind=".tsv",
            columns=("question", "answer", "rationale"),
            byte_strings=("rationale",),
            build=_gsm8k,
            metric="numeric",
            train=0.035,
            no_digits=True,
        ),
        Preset(
            name="aqua",
            about="algebra word problems with five choices",
            files=("aqua/AQuA.json",),
            kind=".jsonl",
            build=_aqua,
            metric="multiple-choice",
        ),
        Preset(
            name="multiarith",
            about="600 arithmetic word problems of two or more steps",
            files=("multiarith/MultiArith.json",),
            build=_multiarith,
            metric="numeric",
        ),
        *(
            Preset(
                name=f"bbh/{name}",
                about=f"BIG-Bench Hard: {name.replace('_', ' ')}",
                files=(f"bbh/{name}.json",),
                build=_plain,
                metric=_bbh_metric(name),
            )
            for name in BBH
        ),
    )
}


def preset_names() -> list[tuple[str, str]]:
    """Each preset's name and one line about it; `mmlu/SUBJECT` stands for all subjects."""
    names = [(preset.name, preset.about) for preset in PRESETS.values()]
    position = next(i for i, (name, _) in enumerate(names) if name.startswith("bbh/"))
    names.insert(position, ("mmlu/SUBJECT", "MMLU questions with four choices, for any subject"))
    offered = [(name, f"your own: {reference}") for name, reference in own.installed().items()]
    return [*names, *computed.ABOUT.items(), *(each for each in offered if each[0] not in PRESETS)]


def find_preset(name: str, data_dir: Path | None) -> Preset:
    """The preset of a name.

    Args:
        name: As the user gave it.
        data_dir: Where the benchmarks' files lie; subjects found there are suggested.

    Raises:
        BadInput: There is none; names the nearest ones.
    """
    if name in PRESETS:
        return PRESETS[name]
    family, _, member = name.partition("/")
    if family == "mmlu" and member.replace("_", "").isalnum() and member.isascii():
        return _mmlu_preset(member)
    known = [*PRESETS, *computed.ABOUT, *own.installed()]
    if data_dir is not None and family == "mmlu":
        known += [f"mmlu/{subject}" for subject in _subjects(data_dir)]
    todo = nearest(name, known) or (
        "Presets are sums, gsm8k, bbh/NAME, mmlu/SUBJECT, aqua, multiarith, linear-regression, tsp;"
        " data files end in .jsonl, .json, .csv or .tsv, task files in .toml."
    )
    raise BadInput(f"unknown task {name!r}", where="--task", todo=todo)


def missing_file(preset: Preset, file: str, data_dir: Path | None) -> BadInput:
    """The error for a benchmark file that isn't there: says which goes where."""
    needed = " and ".join(preset.files)
    if data_dir is None:
        return BadInput(
            f"{preset.name} needs its data files, and no --data-dir is given",
            where="--data-dir",
            todo=f"Name the folder that holds {needed}; nothing is downloaded.",
        )
    todo = f"Put it at {data_dir / file}; nothing is downloaded."
    if preset.name.startswith("mmlu/"):
        close = nearest(preset.name, [f"mmlu/{subject}" for subject in _subjects(data_dir)])
        todo = f"{todo} {close}".strip()
    return BadInput(
        f"{preset.name} needs the file {file}", where=f"--data-dir {data_dir}", todo=todo
    )


def _mmlu_preset(subject: str) -> Preset:
    return Preset(
        name=f"mmlu/{subject}",
        about=f"MMLU: {subject.replace('_', ' ')}",
        files=(f"mmlu/{subject}_test.csv",),
        kind=".csv",
        columns=("question", "A", "B", "C", "D", "answer"),
        build=_mmlu,
        metric="multiple-choice",
    )


def _subjects(data_dir: Path) -> list[str]:
    try:
        files = sorted((data_dir / "mmlu").glob("*_test.csv"))
    except OSError:
        return []
    return [file.name.removesuffix("_test.csv") for file in files]


def plain_fields(preset: Preset, fields: Mapping[str, str]) -> Mapping[str, str]:
    """A row's fields with its byte strings decoded; those that are none stay as they are."""
    if not preset.byte_strings:
        return fields
    return dict(fields) | {name: _decoded(fields[name]) for name in preset.byte_strings}


def _decoded(text: str) -> str:
    try:
        value = ast.literal_eval(text)
        return value.decode() if isinstance(value, bytes) else text
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text

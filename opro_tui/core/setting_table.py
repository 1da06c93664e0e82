"""The table of settings: names, limits and meaning, for flags, files, forms and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opro_tui.core import setting_values as take
from opro_tui.core.errors import BadInput, nearest

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Definition:
    """One setting.

    Attributes:
        name: The field of `Settings`; the flag has - for _.
        read: Makes a value of a text or JSON value; raises ValueError with what is expected.
        starred: Whether it may change between steps (the rest only by fork).
        help: What it does, in one line.
        metavar: What its flag takes.
        optional: Whether `none` clears it.
    """

    name: str
    read: Callable[[Any], Any]
    starred: bool
    help: str
    metavar: str
    optional: bool = False

    @property
    def flag(self) -> str:
        """The command line's spelling."""
        return "--" + self.name.replace("_", "-")

    def parse(self, raw: Any, *, where: str = "") -> Any:  # noqa: ANN401 - a setting's own type
        """Read a value, or raise BadInput that says what this setting takes."""
        if raw is None or (isinstance(raw, str) and raw.strip().lower() == "none"):
            if self.optional:
                return None
            raise BadInput("has no value", where=self._place(where), todo=f"Give {self.metavar}.")
        try:
            return self.read(raw)
        except (ValueError, TypeError) as error:
            several = isinstance(raw, tuple | list)
            shown = (", ".join(map(str, raw)) if several else str(raw))[:60]
            raise BadInput(f"{shown!r} {error}", where=self._place(where)) from None

    def _place(self, where: str) -> str:
        return f"{where}: {self.name}" if where else self.flag


POSITIONS = ("Q_begin", "Q_end", "A_begin", "before_Q", "system")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
PER_ROLE = ("max_output_tokens", "reasoning_effort")

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "task",
        take.text,
        False,
        "a preset, a task file, a data file, python:module:Class or a task that a package offers",
        "TASK",
    ),
    Definition(
        "data_dir", take.text, False, "where the benchmarks' files lie", "DIR", optional=True
    ),
    Definition(
        "input",
        take.text,
        False,
        "the data file's column with the question",
        "COLUMN",
        optional=True,
    ),
    Definition(
        "target",
        take.text,
        False,
        "the data file's column with the right answer",
        "COLUMN",
        optional=True,
    ),
    Definition(
        "header", take.flag, False, "whether the data file's first row names its columns", "BOOL"
    ),
    Definition(
        "metric",
        take.text,
        False,
        "how an answer is graded: exact, contains, numeric, boolean, multiple-choice, json, judge,"
        " regex:PATTERN or python:module:function",
        "METRIC",
        optional=True,
    ),
    Definition(
        "train",
        take.size,
        False,
        "training examples: a count, or a ratio that is floored",
        "N",
        optional=True,
    ),
    Definition(
        "test",
        take.size,
        False,
        "held-out examples, a count or a ratio that is floored; the others are fresh for confirm",
        "N",
        optional=True,
    ),
    Definition("seed", take.whole(0, 2**53), False, "fixes every random choice", "N"),
    Definition(
        "scorer", take.text, False, "the model that answers with a candidate inserted", "MODEL"
    ),
    Definition("scorer_url", take.text, False, "the scorer's endpoint", "URL", optional=True),
    Definition(
        "scorer_temperature", take.number(0, 2), False, "the scorer's temperature (paper: 0)", "T"
    ),
    Definition(
        "judge",
        take.text,
        False,
        "the model that grades, for the judge metric",
        "MODEL",
        optional=True,
    ),
    Definition("judge_url", take.text, False, "the judge's endpoint", "URL", optional=True),
    Definition("judge_temperature", take.number(0, 2), False, "the judge's temperature", "T"),
    Definition(
        "judge_repeats",
        take.whole(1, 100),
        False,
        "how often each answer is judged; its score is the mean",
        "K",
    ),
    Definition(
        "rubric",
        take.text,
        False,
        "what the judge grades by: a text, or a file that holds it",
        "TEXT|FILE",
        optional=True,
    ),
    Definition(
        "replicate",
        take.whole(0, 1_000_000),
        False,
        "which of the scorer's answers count; sessions with the same number share what is bought",
        "N",
    ),
    Definition(
        "position", take.choice(*POSITIONS), False, "where the instruction stands", "POSITION"
    ),
    Definition("qa", take.flag, False, "whether the question stands in a Q:/A: frame", "BOOL"),
    Definition("optimizer", take.text, True, "the model that proposes", "MODEL"),
    Definition("optimizer_url", take.text, True, "the optimizer's endpoint", "URL", optional=True),
    Definition("candidates", take.whole(1, 10_000), True, "candidates per step (paper: 8)", "N"),
    Definition(
        "shown", take.whole(0, 10_000), True, "solutions shown to the optimizer (paper: 20)", "N"
    ),
    Definition(
        "order",
        take.choice("ascending", "descending", "random"),
        True,
        "order of the shown solutions; ascending puts the best last (paper)",
        "ORDER",
    ),
    Definition(
        "score_buckets",
        take.buckets,
        True,
        "how finely scores are shown; 0 hides them (paper: 100)",
        "N",
    ),
    Definition(
        "score_uncertainty",
        take.flag,
        True,
        "show each score with its ± (half of the 95 % interval) and its number of examples",
        "BOOL",
    ),
    Definition(
        "exemplars", take.whole(0, 1000), True, "exemplars in the meta-prompt (paper: 3)", "N"
    ),
    Definition(
        "exemplar_choice",
        take.choice("random", "constant", "hardest", "hardest-shown"),
        True,
        "which exemplars: fresh each step, always the same, or those most often wrong",
        "CHOICE",
    ),
    Definition(
        "exemplar_errors",
        take.flag,
        True,
        "show with an exemplar the wrong answer of the best solution shown, where it gave one",
        "BOOL",
    ),
    Definition(
        "critique",
        take.flag,
        True,
        "before each step the optimizer writes a critique, which its meta-prompt then holds",
        "BOOL",
    ),
    Definition(
        "temperature", take.number(0, 2), True, "the optimizer's temperature (paper: 1.0)", "T"
    ),
    Definition(
        "schedule", take.schedule, True, "constant, or linear:END up to max-steps", "SCHEDULE"
    ),
    Definition(
        "proposals", take.proposals, True, "independent completions, or K proposals in each", "K"
    ),
    Definition(
        "request_size",
        take.whole(1, 10_000),
        True,
        "most candidates asked for in one request",
        "N",
        optional=True,
    ),
    Definition(
        "max_output_tokens",
        take.per_role(take.whole(1, 10_000_000)),
        True,
        "longest answer, per role",
        "ROLE=N",
    ),
    Definition(
        "reasoning_effort",
        take.per_role(take.choice(*EFFORTS[1:])),
        True,
        "reasoning effort, per role",
        "ROLE=E",
    ),
    Definition(
        "threshold",
        take.number(0, 1),
        True,
        "solutions under this score stay out of the meta-prompt (paper, GPT scorers: 0.3)",
        "X",
        optional=True,
    ),
    Definition(
        "max_length",
        take.whole(1, 1_000_000),
        True,
        "longest candidate, in characters (paper: 500)",
        "N",
        optional=True,
    ),
    Definition(
        "max_steps",
        take.whole(0, 1_000_000),
        True,
        "stop after this many steps",
        "N",
        optional=True,
    ),
    Definition(
        "patience",
        take.whole(1, 1_000_000),
        True,
        "stop after this many steps without a distinguishable improvement",
        "N",
        optional=True,
    ),
    Definition(
        "budget",
        take.number(0, 1e9, "dollars"),
        True,
        "never spend more than this",
        "USD",
        optional=True,
    ),
    Definition(
        "budget_tokens",
        take.whole(0, 10**15),
        True,
        "never use more tokens than this",
        "N",
        optional=True,
    ),
    Definition(
        "stop_after",
        take.number(0, 1e9, "dollars"),
        True,
        "steps start no call once this is spent; those in flight may pass it",
        "USD",
        optional=True,
    ),
    Definition(
        "stop_after_tokens",
        take.whole(0, 10**15),
        True,
        "the same in tokens",
        "N",
        optional=True,
    ),
    Definition("concurrency", take.whole(1, 2000), True, "calls in flight at once", "N"),
    Definition(
        "scoring",
        take.choice("full", "racing", "batch"),
        True,
        "full; racing: who falls behind the best is not scored further; batch: at half price, by"
        " the provider's batch endpoint, within a day",
        "HOW",
    ),
    Definition(
        "review", take.flag, True, "wait for a person before scoring a step's candidates", "BOOL"
    ),
    Definition(
        "meta_style",
        take.choice("tuned", "pretrained"),
        True,
        "the built-in meta-prompt to start from",
        "STYLE",
    ),
    Definition(
        "arm", take.text, True, "what this session is in a comparison", "TEXT", optional=True
    ),
)

BY_NAME: dict[str, Definition] = {definition.name: definition for definition in DEFINITIONS}
STARRED = frozenset(definition.name for definition in DEFINITIONS if definition.starred)


def find(name: str, *, where: str = "") -> Definition:
    """The setting of a name, spelled with - or _.

    Raises:
        BadInput: There is none; names the nearest.
    """
    definition = BY_NAME.get(name.replace("-", "_"))
    if definition is None:
        raise BadInput(f"unknown setting {name!r}", where=where, todo=nearest(name, BY_NAME))
    return definition

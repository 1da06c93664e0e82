"""Settings: names, defaults, limits and meaning, in one table for flags, files, forms and JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput, nearest
from opro_tui.core.usage import ROLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RoleValues = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that decides how a session runs; see `DEFINITIONS` for each one's meaning."""

    task: str = "sums"
    data_dir: str | None = None
    input: str | None = None
    target: str | None = None
    header: bool = True
    metric: str | None = None
    train: float | None = None
    test: float | None = None
    seed: int = 0
    scorer: str = "simulated"
    scorer_url: str | None = None
    scorer_temperature: float = 0.0
    judge: str | None = None
    position: str = "Q_begin"
    qa: bool = True
    optimizer: str = "simulated"
    optimizer_url: str | None = None
    candidates: int = 8
    shown: int = 20
    order: str = "ascending"
    score_buckets: int = 100
    exemplars: int = 3
    exemplar_choice: str = "random"
    temperature: float = 1.0
    schedule: str = "constant"
    proposals: int = 1
    max_output_tokens: RoleValues = ()
    reasoning_effort: RoleValues = ()
    threshold: float | None = None
    max_length: int | None = None
    max_steps: int | None = None
    patience: int | None = None
    budget: float | None = None
    budget_tokens: int | None = None
    concurrency: int = 16
    scoring: str = "full"
    review: bool = False
    meta_style: str = "tuned"

    def to_json(self) -> dict[str, Any]:
        """Name to JSON value; per-role settings become objects."""
        data = asdict(self)
        for name in PER_ROLE:
            data[name] = dict(getattr(self, name))
        data["proposals"] = "independent" if self.proposals == 1 else self.proposals
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Settings:
        """The reverse of `to_json`; unknown names are refused.

        Raises:
            BadInput: A name is no setting, or a value is out of range.
        """
        return cls().with_values(data)

    def with_values(self, values: Mapping[str, Any], *, where: str = "") -> Settings:
        """These settings with some values parsed, checked and replaced.

        Args:
            values: Setting name (with - or _) to a value, as text from a flag or as JSON.
            where: The file the values come from, for error texts.

        Raises:
            BadInput: A name is no setting, or a value is out of range.
        """
        changes: dict[str, Any] = {}
        for name, raw in values.items():
            definition = find(name, where=where)
            value = definition.parse(raw, where=where)
            if definition.name in PER_ROLE:
                value = _merge(getattr(self, definition.name), value)
            changes[definition.name] = value
        return replace(self, **changes)

    def for_role(self, name: str, role: str) -> Any:  # noqa: ANN401 - a setting's own type
        """A per-role setting's value for one role; None when it is not set."""
        return dict(getattr(self, name)).get(role)


def _merge(old: RoleValues, new: RoleValues) -> RoleValues:
    merged = dict(old) | dict(new)
    return tuple((role, merged[role]) for role in ROLES if merged.get(role) is not None)


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
            shown = str(raw)[:60]
            raise BadInput(f"{shown!r} {error}", where=self._place(where)) from None

    def _place(self, where: str) -> str:
        return f"{where}: {self.name}" if where else self.flag


def _text(raw: Any) -> str:  # noqa: ANN401
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError("is no text; give one")
    return raw.strip()


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def read(raw: Any) -> int:  # noqa: ANN401
        expected = f"is out of range; give a whole number from {low:,} to {high:,}"
        try:
            number = float(raw)
        except (ValueError, TypeError, OverflowError):
            raise ValueError(expected) from None
        if isinstance(raw, bool) or not math.isfinite(number) or number != int(number):
            raise ValueError(expected)
        if not low <= number <= high:
            raise ValueError(expected)
        return (
            int(raw)
            if isinstance(raw, (int, str)) and str(raw).lstrip("+-").isdigit()
            else int(number)
        )

    return read


def _number(low: float, high: float, what: str = "a number") -> Callable[[Any], float]:
    def read(raw: Any) -> float:  # noqa: ANN401
        expected = f"is out of range; give {what} from {low:g} to {high:g}"
        try:
            number = float(raw)
        except (ValueError, TypeError, OverflowError):
            raise ValueError(expected) from None
        if isinstance(raw, bool) or not math.isfinite(number) or not low <= number <= high:
            raise ValueError(expected)
        return number

    return read


def _choice(*known: str) -> Callable[[Any], str]:
    def read(raw: Any) -> str:  # noqa: ANN401
        if raw in known:
            return str(raw)
        for name in known:
            if str(raw).strip().lower() == name.lower():
                return name
        raise ValueError(
            " ".join(f"is not one of {', '.join(known)}. {nearest(str(raw), known)}".split())
        )

    return read


def _flag(raw: Any) -> bool:  # noqa: ANN401
    if isinstance(raw, bool):
        return raw
    match str(raw).strip().lower():
        case "true" | "yes" | "on" | "1":
            return True
        case "false" | "no" | "off" | "0":
            return False
    raise ValueError("is neither yes nor no")


def _size(raw: Any) -> float:  # noqa: ANN401
    """A count of examples (1 and above, whole) or a ratio (below 1)."""
    expected = "is out of range; give a count (1, 2, …) or a ratio between 0 and 1"
    try:
        number = float(raw)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(expected) from None
    if isinstance(raw, bool) or not math.isfinite(number) or number < 0:
        raise ValueError(expected)
    if number >= 1 and number != int(number):
        raise ValueError(expected)
    return int(number) if number >= 1 else number


def _buckets(raw: Any) -> int:  # noqa: ANN401
    if str(raw).strip() in ("100", "20", "0"):
        return int(raw)
    raise ValueError("is not one of 100, 20, 0 (hidden)")


def _proposals(raw: Any) -> int:  # noqa: ANN401
    if str(raw).strip().lower() == "independent":
        return 1
    try:
        return _whole(1, 64)(raw)
    except ValueError:
        raise ValueError(
            "is out of range; give independent or a whole number from 1 to 64"
        ) from None


def _schedule(raw: Any) -> str:  # noqa: ANN401
    text = str(raw).strip().lower()
    if text == "constant":
        return text
    name, _, end = text.partition(":")
    try:
        if name == "linear":
            return f"linear:{_number(0, 2)(end):g}"
    except ValueError:
        pass
    raise ValueError("is no schedule; give constant or linear:END with END from 0 to 2")


def _per_role(read: Callable[[Any], Any]) -> Callable[[Any], RoleValues]:
    def read_all(raw: Any) -> RoleValues:  # noqa: ANN401
        items = raw.items() if hasattr(raw, "items") else _pairs(raw)
        result = []
        for role, value in items:
            if role not in ROLES:
                raise ValueError(
                    f"names no role; give ROLE=VALUE with a role of {', '.join(ROLES)}"
                )
            cleared = value is None or str(value).strip().lower() in ("", "none")
            result.append((role, None if cleared else read(value)))
        return tuple(result)

    return read_all


def _pairs(raw: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
    if isinstance(raw, str):
        raw = [part for part in raw.split(",") if part.strip()]
    pairs: list[tuple[str, Any]] = []
    for item in raw:
        if isinstance(item, str):
            role, separator, value = item.partition("=")
            if not separator:
                raise ValueError("is not of the form ROLE=VALUE")
            pairs.append((role.strip(), value.strip()))
        else:
            role, value = item
            pairs.append((role, value))
    return pairs


POSITIONS = ("Q_begin", "Q_end", "A_begin", "before_Q", "system")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
PER_ROLE = ("max_output_tokens", "reasoning_effort")

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "task", _text, False, "a preset, a task file, a data file or python:module:Class", "TASK"
    ),
    Definition("data_dir", _text, False, "where the benchmarks' files lie", "DIR", optional=True),
    Definition(
        "input", _text, False, "the data file's column with the question", "COLUMN", optional=True
    ),
    Definition(
        "target",
        _text,
        False,
        "the data file's column with the right answer",
        "COLUMN",
        optional=True,
    ),
    Definition(
        "header", _flag, False, "whether the data file's first row names its columns", "BOOL"
    ),
    Definition("metric", _text, False, "how an answer is graded", "METRIC", optional=True),
    Definition(
        "train",
        _size,
        False,
        "training examples: a count, or a ratio that is floored",
        "N",
        optional=True,
    ),
    Definition(
        "test",
        _size,
        False,
        "held-out examples: a count, or a ratio that is floored",
        "N",
        optional=True,
    ),
    Definition("seed", _whole(0, 2**53), False, "fixes every random choice", "N"),
    Definition("scorer", _text, False, "the model that answers with a candidate inserted", "MODEL"),
    Definition("scorer_url", _text, False, "the scorer's endpoint", "URL", optional=True),
    Definition(
        "scorer_temperature", _number(0, 2), False, "the scorer's temperature (paper: 0)", "T"
    ),
    Definition(
        "judge", _text, False, "the model that grades, for the judge metric", "MODEL", optional=True
    ),
    Definition("position", _choice(*POSITIONS), False, "where the instruction stands", "POSITION"),
    Definition("qa", _flag, False, "whether the question stands in a Q:/A: frame", "BOOL"),
    Definition("optimizer", _text, True, "the model that proposes", "MODEL"),
    Definition("optimizer_url", _text, True, "the optimizer's endpoint", "URL", optional=True),
    Definition("candidates", _whole(1, 1000), True, "candidates per step (paper: 8)", "N"),
    Definition(
        "shown", _whole(0, 10_000), True, "solutions shown to the optimizer (paper: 20)", "N"
    ),
    Definition(
        "order",
        _choice("ascending", "descending", "random"),
        True,
        "order of the shown solutions; ascending puts the best last (paper)",
        "ORDER",
    ),
    Definition(
        "score_buckets",
        _buckets,
        True,
        "how finely scores are shown; 0 hides them (paper: 100)",
        "N",
    ),
    Definition("exemplars", _whole(0, 1000), True, "exemplars in the meta-prompt (paper: 3)", "N"),
    Definition(
        "exemplar_choice",
        _choice("random", "constant", "hardest", "hardest-shown"),
        True,
        "which exemplars: fresh each step, always the same, or those most often wrong",
        "CHOICE",
    ),
    Definition("temperature", _number(0, 2), True, "the optimizer's temperature (paper: 1.0)", "T"),
    Definition("schedule", _schedule, True, "constant, or linear:END up to max-steps", "SCHEDULE"),
    Definition(
        "proposals", _proposals, True, "independent completions, or K proposals in each", "K"
    ),
    Definition(
        "max_output_tokens",
        _per_role(_whole(1, 10_000_000)),
        True,
        "longest answer, per role",
        "ROLE=N",
    ),
    Definition(
        "reasoning_effort",
        _per_role(_choice(*EFFORTS[1:])),
        True,
        "reasoning effort, per role",
        "ROLE=E",
    ),
    Definition(
        "threshold",
        _number(0, 1),
        True,
        "solutions under this score stay out of the meta-prompt",
        "X",
        optional=True,
    ),
    Definition(
        "max_length",
        _whole(1, 1_000_000),
        True,
        "longest candidate, in characters (paper: 500)",
        "N",
        optional=True,
    ),
    Definition(
        "max_steps", _whole(0, 1_000_000), True, "stop after this many steps", "N", optional=True
    ),
    Definition(
        "patience",
        _whole(1, 1_000_000),
        True,
        "stop after this many steps without a distinguishable improvement",
        "N",
        optional=True,
    ),
    Definition(
        "budget",
        _number(0, 1e9, "dollars"),
        True,
        "never spend more than this",
        "USD",
        optional=True,
    ),
    Definition(
        "budget_tokens",
        _whole(0, 10**15),
        True,
        "never use more tokens than this",
        "N",
        optional=True,
    ),
    Definition("concurrency", _whole(1, 2000), True, "calls in flight at once", "N"),
    Definition(
        "scoring", _choice("full", "racing", "batch"), True, "how candidates are scored", "HOW"
    ),
    Definition(
        "review", _flag, True, "wait for a person before scoring a step's candidates", "BOOL"
    ),
    Definition(
        "meta_style",
        _choice("tuned", "pretrained"),
        True,
        "the built-in meta-prompt to start from",
        "STYLE",
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

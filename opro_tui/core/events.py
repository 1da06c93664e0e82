"""What happened, in order: each event is the typed view of one stored row.

Events are the only input of the reducer. `seq` orders them within a session and is given by the
store when the row is committed; `at` is when that was, in milliseconds since 1970, and is never an
input of anything that is computed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from opro_tui.core.forecast import Forecast
from opro_tui.core.solution import Origin, Score

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opro_tui.core.judgement import Judgement
    from opro_tui.core.meta_prompt import Region, Template
    from opro_tui.core.settings import Settings
    from opro_tui.core.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in a session.

    Attributes:
        type: The stable name that `run --json` prints.
        public: Whether `run --json` prints it.
        seq: Its place in the session; 0 until it is stored.
        step: The step it belongs to.
        at: When it was stored, in milliseconds since 1970 (UTC).
    """

    type: ClassVar[str] = ""
    public: ClassVar[bool] = True
    seq: int = 0
    step: int
    at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted(Event):
    """A step froze its settings. Row: `steps`.

    Attributes:
        settings: What it runs with, whatever is edited meanwhile.
        template: The texts its meta-prompt is made from.
        forecast: What it was expected to cost (store it through `stored` and `restored`).
    """

    type: ClassVar[str] = "step_started"
    settings: Settings
    template: Template
    forecast: Forecast = field(default_factory=Forecast)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptBuilt(Event):
    """A step's meta-prompt was built. Row: `steps`.

    Attributes:
        text: The exact user message.
        regions: What its characters are.
        tokens: The estimate of its length, in tokens.
        temperature: What the schedule gave.
        proposals: Proposals asked for in one completion.
    """

    type: ClassVar[str] = "prompt_built"
    text: str
    regions: tuple[Region, ...]
    tokens: int
    temperature: float
    proposals: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CritiqueWritten(Event):
    """The optimizer wrote a critique for a step's meta-prompt. Row: `critiques`.

    Attributes:
        call: The call that brought it.
        text: The critique as the meta-prompt holds it; empty where nothing usable came.
    """

    type: ClassVar[str] = "critique_written"
    call: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateSampled(Event):
    """A candidate was proposed. Row: `candidates`.

    Attributes:
        id: Its number.
        text: The cleaned solution.
        origin: Who proposed it.
        draw: The optimizer's draw it came from.
        raw: The proposal as it was written, where cleaning changed it; else empty.
    """

    type: ClassVar[str] = "candidate_sampled"
    id: int
    text: str
    origin: Origin
    draw: int | None = None
    raw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRejected(Event):
    """Vetting kept a candidate from being scored. Row: `candidates`."""

    type: ClassVar[str] = "candidate_rejected"
    id: int
    reason: str
    duplicate_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingFinished(Event):
    """All of a step's candidates are there. Row: `steps`."""

    type: ClassVar[str] = "sampling_finished"
    public: ClassVar[bool] = False


class Outcome(StrEnum):
    """What became of a call."""

    ANSWERED = "answered"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFinished(Event):
    """A call's outcome was stored. Row: `calls`.

    Attributes:
        call: The row's id.
        role: optimizer, scorer or judge.
        purpose: sample, critique, score, try, judge, confirm or evaluate.
        outcome: Answered, failed after all retries, or unknown after a kill.
        usage: What it counts for in the costs.
        candidate: The candidate it was made for, if any.
        attempts: How often it was sent.
        error: One line, when it failed.
        estimate: Estimated input tokens, before it was sent.
        milliseconds: From first sending to the outcome.
    """

    type: ClassVar[str] = "call_finished"
    public: ClassVar[bool] = False
    call: int
    role: str
    purpose: str
    outcome: Outcome
    usage: Usage
    candidate: int | None = None
    attempts: int = 1
    error: str = ""
    estimate: int = 0
    milliseconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation(Event):
    """One candidate was graded on one example. Row: `evaluations`.

    Attributes:
        candidate: The candidate's id.
        example: The example's number; -1 for a score computed on the spot.
        score: 0–1 for metrics, the raw objective for mathematics.
        replicate: Counted from the session's setting: 0 for its first answers; higher ones were
            bought by "score again".
        parsed: The answer that was found; None when none could be found.
        flags: Why it may not be trusted (`core.protocols.Grade`).
        call: The call whose answer was graded; None for a score computed on the spot.
        from_store: Whether that answer had been bought before.
        judgements: What the judge said of the answer, each time; none where no judge was asked.
    """

    type: ClassVar[str] = "evaluation"
    candidate: int
    example: int
    score: float
    replicate: int = 0
    parsed: str | None = None
    flags: tuple[str, ...] = ()
    call: int | None = None
    from_store: bool = False
    judgements: tuple[Judgement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateScored(Event):
    """A candidate has its score and joins the trajectory. Row: `scores`.

    Attributes:
        candidate: Its id.
        score: What it is worth.
        behind: The solution that it had fallen behind when racing ended its scoring; else None.
    """

    type: ClassVar[str] = "candidate_scored"
    candidate: int
    score: Score
    behind: int | None = None


TRANSFER = "transfer"
"""The kind of measurement that is made on another task's examples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(Event):
    """A solution was scored on examples it was not chosen by. Row: `measurements`.

    Attributes:
        kind: `confirm` (fresh examples of the training side), `evaluate` (a look at a split) or
            `transfer` (a look at another task's held-out examples).
        candidate: The solution's id.
        split: The split that was looked at; for `transfer` "on" and the other task's name.
        examples: The numbers of the examples, in the order of the score's grades; for `transfer`
            in the other task's data.
        score: What it is worth there.
    """

    type: ClassVar[str] = "measured"
    public: ClassVar[bool] = False
    kind: str
    candidate: int
    split: str
    examples: tuple[int, ...]
    score: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished(Event):
    """Nothing is missing from a step any more. Row: `steps`.

    Attributes:
        usage: What has been used since the step before finished, as (step, role) to usage: with it
            a session opens without reading its calls.
    """

    type: ClassVar[str] = "step_finished"
    usage: tuple[tuple[int, str, Usage], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EditMade(Event):
    """A person changed something. Row: `edits`.

    Attributes:
        kind: `set`, `meta_prompt`, `pin`, `unpin`, `drop`, `undrop`, `pin_exemplar`,
            `unpin_exemplar`, `drop_exemplar`, `undrop_exemplar`, `redraw`, `add`, `veto`,
            `critique` (one's own words for the next step's), `approve`, `halt` (end a candidate's
            scoring where it is), `complete` (score a partial one to the end), `rescore` (score it
            on new answers), `fork` (what a fork that scores anew took over, and under which other
            settings).
        before: What it was, as JSON data.
        after: What it is now, as JSON data.
        note: Why, in the person's words.
    """

    type: ClassVar[str] = "edit"
    kind: str
    before: Any = None
    after: Any = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Event):
    """Something the person should know, which stopped nothing. Row: `notices`."""

    type: ClassVar[str] = "warning"
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Event):
    """The run ended before or after a step. Row: `notices`.

    Attributes:
        code: `max_steps`, `patience`, `budget`, `solved`, `error`, `missing`, `person`, `review`.
        message: Why, in one line.
    """

    type: ClassVar[str] = "stopped"
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Continued(Event):
    """The session went on under other versions or data files. Row: `continuations`.

    Attributes:
        versions: Package to version, all of them.
        sources: Path of each data file to its SHA-256; empty where it could not be read.
    """

    type: ClassVar[str] = "continued"
    public: ClassVar[bool] = False
    versions: Mapping[str, str]
    sources: Mapping[str, str] = field(default_factory=dict)


EVENT_TYPES: tuple[type[Event], ...] = (
    StepStarted,
    PromptBuilt,
    CritiqueWritten,
    CandidateSampled,
    CandidateRejected,
    SamplingFinished,
    CallFinished,
    Evaluation,
    CandidateScored,
    Measured,
    StepFinished,
    EditMade,
    Warned,
    Stopped,
    Continued,
)


def to_json(event: Event, session: str) -> dict[str, Any]:
    """An event as `run --json` prints it."""
    data: dict[str, Any] = {
        "type": event.type,
        "seq": event.seq,
        "session": session,
        "step": event.step,
        "at": iso(event.at),
    }
    for item in fields(event):
        if item.name not in ("seq", "step", "at"):
            data[item.name] = _plain(getattr(event, item.name))
    return data


def iso(milliseconds: int) -> str:
    """Milliseconds since 1970 as ISO 8601 in UTC."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field of any event
    if isinstance(value, Score):
        names = ("value", "n", "of", "stderr", "low", "high", "unparsed", "flagged")
        return {name: getattr(value, name) for name in names}
    if isinstance(value, Enum):
        return str(value)
    if hasattr(value, "to_json"):
        return value.to_json()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    return value

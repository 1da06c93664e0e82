"""What the engine asks of a task and of a model; both are implemented further out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Hashable, Mapping, Sequence

    from opro_tui.core.errors import ModelError
    from opro_tui.core.meta_prompt import Template
    from opro_tui.core.picture import Picture, View
    from opro_tui.core.usage import TokenUsage


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a request; `role` is `system` or `user`."""

    role: str
    content: str


class Split(StrEnum):
    """The side of the split an example lies on; REST is fresh, used by `confirm` only."""

    TRAIN = "train"
    TEST = "test"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Example:
    """One row of a data set.

    Attributes:
        index: Its number, 0-based, in file order (train file first, then test file).
        input: The question.
        target: The right answer, as the file has it.
        split: The side it lies on.
        fields: All columns by name, for multi-field templates.
    """

    index: int
    input: str
    target: str
    split: Split = Split.TRAIN
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Grade:
    """What an answer is worth.

    Attributes:
        score: 0–1 for metrics, the raw objective for mathematics.
        parsed: The answer that was found in the text; None when none could be found.
        flags: Why it may not be trusted: `empty`, `refused`, `truncated`, `filtered`,
            `context_overflow`, `timeout`, `unreadable_grade`.
        reason: A judge's reason, if there was one.
    """

    score: float
    parsed: str | None = None
    flags: tuple[str, ...] = ()
    reason: str = ""


class Finish(StrEnum):
    """Why a completion ended."""

    STOP = "stop"
    LENGTH = "length"
    FILTER = "filter"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True)
class Completion:
    """One sampled text and why it ended."""

    text: str
    finish: Finish = Finish.STOP


@dataclass(frozen=True, slots=True)
class Reading:
    """What a judge's reply was read as.

    Attributes:
        score: The grade, 0–1; None when none could be read.
        reason: Why, in the judge's words; the start of the reply where there is no grade.
    """

    score: float | None
    reason: str


class Judge(Protocol):
    """What a judge model is asked about an answer, and how its reply is read."""

    def messages(self, example: Example, answer: str) -> tuple[Message, ...]:
        """The judge's request; the answer may hold anything."""

    def read(self, completion: Completion) -> Reading:
        """Read the judge's reply."""


@runtime_checkable
class Task(Protocol):
    """What is optimized. Pure: no I/O, the same answer for the same question.

    Solutions, completions and answers are model text and may hold anything.

    Attributes:
        name: As the user gave it.
        minimize: Whether a lower score is better.
        bounded: Whether scores lie in 0–1 and are means over examples.
        binary: Whether each example's score is 0 or 1, so that Wilson and McNemar hold.
        trusted: False when grading or computing runs a user's code, which then gets a time-out.
        examples: Every example of all splits, by index; empty for tasks that compute their score.
        defaults: Settings that this task wants where the user gave none (`max_length` …).
        judge: How a judge model grades the answers; None where `grade` does.
    """

    name: str
    minimize: bool
    bounded: bool
    binary: bool
    trusted: bool
    examples: Sequence[Example]
    defaults: Mapping[str, Any]
    judge: Judge | None

    def spec(self) -> dict[str, Any]:
        """JSON data from which, with the examples, `tasks.restore` makes the same task again."""

    def starting_solutions(self) -> tuple[str, ...]:
        """The solutions of step 0."""

    def template(self, style: str) -> Template:
        """The built-in meta-prompt for a style, `tuned` or `pretrained`."""

    def messages(self, solution: str, example: Example) -> tuple[Message, ...]:
        """The scorer's request, for tasks that have examples."""

    def grade(self, example: Example, answer: str) -> Grade:
        """Grade a scorer's answer."""

    def compute(self, solution: str) -> Grade:
        """The objective of a solution, for tasks without examples."""

    def exemplar(self, example: Example, placeholder: str) -> tuple[str, str]:
        """An exemplar's input, with the placeholder where the instruction goes, and its target."""

    def clean(self, proposal: str) -> str:
        """The solution meant by a proposal's text (stripped; for mathematics in normal form)."""

    def reject(self, solution: str) -> str | None:
        """Why a cleaned solution can't be scored, in a few words; None when it can."""

    def show_score(self, score: float, buckets: int) -> str:
        """The score as the optimizer sees it; `buckets` is 100 or 20."""

    def solved(self, score: float) -> bool:
        """Whether nothing better can be found, so that the session may end."""

    def describe(self) -> Mapping[str, Any]:
        """What to print about the task: plain data under stable names."""

    def picture(self, view: View) -> Picture | None:
        """The solutions so far, drawn; None for a task of which there is nothing to draw.

        It may take its time: it is asked for in a thread.
        """


@dataclass(frozen=True, slots=True)
class Request:
    """One call, before a model's adapter turns it into what its endpoint takes.

    Attributes:
        messages: System and user messages.
        n: How many completions to sample.
        temperature: None leaves the endpoint's default.
        max_output_tokens: None leaves the endpoint's default.
        reasoning_effort: None leaves the endpoint's default.
        cache: How many characters from the start of the first message on to mark for the
            provider's prompt cache; 0 for none.
        draw: What makes this draw of an optimizer different from every other: (session, step,
            draw), or of a judge who is asked again; empty for scorers. Only simulated models read
            it; it is never sent.
        oracle: The example a scorer or judge is asked about. Only simulated ones read it; never
            sent.
    """

    messages: tuple[Message, ...]
    n: int = 1
    temperature: float | None = None
    max_output_tokens: int | None = None
    reasoning_effort: str | None = None
    cache: int = 0
    draw: tuple[int | str, ...] = ()
    oracle: Example | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What a call brought back."""

    completions: tuple[Completion, ...]
    usage: TokenUsage
    model: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose limits a model's calls count against: all models of one account share them.

    Attributes:
        address: What tells it apart: endpoint, key and headers; may hold secrets.
        concurrency: The most calls at a time that the configuration allows; None leaves it open.
        requests_per_minute: The most requests a minute, as the configuration states it.
        tokens_per_minute: The most tokens a minute, input and output, as it states it.
    """

    address: Hashable = field(repr=False)
    concurrency: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None


Traits = dict[str, bool | int]
"""What is known of an endpoint's model: a name of `traits.TRAITS` to False (refused), True or, for
`n`, the most completions one request gave."""


@dataclass(frozen=True, slots=True)
class BatchLook:
    """What a provider says of a batch.

    Attributes:
        status: Its own word.
        total: Requests in it.
        done: Those that are through, whatever came of them; some tell that at the end only.
        ended: Whether the results are there and no more will come.
        left_over: What became of the requests that have no result of their own.
    """

    status: str
    total: int
    done: int
    ended: bool
    left_over: ModelError | None = None


class Batches(Protocol):
    """How a model takes many requests at once, for later, at its provider's batch price.

    Each request goes under a name of its own, at most 64 letters, digits, - and _. All methods
    raise ModelError when the provider fails or refuses.

    Attributes:
        first_look: Seconds after which a batch may be through, at the soonest.
    """

    first_look: float

    def split(self, requests: Sequence[tuple[str, Request]], traits: Traits) -> list[int]:
        """How many of the requests, in order, go into each batch by the provider's limits."""

    async def submit(
        self, requests: Sequence[tuple[str, Request]], traits: Traits, tag: str
    ) -> str:
        """Send a batch under a tag that no other has; returns the provider's name for it."""

    async def look(self, remote: str) -> BatchLook:
        """How far a batch is."""

    def results(
        self, remote: str, sent: Mapping[str, Request], traits: Traits
    ) -> AsyncGenerator[tuple[str, Response | ModelError]]:
        """The results of a batch that ended, as they are read, in any order.

        Args:
            remote: The batch.
            sent: The requests as far as they are still known, by name.
            traits: What was known of the model when they were sent.
        """

    async def cancel(self, remote: str) -> None:
        """Ask the provider to end a batch; what is through is kept, and billed."""

    async def find(
        self, tag: str, count: int, since: float, known: Collection[str]
    ) -> list[tuple[str, bool]]:
        """Batches that may have been sent under a tag, each with whether it surely was.

        Args:
            tag: What all its requests' names begin with.
            count: How many requests it has.
            since: When it was sent at the earliest, in seconds since 1970.
            known: Batches that are others'.
        """


class Model(Protocol):
    """One model behind one endpoint, in one role.

    Attributes:
        name: `provider/model`, as the user gave it.
        endpoint: What tells it apart from the same name elsewhere: the base URL, or `simulated`.
        simulated: Whether its answers are ours and evidence of nothing.
        offers_n: Whether its wire format can sample several completions in one request.
        offers_cache: Whether marking a prompt for caching can make repeated requests cheaper.
        cache_from: The fewest tokens of which a marked prompt is cached.
        max_output_default: Tokens to reserve for an answer when the user set no limit.
        known_traits: What the user's configuration states; what was learned overrides it.
        concurrency: The most calls in flight that the configuration allows; None leaves it open.
        account: Whose limits its calls count against; None where there are none.
    """

    name: str
    endpoint: str
    simulated: bool
    offers_n: bool
    offers_cache: bool
    cache_from: int
    max_output_default: int
    known_traits: Traits
    concurrency: int | None
    account: Account | None

    async def prepare(self) -> None:
        """Load what the first call needs, off the event loop."""

    def parameters(self, request: Request, traits: Traits) -> dict[str, Any]:
        """Everything that will be sent except the messages, JSON-ready; part of the request key."""

    async def complete(self, request: Request, traits: Traits) -> Response:
        """Make one attempt, with no retry of its own.

        Raises:
            ParameterRefused: Send it again without that parameter.
            ContextOverflow: The request is too long for the model.
            ModelError: Any other failure, with its kind and whether to retry.
        """

    def batches(self) -> Batches:
        """How it takes many requests at once; an endpoint without that says so when asked."""

    async def aclose(self) -> None:
        """Let go of connections."""

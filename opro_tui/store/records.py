"""What the store takes and gives beside events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opro_tui.core.events import CallFinished, Evaluation
    from opro_tui.core.meta_prompt import Template
    from opro_tui.core.protocols import Completion
    from opro_tui.core.settings import Settings
    from opro_tui.core.usage import Usage


@dataclass(frozen=True, slots=True)
class Imported:
    """That a session came from a file.

    Attributes:
        parent: The name of the session that it was a fork of; empty for none.
        allow_python: Whether the person lets the code that it names run.
    """

    parent: str = ""
    allow_python: bool = False


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session's own row: all that is not an event.

    Attributes:
        id: Its number in this database.
        name: What the user calls it.
        created: When it was made, in milliseconds since 1970.
        updated: When something was last stored in it, in milliseconds since 1970.
        task_spec: What its task is made from again, with the examples.
        settings: What it started with.
        template: What its meta-prompt's texts started as.
        simulated: Whether any of its models is.
        parent: The session it was forked from.
        fork_seq: The last event it shares with its parent.
        sources: The data files, as `path`, `sha256` and `rows`.
        versions: Package to version, when it was made.
        summary: What the list of sessions shows; the engine's business.
        summary_seq: The last event that the summary counts.
        imported: Where it came from; None for one that was made here.
    """

    id: int
    name: str
    created: int
    updated: int
    task_spec: dict[str, Any]
    settings: Settings
    template: Template
    simulated: bool
    parent: int | None
    fork_seq: int
    sources: tuple[dict[str, Any], ...]
    versions: dict[str, str]
    summary: dict[str, Any] | None
    summary_seq: int
    imported: Imported | None = None


@dataclass(frozen=True, slots=True)
class DeletedSession:
    """A session that was deleted and can be brought back.

    Attributes:
        record: The session.
        at: When it was deleted, in milliseconds since 1970.
        until: Until when it can be brought back.
    """

    record: SessionRecord
    at: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallIntent:
    """A call as it is stored before it is sent.

    Attributes:
        key: The request key, 16 bytes.
        role: optimizer, scorer or judge.
        purpose: sample, critique, score, try, judge, confirm or evaluate.
        step: The step it belongs to.
        model: `provider/model`.
        endpoint: The base URL, or `simulated`.
        candidate: The candidate it is made for.
        example: The example it asks about.
        replicate: 0 for the answer that all share.
        draw: The optimizer's draw.
        parameters: Everything that is sent except the messages and keys.
        estimate: Estimated input tokens.
    """

    key: bytes
    role: str
    purpose: str
    step: int
    model: str
    endpoint: str
    candidate: int | None = None
    example: int | None = None
    replicate: int = 0
    draw: int | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    estimate: int = 0


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """What a call brought back, beside the usage that its event carries.

    Attributes:
        completions: The texts, in the endpoint's order; at least one.
        request_id: The provider's name for the request.
    """

    completions: tuple[Completion, ...]
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class LostCall:
    """A call that may have been billed though no answer came, or not at once.

    Attributes:
        role: optimizer, scorer or judge.
        model: `provider/model`.
        estimate: Estimated input tokens.
        output: The most tokens that it could write; None where nothing limited them.
        batch: Whether it was in a batch.
        count: How often it may have been billed unheard.
    """

    role: str
    model: str
    estimate: int
    output: int | None
    batch: bool
    count: int


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer that was bought before.

    Attributes:
        call: The call's id.
        session: The session that paid for it; None once that one is deleted.
        completions: The texts, in the endpoint's order.
        usage: What it cost then.
        candidate: The candidate it was made for, in that session.
        example: The example it asked about.
        request_id: The provider's name for the request.
    """

    call: int
    session: int | None
    completions: tuple[Completion, ...]
    usage: Usage
    candidate: int | None
    example: int | None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The same call is open in another session: in flight there, or left by a kill."""

    session: int


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call that was stored as an intent and has no outcome: it was in flight when we died."""

    id: int
    step: int
    role: str
    purpose: str
    candidate: int | None
    example: int | None
    estimate: int
    started: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchIntent:
    """A batch as it is stored before it is sent.

    Attributes:
        tag: Its own name for itself, which no other batch has.
        step: The step that its costs belong to.
        model: `provider/model`.
        endpoint: The base URL, or `simulated`.
        reserved_pico: The most that it can cost, in picodollars; None where a price is unknown.
        reserved_tokens: The most tokens that it can use.
    """

    tag: str
    step: int
    model: str
    endpoint: str
    reserved_pico: int | None
    reserved_tokens: int


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch of a session; times are in milliseconds since 1970.

    Attributes:
        id: The row's id.
        session: Whose it is.
        step: The step that its costs belong to.
        model: `provider/model`.
        endpoint: The base URL, or `simulated`.
        tag: Its own name for itself.
        remote: The provider's name for it; None until it is known.
        requests: How many calls were put into it.
        open: How many of them have no outcome yet.
        reserved_pico: The most that it can cost, in picodollars; None where a price is unknown.
        reserved_tokens: The most tokens that it can use.
        started: When its calls were stored, before it was sent.
        submitted: When the provider had taken it; None until that is known.
        cancelled: When a person asked the provider to end it.
        ended: When all its calls had an outcome; None while it is under way.
    """

    id: int
    session: int
    step: int
    model: str
    endpoint: str
    tag: str
    remote: str | None
    requests: int
    open: int
    reserved_pico: int | None
    reserved_tokens: int
    started: int
    submitted: int | None
    cancelled: int | None
    ended: int | None


@dataclass(frozen=True, slots=True)
class BatchCall:
    """A call of a batch that has no outcome yet."""

    id: int
    step: int
    role: str
    purpose: str
    candidate: int | None
    example: int | None
    replicate: int
    estimate: int
    key: bytes


@dataclass(frozen=True, slots=True)
class StoredEvaluation:
    """An evaluation with the answer that it graded.

    Attributes:
        event: The evaluation.
        completions: The raw answers of its call; empty for a score computed on the spot.
    """

    event: Evaluation
    completions: tuple[Completion, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """What a session paid for, and what it got for nothing.

    Attributes:
        steps: What the calls of its own steps used; its ancestors' are not counted.
        looks: The same of its trials, `confirm` and `evaluate`.
        borrowed: What the answers that its evaluations took from other sessions had used there.
    """

    steps: Usage
    looks: Usage
    borrowed: Usage


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """What a person wrote and hasn't used yet; `at` is in milliseconds since 1970."""

    text: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCall:
    """All that is stored of a call beside the event that ended it.

    Attributes:
        id: The row's id.
        intent: What was stored before it was sent.
        started: When that was, in milliseconds since 1970.
        answer: What it brought back; None without an answer.
        bought: Its outcome, where another session bought the answer that this one uses: then no
            event of this session ends the call.
        batch: The tag of the batch that it was in, if any.
    """

    id: int
    intent: CallIntent
    started: int
    answer: CallAnswer | None = None
    bought: CallFinished | None = None
    batch: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedSession:
    """A session's own row as a file has it.

    Attributes:
        name: What it was called.
        created: When it was made, in milliseconds since 1970.
        updated: When something was last stored in it, in milliseconds since 1970.
        task_spec: What its task is made from again, with the examples.
        settings: What it started with.
        template: What its meta-prompt's texts started as.
        simulated: Whether any of its models is.
        sources: The data files, as `path`, `sha256` and `rows`.
        versions: Package to version, when it was made.
        parent: The name of the session that it was a fork of; empty for none.
        batches: The batches that its calls were in.
    """

    name: str
    created: int
    updated: int
    task_spec: dict[str, Any]
    settings: Settings
    template: Template
    simulated: bool
    sources: tuple[dict[str, Any], ...]
    versions: dict[str, str]
    parent: str = ""
    batches: tuple[StoredBatch, ...] = ()

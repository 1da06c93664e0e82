"""The store: everything about sessions that outlives the program, in one SQLite file."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from opro_tui.store import (
    calls,
    deletion,
    drafts,
    exporting,
    gaps,
    health,
    importing,
    sessions,
    timeline,
)
from opro_tui.store.batch_file import BatchFile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
    from typing import TypeVar

    from opro_tui.core.events import CallFinished, Event
    from opro_tui.core.meta_prompt import Template
    from opro_tui.core.money_report import Effort
    from opro_tui.core.protocols import Completion, Example, Traits
    from opro_tui.core.settings import Settings
    from opro_tui.core.usage import Usage
    from opro_tui.store.gaps import Gap
    from opro_tui.store.records import (
        Account,
        CallAnswer,
        CallIntent,
        DeletedSession,
        Elsewhere,
        ImportedSession,
        LostCall,
        OpenCall,
        SessionRecord,
        StoredAnswer,
        StoredCall,
        StoredDraft,
        StoredEvaluation,
    )

    T = TypeVar("T")

_PIECE = 1000


class Store(BatchFile):
    """A database of sessions; open it with `Store.open`.

    Everything runs in two threads of its own, so that the event loop never waits for the disk. What
    was awaited is on the disk, and every later read sees it. All methods raise StoreError when the
    database fails.
    """

    # --- sessions ---

    async def create_session(
        self,
        *,
        name: str,
        task_spec: Mapping[str, Any],
        settings: Settings,
        template: Template,
        simulated: bool,
        sources: Sequence[Mapping[str, Any]],
        versions: Mapping[str, str],
        examples: Sequence[Example],
        parent: int | None = None,
        fork_seq: int = 0,
        events: Sequence[Event] = (),
        strange: bool = False,
    ) -> SessionRecord:
        """Store a new session with its examples and first events, all or nothing.

        Args:
            name: What the user calls it.
            task_spec: What its task is made from again, with the examples.
            settings: What it starts with.
            template: What its meta-prompt's texts start as.
            simulated: Whether any of its models is.
            sources: The data files, as `path`, `sha256` and `rows`.
            versions: Package to version.
            examples: All examples; a fork without any has its parent's.
            parent: The session that it is a fork of.
            fork_seq: The last event that it shares with its parent.
            events: What happened in it so far.
            strange: Whether it names code that came from a file, and that nobody has let run.

        Raises:
            BadInput: The name is empty or taken.
        """
        job = partial(
            sessions.create,
            name=name,
            task_spec=task_spec,
            settings=settings,
            template=template,
            simulated=simulated,
            sources=sources,
            versions=versions,
            examples=examples,
            parent=parent,
            fork_seq=fork_seq,
            events=events,
            strange=strange,
        )
        return await self._write(job)

    async def session(self, name: str) -> SessionRecord:
        """The session of a name.

        Raises:
            BadInput: There is none; names the nearest.
        """
        return await self._read(partial(sessions.by_name, name=name))

    async def session_by_id(self, id_: int) -> SessionRecord:
        """The session of an id, also a deleted one that a fork still reads."""
        return await self._read(partial(sessions.by_id, id_=id_))

    async def sessions(self) -> list[SessionRecord]:
        """Every session, the one last used first."""
        return await self._read(sessions.all_sessions)

    async def free_name(self, base: str) -> str:
        """The base, or the first of base-2, base-3, … that no session has."""
        return await self._read(partial(sessions.free_name, base=base))

    async def rename(self, old: str, new: str) -> None:
        """Give a session another name.

        Raises:
            BadInput: There is no such session, or the new name is taken.
        """
        await self._write(partial(sessions.rename, old=old, new=new))

    async def delete(self, *names: str) -> int:
        """Delete all of some sessions; for `core.retention.KEPT_DAYS` days they can come back.

        Returns:
            Until when, in milliseconds since 1970.

        Raises:
            BadInput: There is no such session; nothing was deleted.
        """
        return await self._write(partial(deletion.delete, names=names))

    async def delete_now(self, *names: str) -> None:
        """Delete all of some for good; one that has forks is hidden until the last of them goes.

        Raises:
            BadInput: There is no such session; nothing was deleted.
        """
        await self._write(partial(deletion.delete_now, names=names))

    async def undelete(self, name: str, new: str = "") -> SessionRecord:
        """Bring back the session of a name that was deleted last.

        Args:
            name: What it was called.
            new: What it is to be called; empty for the same.

        Raises:
            BadInput: There is none, or the name is taken by now.
        """
        return await self._write(partial(deletion.undelete, name=name, new=new))

    async def deleted(self) -> list[DeletedSession]:
        """The sessions that can be brought back, the one deleted last first."""
        return await self._read(deletion.deleted)

    async def examples(self, session: int) -> list[Example]:
        """A session's examples of all splits, by number."""
        return await self._read(partial(sessions.examples, session=session))

    async def set_summary(self, session: int, seq: int, summary: Mapping[str, Any]) -> None:
        """Keep what the list of sessions shows, as of an event; an older one is ignored."""
        await self._write(partial(sessions.set_summary, session=session, seq=seq, summary=summary))

    async def drafts(self, session: int) -> dict[str, StoredDraft]:
        """What a person wrote in a session and hasn't used yet, by name."""
        return await self._read(partial(drafts.kept, session=session))

    async def keep_drafts(self, session: int, changes: Mapping[str, str | None]) -> None:
        """Keep drafts by name; None forgets one."""
        await self._write(partial(drafts.keep, session=session, changes=changes))

    # --- events ---

    async def last_seq(self, session: int) -> int:
        """The last event of a session; of a fork without own events, the last it shares."""
        return await self._read(partial(sessions.last_seq, session=session))

    async def append(self, session: int, events: Sequence[Event]) -> list[Event]:
        """Store events in one transaction.

        Returns:
            The same events with the `seq` (consecutive) and `at` they were given.
        """
        return await self._write(partial(calls.append, session=session, events=events))

    async def events(
        self, session: int, *, after: int = 0, upto: int | None = None, fine: bool = False
    ) -> list[Event]:
        """A session's events with after < seq ≤ upto, its ancestors' included.

        Unless `fine`, what a fold doesn't need is left out: up to the last StepFinished of the
        range, outcomes of calls, and evaluations of candidates that are scored or rejected.
        """
        return await self._read(
            partial(timeline.read_events, session=session, after=after, upto=upto, fine=fine)
        )

    async def events_by_step(
        self, session: int, *, after: int = 0, upto: int | None = None, fine: bool = True
    ) -> AsyncIterator[list[Event]]:
        """The same in pieces that end with a StepFinished each, for sessions of any size."""
        job = partial(timeline.step_bounds, session=session, after=after, upto=upto)
        for bound in [*await self._read(job), upto]:
            events = await self.events(session, after=after, upto=bound, fine=fine)
            if events:
                yield events
            after = after if bound is None else bound

    # --- calls ---

    def begin_call(self, session: int, intent: CallIntent) -> Awaitable[int]:
        """Store a call before it is sent.

        Returns:
            Its id.
        """
        return self._write(partial(calls.begin, session=session, intent=intent))

    def begin_shared_call(
        self, session: int, intent: CallIntent, *, anyway: bool = False
    ) -> Awaitable[int | StoredAnswer | Elsewhere]:
        """Store a call whose answer all sessions share, unless that would buy it twice.

        Args:
            session: Who asks.
            intent: The call.
            anyway: Also when another session has the same call open, for it died with it.

        Returns:
            Its id; or the answer, when another session bought it meanwhile; or where it is open.
        """
        return self._write(
            partial(calls.begin_unless_bought, session=session, intent=intent, anyway=anyway)
        )

    def withdraw_call(self, session: int, key: bytes) -> Awaitable[None]:
        """Forget a call that was given to the store and never sent."""
        return self._write(partial(calls.withdraw, session=session, key=key))

    def finish_call(
        self,
        session: int,
        event: CallFinished,
        answer: CallAnswer | None,
        then: Sequence[Event] = (),
    ) -> Awaitable[list[Event]]:
        """Store a call's outcome, its answer, and the events that follow, all or nothing.

        What is given to the store after this was called is stored after it, awaited or not.

        Returns:
            The outcome and the others, as stored (the role and purpose are the intent's).

        Raises:
            StoreError: The call has an outcome already.
        """
        return self._write(
            partial(calls.finish, session=session, event=event, answer=answer, then=then),
            paid=True,
        )

    async def find_answers(self, keys: Sequence[bytes]) -> dict[bytes, StoredAnswer]:
        """The earliest answer, bought by any session, to each request key that has one."""
        return await self._read(partial(calls.find_answers, keys=keys))

    async def answers_of_call(self, call: int) -> StoredAnswer:
        """What a call brought back."""
        return await self._read(partial(calls.answer_of, call=call))

    async def completions(self, calls_: Sequence[int]) -> dict[int, tuple[Completion, ...]]:
        """What each of some calls brought back, by its id; nothing of those without an answer."""
        return await self._read(partial(calls.completions, wanted=calls_))

    async def unfinished_calls(self, session: int) -> list[OpenCall]:
        """Calls, but those of batches, that were stored before sending and have no outcome yet."""
        return await self._read(partial(calls.unfinished, session=session))

    async def lost_calls(self, session: int) -> list[LostCall]:
        """Calls that may have been billed though no answer came, its ancestors' included."""
        return await self._read(partial(calls.lost, session=session))

    async def evaluations(self, session: int, candidate: int) -> list[StoredEvaluation]:
        """A candidate's evaluations with the answers they graded, in example order."""
        return await self._read(partial(calls.evaluations, session=session, candidate=candidate))

    async def spent(self, session: int, after: int = 0) -> dict[int, Usage]:
        """What the calls made for each candidate used, by its id.

        Answers that were bought before, for another, cost nothing and are not counted.

        Args:
            session: The session, its ancestors included.
            after: Count only calls that ended after this event.
        """
        return await self._read(partial(calls.spent, session=session, after=after))

    async def account(self, session: int, after: int = -1, upto: int = 2**53) -> Account:
        """What a session's steps with after < step ≤ upto paid for, and took from others."""
        return await self._read(partial(calls.account, session=session, after=after, upto=upto))

    async def efforts(
        self, session: int, after: int = 0, upto: int = timeline.FOREVER
    ) -> dict[tuple[int, str], Effort]:
        """How long the calls took and how often they were sent again, as (step, role) to effort.

        Args:
            session: The session, its ancestors included.
            after: Count only calls that ended after this event.
            upto: Count only calls that ended with this event at the latest.
        """
        return await self._read(partial(calls.efforts, session=session, after=after, upto=upto))

    async def wrong_counts(
        self, session: int, candidates: Sequence[int] | None = None, upto: int | None = None
    ) -> dict[int, tuple[int, int]]:
        """How often each example was answered wrong, as example to (wrong, evaluated).

        Args:
            session: The session, its ancestors included.
            candidates: Count these only; None counts all.
            upto: Count events up to here only; None counts all.
        """
        return await self._read(
            partial(calls.wrong_counts, session=session, candidates=candidates, upto=upto)
        )

    # --- files ---

    async def whole_calls(self, session: int, upto: int) -> AsyncIterator[list[StoredCall]]:
        """Every call that a session's events up to a place need, in pieces, by id."""
        ids = await self._read(partial(exporting.call_ids, session=session, upto=upto))
        for start in range(0, len(ids), _PIECE):
            piece = ids[start : start + _PIECE]
            yield await self._read(
                partial(exporting.read_calls, session=session, upto=upto, ids=piece)
            )

    async def import_session(
        self,
        *,
        session: ImportedSession,
        examples: Sequence[Example],
        rows: importing.Rows,
        allow_python: bool,
        summary: Mapping[str, Any],
    ) -> SessionRecord:
        """Store a session from a file, all or nothing, under its name or the next free one.

        Args:
            session: Its own row.
            examples: Its examples.
            rows: Starts over its calls, then its events, each with its place in the file; an event
                has its `seq` and `at`, and names calls by the file's ids.
            allow_python: Whether the person lets the code that its task names run.
            summary: What the list of sessions shows of it.

        Raises:
            BadInput: The rows don't fit together; says where.
        """
        job = partial(
            importing.load,
            session=session,
            examples=examples,
            rows=rows,
            allow_python=allow_python,
            summary=summary,
        )
        return await self._write(job)

    # --- endpoints, health ---

    async def traits(self, endpoint: str, model: str) -> Traits:
        """What has been learned of an endpoint's model."""
        return await self._read(partial(health.traits, endpoint=endpoint, model=model))

    async def set_trait(self, endpoint: str, model: str, trait: str, value: bool | int) -> None:
        """Keep what was learned of an endpoint's model."""
        await self._write(
            partial(health.set_trait, endpoint=endpoint, model=model, trait=trait, value=value)
        )

    async def unused(self) -> int:
        """The bytes of the file that a vacuum would give back."""
        return await self._read(health.unused)

    async def gaps(self) -> list[Gap]:
        """The sessions that lack events, as after damage."""
        return await self._read(gaps.gaps)

    async def integrity(self) -> str:
        """`ok`, or what is wrong with the database, a line each."""
        return await self._read(health.integrity)

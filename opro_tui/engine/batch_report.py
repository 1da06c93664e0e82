"""A session's batches for who asks about them: how far they are, cancelled, let go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput, ModelError
from opro_tui.engine.at_provider import give_up

if TYPE_CHECKING:
    from opro_tui.core.protocols import BatchLook, Model
    from opro_tui.engine.session import Session
    from opro_tui.store.records import StoredBatch


@dataclass(frozen=True, slots=True)
class BatchState:
    """One batch, with what its provider says of it.

    Attributes:
        batch: As it is stored.
        look: What the provider says; None for one that has ended or can't be asked about.
        trouble: Why it can't be asked about.
    """

    batch: StoredBatch
    look: BatchLook | None = None
    trouble: str = ""

    @property
    def status(self) -> str:
        """A word for where it is: the provider's own while it is there."""
        if self.batch.ended is not None:
            return "taken_in"
        if self.batch.remote is None:
            return "unconfirmed"
        return "unknown" if self.look is None else self.look.status

    @property
    def done(self) -> int:
        """Requests that are through."""
        taken_in = self.batch.requests - self.batch.open
        return taken_in if self.look is None else max(taken_in, self.look.done)

    def to_json(self) -> dict[str, Any]:
        """All of it; times are in milliseconds since 1970."""
        batch = self.batch
        return {
            "id": batch.remote,
            "tag": batch.tag,
            "step": batch.step,
            "model": batch.model,
            "endpoint": batch.endpoint,
            "status": self.status,
            "requests": batch.requests,
            "done": self.done,
            "taken_in": batch.requests - batch.open,
            "started": batch.started,
            "submitted": batch.submitted,
            "cancelled": batch.cancelled,
            "ended": batch.ended,
            "error": self.trouble or None,
        }


async def states(session: Session) -> list[BatchState]:
    """A session's batches, the oldest first; those under way are asked about."""
    run = session.hands
    found = []
    for batch in await run.store.batches(session.record.id):
        if batch.ended is not None or batch.remote is None:
            found.append(BatchState(batch))
            continue
        try:
            look = await (await _model(session)).batches().look(batch.remote)
        except ModelError as error:
            found.append(BatchState(batch, trouble=str(error)))
        else:
            found.append(BatchState(batch, look))
    return found


async def cancel(session: Session) -> list[StoredBatch]:
    """Ask the provider to end what is under way; returns what was asked for.

    Raises:
        BadInput: Nothing is under way, or its name isn't known yet.
        ModelError: The provider doesn't do it.
    """
    live = await _live(session)
    named = [batch for batch in live if batch.remote is not None]
    if not named:
        raise BadInput(
            "its batch was cut off while it was sent, so its name is not known",
            where=session.name,
            todo="Run the session: it looks for it at the provider.",
        )
    for batch in named:
        assert batch.remote is not None  # noqa: S101 - of those that are named
        await (await _model(session)).batches().cancel(batch.remote)
        await session.hands.store.batch_cancelled(batch.id)
    return named


async def let_go(session: Session) -> int:
    """Let go of what is under way; returns how many calls are of unknown outcome now.

    Raises:
        BadInput: Nothing is under way.
    """
    return sum([await give_up(session.hands, batch) for batch in await _live(session)])


async def _live(session: Session) -> list[StoredBatch]:
    live = await session.hands.store.batches(session.record.id, live=True)
    if not live:
        raise BadInput("has no batch under way", where=session.name)
    return live


async def _model(session: Session) -> Model:
    return await session.hands.pool.get("scorer", session.state.settings)

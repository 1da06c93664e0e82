"""What a session's calls are doing now, for progress lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from opro_tui.models.gate import Gate
    from opro_tui.models.held_back import HeldBack


@dataclass(frozen=True, slots=True)
class Batched:
    """What is in batches now.

    Attributes:
        name: The provider's name for the first of them; empty while that isn't known.
        more: How many others there are.
        since: When it was sent, in milliseconds since 1970.
        done: Requests that are through, as far as the provider tells.
        total: Requests in all of them.
        next_look: When they are looked at again, on the monotonic clock; 0 while that happens.
        phase: `waiting`, `sending`, `looking` for one whose name was lost, or `reading` results.
        trouble: Why the last look failed; empty where it didn't.
    """

    name: str
    more: int
    since: int
    done: int
    total: int
    next_look: float = 0.0
    phase: str = "waiting"
    trouble: str = ""

    def words(self, clock: Callable[[int], str]) -> str:
        """What they are and how far, without when they are looked at again.

        Args:
            clock: Puts a time in milliseconds since 1970 in words.
        """
        if self.phase == "sending":
            return f"sending a batch of {self.total:,}"
        if self.phase == "looking":
            return f"looking for the batch sent at {clock(self.since)}"
        more = f" and {self.more} more" if self.more else ""
        if self.phase == "reading":
            return f"reading batch {self.name}{more}"
        done = f"{self.done:,} of {self.total:,} done"
        return f"batch {self.name}{more} since {clock(self.since)}: {done}"


@dataclass(slots=True)
class Traffic:
    """What the calls are doing now, for progress lines; no part of the state."""

    in_flight: int = 0
    waiting_until: float = 0.0
    retries: int = 0
    last_reply: float = 0.0
    last_error: str = ""
    batched: Batched | None = None
    gates: dict[Gate, None] = field(default_factory=dict)

    @property
    def held_back(self) -> HeldBack | None:
        """How the endpoints hold the calls back now, by the longest wait; None: they don't."""
        found = [held for gate in self.gates if (held := gate.held_back()) is not None]
        return max(found, key=lambda held: held.next_in, default=None)

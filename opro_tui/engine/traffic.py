"""What a session's calls are doing now, for progress lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opro_tui.models.gate import Gate
    from opro_tui.models.held_back import HeldBack


@dataclass(slots=True)
class Traffic:
    """What the calls are doing now, for progress lines; no part of the state."""

    in_flight: int = 0
    waiting_until: float = 0.0
    retries: int = 0
    last_reply: float = 0.0
    last_error: str = ""
    gates: dict[Gate, None] = field(default_factory=dict)

    @property
    def held_back(self) -> HeldBack | None:
        """How the endpoints hold the calls back now, by the longest wait; None: they don't."""
        found = [held for gate in self.gates if (held := gate.held_back()) is not None]
        return max(found, key=lambda held: held.next_in, default=None)

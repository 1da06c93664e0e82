"""What is wanted of a model, and what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.hashing import digest
from opro_tui.store.records import CallIntent

if TYPE_CHECKING:
    from opro_tui.core.errors import ModelError
    from opro_tui.core.protocols import Completion, Model, Request, Traits


class CallFailed(Exception):
    """A call gave no answer; its row and event are stored."""

    def __init__(self, error: ModelError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class Job:
    """One answer that is wanted.

    Attributes:
        model: Who shall give it.
        request: What is asked.
        role: optimizer, scorer or judge.
        purpose: sample, critique, score, try, judge, confirm or evaluate.
        step: The step its cost belongs to.
        private: What makes the answer this job's alone (optimizer draws); empty: shared by all.
        candidate: The candidate it is about.
        example: The example it is about.
        replicate: 0 for the answer all share; higher ones buy another.
        draw: The optimizer's draw.
        slow: Whether grading runs a user's code; the answer is then committed before it.
    """

    model: Model
    request: Request
    role: str
    purpose: str
    step: int
    private: tuple[int | str, ...] = ()
    candidate: int | None = None
    example: int | None = None
    replicate: int = 0
    draw: int | None = None
    slow: bool = False

    def key(self, traits: Traits) -> bytes:
        """The request key: endpoint, model, sent parameters, messages, replicate and privacy."""
        sent = json.dumps(self.model.parameters(self.request, traits), sort_keys=True)
        messages = [part for m in self.request.messages for part in (m.role, m.content)]
        return digest(
            self.model.endpoint, self.model.name, sent, *messages, self.replicate, *self.private
        )

    def intent(self, key: bytes, traits: Traits, estimate: int) -> CallIntent:
        """Its row before it is sent.

        Args:
            key: Its request key.
            traits: What is known of the model.
            estimate: Estimated tokens of its messages.
        """
        return CallIntent(
            key=key,
            role=self.role,
            purpose=self.purpose,
            step=self.step,
            model=self.model.name,
            endpoint=self.model.endpoint,
            candidate=self.candidate,
            example=self.example,
            replicate=self.replicate,
            draw=self.draw,
            parameters=self.model.parameters(self.request, traits),
            estimate=estimate,
        )


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, and whether it had been bought before."""

    call: int
    completions: tuple[Completion, ...]
    from_store: bool

"""The state of a session: what the panes draw and what the next step needs.

`reducer.fold` is the only way a state comes about, live, reopened or replayed. States are frozen.
Time is no input, and neither is the order in which a step's answers came in.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from opro_tui.core import trajectory
from opro_tui.core.statistics import score_of
from opro_tui.core.usage import ROLES, Usage, total

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from opro_tui.core.events import (
        Continued,
        EditMade,
        Measured,
        PromptBuilt,
        StepStarted,
        Stopped,
        Warned,
    )
    from opro_tui.core.meta_prompt import Template
    from opro_tui.core.settings import Settings
    from opro_tui.core.solution import Candidate, Score


@dataclass(frozen=True, slots=True)
class Facts:
    """What the reducer has to know about a task; it never changes within a session.

    Attributes:
        minimize: Whether a lower score is better.
        bounded: Whether scores lie in 0–1 and have uncertainty.
        binary: Whether each example is right or wrong.
        train: The numbers of the training examples; `(-1,)` where a score is computed on the spot.
    """

    minimize: bool
    bounded: bool
    binary: bool
    train: tuple[int, ...]

    @property
    def computed(self) -> bool:
        """Whether scores are computed on the spot: exact, and without answers to read."""
        return self.train == (-1,)


@dataclass(frozen=True, slots=True)
class Partial:
    """A candidate's evaluations while it is being scored.

    Attributes:
        grades: Example number to score.
        unparsed: Evaluations in which no answer could be found.
        flagged: Evaluations that are flagged.
        failed: Calls that ended in an error; their evaluations are missing.
        unread: The examples of those evaluations in which no answer could be found.
        marked: The examples of those that are flagged.
    """

    grades: Mapping[int, float] = field(default_factory=lambda: MappingProxyType({}))
    unparsed: int = 0
    flagged: int = 0
    failed: int = 0
    unread: frozenset[int] = frozenset()
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a session.

    Attributes:
        number: 0 for the starting solutions.
        started: The settings and the template it froze, and its forecast.
        prompt: Its meta-prompt; None before it was built, and in step 0.
        sampled: Whether all of its candidates are there.
        finished_seq: The event that ended it; 0 while it is unfinished.
        best: The best solution's id when it ended.
        mean: The mean score of its own candidates when it ended.
        approved: Whether a person let the reviewed candidates be scored.
    """

    number: int
    started: StepStarted
    prompt: PromptBuilt | None = None
    sampled: bool = False
    approved: bool = False
    finished_seq: int = 0
    best: int | None = None
    mean: float | None = None


@dataclass(frozen=True, slots=True)
class Critique:
    """The critique that a step's meta-prompt holds, or will hold."""

    step: int
    text: str


@dataclass(frozen=True, slots=True)
class State:
    """Everything the panes draw and the next step needs.

    Attributes:
        facts: What is known about the task.
        settings: What the next step would run with.
        template: The texts the next meta-prompt is made from.
        candidates: Every candidate by id.
        ranking: The ids of the scored ones, best first.
        waiting_ids: The ids of those that are still to be scored.
        by_step: A step's number to the ids of its candidates, in order.
        pinned: Solutions that always show in the meta-prompt.
        dropped: Solutions that never show and can't be the best.
        exemplars_pinned: Examples that always show as exemplars.
        exemplars_dropped: Examples that never do.
        redraw: How often another draw of exemplars was asked for since the last step.
        steps: Every step, in order.
        partial: Evaluations of candidates that have no score yet.
        ledger: (step, role) to what it used.
        totals: A role to what it used in all.
        measured: Every measurement on fresh or held-out examples, in order.
        edits: Every edit, in order.
        warnings: Every warning, in order.
        continued: Under which other versions and data files it went on, in order.
        critique: The newest critique; None before any was written.
        stopped: Why the last run ended; None once another step started.
        best_id: The best fully scored solution that isn't dropped; None before there is one.
        last_seq: The last event folded in.
    """

    facts: Facts
    settings: Settings
    template: Template
    candidates: Mapping[int, Candidate] = field(default_factory=lambda: MappingProxyType({}))
    ranking: tuple[int, ...] = ()
    waiting_ids: frozenset[int] = frozenset()
    by_step: Mapping[int, tuple[int, ...]] = field(default_factory=lambda: MappingProxyType({}))
    pinned: frozenset[int] = frozenset()
    dropped: frozenset[int] = frozenset()
    exemplars_pinned: frozenset[int] = frozenset()
    exemplars_dropped: frozenset[int] = frozenset()
    redraw: int = 0
    steps: tuple[Step, ...] = ()
    partial: Mapping[int, Partial] = field(default_factory=lambda: MappingProxyType({}))
    ledger: Mapping[tuple[int, str], Usage] = field(default_factory=lambda: MappingProxyType({}))
    totals: Mapping[str, Usage] = field(default_factory=lambda: MappingProxyType({}))
    measured: tuple[Measured, ...] = ()
    edits: tuple[EditMade, ...] = ()
    warnings: tuple[Warned, ...] = ()
    continued: tuple[Continued, ...] = ()
    critique: Critique | None = None
    stopped: Stopped | None = None
    best_id: int | None = None
    last_seq: int = 0

    @property
    def current(self) -> Step | None:
        """The step that is not finished; None between steps."""
        return self.steps[-1] if self.steps and not self.steps[-1].finished_seq else None

    @property
    def finished_steps(self) -> int:
        """How many optimizer steps are finished; step 0 isn't counted."""
        return sum(1 for step in self.steps if step.finished_seq and step.number)

    @property
    def next_step(self) -> int:
        """The number that the next step to start will have."""
        return self.steps[-1].number + 1 if self.steps else 0

    @property
    def edit_step(self) -> int:
        """The first step that an edit made now applies to (at least 1: step 0 has no prompt)."""
        return max(1, self.next_step)

    @property
    def next_candidate(self) -> int:
        """The id of the next candidate; ids start at 1."""
        return max(self.candidates, default=0) + 1

    def critique_of(self, step: int) -> str | None:
        """The critique for a step's meta-prompt; None while there is none."""
        found = self.critique
        return found.text if found is not None and found.step == step else None

    def ranked(self) -> list[Candidate]:
        """Scored candidates, best first."""
        return [self.candidates[id_] for id_ in self.ranking]

    def of_step(self, number: int) -> tuple[Candidate, ...]:
        """A step's candidates, by id."""
        return tuple(self.candidates[id_] for id_ in self.by_step.get(number, ()))

    def best(self) -> Candidate | None:
        """The best fully scored solution that isn't dropped."""
        return None if self.best_id is None else self.candidates[self.best_id]

    def scored_count(self) -> int:
        """How many solutions are fully scored: the K of "best of K"."""
        return bisect_left(self.ranking, 1, key=self._partly)  # full scores stand first

    def _partly(self, id_: int) -> bool:
        score = self.candidates[id_].score
        return score is None or not score.full

    def waiting(self) -> tuple[Candidate, ...]:
        """Candidates that are still to be scored, by id."""
        return tuple(self.candidates[id_] for id_ in sorted(self.waiting_ids))

    def scoring_progress(self) -> tuple[int, int]:
        """Evaluations that are there and that are wanted, of the step under way; (0, 0) else."""
        step = self.current
        if step is None:
            return 0, 0
        each = len(self.facts.train)
        done = wanted = 0
        for candidate in self.of_step(step.number):
            if candidate.rejected or candidate.vetoed:
                continue
            if candidate.score is not None and not candidate.score.of:
                continue
            wanted += each
            part = self.partial.get(candidate.id)
            done += len(part.grades) if part else each if not candidate.waiting else 0
        return done, wanted

    def partial_score(self, candidate: int, only: Collection[int] | None = None) -> Score | None:
        """The score so far of a candidate that is being scored; None before its first answer.

        Args:
            candidate: Its id.
            only: On these examples; None for all that it has answered. What it had answered before
                it was scored again is then not counted as unread or flagged.
        """
        part = self.partial.get(candidate)
        if part is None:
            return None
        chosen = part.grades.keys() if only is None else frozenset(only)
        return score_of(
            [part.grades.get(i) if i in chosen else None for i in self.facts.train],
            binary=self.facts.binary,
            bounded=self.facts.bounded,
            seed=self.settings.seed,
            unparsed=part.unparsed if only is None else len(part.unread & chosen),
            flagged=part.flagged if only is None else len(part.marked & chosen),
        )

    def shown(
        self, settings: Settings | None = None, step: int | None = None
    ) -> tuple[Candidate, ...]:
        """The solutions that the next step's meta-prompt shows, in order."""
        return trajectory.shown(
            self.ranked(),
            settings or self.settings,
            pinned=self.pinned,
            dropped=self.dropped,
            bounded=self.facts.bounded,
            step=self.edit_step if step is None else step,
        )

    def usage(self, role: str | None = None, step: int | None = None) -> Usage:
        """What was used: in all, or by one role, or in one step."""
        if step is None:
            return total(used for who, used in self.totals.items() if role in (None, who))
        roles = ROLES if role is None else (role,)
        return total(self.ledger[step, who] for who in roles if (step, who) in self.ledger)

    def status(self, *, running: bool = False) -> str:
        """new, ready, running, incomplete, reviewing or stopped; `running` when a process steps."""
        step = self.current
        if running:
            return "running"
        if step is not None:
            return "reviewing" if self.reviewing else "incomplete"
        if self.stopped is not None and self.stopped.code in ENDING:
            return "stopped"
        return "ready" if self.steps else "new"

    @property
    def reviewing(self) -> bool:
        """Whether a step's candidates wait for a person before they are scored."""
        step = self.current
        return (
            step is not None
            and step.number > 0
            and step.sampled
            and not step.approved
            and step.started.settings.review
        )

    def with_settings(self, settings: Settings) -> State:
        """The same state under other settings (for previews; the session is not changed)."""
        return replace(self, settings=settings)


ENDING = frozenset({"max_steps", "patience", "budget", "solved"})
"""The reasons after which a session counts as stopped rather than ready for its next step."""

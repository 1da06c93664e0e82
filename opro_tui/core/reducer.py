"""The reducer: a state and an event make the next state."""

from __future__ import annotations

import math
from bisect import insort
from dataclasses import replace
from functools import singledispatchmethod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from opro_tui.core.events import (
    CallFinished,
    CandidateRejected,
    CandidateSampled,
    CandidateScored,
    Continued,
    CritiqueWritten,
    EditMade,
    Evaluation,
    Event,
    Measured,
    Outcome,
    PromptBuilt,
    SamplingFinished,
    StepFinished,
    StepStarted,
    Stopped,
    Warned,
)
from opro_tui.core.grades import unpack
from opro_tui.core.solution import Candidate
from opro_tui.core.state import Critique, Partial, State, Step
from opro_tui.core.trajectory import RankKey, rank_key
from opro_tui.core.usage import Usage, total

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def reduce(state: State, event: Event) -> State:
    """The state after one event."""
    return fold(state, (event,))


def fold(state: State, events: Iterable[Event]) -> State:
    """The state after a run of events.

    Folding many at once costs one copy of what they change, not one copy an event.
    """
    builder = _Builder(state)
    rules: dict[type[Event], Callable[[Event], None]] = {}  # a dispatching method looks each time
    for event in events:
        kind = type(event)
        if kind not in rules:
            rules[kind] = builder.rule(kind)
        rules[kind](event)
        builder.last_seq = max(builder.last_seq, event.seq)
    return builder.state()


def best_changes(state: State, events: Iterable[Event]) -> list[int]:
    """The places (from 1) of the events that made another solution the best, or none.

    It folds only what can change the best, at the cost of one fold.
    """
    builder, best = _Builder(state), state.best_id
    apply = builder.apply
    found = []
    for place, event in enumerate(events, start=1):
        if isinstance(event, CandidateSampled | CandidateScored | EditMade):
            apply(event)
            if builder.best_id != best:
                best = builder.best_id
                found.append(place)
    return found


class _RankKeys(dict[int, RankKey]):
    """What ranks each candidate, worked out once a fold: sorting in asks for it many times."""

    def __init__(self, candidates: Mapping[int, Candidate], *, minimize: bool) -> None:
        super().__init__()
        self._candidates = candidates
        self._minimize = minimize

    def __missing__(self, id_: int) -> RankKey:
        self[id_] = key = rank_key(self._candidates[id_], minimize=self._minimize)
        return key


class _Builder:
    """A state thawed for the length of one fold."""

    def __init__(self, state: State) -> None:
        self._start = state
        self.last_seq = state.last_seq
        self.changes: dict[str, Any] = {}
        self._maps: dict[str, dict[Any, Any]] = {}
        self._lists: dict[str, list[Any]] = {}
        self._grades: dict[int, dict[int, float]] = {}
        self._rank_keys: _RankKeys | None = None

    @property
    def best_id(self) -> int | None:
        """The best solution so far."""
        return cast("int | None", self._get("best_id"))

    def state(self) -> State:
        """Freeze it again."""
        changes = self.changes | {"last_seq": self.last_seq}
        changes.update({name: MappingProxyType(data) for name, data in self._maps.items()})
        changes.update({name: tuple(items) for name, items in self._lists.items()})
        return replace(self._start, **changes)

    def _map(self, name: str) -> dict[Any, Any]:
        if name not in self._maps:
            # A proxy's own copy, which is its dict's, takes a tenth of the time of `dict(proxy)`.
            self._maps[name] = getattr(self._start, name).copy()
        return self._maps[name]

    def _candidate(self, id_: int) -> Candidate | None:
        """A candidate, read only: the map isn't copied for it, so that it stays the same one."""
        found = self._maps.get("candidates", self._start.candidates).get(id_)
        return cast("Candidate | None", found)

    def _list(self, name: str) -> list[Any]:
        if name not in self._lists:
            self._lists[name] = list(getattr(self._start, name))
        return self._lists[name]

    def _get(self, name: str) -> Any:  # noqa: ANN401 - any field of a state
        return self.changes.get(name, getattr(self._start, name))

    def _change_candidate(self, id_: int, **changes: Any) -> None:  # noqa: ANN401
        self._put(replace(self._map("candidates")[id_], **changes))

    def _put(self, new: Candidate) -> None:
        """Set a candidate, and what is kept about all of them so that nobody has to count."""
        candidates = self._map("candidates")
        old = candidates.get(new.id)
        candidates[new.id] = new
        if (old is not None and old.waiting) != new.waiting:
            self.changes["waiting_ids"] = self._get("waiting_ids") ^ {new.id}
        if old is None or old.step != new.step:
            own = list(self._map("by_step").get(new.step, ()))
            insort(own, new.id)
            self._map("by_step")[new.step] = tuple(own)
        before = None if old is None else old.score
        if new.score != before:
            ranking = self._list("ranking")
            if self._rank_keys is None:
                self._rank_keys = _RankKeys(candidates, minimize=self._start.facts.minimize)
            if before is not None:
                ranking.remove(new.id)
                self._rank_keys.pop(new.id, None)
            if new.score is not None:
                insort(ranking, new.id, key=self._rank_keys.__getitem__)

    def _change_step(self, number: int, **changes: Any) -> None:  # noqa: ANN401
        steps = self._list("steps")
        for place in range(len(steps) - 1, -1, -1):
            if steps[place].number == number:
                steps[place] = replace(steps[place], **changes)
                return

    def rule(self, kind: type[Event]) -> Callable[[Event], None]:
        """What takes in events of a kind."""
        dispatcher = type(self).__dict__["apply"].dispatcher
        return cast("Callable[[Event], None]", dispatcher.dispatch(kind).__get__(self))

    @singledispatchmethod
    def apply(self, event: Event) -> None:
        """Take one event in."""
        raise TypeError(f"no rule for {type(event).__name__}")

    @apply.register
    def _(self, event: StepStarted) -> None:
        self._list("steps").append(Step(event.step, event))
        self.changes["stopped"] = None
        if event.step:
            self.changes["redraw"] = 0

    @apply.register
    def _(self, event: PromptBuilt) -> None:
        self._change_step(event.step, prompt=event)

    @apply.register
    def _(self, event: CritiqueWritten) -> None:
        self.changes["critique"] = Critique(event.step, event.text)

    @apply.register
    def _(self, event: CandidateSampled) -> None:
        self._put(Candidate(event.id, event.text, event.step, event.origin, event.draw))

    @apply.register
    def _(self, event: CandidateRejected) -> None:
        self._change_candidate(event.id, rejected=event.reason, duplicate_of=event.duplicate_of)

    @apply.register
    def _(self, event: SamplingFinished) -> None:
        self._change_step(event.step, sampled=True)

    @apply.register
    def _(self, event: CallFinished) -> None:
        self._use(event.step, event.role, event.usage)
        if event.outcome is Outcome.FAILED and event.candidate is not None:
            partial = self._map("partial")
            part = partial.get(event.candidate)
            if part is not None or self._waiting(event.candidate):
                part = part or Partial()
                partial[event.candidate] = replace(part, failed=part.failed + 1)

    @apply.register
    def _(self, event: Evaluation) -> None:
        self._reused(event.step, "scorer", int(event.from_store))
        self._reused(event.step, "judge", sum(each.from_store for each in event.judgements))
        candidate = self._candidate(event.candidate)
        if candidate is None or not candidate.waiting or candidate.replicate != event.replicate:
            return
        grades = self._thawed(event.candidate)
        if event.example in grades:
            return
        grades[event.example] = event.score
        if event.parsed is None or event.flags:
            partial = self._map("partial")
            part = partial[event.candidate]
            partial[event.candidate] = replace(
                part,
                unparsed=part.unparsed + (event.parsed is None),
                flagged=part.flagged + bool(event.flags),
                unread=part.unread | {event.example} if event.parsed is None else part.unread,
                marked=part.marked | {event.example} if event.flags else part.marked,
            )

    def _reused(self, step: int, role: str, answers: int) -> None:
        """Count answers that had been bought before."""
        if answers:
            self._use(step, role, Usage(from_store=answers))

    def _use(self, step: int, role: str, used: Usage) -> None:
        """Count what was used, also in the totals, which every call asks for."""
        ledger, totals = self._map("ledger"), self._map("totals")
        ledger[step, role] = ledger.get((step, role), Usage()) + used
        totals[role] = totals.get(role, Usage()) + used

    def _set_used(self, step: int, role: str, used: Usage) -> None:
        """Take what a step used by its own count; live it is what was counted."""
        before = self._maps.get("ledger", self._start.ledger).get((step, role))
        if before is None:
            self._use(step, role, used)
        elif before != used:
            ledger = self._map("ledger")
            ledger[step, role] = used
            own = (each for (_, who), each in ledger.items() if who == role)
            self._map("totals")[role] = total(own)

    def _thawed(self, id_: int) -> dict[int, float]:
        """A candidate's grades, copied once a fold and not once an answer."""
        if id_ not in self._grades:
            partial = self._map("partial")
            part = partial.get(id_) or Partial()
            self._grades[id_] = dict(part.grades)
            partial[id_] = replace(part, grades=MappingProxyType(self._grades[id_]))
        return self._grades[id_]

    @apply.register
    def _(self, event: CandidateScored) -> None:
        if not self._waiting(event.candidate):
            # A person ended its scoring in the moment in which it was completed, or the reverse.
            return
        self._change_candidate(event.candidate, score=event.score, due=False, behind=event.behind)
        self._map("partial").pop(event.candidate, None)
        self._grades.pop(event.candidate, None)
        self._find_best()

    def _find_best(self) -> None:
        """The first of the ranking that may be it; full scores stand before partial ones."""
        dropped = self._get("dropped")
        ranking = self._lists.get("ranking", self._start.ranking)
        first = next((id_ for id_ in ranking if id_ not in dropped), None)
        found = None if first is None else self._candidate(first)
        full = found is not None and found.score is not None and found.score.full
        self.changes["best_id"] = first if full else None

    @apply.register
    def _(self, event: Measured) -> None:
        self._list("measured").append(event)

    @apply.register
    def _(self, event: StepFinished) -> None:
        for number, role, used in event.usage:
            self._set_used(number, role, used)
        partial = self._map("partial")
        for id_, part in partial.items():
            partial[id_] = replace(part, failed=0)
        own = self._scores_of(event.step)
        self._change_step(
            event.step,
            finished_seq=event.seq,
            best=self._get("best_id"),
            mean=math.fsum(own) / len(own) if own else None,
        )

    def _scores_of(self, step: int) -> list[float]:
        """The full scores of a step's candidates."""
        own = self._maps.get("by_step", self._start.by_step).get(step, ())
        found = (self._candidate(id_) for id_ in own)
        return [each.score.value for each in found if each and each.score and each.score.full]

    @apply.register
    def _(self, event: EditMade) -> None:
        self._list("edits").append(event)
        self._edit(event)

    @apply.register
    def _(self, event: Warned) -> None:
        self._list("warnings").append(event)

    @apply.register
    def _(self, event: Stopped) -> None:
        self.changes["stopped"] = event

    @apply.register
    def _(self, event: Continued) -> None:
        self._list("continued").append(event)

    def _waiting(self, id_: int) -> bool:
        candidate = self._candidate(id_)
        return candidate is not None and candidate.waiting

    def _edit(self, event: EditMade) -> None:
        match event.kind:
            case "set":
                self.changes["settings"] = self._get("settings").with_values(event.after)
                self.changes["stopped"] = None
            case "meta_prompt":
                self.changes["template"] = self._get("template").with_texts(event.after)
            case "pin" | "unpin" | "drop" | "undrop":
                self._mark(event.kind, event.after, "pinned", "dropped")
                self._find_best()
            case "pin_exemplar" | "unpin_exemplar" | "drop_exemplar" | "undrop_exemplar":
                kind = event.kind.removesuffix("_exemplar")
                self._mark(kind, event.after, "exemplars_pinned", "exemplars_dropped")
            case "critique":
                self.changes["critique"] = Critique(event.step, event.after)
            case "redraw":
                self.changes["redraw"] = event.after
            case "veto":
                self._change_candidate(event.after, vetoed=True)
            case "approve":
                self._change_step(event.step, approved=True)
            case "complete" | "rescore":
                self._score_again(event.after, new_answers=event.kind == "rescore")

    def _score_again(self, id_: int, *, new_answers: bool) -> None:
        """Let a scored candidate wait again; a partial one keeps the answers it has."""
        candidate = self._map("candidates")[id_]
        grades = {}
        if not new_answers and candidate.score is not None:
            known = zip(self._start.facts.train, unpack(candidate.score.grades), strict=False)
            grades = {index: grade for index, grade in known if grade is not None}
        self._grades.pop(id_, None)
        self._map("partial")[id_] = Partial(
            MappingProxyType(grades),
            unparsed=candidate.score.unparsed if candidate.score and grades else 0,
            flagged=candidate.score.flagged if candidate.score and grades else 0,
        )
        self._change_candidate(id_, due=True, replicate=candidate.replicate + new_answers)

    def _mark(self, kind: str, id_: int, pins: str, drops: str) -> None:
        """Pinning clears a drop and the reverse."""
        mine, other = (pins, drops) if kind.endswith("pin") else (drops, pins)
        if kind.startswith("un"):
            self.changes[mine] = self._get(mine) - {id_}
        else:
            self.changes[mine] = self._get(mine) | {id_}
            self.changes[other] = self._get(other) - {id_}

"""A person's edits: checked as a whole, then turned into the events that record them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from opro_tui.core.errors import BadInput
from opro_tui.core.events import CandidateSampled, CandidateScored, EditMade, Event
from opro_tui.core.settings import GRADING_ROLES, find
from opro_tui.core.solution import Origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opro_tui.core.protocols import Task
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What a person wants changed, all or nothing.

    Attributes:
        pin: Solutions to always show; the next three likewise by their names.
        pin_exemplar: Examples to always show as exemplars; the next three likewise.
        redraw: Whether the next step draws other exemplars.
        critique: What the next step's meta-prompt shall say as critique; None leaves it.
        add: Solutions of one's own, to be scored with the next candidates.
        veto: Candidates that wait to be scored and shall not be.
        halt: Candidates whose scoring shall end where it is; they stay partial.
        complete: Partial candidates to be scored to the end.
        rescore: Scored candidates to be scored on new answers.
        settings: Starred settings by name.
        template: Texts of the meta-prompt by name.
        note: Why.
    """

    pin: tuple[int, ...] = ()
    unpin: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()
    undrop: tuple[int, ...] = ()
    pin_exemplar: tuple[int, ...] = ()
    unpin_exemplar: tuple[int, ...] = ()
    drop_exemplar: tuple[int, ...] = ()
    undrop_exemplar: tuple[int, ...] = ()
    redraw: bool = False
    critique: str | None = None
    add: tuple[str, ...] = ()
    veto: tuple[int, ...] = ()
    halt: tuple[int, ...] = ()
    complete: tuple[int, ...] = ()
    rescore: tuple[int, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    template: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


_MARKS = ("pin", "unpin", "drop", "undrop")


def plan(state: State, task: Task, edits: Edits) -> tuple[Event, ...]:
    """The events that record the edits, to be stored together.

    Changes that change nothing are left out.

    Raises:
        BadInput: One of them can't be made; none is made then.
    """
    planner = _Planner(state, task, edits.note)
    for kind in _MARKS:
        for id_ in getattr(edits, kind):
            planner.mark_solution(kind, id_)
        for index in getattr(edits, f"{kind}_exemplar"):
            planner.mark_exemplar(kind, index)
    if edits.redraw:
        planner.record("redraw", state.redraw, state.redraw + 1)
    for id_ in edits.veto:
        planner.end_scoring("veto", id_)
    for id_ in edits.halt:
        planner.end_scoring("halt", id_)
    for id_ in edits.complete:
        planner.score_again("complete", id_)
    for id_ in edits.rescore:
        planner.score_again("rescore", id_)
    planner.change_settings(edits.settings)
    planner.change_critique(edits.critique, edits.settings)
    planner.change_template(_template_texts(task, edits))
    for text in edits.add:
        planner.add(text)
    return tuple(planner.events)


def _template_texts(task: Task, edits: Edits) -> dict[str, str]:
    """Texts to change: a new style brings its built-in ones, which single texts then override."""
    style = edits.settings.get("meta_style")
    texts = {} if style is None else task.template(find("meta_style").parse(style)).to_json()
    return texts | dict(edits.template)


def _usable(candidate: Candidate) -> bool:
    return candidate.rejected is None and not candidate.vetoed


class _Planner:
    """Checks edits against a state and collects their events."""

    def __init__(self, state: State, task: Task, note: str) -> None:
        self.state = state
        self.task = task
        self.note = note
        self.events: list[Event] = []
        self.next_id = state.next_candidate
        self.added: dict[str, int] = {}

    def record(self, kind: str, before: Any, after: Any, step: int | None = None) -> None:  # noqa: ANN401
        self.events.append(
            EditMade(
                step=self.state.edit_step if step is None else step,
                kind=kind,
                before=before,
                after=after,
                note=self.note,
            )
        )

    def mark_solution(self, kind: str, id_: int) -> None:
        candidate = self.state.candidates.get(id_)
        if candidate is None:
            last = self.state.next_candidate - 1
            todo = f"Ids go from 1 to {last}." if last else "There are no solutions yet."
            raise BadInput(f"there is no solution #{id_}", where=f"--{kind}", todo=todo)
        if kind == "pin" and candidate.score is None:
            raise BadInput(
                f"#{id_} has no score",
                where="--pin",
                todo="Only scored solutions can be pinned; run a step first.",
            )
        self._mark(kind, id_, "", self.state.pinned, self.state.dropped)

    def mark_exemplar(self, kind: str, index: int) -> None:
        if index not in self.state.facts.train or index < 0:
            raise BadInput(
                f"example {index} is not in the training set",
                where=f"--{kind}-exemplar",
                todo="`opro-tui examples NAME --split train` lists its numbers.",
            )
        pinned, dropped = self.state.exemplars_pinned, self.state.exemplars_dropped
        self._mark(kind, index, "_exemplar", pinned, dropped)

    def _mark(
        self, kind: str, id_: int, suffix: str, pinned: frozenset[int], dropped: frozenset[int]
    ) -> None:
        marked = id_ in (pinned if kind.endswith("pin") else dropped)
        if marked != kind.startswith("un"):
            return
        before = "pinned" if id_ in pinned else "dropped" if id_ in dropped else None
        self.record(kind + suffix, before, id_)

    def end_scoring(self, kind: str, id_: int) -> None:
        candidate = self.state.candidates.get(id_)
        if candidate is None or not candidate.waiting:
            waiting = ", ".join(f"#{item.id}" for item in self.state.waiting())
            raise BadInput(
                f"#{id_} does not wait to be scored",
                where=f"--{kind}",
                todo=f"Waiting: {waiting or 'none'}.",
            )
        # Ending a second scoring leaves the first one's score as it was.
        halted = self.state.partial_score(id_) if kind == "halt" else None
        score = candidate.score if candidate.due else halted
        if score is None:
            self.record("veto", None, id_, step=candidate.step)
            return
        self.record("halt", None, id_, step=candidate.step)
        self.events.append(CandidateScored(step=candidate.step, candidate=id_, score=score))

    def score_again(self, kind: str, id_: int) -> None:
        candidate = self.state.candidates.get(id_)
        score = candidate.score if candidate else None
        if candidate is None or score is None or candidate.waiting:
            raise BadInput(f"#{id_} has no score", where=f"--{kind}", todo="Run a step first.")
        if kind == "complete" and score.full:
            raise BadInput(f"#{id_} is fully scored", where="--complete", todo="Use --rescore.")
        self.record(kind, None, id_)

    def change_settings(self, values: Mapping[str, Any]) -> None:
        new = self.state.settings.with_values(values)
        for name in values:
            definition = find(name)
            before = self.state.settings.to_json()[definition.name]
            after = new.to_json()[definition.name]
            if before == after:
                continue
            self._check_comparable(definition.name, definition.starred, before, after)
            self.record("set", {definition.name: before}, {definition.name: after})

    def _check_comparable(self, name: str, starred: bool, before: Any, after: Any) -> None:  # noqa: ANN401
        roles = [
            role
            for role in GRADING_ROLES
            if isinstance(after, dict) and before.get(role) != after.get(role)
        ]
        if starred and not (roles and self.state.steps):
            return
        what = f"{name} for the {roles[0]}" if roles else name
        raise BadInput(
            f"{what} cannot change within a session, for its scores would not compare",
            where=find(name).flag,
            todo="Make a fork with it: `opro-tui fork NAME --as NEW` takes this setting.",
        )

    def change_critique(self, text: str | None, values: Mapping[str, Any]) -> None:
        if text is None:
            return
        if not self.state.settings.with_values(values).critique:
            raise BadInput(
                "the next meta-prompt holds no critique",
                where="--critique-text",
                todo="Add --critique.",
            )
        before = self.state.critique_of(self.state.edit_step)
        if text.strip() != before:
            self.record("critique", before, text.strip())

    def change_template(self, texts: Mapping[str, str]) -> None:
        new = self.state.template.with_texts(texts).to_json()
        old = self.state.template.to_json()
        changed = [name for name in new if new[name] != old[name]]
        if changed:
            before = {name: old[name] for name in changed}
            self.record("meta_prompt", before, {name: new[name] for name in changed})

    def add(self, text: str) -> None:
        """A person's own candidate: vetted for what makes it impossible to score, no more."""
        solution = self.task.clean(text)
        reason = self.task.reject(solution)
        if reason:
            raise BadInput(reason, where="--add", todo="Change the solution.")
        duplicate = self.added.get(solution) or next(
            (c.id for c in self.state.candidates.values() if c.text == solution and _usable(c)),
            None,
        )
        if duplicate is not None:
            raise BadInput(f"the same as #{duplicate}", where="--add", todo="Change the solution.")
        step = self._step_for_added()
        id_ = self.next_id
        self.next_id += 1
        self.added[solution] = id_
        self.record("add", None, {"id": id_, "text": solution}, step=step)
        self.events.append(CandidateSampled(step=step, id=id_, text=solution, origin=Origin.PERSON))

    def _step_for_added(self) -> int:
        """The step under way while its candidates are still being gathered, else the next one."""
        current = self.state.current
        if current is not None and (self.state.reviewing or not current.sampled):
            return current.number
        return self.state.next_step

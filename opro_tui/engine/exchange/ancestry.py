"""Where the best solution came from, as tables of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opro_tui.core.lineage import HONEST, came_with
from opro_tui.engine.exchange.sections import Section, Table, points
from opro_tui.engine.lineage import lineage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opro_tui.core.lineage import Lineage, Link
    from opro_tui.core.state import State
    from opro_tui.engine.session import Session

_HEAD = ("Solution", "Step", "By", "Score", "Change", "p", "Fixed", "Broke", "In common", "Text")


def ancestry(session: Session) -> tuple[Section, ...]:
    """The chain of solutions that led to the best one, and where its words first stood.

    It compares many texts: it belongs in a thread.
    """
    state = session.state
    if state.best_id is None:
        return ()
    found = lineage(session)
    pairs = zip(found.chain, (None, *found.links), strict=True)
    chain = tuple(_member(state, id_, link) for id_, link in pairs)
    words = tuple(_words(state, found))
    sections = [
        Section("Where the best solution came from", Table(_HEAD, chain, frozenset({2, 9})), HONEST)
    ]
    left = frozenset({0, 1})
    sections.append(Section("Its words", Table(("Words", "First stood"), words, left)))
    copied = tuple(_copied(state, found))
    head = ("Words", "Part", "Example", "Shown to the optimizer", "Came in with")
    note = "Words that stand in a training example: a solution may have learned it by heart."
    sections.append(Section("Copied words", Table(head, copied, frozenset({0, 1, 3})), note))
    return tuple(section for section in sections if section.table.rows)


def _member(state: State, id_: int, link: Link | None) -> tuple[str, ...]:
    member = state.candidates[id_]
    score = points(member.score.value, state) if member.score else "–"
    change = ("", "", "", "", "")
    if link is not None:
        tested, paired = link.difference, link.exchange.both and state.facts.bounded
        change = (
            _signed(link.gain, state),
            "" if tested is None or tested.p is None else f"{tested.p:.2g}",
            f"{len(link.exchange.fixed):,}" if paired else "",
            f"{len(link.exchange.broken):,}" if paired else "",
            f"{link.likeness:.0%}",
        )
    text = member.text or "(empty)"
    return (str(id_), str(member.step), str(member.origin), score, *change, text)


def _signed(gain: float | None, state: State) -> str:
    if gain is None:
        return ""
    return f"{'+' if gain >= 0 else '−'}{points(abs(gain), state)}"


def _words(state: State, found: Lineage) -> Iterator[tuple[str, str]]:
    text = state.candidates[found.solution].text
    for entry in found.entries:
        own = [text[span.start : span.end] for span in found.spans if span.entry == entry]
        yield " · ".join(" ".join(piece.split()) for piece in own) or "(empty)", entry.said


def _copied(state: State, found: Lineage) -> Iterator[tuple[str, ...]]:
    text = state.candidates[found.solution].text
    for copy in found.copies:
        yield (
            text[copy.start : copy.end],
            copy.part,
            str(copy.example),
            "yes" if copy.shown else "no",
            str(came_with(found, copy)),
        )

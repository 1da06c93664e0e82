"""Tracing a solution back through the meta-prompts; what is found is described in `lineage`."""

from __future__ import annotations

import re
from bisect import bisect
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from opro_tui.core.copied import copies
from opro_tui.core.difference import Change
from opro_tui.core.difference import words as differing
from opro_tui.core.exchange import exchange
from opro_tui.core.grades import unpack
from opro_tui.core.lineage import Came, Entry, Lineage, Link, Span
from opro_tui.core.meta_prompt import CRITIQUE, EXEMPLAR, INSTRUCTIONS, REQUEST, SOLUTION
from opro_tui.core.solution import Origin
from opro_tui.core.statistics import difference
from opro_tui.core.word_sources import LONGEST, Source, content, is_content, overlap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opro_tui.core.events import PromptBuilt
    from opro_tui.core.protocols import Example
    from opro_tui.core.solution import Candidate
    from opro_tui.core.state import State
    from opro_tui.core.statistics import Difference

NEAR = 0.2
"""The least overlap of words by which a solution that was shown counts as the parent."""
RUN = 2
"""Telling words in a row that a text must share with the instructions or an exemplar."""
_NUMBERS = re.compile(r"-?\d+(?:\.\d+)?")
_ASIDE = frozenset({"approve", "veto", "halt", "complete", "rescore", "add"})
"""Edits that change nothing of what the optimizer sees."""


def trace(state: State, examples: Sequence[Example], solution: int) -> Lineage:
    """Trace a solution back.

    Args:
        state: The session; a fork's holds its ancestors' rows.
        examples: The task's examples by number; none where scores are computed.
        solution: The solution's id.
    """
    tracer = _Tracer(state)
    links = tuple(tracer.links(solution))
    first = state.candidates[links[0].parent if links else solution]
    spans = tuple(tracer.spans(solution))
    train = [examples[index] for index in state.facts.train if 0 <= index < len(examples)]
    prompt = tracer.prompt_of(state.candidates[solution])
    shown = {r.id for r in prompt.regions if r.kind == EXEMPLAR} if prompt else set()
    return Lineage(
        solution=solution,
        links=links,
        spans=spans,
        root=_own(first).came,
        copies=copies(state.candidates[solution].text, train, shown),
    )


def _together(keys: Sequence[str], entries: Sequence[Entry]) -> list[Entry]:
    """Let stop words go with a telling word beside them: alone they come from anywhere."""
    telling = [place for place, key in enumerate(keys) if is_content(key)]
    found = list(entries)
    for place, key in enumerate(keys):
        if is_content(key) or not telling:
            continue
        cut = bisect(telling, place)
        beside = [entries[near] for near in telling[max(0, cut - 1) : cut + 1]]
        if found[place] not in beside:
            found[place] = beside[0]
    return found


def _own(candidate: Candidate) -> Entry:
    """Words that a solution brought in itself."""
    came = {
        Origin.START: Came.START,
        Origin.PERSON: Came.PERSON,
        Origin.IMPORT: Came.IMPORT,
        Origin.OPTIMIZER: Came.NEW,
    }[candidate.origin]
    return Entry(candidate.step, candidate.id, came)


@dataclass(frozen=True, slots=True)
class _Text:
    """A text of a meta-prompt that words may come from.

    Attributes:
        entry: What they are then; the solution is filled in.
        source: Its words.
        fresh: Words of which one is enough; of others it takes `RUN` in a row.
    """

    entry: Entry
    source: Source
    fresh: frozenset[str] = frozenset()

    def has(self, keys: Sequence[str]) -> bool:
        """Whether a run of its words says that they may come from here."""
        return content(keys) >= RUN or not self.fresh.isdisjoint(keys)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One solution and what it can have words from.

    Attributes:
        parent: The nearest solution shown; None for none.
        words: For each of its words the solution and the place there that has it, or its entry.
    """

    parent: int | None
    words: tuple[tuple[int, int] | Entry, ...]


class _Tracer:
    """Looks each solution up once."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._prompts = {step.number: step.prompt for step in state.steps if step.prompt}
        self._sources: dict[int, Source] = {}
        self._seen: dict[int, _Seen] = {}
        self._texts: dict[int, list[_Text]] = {}
        self._ranks = {c.id: place for place, c in enumerate(state.ranked())}

    def prompt_of(self, candidate: Candidate) -> PromptBuilt | None:
        """The meta-prompt that a solution was the answer to."""
        if candidate.origin is not Origin.OPTIMIZER:
            return None
        return self._prompts.get(candidate.step)

    def source(self, id_: int) -> Source:
        """A solution's words."""
        if id_ not in self._sources:
            self._sources[id_] = Source(self.state.candidates[id_].text)
        return self._sources[id_]

    # The chain

    def links(self, solution: int) -> Iterator[Link]:
        """The changes that led to a solution, the first one first."""
        found = []
        at = solution
        while (parent := self.seen(at).parent) is not None:
            found.append(self._link(parent, at))
            at = parent
        return reversed(found)

    def _link(self, parent: int, child: int) -> Link:
        state = self.state
        old, new = state.candidates[parent], state.candidates[child]
        prompt = self.prompt_of(new)
        words = self.seen(child).words
        others = {word[0] for word in words if isinstance(word, tuple)} - {parent}
        gain = None
        if old.score is not None and new.score is not None:
            gain = new.score.value - old.score.value
        return Link(
            parent=parent,
            child=child,
            likeness=overlap(self.source(parent), self.source(child)),
            shown=len(self._shown(new)),
            pinned=prompt is not None and self._pinned(parent, prompt.seq),
            others=tuple(sorted(others)),
            difference=_difference(state, old, new),
            exchange=exchange(state, old, new),
            gain=gain,
            edits=tuple(
                edit for edit in state.edits if edit.step == new.step and edit.kind not in _ASIDE
            ),
        )

    def _pinned(self, id_: int, seq: int) -> bool:
        pinned = False
        for edit in self.state.edits:
            if edit.seq < seq and edit.after == id_ and edit.kind in ("pin", "unpin", "drop"):
                pinned = edit.kind == "pin"
        return pinned

    def _shown(self, candidate: Candidate) -> tuple[int, ...]:
        """The solutions that its optimizer saw, the best first by the scores of now."""
        prompt = self.prompt_of(candidate)
        if prompt is None:
            return ()
        ids = {r.id for r in prompt.regions if r.kind == SOLUTION and r.id is not None}
        known = [id_ for id_ in ids if id_ < candidate.id and id_ in self.state.candidates]
        last = len(self._ranks)
        return tuple(sorted(known, key=lambda id_: (self._ranks.get(id_, last), id_)))

    # Words

    def seen(self, id_: int) -> _Seen:
        """What a solution's words can have come from, one step back."""
        if id_ not in self._seen:
            self._seen[id_] = self._look(self.state.candidates[id_])
        return self._seen[id_]

    def _look(self, candidate: Candidate) -> _Seen:
        own = self.source(candidate.id)
        shown = self._shown(candidate)
        likeness = {id_: overlap(own, self.source(id_)) for id_ in shown}
        # Stable: what is equally near stays in order of score, then of id.
        near = sorted(shown, key=lambda id_: (-likeness[id_], self._distance(candidate.text, id_)))
        parent = near[0] if near and likeness[near[0]] >= NEAR else None
        taken = {} if parent is None else self._kept(parent, candidate)
        words: list[tuple[int, int] | Entry] = []
        for place, word in enumerate(own.words):
            if parent is not None and word.start in taken:
                words.append((parent, taken[word.start]))
            else:
                words.append(self._elsewhere(candidate, own.keys, place, near))
        return _Seen(parent, tuple(words))

    def _distance(self, text: str, id_: int) -> float:
        """How far two texts are apart in value, where nothing but their numbers differs."""
        other = self.state.candidates[id_].text
        one, two = _NUMBERS.findall(text[:LONGEST]), _NUMBERS.findall(other[:LONGEST])
        if not one or len(one) != len(two):
            return 0.0
        if _NUMBERS.sub("", text[:LONGEST]) != _NUMBERS.sub("", other[:LONGEST]):
            return 0.0
        return sum(abs(float(a) - float(b)) for a, b in zip(one, two, strict=True))

    def _kept(self, parent: int, candidate: Candidate) -> dict[int, int]:
        """For each word that stayed, where it begins to its place among the parent's words."""
        places = {word.start: place for place, word in enumerate(self.source(parent).words)}
        kept: dict[int, int] = {}
        old = new = 0
        pieces = differing(self.state.candidates[parent].text[:LONGEST], candidate.text[:LONGEST])
        for piece in pieces:
            size = len(piece.text)
            if piece.change is Change.SAME:
                for offset in range(size):
                    if old + offset in places:
                        kept[new + offset] = places[old + offset]
            old += size if piece.change is not Change.ADDED else 0
            new += size if piece.change is not Change.REMOVED else 0
        return kept

    def _elsewhere(
        self, candidate: Candidate, keys: tuple[str, ...], place: int, near: Sequence[int]
    ) -> tuple[int, int] | Entry:
        """Where else a word stood that the optimizer saw: where most words around it stand too."""
        best: tuple[int, int] | Entry = _own(candidate)
        longest = 0
        for id_ in near:
            first, last, at = self.source(id_).run(keys, place)
            if last - first > longest and content(keys[first:last]):
                best, longest = (id_, at), last - first
        for text in self._other_texts(candidate):
            first, last, _ = text.source.run(keys, place)
            if last - first > longest and text.has(keys[first:last]):
                best, longest = replace(text.entry, solution=candidate.id), last - first
        return best

    def _other_texts(self, candidate: Candidate) -> list[_Text]:
        """What a step's meta-prompt holds beside solutions: edits, exemplars, instructions."""
        prompt, step = self.prompt_of(candidate), candidate.step
        if prompt is None:
            return []
        if step not in self._texts:
            parts: dict[tuple[str, int | None], list[str]] = {}
            for region in prompt.regions:
                kind = INSTRUCTIONS if region.kind == REQUEST else region.kind
                if kind in (INSTRUCTIONS, EXEMPLAR, CRITIQUE):
                    text = prompt.text[region.start : region.end]
                    parts.setdefault((kind, region.id), []).append(text)
            texts = list(self._edited(prompt))
            texts += [
                _Text(Entry(step, 0, Came(kind), number), Source("\n".join(found)))
                for (kind, number), found in sorted(parts.items(), key=lambda item: item[0][0])
            ]
            self._texts[step] = texts
        return self._texts[step]

    def _edited(self, prompt: PromptBuilt) -> Iterator[_Text]:
        """The words that edits of the template brought into a meta-prompt, by edit."""
        standing = set(Source(prompt.text).keys)
        written: set[str] = set()
        for edit in self.state.edits:
            if edit.kind != "meta_prompt" or edit.seq > prompt.seq:
                continue
            before, after = dict(edit.before), dict(edit.after)
            written |= {key for text in before.values() for key in Source(str(text)).keys}
            for name, text in after.items():
                pieces = differing(str(before.get(name, "")), str(text))
                added = "\n".join(p.text for p in pieces if p.change is Change.ADDED)
                source = Source(added)
                fresh = {key for key in source.keys if is_content(key)} - written
                if fresh & standing:
                    entry = Entry(prompt.step, 0, Came.EDIT, edit.seq, edit.step)
                    yield _Text(entry, source, frozenset(fresh))
            written |= {key for text in after.values() for key in Source(str(text)).keys}

    # Entries

    def spans(self, solution: int) -> Iterator[Span]:
        """The solution's text, cut by where its words first stood."""
        text, words = self.state.candidates[solution].text, self.source(solution).words
        entries = _together(self.source(solution).keys, self._entries(solution))
        if not words:
            yield Span(0, len(text), _own(self.state.candidates[solution]))
            return
        start = 0
        for place, entry in enumerate(entries):
            last = place == len(entries) - 1
            if last or entries[place + 1] != entry:
                end = len(text) if last else words[place + 1].start
                yield Span(start, end, entry)
                start = end

    def _entries(self, solution: int) -> tuple[Entry, ...]:
        """Where each word first stood, followed word by word through those that have it.

        It ends: a solution's id is higher than those of all that its meta-prompt shows.
        """
        found = []
        for word in self.seen(solution).words:
            at = word
            while not isinstance(at, Entry):
                at = self.seen(at[0]).words[at[1]]
            found.append(at)
        return tuple(found)


def _difference(state: State, old: Candidate, new: Candidate) -> Difference | None:
    if old.score is None or new.score is None or not state.facts.bounded:
        return None
    first, second = unpack(old.score.grades), unpack(new.score.grades)
    if len(first) != len(second):
        return None
    return difference(first, second, binary=state.facts.binary, seed=state.settings.seed)

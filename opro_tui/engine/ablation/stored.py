"""Ablations in a database: which sessions belong to one, by the labels that they carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opro_tui.core.ablation import BASE, ONE_SHOT, Label
from opro_tui.core.errors import BadInput, nearest
from opro_tui.core.events import EditMade

if TYPE_CHECKING:
    from opro_tui.store.database import Store
    from opro_tui.store.records import SessionRecord


@dataclass(frozen=True, slots=True)
class Entry:
    """A session of an ablation.

    Attributes:
        record: Its row.
        label: Which arm and repetition it is.
        control: Whether it is the one-shot control, a fork of its repetition's base.
    """

    record: SessionRecord
    label: Label
    control: bool = False

    @property
    def after(self) -> int:
        """The last step that is its parent's rather than its own; -1 for none."""
        return 0 if self.control else -1


async def ablations(store: Store) -> dict[str, list[Entry]]:
    """All ablations by name, each in the order in which its sessions are run.

    That is repetition by repetition, the base first and its one-shot control last. Where two
    sessions carry the same label (one is a duplicate, or came from a file) the older one counts.
    """
    records = sorted(await store.sessions(), key=lambda record: record.id)
    places: dict[str, dict[tuple[int, str], Entry]] = {}
    bases: dict[int, Label] = {}
    for record in records:
        label = Label.read(record.settings.arm)
        if record.parent is not None or label is None:
            continue
        entry = Entry(record, label)
        found = places.setdefault(label.ablation, {})
        if found.setdefault((label.repetition, label.arm), entry) is entry and label.arm == BASE:
            bases[record.id] = label
    for record in records:
        if record.parent in bases and record.fork_seq:
            control = await _control(store, record)
            if control is not None:
                key = (control.label.repetition, ONE_SHOT)
                places[control.label.ablation].setdefault(key, control)
    return {name: _in_order(list(found.values())) for name, found in places.items()}


def _in_order(entries: list[Entry]) -> list[Entry]:
    arms: dict[str, None] = {}
    for entry in sorted(entries, key=lambda e: (e.control, e.label.arm != BASE, e.record.id)):
        arms.setdefault(entry.label.arm)
    order = {arm: place for place, arm in enumerate(arms)}
    return sorted(entries, key=lambda e: (e.label.repetition, order[e.label.arm]))


async def _control(store: Store, record: SessionRecord) -> Entry | None:
    """A fork as the one-shot control that it is; None for any other fork of a base."""
    for event in await store.events(record.id, after=record.fork_seq):
        if isinstance(event, EditMade) and (label := Label.read(event.note)) is not None:
            return Entry(record, Label(ONE_SHOT, label.ablation, label.repetition), control=True)
    return None


async def entries(store: Store, name: str) -> list[Entry]:
    """The sessions of one ablation, in the order in which they are run.

    Raises:
        BadInput: There is none of that name.
    """
    found = await ablations(store)
    if name not in found:
        hint = nearest(name, found) or "Give --task and --vary to make one."
        raise BadInput(f"there is no ablation {name[:50]!r}", where="--name", todo=hint)
    return found[name]

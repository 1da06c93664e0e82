"""An ablation that is to be made: its sessions, worked out and checked before any is stored."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from opro_tui.core.ablation import BASE, Label
from opro_tui.core.errors import BadInput
from opro_tui.core.events import CandidateSampled, CandidateScored
from opro_tui.core.settings import find
from opro_tui.engine.ablation import stored
from opro_tui.engine.ablation.vary import Variant
from opro_tui.engine.budget import check_affordable
from opro_tui.engine.create import (
    Draft,
    Prepared,
    check_models,
    create,
    prepare,
    starting_events,
)
from opro_tui.engine.pool import ModelPool, roles_of
from opro_tui.engine.provenance import sources_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opro_tui.config import Config
    from opro_tui.core.events import Event
    from opro_tui.core.settings import Settings
    from opro_tui.engine.ablation.stored import Entry
    from opro_tui.store.database import Store
    from opro_tui.store.records import SessionRecord

_POT = ("budget", "budget_tokens")
_SLUG = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is wanted.

    Attributes:
        name: The ablation's name.
        draft: The base, as `new` takes it; its budget is that of all arms together.
        variants: The other arms.
        repetitions: How often each arm is run.
        steps: Steps of each.
    """

    name: str
    draft: Draft
    variants: tuple[Variant, ...]
    repetitions: int
    steps: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One session of a plan: an arm in a repetition."""

    label: Label
    slug: str
    prepared: Prepared


def base_of(draft: Draft, config: Config) -> Prepared:
    """The base, checked as a session of its own, its budget included.

    Raises:
        BadInput: Something in it can't be used, or is nothing for an ablation.
    """
    given = {find(name).name for name in draft.values}
    for name, todo in (
        ("arm", "It is what tells the arms apart: leave it out."),
        ("review", "An ablation runs by itself: leave it out."),
        ("max_steps", "Give --steps."),
    ):
        if name in given:
            raise BadInput("is not for an ablation", where=find(name).flag, todo=todo)
    return prepare(draft, config)


def cells(plan: Plan, config: Config) -> list[Cell]:
    """Every session of a plan, in the order in which they are run. It reads the data.

    Repetition r has the seed and the replicate of the first one plus r − 1; within a repetition
    all arms share them, and with them the answers that are bought.

    Raises:
        BadInput: An arm can't be.
    """
    first = base_of(plan.draft, config)
    slugs = _slugs([BASE, *(variant.label for variant in plan.variants)])
    found = []
    for repetition in range(1, plan.repetitions + 1):
        base = _prepared(plan, first.settings, Variant(BASE), repetition, None, config)
        found.append(_cell(plan, Variant(BASE), repetition, slugs[BASE], base, config))
        for variant in plan.variants:
            arm = _prepared(plan, first.settings, variant, repetition, base, config)
            found.append(_cell(plan, variant, repetition, slugs[variant.label], arm, config))
    return found


def _prepared(
    plan: Plan,
    first: Settings,
    variant: Variant,
    repetition: int,
    base: Prepared | None,
    config: Config,
) -> Prepared:
    """An arm's draft, read; a variant of settings alone takes its repetition's base as it is."""
    values = {name: raw for name, raw in plan.draft.values.items() if find(name).name not in _POT}
    values |= {
        "seed": first.seed + repetition - 1,
        "replicate": first.replicate + repetition - 1,
        "max_steps": plan.steps,
        **variant.settings,
    }
    draft = replace(plan.draft, name="check", values=values)
    if variant.initial is not None:
        draft = replace(draft, initial=variant.initial)
    if variant.warm is not None:
        draft = replace(draft, warm=variant.warm)
    if variant.template is not None:
        draft = replace(draft, template={**plan.draft.template, **variant.template})
    if base is None or variant.loads:
        return prepare(draft, config)
    arm = replace(base, draft=draft, settings=base.settings.with_values(variant.settings))
    check_models(arm.settings, arm.task, config)
    starting_events(arm)
    arm.task.template(arm.settings.meta_style).with_texts(draft.template)
    return arm


def _cell(
    plan: Plan, variant: Variant, repetition: int, slug: str, arm: Prepared, config: Config
) -> Cell:
    label = Label(variant.label, plan.name, repetition)
    settings = arm.settings.with_values(
        {"arm": label.text, "max_output_tokens": _limits(arm, config)}
    )
    return Cell(label, slug, replace(arm, settings=settings))


def _limits(arm: Prepared, config: Config) -> dict[str, int]:
    """The longest answer of each role, fixed: what is sent must not depend on the budget.

    A budget can only be kept where answers have a limit, and an ablation's may come or be raised
    later; a limit that came with it would make other requests of the same.
    """
    pool = ModelPool(config, arm.settings.seed)
    return {
        role: arm.settings.for_role("max_output_tokens", role)
        or pool.preview(role, arm.settings).max_output_default
        for role in roles_of(arm.task)
    }


def _slugs(labels: Sequence[str]) -> dict[str, str]:
    """A short name without blanks for each label, to name its sessions by."""
    found: dict[str, str] = {}
    for label in labels:
        slug = re.sub(r"[^\w.]+", "-", label).strip("-")[:_SLUG].rstrip("-")
        place = 2
        while slug in found.values():
            slug = f"{re.sub(r'-[0-9]+$', '', slug) if place > 2 else slug}-{place}"
            place += 1
        found[label] = slug
    return found


def check_pot(usd: float | None, planned: Iterable[Cell], config: Config) -> None:
    """Refuse a dollar budget that can't be kept because an arm's model has no known price.

    Raises:
        BadInput: There is such a model.
    """
    if usd is None:
        return
    for cell in planned:
        settings = cell.prepared.settings.with_values({"budget": usd})
        pool = ModelPool(config, settings.seed)
        roles = roles_of(cell.prepared.task)
        check_affordable(settings, [pool.preview(r, settings) for r in roles], config)


async def missing(store: Store, planned: Sequence[Cell]) -> list[Cell]:
    """The sessions of a plan that are not stored yet.

    Raises:
        BadInput: One that is there was made with other settings, texts, starts or data.
    """
    ablation = planned[0].label.ablation
    there = {e.label: e for e in (await stored.ablations(store)).get(ablation, ()) if not e.control}
    for cell in planned:
        if (entry := there.get(cell.label)) is not None:
            await _check_same(store, entry.record, cell)
    return [cell for cell in planned if cell.label not in there]


async def make(store: Store, planned: Sequence[Cell]) -> int:
    """Store the sessions that are not there yet; nothing is spent.

    Returns:
        How many were made.

    Raises:
        BadInput: One that is there was made with other settings, texts, starts or data; then none
            is made.
    """
    lacking = await missing(store, planned)
    for cell in lacking:
        name = f"{cell.label.ablation}-{cell.slug}-{cell.label.repetition}"
        draft = replace(cell.prepared.draft, name=await store.free_name(name))
        await create(store, replace(cell.prepared, draft=draft))
    return len(lacking)


def selected(entries: Iterable[Entry], planned: Iterable[Cell]) -> list[Entry]:
    """The stored sessions that a plan names, with the controls of its repetitions."""
    labels = {cell.label for cell in planned}
    repetitions = {label.repetition for label in labels}
    return [
        entry
        for entry in entries
        if entry.label in labels or (entry.control and entry.label.repetition in repetitions)
    ]


async def _check_same(store: Store, record: SessionRecord, cell: Cell) -> None:
    """Refuse to go on with a session that was made as another than is wanted."""
    difference = _other_settings(record.settings.to_json(), cell.prepared.settings.to_json())
    if not difference:
        difference = await asyncio.to_thread(_other_material, record, cell.prepared)
    if not difference:
        start = starting_events(cell.prepared)
        if _starts(await store.events(record.id, upto=len(start))) != _starts(start):
            difference = "other starting solutions"
    if difference:
        raise BadInput(
            f"{record.name} was made with {difference}",
            where=f"ablation {cell.label.ablation}",
            todo="Give the same flags as then, or another --name.",
        )


def _other_settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    names = [name for name in new if old.get(name) != new[name] and name != "concurrency"]
    if not names:
        return ""
    told = [f"{find(name).flag} {_value(old.get(name))}, not {_value(new[name])}" for name in names]
    return " and ".join(told[:2]) + (" …" if len(told) > 2 else "")


def _value(value: Any) -> str:  # noqa: ANN401 - any setting's JSON value
    return "none" if value is None else str(value)[:60]


def _other_material(record: SessionRecord, wanted: Prepared) -> str:
    template = wanted.task.template(wanted.settings.meta_style).with_texts(wanted.draft.template)
    if record.template != template:
        return "another meta-prompt"
    hashes = [[s.get("sha256") for s in sources] for sources in _sources(record, wanted)]
    return "" if hashes[0] == hashes[1] else "other data: its files have changed since"


def _sources(record: SessionRecord, wanted: Prepared) -> tuple[list[Any], list[Any]]:
    return list(record.sources), sources_of(wanted.loaded.sources)


def _starts(events: Sequence[Event]) -> list[tuple[Any, ...]]:
    return [
        (e.id, e.text, str(e.origin))
        if isinstance(e, CandidateSampled)
        else (e.candidate, e.score.value)
        for e in events
        if isinstance(e, CandidateSampled | CandidateScored)
    ]

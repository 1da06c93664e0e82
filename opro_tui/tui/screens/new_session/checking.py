"""Checks and prices what the form says, beside the screen, one check at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput, OproError
from opro_tui.engine import discovery
from opro_tui.engine.pool import models_of
from opro_tui.engine.preview import short_budget
from opro_tui.models import keys
from opro_tui.tui.screens.new_session import form, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opro_tui.engine.create import Prepared
    from opro_tui.engine.preview import Preview
    from opro_tui.tasks.data import Peek
    from opro_tui.tui.shelf import Shelf

_FOUND = ("metric", "judge")
_FOUND_BY = ("task", "data_dir", "header", "input", "target", "metric", "judge")


class Checking:
    """What is known of the form's draft.

    Attributes:
        stale: Whether something was typed since the last check began.
        busy: Whether a check is under way.
        prepared: The draft, when it was found good.
        preview: Its price, when it could be told.
        keys: What keeps its models from being called, from ending a step, or what is sent from
            being private, a line each.
        starts: The starting solutions of the last good draft.
        peek: The first rows of its data file.
        guesses: What holds for some empty fields.
        told: What else is to be said beside fields.
        place: The field that is wrong.
        problem: What is wrong with it.
    """

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.stale = False
        self.busy = False
        self.prepared: Prepared | None = None
        self.preview: Preview | None = None
        self.keys: list[str] = []
        self.starts: tuple[str, ...] = ()
        self.peek: Peek | None = None
        self.guesses: dict[str, str] = {}
        self.told: dict[str, str] = {}
        self.place = ""
        self.problem = ""
        self._found: tuple[tuple[str, ...], dict[str, str], str] = ((), {}, "")

    def model_problem(self, name: str) -> str:
        """What is wrong with a model's name."""
        return discovery.model_problem(name.strip(), self.shelf.config)

    def open_to_others(self, texts: Mapping[str, str]) -> set[str]:
        """The fields by which models are asked at addresses that are not encrypted."""
        found = set()
        for role in form.MODEL_FIELDS:
            url = texts.get(f"{role}_url", "").strip()
            if discovery.is_unencrypted(texts.get(role, ""), url, self.shelf.config):
                found.add(f"{role}_url" if url else role)
        return found

    def needs_files(self, task: str) -> bool:
        """Whether a task needs a folder with its files."""
        return bool(discovery.needs_files(task.strip()))

    async def check(self, texts: Mapping[str, str], initial: str, steps: int) -> None:
        """Check and price a draft; what is found stands in the attributes."""
        self.busy, self.stale = True, False
        try:
            self._forget()
            if texts.get("task", "").strip():
                await self._look_at(texts, initial, steps)
        except OproError as error:
            self.place, self.problem = form.place_of(error), form.in_words(error)
            if self.place not in (*texts, "initial"):
                self.place = "task"
        except Exception as error:  # noqa: BLE001 - whatever it is, the form says it
            self.place = "task"
            words = keys.masked(f"{type(error).__name__}: {error}")
            self.problem = f"This can't be checked ({words})."
        finally:
            self._keep_found(tuple(texts.get(name, "").strip() for name in _FOUND_BY))
            self.busy = False

    def _keep_found(self, by: tuple[str, ...]) -> None:
        """Keep the metric that was found in the same data while another field is wrong."""
        if self.prepared is not None:
            found = {name: self.guesses[name] for name in _FOUND if name in self.guesses}
            self._found = (by, found, self.told.get("metric", ""))
        elif by == self._found[0]:
            self.guesses = self._found[1] | self.guesses
            self.told["metric"] = self._found[2]

    def _forget(self) -> None:
        self.prepared, self.preview, self.keys = None, None, []
        self.told = dict.fromkeys(self.told, "")
        self.place = self.problem = ""

    async def _look_at(self, texts: Mapping[str, str], initial: str, steps: int) -> None:
        task = texts["task"]
        self.guesses = {"name": await self.shelf.free_name(form.base_name(task))}
        await self._peek(texts)
        wrong = next((n for n, text in texts.items() if form.problem_of(n, text)), None)
        if wrong or any(
            self.model_problem(texts[role])
            for role in form.MODEL_FIELDS
            if texts.get(role, "").strip()
        ):
            return
        prepared = await self.shelf.prepare(form.draft(texts, self.guesses, initial))
        self._tell(prepared, texts)
        self.starts = prepared.task.starting_solutions()
        self.preview = await self.shelf.price(prepared, steps)
        self.keys = await self.shelf.missing_keys(prepared)
        if short := short_budget(prepared.settings, self.preview.first):
            self.keys = [*self.keys, short]
        self.keys += self.shelf.unencrypted(prepared)
        self.prepared = prepared

    async def _peek(self, texts: Mapping[str, str]) -> None:
        self.peek = None
        if not form.is_data_file(texts["task"]):
            return
        path = form.path_of(texts["task"])
        header = texts.get("header", "").strip().lower() not in ("no", "off", "false", "0")
        found = await asyncio.to_thread(discovery.peek, path, header=header)
        rows = [row.fields for row in found.rows]
        question, target = discovery.guess_columns(found.columns, rows)
        judged = form.is_judged(texts.get("metric", ""))
        if judged:
            # A guess would be shown to the judge as the right answer.
            target = discovery.sure_target(found.columns)
        self.peek = found
        self.guesses |= {"input": question, "target": target}
        for name in ("input", "target"):
            typed = texts.get(name, "").strip()
            if typed and typed not in found.columns:
                known = ", ".join(found.columns[:8])
                raise BadInput(f"there is no column {typed!r}", where=name, todo=f"Known: {known}.")
            self.told[name] = "" if typed or not self.guesses[name] else "guessed; ↓ lists columns"
        if judged and not (target or texts.get("target", "").strip()):
            self.told["target"] = "none needed"

    def _tell(self, prepared: Prepared, texts: Mapping[str, str]) -> None:
        """Say what follows from the draft beside the fields."""
        settings = prepared.settings
        if settings.metric:
            guessed = "guessed: " if not texts.get("metric", "").strip() else ""
            self.guesses["metric"] = settings.metric
            self.told["metric"] = guessed + form.metric_help(settings.metric)
        split = words.split_words(prepared)
        self.told["train"] = split
        computed = not prepared.task.examples
        self.told["scorer"] = "not used: the task computes its scores" if computed else ""
        if prepared.task.judge is not None and settings.judge == "simulated":
            self.guesses["judge"] = settings.judge

    def state_words(self, has_task: bool) -> tuple[str, str]:
        """Where the form stands, and in which style: wrong, lacking a key, or ready."""
        if not has_task:
            return "Choose a task: ↓ lists the presets, Ctrl+O finds a data file of yours.", ""
        if self.problem:
            # What is wrong stands beside its field, and only there.
            field = "starting solutions"
            if self.place in form.FIELDS:
                field = form.FIELDS[self.place].label
            return f"✕ Put right what stands beside {field}.", "$text-error"
        if self.stale or self.busy:
            return "checking…", ""
        if self.prepared is None:
            return "✕ A field above needs to be put right.", "$text-error"
        if self.keys:
            lines = "\n".join(f"! {line}" for line in self.keys)
            return f"{lines}\nCtrl+S creates it all the same.", "$text-warning"
        ready = "✓ Ready: Ctrl+S creates it and spends nothing."
        if "simulated" in models_of(self.prepared.settings, self.prepared.task):
            ready += " SIMULATED: no evidence."
        return ready, "$text-success"

    async def create(self) -> str:
        """Store the session; returns its name, or nothing when it can't be made."""
        if self.prepared is None:
            return ""
        try:
            return await self.shelf.create(self.prepared)
        except OproError as error:
            self.place, self.problem = "name", form.in_words(error)
            return ""

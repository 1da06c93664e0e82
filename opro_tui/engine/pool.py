"""The models of a session, made when they are first needed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput
from opro_tui.engine.offload import offload
from opro_tui.models import keys, prices, registry, tokens

if TYPE_CHECKING:
    from opro_tui.config import Config
    from opro_tui.core.protocols import Model, Task
    from opro_tui.core.settings import Settings

KEY_SECONDS = 120.0
"""How long a person may take to let a keyring be read."""


def roles_of(task: Task) -> tuple[str, ...]:
    """The roles that a task has work for."""
    if not task.examples:
        return ("optimizer",)
    return ("optimizer", "scorer") if task.judge is None else ("optimizer", "scorer", "judge")


def models_of(settings: Settings, task: Task) -> tuple[str, ...]:
    """The names of the models that a task's roles are given to."""
    return tuple(ModelPool.name_and_url(role, settings)[0] for role in roles_of(task))


class ModelPool:
    """One model object per role, name and endpoint."""

    def __init__(self, config: Config, seed: int) -> None:
        self.config = config
        self._seed = seed
        self._models: dict[tuple[str, str, str | None, bool], Model] = {}
        self._prepared: set[tuple[str, bool]] = set()

    def preview(self, role: str, settings: Settings) -> Model:
        """The model of a role under some settings, not to be called, so that it needs no key.

        Raises:
            BadInput: The name is no model's, or the role has none.
        """
        name, url = self.name_and_url(role, settings)
        key = (role, name, url, True)
        if key not in self._models:
            self._models[key] = self._create(role, name, url, preview=True)
        return self._models[key]

    async def get(self, role: str, settings: Settings) -> Model:
        """The model of a role under some settings; its key is looked for off the event loop.

        Raises:
            BadInput: The name is no model's, the role has none, or its key's file can't be used.
            ModelError: Its key is missing.
        """
        name, url = self.name_and_url(role, settings)
        key = (role, name, url, False)
        if key not in self._models:
            try:
                made = await offload(lambda: self._create(role, name, url), KEY_SECONDS)
            except TimeoutError:
                raise keys.late(name, KEY_SECONDS) from None
            self._models.setdefault(key, made)
        return self._models[key]

    def made(self, role: str, settings: Settings) -> Model:
        """A model that `get` or `prepare` has made."""
        return self._models[role, *self.name_and_url(role, settings), False]

    def _create(self, role: str, name: str, url: str | None, *, preview: bool = False) -> Model:
        return registry.create(
            name, role=role, url=url, config=self.config, seed=self._seed, preview=preview
        )

    @staticmethod
    def name_and_url(role: str, settings: Settings) -> tuple[str, str | None]:
        """What the settings say of a role's model."""
        if role == "optimizer":
            return settings.optimizer, settings.optimizer_url
        if role == "scorer":
            return settings.scorer, settings.scorer_url
        if settings.judge is None:
            raise BadInput(
                "is missing, for the metric is judge",
                where="--judge",
                todo=f"Give provider/model, such as --judge {settings.scorer}.",
            )
        return settings.judge, settings.judge_url

    async def prepare(self, role: str, settings: Settings, *, preview: bool = False) -> Model:
        """A role's model with all loaded that its count and price need, and its first call.

        The libraries take up to a second to import; that happens in a thread, for the screen must
        not freeze. A model that is only looked at needs no SDK, and a session opens without one.
        """
        model = self.preview(role, settings) if preview else await self.get(role, settings)
        if (model.name, preview) not in self._prepared:
            if not preview:
                await model.prepare()
            if not model.simulated:
                await asyncio.to_thread(tokens.load, model.name)
                await asyncio.to_thread(prices.worst_case, model.name, 1, 1, self.config)
            self._prepared.add((model.name, preview))
        return model

    async def looked_at(self, task: Task, settings: Settings) -> dict[str, Model]:
        """The models of all roles that a task has work for, by role, to count and price by."""
        return {role: await self.prepare(role, settings, preview=True) for role in roles_of(task)}

    async def aclose(self) -> None:
        """Let go of every model's connections."""
        models, self._models = list(self._models.values()), {}
        for model in models:
            await model.aclose()


def output_limit(model: Model, role: str, settings: Settings) -> int | None:
    """The longest answer to ask a role for; a budget is only kept where there is a limit."""
    wanted: int | None = settings.for_role("max_output_tokens", role)
    budgeted = settings.budget is not None or settings.budget_tokens is not None
    return model.max_output_default if wanted is None and budgeted else wanted


def calls_at_once(model: Model, wanted: int) -> int:
    """How many calls may be in flight: what the person set, unless the configuration caps it."""
    return wanted if model.concurrency is None else min(wanted, model.concurrency)

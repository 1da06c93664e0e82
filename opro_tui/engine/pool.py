"""The models of a session, made when they are first needed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from opro_tui.core.errors import BadInput
from opro_tui.models import prices, registry, tokens

if TYPE_CHECKING:
    from opro_tui.config import Config
    from opro_tui.core.protocols import Model, Task
    from opro_tui.core.settings import Settings


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

    def get(self, role: str, settings: Settings, *, preview: bool = False) -> Model:
        """The model of a role under some settings.

        Args:
            role: optimizer, scorer or judge.
            settings: Which model and endpoint.
            preview: Whether it is not going to be called, so that it needs no key.

        Raises:
            BadInput: The name is no model's, or the role has none.
            ModelError: Its key is missing.
        """
        name, url = self.name_and_url(role, settings)
        key = (role, name, url, preview)
        if key not in self._models:
            self._models[key] = registry.create(
                name,
                role=role,
                url=url,
                config=self.config,
                seed=self._seed,
                preview=preview,
            )
        return self._models[key]

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
        model = self.get(role, settings, preview=preview)
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

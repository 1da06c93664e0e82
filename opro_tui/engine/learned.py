"""What was learned of models: which parameters they take, remembered across sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opro_tui.core.errors import ModelError
from opro_tui.core.events import Warned
from opro_tui.engine.job import CallFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opro_tui.core.errors import ParameterRefused
    from opro_tui.core.events import Event
    from opro_tui.core.protocols import Model, Traits
    from opro_tui.engine.job import Job
    from opro_tui.store.database import Store

LIMITS = ("max_tokens", "max_completion_tokens")


@dataclass(slots=True)
class Learned:
    """A session's view of what models take.

    Attributes:
        store: Where it is kept.
        session: The session's row id, whose events say what is new.
        publish: Takes stored events.
    """

    store: Store
    session: int
    publish: Callable[[Sequence[Event]], None]
    _traits: dict[tuple[str, str], Traits] = field(default_factory=dict)

    async def of(self, model: Model) -> Traits:
        """What is known of a model; remembered across sessions."""
        place = (model.endpoint, model.name)
        if place not in self._traits:
            learned = await self.store.traits(*place)
            self._traits[place] = {**model.known_traits, **learned}
        return self._traits[place]

    async def note(self, model: Model, trait: str, value: bool | int, step: int, why: str) -> None:
        """Remember a trait of a model, and say so once."""
        known = await self.of(model)
        if known.get(trait) == value:
            return
        known[trait] = value
        await self.store.set_trait(model.endpoint, model.name, trait, value)
        self.publish(
            await self.store.append(
                self.session, [Warned(step=step, code=f"trait_{trait}", message=why)]
            )
        )

    async def refused(self, job: Job, refused: ParameterRefused, traits: Traits) -> None:
        """Remember that a parameter is not taken, so that a job is asked again without it.

        Args:
            job: What was refused.
            refused: How.
            traits: What was known when it was sent.

        Raises:
            CallFailed: It had not even been sent.
        """
        name = refused.parameter
        if traits.get(name) is False:
            raise CallFailed(
                ModelError(
                    f"refuses {name} even when it is not sent", where=job.model.name, fatal=True
                )
            )
        sent = job.model.parameters(job.request, {**traits, name: False})
        other = next((limit for limit in LIMITS if limit in sent), None)
        instead = f"{other} is sent instead" if name in LIMITS and other else "it is left out"
        why = f"{job.model.name} does not take {name}; {instead} from now on"
        await self.note(job.model, name, False, job.step, why)

"""Calls that begin alike: what of them a provider's prompt cache is to keep, and who goes first."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from os.path import commonprefix
from typing import TYPE_CHECKING

from opro_tui.core.usage import TokenUsage
from opro_tui.engine.run import Interrupted
from opro_tui.models import prices, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from opro_tui.config import Config
    from opro_tui.core.protocols import Example, Message, Model
    from opro_tui.engine.caller import Caller
    from opro_tui.engine.job import Answered, Job
    from opro_tui.engine.slots import Slot
    from opro_tui.engine.under_way import Then

SAMPLE = 8
"""Requests that are compared to see what all of them share."""
WRITING, READING = 1.25, 0.1
"""Prices of a cached token in units of a plain one, where no list of prices knows the model."""


@dataclass(slots=True)
class _Group:
    """Calls that share a beginning.

    Attributes:
        characters: How much of their messages they share.
        warm: Whether the cache has it, as far as can be known.
        first: Held by the call that goes alone.
    """

    characters: int
    warm: bool = False
    first: asyncio.Lock = field(default_factory=asyncio.Lock)


class Prefixes:
    """Makes a role's calls so that what they share is bought at the cache's price.

    A provider that wants the prompt marked bills what is written to its cache above the plain
    price, so a group of calls is marked only if reading it again makes up for that; its first call
    then goes alone, for others beside it would each write the cache anew. Providers that cache by
    themselves need none of this: the few calls that go beside the first are all they cost.
    """

    def __init__(self, caller: Caller, model: Model) -> None:
        self._caller = caller
        self._model = model
        self._groups: dict[Hashable, _Group] = {}

    def plan(
        self,
        group: Hashable,
        examples: Sequence[Example],
        messages: Callable[[Example], tuple[Message, ...]],
        calls: int,
    ) -> None:
        """Look whether calls that will be made are worth marking.

        Args:
            group: What the calls have in common.
            examples: What they are about.
            messages: What is sent about an example.
            calls: How many there will be, at most.
        """
        if not self._model.offers_cache or calls < 2 or len(examples) < 2:
            return
        some = examples[:: max(1, len(examples) // SAMPLE)]
        self._plan(group, [messages(example) for example in some], calls)

    def _plan(self, group: Hashable, messages: list[tuple[Message, ...]], calls: int) -> None:
        shared = shared_characters(messages)
        if shared and pays(self._model, _head(messages[0], shared), calls, self._caller.config):
            self._groups[group] = _Group(shared)

    async def call(
        self, group: Hashable, job: Job, then: Then | None = None, slot: Slot | None = None
    ) -> Answered:
        """Make a call as `Caller.call` does; the first of a marked group before the others.

        Raises:
            Interrupted: The person asked to stop while it waited.
        """
        found = self._groups.get(group)
        if found is None:
            return await self._caller.call(job, then, slot)
        job = replace(job, request=replace(job.request, cache=found.characters))
        async with found.first:
            if self._caller.stopping.is_set():
                raise Interrupted
            if not found.warm:
                try:
                    answer = await self._caller.call(job, then, slot)
                except BaseException:
                    found.warm = True  # the others need not fail one by one
                    raise
                found.warm = not answer.from_store
                return answer
        return await self._caller.call(job, then, slot)


def shared_characters(requests: Sequence[tuple[Message, ...]]) -> int:
    """How many characters some requests share from their first message on.

    A message that is not shared whole is cut after a line, where no token is.
    """
    total = 0
    for same in zip(*requests, strict=False):
        first = same[0]
        if any(message.role != first.role for message in same):
            break
        if all(message.content == first.content for message in same):
            total += len(first.content)
            continue
        texts = [message.content for message in same]
        alike: str = commonprefix(texts)  # noqa: RUF071 - letter by letter is what is meant
        return total + alike.rfind("\n") + 1
    return total


def _head(messages: tuple[Message, ...], characters: int) -> str:
    return "\n".join(message.content for message in messages)[:characters]


def pays(model: Model, text: str, calls: int, config: Config) -> bool:
    """Whether a model's calls that begin with a text are cheaper with it marked for its cache."""
    if not model.offers_cache or calls < 2:
        return False
    # A text has hardly more tokens than characters: most need not be counted.
    if len(text) < model.cache_from:
        return False
    size: int = tokens.count(text, model.name)[0]
    if size < model.cache_from:
        return False
    written = TokenUsage(input_tokens=size, cache_write_tokens=size, output_tokens=0)
    read = TokenUsage(input_tokens=size, cached_tokens=size, output_tokens=0)
    first, each = (prices.cache_saved(model.name, used, config) for used in (written, read))
    if first is None or each is None:
        first, each = 1 - WRITING, 1 - READING
    return first + (calls - 1) * each > 0
